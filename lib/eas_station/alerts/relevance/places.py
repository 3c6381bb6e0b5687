"""Where an alert is, and what is known of places: what the rules of relevance work on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from eas_station.alerts.model import Circle, Ring, Statement

Point = tuple[float, float]  # latitude, longitude in degrees

# Offices whose P-VTEC name is not "K", "P" or "T" and the three letters of the zone files.
_OFFICES = {"TJSJ": "SJU", "NSTU": "PPG"}


class AlertPlaces(Protocol):
    """Where an alert is: a Statement, or what is left of an alert."""

    @property
    def same_codes(self) -> tuple[str, ...]: ...
    @property
    def ugc_codes(self) -> tuple[str, ...]: ...
    @property
    def polygons(self) -> tuple[Ring, ...]: ...
    @property
    def circles(self) -> tuple[Circle, ...]: ...
    @property
    def canada_codes(self) -> tuple[str, ...]: ...
    @property
    def geocodes(self) -> tuple[str, ...]: ...


class Gazetteer(Protocol):
    """What is known of places; `tables.Tables` is one."""

    @property
    def zones(self) -> Mapping[str, tuple[str, ...]]: ...
    def location_name(self, code: str) -> str: ...
    def state_abbr(self, code: str) -> str | None: ...
    def is_state(self, abbr: str) -> bool: ...
    def is_location(self, code: str) -> bool: ...
    def middle(self, code: str) -> Point | None: ...
    def offices(self, code: str) -> frozenset[str]: ...


def office_of(said: Statement) -> str | None:
    """The forecast office that issued a message by its P-VTEC, "GJT"; None: not known."""
    for event in said.events:
        office = event.key.partition(".")[0]
        return _OFFICES.get(office, office[1:])
    return None
