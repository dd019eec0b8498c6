"""Reads a Kubernetes cluster: lists, logs of containers, kubelet statistics. Verbs get and list only."""

from .collector import KubernetesCollector

__all__ = ["KubernetesCollector"]
