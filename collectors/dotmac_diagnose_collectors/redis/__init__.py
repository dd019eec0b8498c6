"""Collector of Redis servers."""

from .collector import RedisCollector

__all__ = ["RedisCollector"]
