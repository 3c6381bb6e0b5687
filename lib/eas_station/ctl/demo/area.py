"""The area of the demonstration: neighbouring counties, at random."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

from eas_station.tables import Location, Tables

AREA_COUNTIES = 3
SMALLEST_STATE = 8  # counties


@dataclass(frozen=True, slots=True)
class DemoArea:
    """The area of the station of the demonstration."""

    same_codes: tuple[str, ...]
    point: tuple[float, float]  # latitude, longitude in degrees: the middle of the first county
    state: str  # "OH"


def draw_area(known: Tables, rng: random.Random) -> DemoArea:
    """Three neighbouring counties of one state."""
    by_state: dict[str, list[str]] = {}
    for code in counties(known):
        by_state.setdefault(known.locations[code].state, []).append(code)
    large = sorted(state for state, codes in by_state.items() if len(codes) >= SMALLEST_STATE)
    state = rng.choice(large)
    first = rng.choice(by_state[state])
    near = nearest(known, first, by_state[state])
    return DemoArea(tuple(near[:AREA_COUNTIES]), _middle(known.locations[first]), state)


def counties(known: Tables) -> list[str]:
    """The codes of all counties of the states whose coordinates are known."""
    return [
        code
        for code, location in known.locations.items()
        if code[0] == "0"
        and code[3:] != "000"
        and location.lat is not None
        and code[1:3] in known.states
        and known.states[code[1:3]].kind == "state"
    ]


def nearest(known: Tables, center: str, codes: Iterable[str]) -> list[str]:
    """The codes sorted by their distance from one of them, which comes first."""
    latitude, longitude = _middle(known.locations[center])

    def distance(code: str) -> float:  # exact enough for sorting
        here = _middle(known.locations[code])
        return (here[0] - latitude) ** 2 + (0.75 * (here[1] - longitude)) ** 2

    return sorted(codes, key=lambda code: (code != center, distance(code)))


def _middle(location: Location) -> tuple[float, float]:
    assert location.lat is not None and location.lon is not None
    return location.lat, location.lon
