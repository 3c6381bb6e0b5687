"""Which maps the pages show: that of our area, and that of one warning."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from eas_station.webd.atlas import Region, region
from eas_station.webd.cards import Presenter, remaining
from eas_station.webd.mapping import Drawing, Shown, draw
from eas_station.webd.picture import Entry, Picture

REGIONS_KEPT = 8
WIDEST_STATES = 3  # a warning for more is not drawn county by county


@lru_cache(maxsize=REGIONS_KEPT)
def _region(codes: tuple[str, ...], point: tuple[float, float] | None) -> Region | None:
    return region(codes, point)


class Maps:
    """Draws the maps of one station."""

    def __init__(
        self,
        presenter: Presenter,
        own_codes: tuple[str, ...],
        point: tuple[float, float] | None,
    ) -> None:
        self._presenter, self._own_codes, self._point = presenter, own_codes, point

    def of_station(self, picture: Picture) -> Drawing | None:
        """Our area with what is in force there; None: no county of it is known."""
        about = _region(self._own_codes, self._point)
        if about is None:
            return None
        return draw(about, self._shown(picture.active, picture.as_of), self._point)

    def of_alert(self, entry: Entry, now: datetime) -> Drawing | None:
        """The places of one warning; our own surroundings if it is there, else its own."""
        codes = entry.alert.same_codes
        ours = _region(self._own_codes, self._point)
        if ours is not None and _reaches(ours, codes):
            about: Region | None = ours
        elif len({code[1:3] for code in codes}) > WIDEST_STATES:
            about = None
        else:
            about = _region(tuple(sorted(codes)), None)
        if about is None:
            return None
        return draw(about, self._shown((entry,), now, tests=True), self._point)

    def _shown(
        self, entries: Iterable[Entry], now: datetime, tests: bool = False
    ) -> tuple[Shown, ...]:
        shown = (
            Shown(
                entry.alert,
                self._presenter.grade(entry.alert),
                f"{entry.alert.event_name}, {remaining(entry.alert, entry.active, now)}",
            )
            for entry in entries
            if tests or not entry.alert.is_test
        )
        return tuple(sorted(shown, key=lambda one: one.grade.rank))


def _reaches(about: Region, codes: Iterable[str]) -> bool:
    """Is any of the places on that map, by name or by its state?"""
    known = {county.code for county in about.counties}
    states = {code[:2] for code in about.own}
    return any(
        code[1:] in known or (code[3:] == "000" and code[1:3] in {*states, "00"}) for code in codes
    )
