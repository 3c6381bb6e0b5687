"""The code tables of `data/*.tsv` as values: events, originators, places, transmitters.

Loaded once by the main function of a program. A code that is not in the tables is not an error: it
has a name and a class too, so that no alert is dropped because its code is new.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, get_args

EventClass = Literal[
    "warning", "watch", "advisory", "statement", "emergency", "test", "national", "admin"
]
StateKind = Literal["state", "territory", "marine", "national"]

PORTIONS = (  # P of PSSCCC, 47 CFR 11.31(c)
    *("", "Northwest", "North", "Northeast", "West", "Central"),
    *("East", "Southwest", "South", "Southeast"),
)
THIRD_LETTERS: Mapping[str, EventClass] = {  # the FCC's convention, good for unknown codes only
    "A": "watch",
    "E": "emergency",
    "S": "statement",
    "W": "warning",
    "Y": "advisory",
}
_CLASSES: Mapping[str, EventClass] = {klass: klass for klass in get_args(EventClass)}
_STATE_KINDS: Mapping[str, StateKind] = {kind: kind for kind in get_args(StateKind)}
_PORTION_DIGITS = ("1", "2", "3", "4", "5", "6", "7", "8", "9")
_DATE = "# Date: "  # of a table, in its comments: year and month
LASTS_DAYS = 366 + 30  # the date is that of a month
_DATA = Path(__file__).with_name("data")


@dataclass(frozen=True, slots=True)
class EventCode:
    """One SAME event code EEE."""

    code: str
    name: str
    klass: EventClass
    severity: str  # of an alert that states none: "extreme", "severe", "moderate", "minor"


@dataclass(frozen=True, slots=True)
class State:
    """A state, a territory or a sea area: SS of a SAME location."""

    ss: str  # "39"
    abbr: str  # "OH"; a sea area's UGC letters, "LE"
    name: str
    kind: StateKind


@dataclass(frozen=True, slots=True)
class Location:
    """One SAME location PSSCCC."""

    name: str
    state: str  # "OH"
    lat: float | None  # of its middle, degrees
    lon: float | None
    offices: frozenset[str]  # NWS forecast offices that serve it, "CLE"; empty: not known


@dataclass(frozen=True, slots=True)
class Transmitter:
    """One NOAA Weather Radio transmitter."""

    callsign: str  # "KEC58"
    freq_hz: int
    site: str
    state: str
    lat: float
    lon: float
    same_codes: tuple[str, ...]  # that it sends tones for


@dataclass(frozen=True, slots=True)
class Tables:
    """All tables. Unknown codes have names and classes too."""

    events: Mapping[str, EventCode]
    originators: Mapping[str, str]
    states: Mapping[str, State]  # by SS
    locations: Mapping[str, Location]  # by PSSCCC
    zones: Mapping[str, tuple[str, ...]]  # UGC zone, county or sea area → SAME codes
    nwr_transmitters: tuple[Transmitter, ...]

    def event_name(self, code: str) -> str:
        """The name of an event code; the code itself if it is unknown."""
        event = self.events.get(code)
        return code if event is None else event.name

    def event_class(self, code: str) -> EventClass:
        """The class of an event code; by its third letter if it is unknown, else a warning.

        An unknown code is never a test: that would silence a real alert.
        """
        event = self.events.get(code)
        if event is not None:
            return event.klass
        return THIRD_LETTERS.get(code[2:3], "warning")

    def event_severity(self, code: str) -> str | None:
        """The severity of an event whose alert states none; None if the code is unknown."""
        event = self.events.get(code)
        return None if event is None else event.severity

    def is_test_code(self, code: str) -> bool:
        """Whether it is a test: RWT RMT NPT DMO, and the silent and audible national tests."""
        event = self.events.get(code)
        return event is not None and event.klass == "test"

    def state_abbr(self, code: str) -> str | None:
        """The state or sea area in which a location lies, "OH"; None if there is no such SS."""
        state = self.states.get(code[1:3])
        return None if state is None else state.abbr

    def is_state(self, abbr: str) -> bool:
        """Whether these are the letters of a state, a territory or a sea area, as in a UGC."""
        return any(state.abbr == abbr for state in self.states.values())

    def is_location(self, code: str) -> bool:
        """Whether it is a known place, or a part of one."""
        return code in self.locations or "0" + code[1:] in self.locations

    def middle(self, code: str) -> tuple[float, float] | None:
        """Latitude and longitude of the middle of a place in degrees; None: not known."""
        place = self.locations.get(code) or self.locations.get("0" + code[1:])
        if place is None or place.lat is None or place.lon is None:
            return None
        return place.lat, place.lon

    def offices(self, code: str) -> frozenset[str]:
        """The forecast offices that serve a place, "CLE"; empty: not known."""
        place = self.locations.get(code) or self.locations.get("0" + code[1:])
        return frozenset() if place is None else place.offices

    def places_named(self, name: str) -> tuple[str, ...]:
        """The SAME codes of the places with a name: "Lucas, OH", "Lucas County, OH", "Ohio"."""
        wanted = _plain_name(name)
        states = {_plain_name(state.name) for state in self.states.values()}
        whole = f"all of {wanted}" if wanted in states else None
        return tuple(
            code
            for code in self.locations
            if code[0] == "0" and _plain_name(self.location_name(code)) in (wanted, whole)
        )

    def location_name(self, code: str) -> str:
        """The name of a location: "Wood, OH", "Northwest Wood, OH", "All of Ohio"."""
        known = self.locations.get(code)
        if known is not None:
            return self._with_state(code, known.name)
        whole = self.locations.get("0" + code[1:])
        if whole is not None and code[:1] in _PORTION_DIGITS:
            portion = PORTIONS[int(code[0])]
            return self._with_state(code, f"{portion} {whole.name.removeprefix('All of ')}")
        abbr = self.state_abbr(code)
        return f"unknown place {code}" + ("" if abbr is None else f", {abbr}")

    def _with_state(self, code: str, name: str) -> str:
        state = self.states.get(code[1:3])
        if state is None or state.kind in ("marine", "national") or code[3:] == "000":
            return name
        return f"{name}, {state.abbr}"


def _plain_name(name: str) -> str:
    """A name to compare by: small letters, without "County" and the like."""
    place, comma, state = " ".join(name.lower().replace(",", ", ").split()).partition(", ")
    for kind in (" county", " parish", " borough", " municipio"):
        place = place.removesuffix(kind)
    return f"{place}{comma}{state}"


def load() -> Tables:
    """Read all tables from the package's data."""
    states = {
        ss: State(ss, abbr, name, _STATE_KINDS[kind]) for ss, abbr, name, kind in _rows("states")
    }
    locations = {
        same: Location(
            *(name, state, float(lat) if lat else None, float(lon) if lon else None),
            frozenset(offices.split()),
        )
        for same, name, state, lat, lon, offices in _rows("locations")
    }
    zones = {ugc: tuple(same.split(" ")) for ugc, same in _rows("zones")}
    return Tables(
        events={
            code: EventCode(code, name, _CLASSES[klass], severity)
            for code, name, klass, severity in _rows("events")
        },
        originators=dict(_rows("originators")),
        states=states,
        locations=locations,
        zones=_county_zones(states, locations) | zones,
        nwr_transmitters=tuple(_transmitter(row) for row in _rows("nwr_transmitters")),
    )


