"""Draws how many headers are exact against Eb/N0: tests/bench/same-curves.svg."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from eas_station.ctl.decode.pictures import SvgPicture

REFERENCE = Path(__file__).with_name("same-reference.tsv")
PICTURE = Path(__file__).with_name("same-curves.svg")
WIDTH, HEIGHT = 760.0, 400.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 150.0, 40.0, 56.0
LOWEST_DB, HIGHEST_DB = 3.0, 18.0
INK, GRID = "#222222", "#d8dde1"
COLOURS = {
    "bound": "#9aa5ad",
    "ours": "#b00020",
    "samedec": "#1b5e8a",
    "multimon-ng": "#5b7f2b",
}
LABELS = {"bound": "best possible", "ours": "EAS Station"}
Curve = list[tuple[float, float]]  # (dB, percent)


def reference() -> dict[str, Curve]:
    """Curves measured or computed once."""
    lines = [line for line in REFERENCE.read_text().splitlines() if not line.startswith("#")]
    curves: dict[str, Curve] = defaultdict(list)
    for row in csv.DictReader(lines, delimiter="\t"):
        curves[row["decoder"]].append((float(row["ebn0_db"]), float(row["percent"])))
    return dict(curves)


def draw(measured: dict[str, Curve], says: str) -> None:
    """Write the picture: the curves measured now, and the reference for the others."""
    out = SvgPicture(WIDTH, HEIGHT)
    out.text(LEFT, 22, "SAME headers exact in white noise", 15, INK, bold=True)
    _axes(out)
    for name, curve in {**reference(), **measured}.items():
        _curve(out, name, curve)
    out.text(LEFT, HEIGHT - 8, says, 11, INK)
    PICTURE.write_text(out.svg(), encoding="utf-8")


def _x(db: float) -> float:
    return LEFT + (db - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB) * (WIDTH - LEFT - RIGHT)


def _y(percent: float) -> float:
    return TOP + (1 - percent / 100) * (HEIGHT - TOP - BOTTOM)


def _axes(out: SvgPicture) -> None:
    for percent in (0, 25, 50, 75, 100):
        out.line(_x(LOWEST_DB), _y(percent), _x(HIGHEST_DB), _y(percent), GRID)
        out.text(LEFT - 8, _y(percent) + 4, f"{percent} %", 12, INK, anchor="end")
    for db in range(int(LOWEST_DB), int(HIGHEST_DB) + 1):
        if db % 2 == 0:
            out.line(_x(db), _y(0), _x(db), _y(100), GRID)
            out.text(_x(db), _y(0) + 18, f"{db}", 12, INK, anchor="middle")
    out.text(_x(10.5), HEIGHT - 24, "Eb/N0 of one burst, dB", 12, INK, anchor="middle")


def _curve(out: SvgPicture, name: str, curve: Sequence[tuple[float, float]]) -> None:
    shown = sorted(point for point in curve if LOWEST_DB <= point[0] <= HIGHEST_DB)
    shown.append((HIGHEST_DB, shown[-1][1]))
    colour = COLOURS.get(name, INK)
    steps = "".join(f"{'L' if i else 'M'}{_x(a):.1f} {_y(b):.1f}" for i, (a, b) in enumerate(shown))
    out.path(steps, colour, 2.5 if name == "ours" else 1.6)
    at_db = threshold(curve, 50)
    if at_db is not None:
        row = list(COLOURS).index(name) if name in COLOURS else len(COLOURS)
        x, y = WIDTH - RIGHT + 12, TOP + 40 + 44 * row
        out.text(x, y, LABELS.get(name, name), 12, colour, bold=True)
        out.text(x, y + 16, f"50 % at {at_db:.1f} dB", 12, colour)


def threshold(curve: Sequence[tuple[float, float]], percent: float) -> float | None:
    """Where a curve first reaches so many percent, interpolated."""
    points = sorted(curve)
    for (low_db, low), (high_db, high) in pairwise(points):
        if low < percent <= high:
            return low_db + (percent - low) / (high - low) * (high_db - low_db)
    return None
