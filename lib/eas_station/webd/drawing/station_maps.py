"""The maps that the pages show: one of our area, and one of each alert."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from eas_station.alerts.model import Alert, Ring
from eas_station.webd.drawing.area_map import (
    ALERT,
    ELSEWHERE,
    STATION,
    UNSURE,
    MapDrawing,
    MappedAlert,
    draw,
)
from eas_station.webd.drawing.county_outlines import Bounds, Region, bounds_of, region
from eas_station.webd.render.cards import Presenter
from eas_station.webd.state.snapshot import AlertEntry, Snapshot

REGIONS_KEPT = 8
WIDEST_STATES = 3  # an alert for more states has no map
WIDEST_DEG = 15.0  # nor has one with a larger outline


@lru_cache(maxsize=REGIONS_KEPT)
def _region(
    codes: tuple[str, ...], point: tuple[float, float] | None, rings: tuple[Ring, ...] = ()
) -> Region | None:
    return region(codes, point, rings)


class Maps:
    """Draws the maps of one station."""

    def __init__(
        self,
        presenter: Presenter,
        own_codes: tuple[str, ...],
        point: tuple[float, float] | None,
    ) -> None:
        self._presenter, self._own_codes, self._point = presenter, own_codes, point

    def of_station(self, snapshot: Snapshot, sure: bool = True) -> MapDrawing | None:
        """Our area with the alerts in force there; None: none of its counties is known.

        Args:
            sure: would the station know if something were in force?
        """
        ours = self._ours()
        if ours is None:
            return None
        shown = self._shown(snapshot.active, snapshot.as_of)
        return draw(ours, shown, self._point, STATION if sure else UNSURE)

    def of_alert(self, entry: AlertEntry, now: datetime) -> MapDrawing | None:
        """The places of one alert, on the map of our area if they are there."""
        shown = self._shown((entry,), now, tests=True)
        ours = self._ours()
        if ours is not None and _reaches(ours, entry.alert):
            return draw(ours, shown, self._point, ALERT)
        about = _surroundings(entry.alert)
        return None if about is None else draw(about, shown, self._point, ELSEWHERE)

    def is_near(self, alert: Alert) -> bool:
        """Is any of its places on the map of our area?"""
        ours = self._ours()
        return ours is not None and _reaches(ours, alert)

    def _ours(self) -> Region | None:
        return _region(self._own_codes, self._point)

    def _shown(
        self, entries: Iterable[AlertEntry], now: datetime, tests: bool = False
    ) -> tuple[MappedAlert, ...]:
        shown = (self._mapped(entry, now) for entry in entries if tests or not entry.alert.is_test)
        return tuple(sorted(shown, key=lambda one: one.grade.rank))

    def _mapped(self, entry: AlertEntry, now: datetime) -> MappedAlert:
        alert, presenter = entry.alert, self._presenter
        left = presenter.remaining(alert, entry.active, now)
        return MappedAlert(alert, presenter.grade(alert), f"{alert.event_name}, {left}")


def _reaches(about: Region, alert: Alert) -> bool:
    """Is any place of the alert on that map, by its code, its state or its outline?"""
    known = {county.code for county in about.counties}
    states = {code[:2] for code in about.own}
    return any(
        code[1:] in known or (code[3:] == "000" and code[1:3] in {*states, "00"})
        for code in alert.same_codes
    ) or any(about.bounds.touches(bounds_of(ring)) for ring in alert.polygons)


def _surroundings(alert: Alert) -> Region | None:
    """The region around an alert elsewhere; None: it is too large, or has no known place."""
    rings = tuple(ring for ring in alert.polygons if ring)
    wide = any(_is_wide(bounds_of(ring)) for ring in rings)
    if wide or len({code[1:3] for code in alert.same_codes}) > WIDEST_STATES:
        return None
    return _region(tuple(sorted(alert.same_codes)), None, rings)


def _is_wide(bounds: Bounds) -> bool:
    return max(bounds.north - bounds.south, bounds.east - bounds.west) > WIDEST_DEG
