"""The station's area, as configured."""

from __future__ import annotations

from eas_station.config.model import Station
from eas_station.geo.area import Area


def area_of(station: Station) -> Area:
    """What the station answers for; everything, if nothing is configured."""
    return Area(same_codes=frozenset(station.same_codes), point=station.point)
