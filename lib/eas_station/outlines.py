"""Outlines of the counties of the United States, read from `data/counties.tsv` as far as needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

COUNTIES = Path(__file__).with_name("data") / "counties.tsv"
SCALE = 1000.0  # the file counts thousandths of a degree

Ring = tuple[tuple[float, float], ...]  # closed, (latitude, longitude) in degrees


def of_places(same_codes: Iterable[str], source: Path = COUNTIES) -> dict[str, tuple[Ring, ...]]:
    """The outlines of places PSSCCC; unknown ones are left out.

    A part of a county has the outline of all of it, SS000 those of all counties of the state.
    """
    asked = set(same_codes)
    if not asked:
        return {}
    counties = {code[1:] for code in asked}
    states = {code[1:3] for code in asked if code[3:] == "000"}
    found: dict[str, list[Ring]] = {}
    for county, _, _, outline in rows(source):
        if county in counties:
            found.setdefault(county, []).extend(rings(outline))
        if county[:2] in states:
            found.setdefault(f"{county[:2]}000", []).extend(rings(outline))
    return {code: tuple(found[code[1:]]) for code in sorted(asked) if code[1:] in found}


def rows(source: Path = COUNTIES) -> Iterator[tuple[str, str, str, str]]:
    """FIPS code SSCCC, name, bounds and outline of each county, the last two unparsed."""
    with source.open(encoding="utf-8") as lines:
        for line in lines:
            if line[0].isdigit():
                code, name, bounds, outline = line.rstrip("\n").split("\t")
                yield code, name, bounds, outline


def rings(outline: str) -> tuple[Ring, ...]:
    """The rings of an outline: each a first corner, then steps from corner to corner."""
    return tuple(_ring(text) for text in outline.split(";"))


def _ring(text: str) -> Ring:
    lat = lon = 0
    corners = []
    steps = iter(map(int, text.split()))
    for north, east in zip(steps, steps, strict=True):
        lat, lon = lat + north, lon + east
        corners.append((lat / SCALE, lon / SCALE))
    return (*corners, corners[0])
