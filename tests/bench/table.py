"""The one form in which every bench says what it measured: figure, value, ratio, bar, met?

Bars are shown, never asserted: a busy machine is slow, and who reads the table sees the load.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HEADINGS = ("figure", "value", "ratio", "bar", "met?")
UNITS = {"s": (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))}


@dataclass
class Table:
    """Rows of one bench, printed aligned when it is through."""

    title: str
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def value(
        self,
        figure: str,
        value: float,
        unit: str,
        ratio: float | None = None,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
    ) -> None:
        """A figure whose bar, if it has one, is about the value itself."""
        bar, met = _bar(value, at_most, at_least, lambda limit: _amount(limit, unit))
        self._add(figure, _amount(value, unit), ratio, bar, met)

    def ratio(
        self,
        figure: str,
        value: float,
        unit: str,
        ratio: float,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
    ) -> None:
        """A figure whose bar is about the ratio to its yardstick."""
        bar, met = _bar(ratio, at_most, at_least, _number)
        self._add(figure, _amount(value, unit), ratio, bar, met)

    def note(self, sentence: str) -> None:
        """Say something below the table: what a ratio is to, or why there is no figure."""
        self.notes.append(sentence)

    def show(self) -> None:
        """Print it."""
        lines = [HEADINGS, *self.rows]
        widths = [max(len(line[at]) for line in lines) for at in range(len(HEADINGS))]
        print(f"\n{self.title}\n{machine()}")
        for figure, *cells in lines:
            padded = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
            print("  ".join((figure.ljust(widths[0]), *padded)).rstrip())
        for sentence in self.notes:
            print(f"* {sentence}")

    def _add(self, figure: str, value: str, ratio: float | None, bar: str, met: str) -> None:
        self.rows.append((figure, value, "" if ratio is None else _number(ratio), bar, met))


def machine() -> str:
    """What it was measured on, and how busy that was."""
    name = platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.lower().startswith(("model name", "model\t")):
            name = line.partition(":")[2].strip()
    load = " ".join(f"{load:.1f}" for load in os.getloadavg())
    return f"{os.cpu_count()} × {name}, Python {platform.python_version()}, load {load}"


def best_s(
    work: Callable[[], object], rounds: int = 5, clock: Callable[[], float] = time.process_time
) -> float:
    """Seconds of the best of some rounds: the others met a neighbour.

    Args:
        clock: CPU time of this process; `time.perf_counter` where waiting counts.
    """
    best = float("inf")
    for _ in range(rounds):
        began_s = clock()
        work()
        best = min(best, clock() - began_s)
    return best


def _bar(
    measured: float,
    at_most: float | None,
    at_least: float | None,
    said: Callable[[float], str],
) -> tuple[str, str]:
    if at_most is not None:
        return f"≤ {said(at_most)}", "yes" if measured <= at_most else "NO"
    if at_least is not None:
        return f"≥ {said(at_least)}", "yes" if measured >= at_least else "NO"
    return "", ""


def _amount(value: float, unit: str) -> str:
    """In the unit that suits it: 0.0021 s is 2.1 ms."""
    scales = UNITS.get(unit, ((unit, 1.0),))
    name, scale = next((found for found in scales if abs(value) >= found[1]), scales[-1])
    return f"{_number(value / scale)} {name}".rstrip()


def _number(value: float) -> str:
    """Three digits that count."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"