def dates() -> dict[str, date]:
    """The first day of the month of each table, by its name."""
    found = {}
    for path in sorted(_DATA.glob("*.tsv")):
        with path.open(encoding="utf-8") as lines:
            stated = next(line for line in lines if line.startswith(_DATE))
        found[path.stem] = date.fromisoformat(f"{stated.removeprefix(_DATE).strip()}-01")
    return found


def outdated(today: date) -> tuple[str, ...]:
    """The tables that are more than a year old."""
    return tuple(name for name, made in dates().items() if (today - made).days > LASTS_DAYS)


def _rows(name: str) -> Iterator[list[str]]:
    """The rows of a table without comments and header."""
    lines = (_DATA / f"{name}.tsv").read_text(encoding="utf-8").split("\n")
    rows = (line.split("\t") for line in lines if line and line[0] != "#")
    next(rows)
    return rows


def _county_zones(
    states: Mapping[str, State], locations: Mapping[str, Location]
) -> dict[str, tuple[str, ...]]:
    """UGCs that are another form of a SAME location: OHC173, LEZ142, and OHC000 for all of Ohio."""
    zones: dict[str, tuple[str, ...]] = {}
    for same in locations:
        state = states.get(same[1:3])
        if same[0] == "0" and state is not None and state.kind != "national":
            letter = "Z" if state.kind == "marine" else "C"
            zones[f"{state.abbr}{letter}{same[3:]}"] = (same,)
            if same[3:] == "000":
                zones[f"{state.abbr}Z000"] = (same,)
    return zones


def _transmitter(row: list[str]) -> Transmitter:
    callsign, freq_mhz, site, state, lat, lon, same = row
    return Transmitter(
        callsign=callsign,
        freq_hz=round(float(freq_mhz) * 1e6),
        site=site,
        state=state,
        lat=float(lat),
        lon=float(lon),
        same_codes=tuple(same.split()),
    )
