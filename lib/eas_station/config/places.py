"""Our area by the names and codes that an operator knows: `[station] area`, `zones`, `geocodes`."""

from __future__ import annotations

import re
from dataclasses import replace

from eas_station import tables
from eas_station.config.model import StationConfig
from eas_station.config.reader import Table
from eas_station.dataclass_reader import nearest
from eas_station.errors import Fault
from eas_station.tables import Tables

SAME = re.compile(r"[0-9]{6}")
UGC = re.compile(r"[A-Z]{2}[CZ][0-9]{3}")
GEOCODE = re.compile(r"[^:\s][^:]*:\S+")


def check_area(table: Table) -> list[Fault]:
    """Each entry of `area` is a known place, or a code."""
    entries = table.values.get("area", ())
    if not entries:
        return []
    known = tables.load()
    return [
        table.fault("area", f'"{entry}" {wrong}')
        for entry in entries
        if (wrong := _wrong(entry, known)) is not None
    ]


def resolved(station: StationConfig) -> StationConfig:
    """The station with the codes of its `area` beside those that it names itself."""
    if not station.area:
        return station
    known = tables.load()
    same, zones, geocodes = list(station.same_codes), list(station.zones), list(station.geocodes)
    for entry in station.area:
        if SAME.fullmatch(entry):
            same.append(entry)
        elif UGC.fullmatch(entry):
            zones.append(entry)
        elif GEOCODE.fullmatch(entry):
            geocodes.append(entry)
        else:
            same += known.places_named(entry)
    return replace(
        station,
        same_codes=tuple(dict.fromkeys(same)),
        zones=tuple(dict.fromkeys(zones)),
        geocodes=tuple(dict.fromkeys(geocodes)),
    )


def _wrong(entry: str, known: Tables) -> str | None:
    """What is wrong with one entry, and what would be right."""
    if SAME.fullmatch(entry):
        return None if known.is_location(entry) else "is no SAME code of a place in our tables"
    if UGC.fullmatch(entry) or GEOCODE.fullmatch(entry):
        return None
    if re.fullmatch(r"[0-9]{5}", entry):
        return 'is not a place; a SAME code has six digits, as "039095"'
    found = known.places_named(entry)
    if len(found) == 1:
        return None
    if found:
        choices = ", ".join(f'"{code}" ({known.location_name(code)})' for code in found)
        return f"is the name of several places; name one by its code: {choices}"
    names = tuple(known.location_name(code) for code in known.locations)
    meant = nearest(entry, names)
    return f"is no known place{f'; did you mean {meant}?' if meant else ''}"
