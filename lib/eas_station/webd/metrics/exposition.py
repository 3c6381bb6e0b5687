"""Metrics for Prometheus: families of samples, and their text by its client library."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Family(Collector):
    """One metric with its samples. A value that is not known is no sample."""

    def __init__(self, name: str, text: str, value: float | None = None) -> None:
        """A counter if `name` ends in "_total". `value` is that of the sample without labels."""
        is_counter = name.endswith("_total")
        self._name = name
        self._metric = Metric(
            name.removesuffix("_total"), text, "counter" if is_counter else "gauge"
        )
        self._seen: set[tuple[tuple[str, str], ...]] = set()
        self.add(value)

    def add(self, value: float | None, **labels: str) -> None:
        """Take one sample; the first of several with the same labels counts."""
        key = tuple(sorted(labels.items()))
        if value is not None and key not in self._seen:
            self._seen.add(key)
            self._metric.add_sample(self._name, labels, float(value))

    def collect(self) -> Iterable[Metric]:
        """The metric; none without samples."""
        return [self._metric] if self._seen else []


def exposition(families: Iterable[Family]) -> bytes:
    """The families in the text format of Prometheus, version 0.0.4."""
    registry = CollectorRegistry()
    for family in families:
        registry.register(family)
    return generate_latest(registry)
