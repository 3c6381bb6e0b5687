"""Metrics for Prometheus: families of samples, and their text by its client library."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Family(Collector):
    """One metric with its samples. A value that is not known is no sample."""

    def __init__(self, name: str, kind: Literal["gauge", "counter"], text: str) -> None:
        self._name = name
        self._metric = Metric(name.removesuffix("_total"), text, kind)
        self._seen: set[tuple[tuple[str, str], ...]] = set()

    def add(self, value: float | None, **labels: str) -> None:
        """Take one sample; the first of several with the same labels counts."""
        key = tuple(sorted(labels.items()))
        if value is not None and key not in self._seen:
            self._seen.add(key)
            self._metric.add_sample(self._name, labels, float(value))

    def collect(self) -> Iterable[Metric]:
        """The metric; none without samples."""
        return [self._metric] if self._seen else []


def gauge(name: str, text: str, value: float | None = None) -> Family:
    """A metric that goes up and down; `value` is that of the sample without labels."""
    family = Family(name, "gauge", text)
    family.add(value)
    return family


def counter(name: str, text: str, value: float | None = None) -> Family:
    """A metric that only grows; its name ends in "_total"."""
    family = Family(name, "counter", text)
    family.add(value)
    return family


def exposition(families: Iterable[Family]) -> bytes:
    """The families in the text format of Prometheus, version 0.0.4."""
    registry = CollectorRegistry()
    for family in families:
        registry.register(family)
    return generate_latest(registry)
