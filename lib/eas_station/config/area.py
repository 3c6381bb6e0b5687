"""The station's area, as configured."""

from __future__ import annotations

from functools import lru_cache

from eas_station import outlines
from eas_station.config.model import StationConfig
from eas_station.geo.area import Area


@lru_cache(4)
def area_of(station: StationConfig) -> Area:
    """The area of the station; everywhere, if nothing is configured."""
    known = outlines.of_places(station.same_codes)
    return Area(
        same_codes=frozenset(station.same_codes),
        ugc_codes=frozenset(station.zones),
        canada_codes=frozenset(station.canada_codes),
        geocodes=frozenset(code.lower() for code in station.geocodes),
        point=station.point,
        rings=tuple(ring for rings in known.values() for ring in rings),
        is_outlined=bool(known)
        and len(known) == len(set(station.same_codes))
        and not (station.canada_codes or station.zones or station.geocodes),
        ignored_events=frozenset(event.strip().lower() for event in station.ignore_events),
        ignored_statuses=frozenset(station.ignore_statuses),
        least_severity=station.least_severity,
    )
