"""Collector of PostgreSQL servers."""

from .collector import PostgresCollector

__all__ = ["PostgresCollector"]
