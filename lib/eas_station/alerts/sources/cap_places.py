"""The places of CAP area blocks, sorted by the kind of their codes.

Source: CAP 1.2, 3.2.4; CAP-CP 1.0 for Canada. A malformed code stays as it is written: it may name
our place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from eas_station.cap.message import CapArea, Circle, Ring

# Geocodes of Canadian places, see `geo.canada`: those of CAP-CP, and of Environment Canada.
_CANADA = re.compile("profile:CAP-CP:Location:[0-9.]+|layer:EC-MSC-SMC:[0-9.]+:CLC")
_OWN_NAMES = frozenset({"SAME", "FIPS6", "UGC"})
_LONGEST_CODE = 40
_LONGEST_CANADA_CODE = 8  # one character more than a code has: a longer one stays malformed
_LONGEST_GEOCODE = 100
_REMEMBERED_NAMES = 256


class CapPlaces(NamedTuple):
    """The fields of a statement that say where it is; each place once, in document order."""

    same_codes: tuple[str, ...]
    ugc_codes: tuple[str, ...]  # and what is malformed of both kinds
    canada_codes: tuple[str, ...]  # SGC and CLC
    geocodes: tuple[str, ...]  # of all other systems, with their names: "EMMA_ID:AT402"
    polygons: tuple[Ring, ...]
    circles: tuple[Circle, ...]


def places(areas: Sequence[CapArea], version: str) -> CapPlaces:
    """The places of area blocks.

    Args:
        version: of the message: CAP 1.1 calls a SAME code FIPS6 too.
    """
    same_names = ("SAME", "FIPS6") if version == "1.1" else ("SAME",)
    same: dict[str, None] = {}
    ugc: dict[str, None] = {}
    canada: dict[str, None] = {}
    other: dict[str, None] = {}
    for area in areas:
        for name, value in area.geocodes:
            if not value:
                continue
            if name in same_names:
                if len(value) == 6 and value.isascii() and value.isdecimal():
                    same[value] = None
                else:
                    ugc[value[:_LONGEST_CODE]] = None
            elif name == "UGC":
                ugc[value[:_LONGEST_CODE]] = None
            elif _is_canadian(name):
                canada[value[:_LONGEST_CANADA_CODE]] = None
            elif name not in _OWN_NAMES:
                other[f"{name}:{value}"[:_LONGEST_GEOCODE]] = None
    return CapPlaces(
        same_codes=tuple(same),
        ugc_codes=tuple(ugc),
        canada_codes=tuple(canada),
        geocodes=tuple(other),
        polygons=tuple([ring for area in areas for ring in area.polygons]),
        circles=tuple([circle for area in areas for circle in area.circles]),
    )


def area_text(areas: Iterable[CapArea]) -> str | None:
    """The descriptions of area blocks, each once."""
    return "; ".join(dict.fromkeys([a.description for a in areas if a.description])) or None


@lru_cache(_REMEMBERED_NAMES)
def _is_canadian(name: str) -> bool:
    return _CANADA.fullmatch(name) is not None
