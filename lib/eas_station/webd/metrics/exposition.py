"""The text format of Prometheus, version 0.0.4."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Family:
    """One metric with its samples. A value that is not known is no sample."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str  # a sentence
    samples: dict[tuple[tuple[str, str], ...], float] = field(default_factory=dict)

    def add(self, value: float | None, **labels: str) -> None:
        """Take one sample; of two with the same labels the first counts."""
        if value is not None:
            self.samples.setdefault(tuple(labels.items()), value)


def gauge(name: str, text: str, value: float | None = None) -> Family:
    """A metric that goes up and down; `value` is that of the one without labels."""
    family = Family(name, "gauge", text)
    family.add(value)
    return family


def counter(name: str, text: str, value: float | None = None) -> Family:
    """A metric that only grows."""
    family = Family(name, "counter", text)
    family.add(value)
    return family


def exposition(families: Iterable[Family]) -> str:
    """The families as text; one without samples is left out."""
    lines = []
    for family in families:
        if not family.samples:
            continue
        lines.append(f"# HELP {family.name} {_escaped_help(family.help)}")
        lines.append(f"# TYPE {family.name} {family.kind}")
        for labels, value in family.samples.items():
            lines.append(f"{family.name}{_labels(labels)} {_number(value)}")
    return "\n".join(lines) + "\n"


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    if not labels:
        return ""
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
    return f"{{{inner}}}"


def _escaped_help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _escaped(value: str) -> str:
    return _escaped_help(value).replace('"', r"\"")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return "NaN" if math.isnan(value) else f"{value:.15g}"
