"""What no table can judge may be ours: unknown codes are never silenced by known neighbours.

A code that the tables do not know is judged by its state, then by the area of the office that
issued it, then by what the alert draws. What is left after that concerns us.
"""

from __future__ import annotations

from collections.abc import Iterator

from eas_station.alerts.model import Ring, RuleStep
from eas_station.alerts.relevance.places import AlertPlaces, Gazetteer
from eas_station.geo import canada, codes
from eas_station.geo.area import Area

Codes = frozenset[str]
NEAR_DEG = 3.0  # between a polygon and the middle of a place that it may be drawn for


def doubt(
    places: AlertPlaces, area: Area, ours: Codes, gazetteer: Gazetteer, office: str | None
) -> Iterator[RuleStep]:
    """The reason why an alert may be ours though no rule says so, after what was not used.

    Args:
        ours: the SAME codes of our area, those of its zones among them.
        office: that issued it, "GJT"; None: not known.
    """
    drawn = bool(places.polygons or places.circles)
    named = bool(places.same_codes or places.ugc_codes)
    foreign = bool(places.canada_codes or places.geocodes)
    if not named and not foreign and not drawn:
        yield RuleStep("unknown", True, "it names no place: it may be ours")
        return
    drawing_decides = drawn and _can_overlay(area)
    if drawing_decides and _is_misplaced(places, gazetteer):
        drawing_decides = False
        yield RuleStep(
            "polygon-place", False, "its polygon lies far from the places it names: not used"
        )
    if drawing_decides:
        return
    if named and ours | area.ugc_codes:
        unknown = _unknown_code(places, area, ours, gazetteer, office)
        if unknown is not None:
            yield RuleStep("unknown", True, f"{unknown} is not in our tables: it may be ours")
        return
    if not named and canada.can_compare(places.canada_codes, area.canada_codes):
        return
    if not named and area.geocodes and _same_kinds(places, area):
        return
    yield RuleStep("unknown", True, "its places cannot be compared with our area")


def _can_overlay(area: Area) -> bool:
    """Can a drawing be laid over our area, all of it."""
    listed = area.same_codes | area.ugc_codes | area.canada_codes | area.geocodes
    only_a_point = area.point is not None and not listed and not area.rings
    return area.is_outlined or only_a_point


def _is_misplaced(places: AlertPlaces, gazetteer: Gazetteer) -> bool:
    """Does a polygon lie far from every place that the alert names; False: nobody can tell.

    An unknown zone may be anywhere in its state.
    """
    named = set(places.same_codes)
    for ugc in places.ugc_codes:
        known = codes.counties_of((ugc,), gazetteer.zones).values()
        state = (all_of for zone, all_of in gazetteer.zones.items() if zone[:2] == ugc[:2])
        named.update(*known or state)
    middles = [middle for code in named if (middle := gazetteer.middle(code)) is not None]
    return bool(middles) and any(
        not any(_is_near(ring, middle) for middle in middles) for ring in places.polygons
    )


def _is_near(ring: Ring, middle: tuple[float, float]) -> bool:
    latitudes = [point[0] for point in ring]
    east = [(point[1] - middle[1] + 180.0) % 360.0 - 180.0 for point in ring]
    north = min(latitudes) - NEAR_DEG <= middle[0] <= max(latitudes) + NEAR_DEG
    return north and min(east) - NEAR_DEG <= 0.0 <= max(east) + NEAR_DEG


def _unknown_code(
    places: AlertPlaces, area: Area, ours: Codes, gazetteer: Gazetteer, office: str | None
) -> str | None:
    """A code that is not in the tables and may lie in our area, in words."""
    for code in places.same_codes:
        state = gazetteer.state_abbr(code)
        if not gazetteer.is_location(code) and (state is None or _is_ours(state, ours, gazetteer)):
            return f"place {code}"
    zones = gazetteer.zones
    unknown = [
        ugc
        for ugc in places.ugc_codes
        if ugc not in zones and not (ugc[3:] == "ALL" and f"{ugc[:3]}000" in zones)
    ]
    if not unknown:
        return None
    near = {gazetteer.state_abbr(code) for code in ours} | {code[:2] for code in area.ugc_codes}
    for ugc in unknown:
        if gazetteer.is_state(ugc[:2]) and (
            ugc[:2] not in near or _is_of_another_office(office, ours, gazetteer)
        ):
            continue
        return f"zone {ugc}"
    return None


def _is_ours(state: str, ours: Codes, gazetteer: Gazetteer) -> bool:
    return any(gazetteer.state_abbr(code) == state for code in ours)


def _is_of_another_office(office: str | None, ours: Codes, gazetteer: Gazetteer) -> bool:
    """Is the alert of an office that serves none of our places; False: nobody can tell."""
    serving = [gazetteer.offices(code) for code in ours]
    return office is not None and all(serving) and not any(office in names for names in serving)


def _same_kinds(places: AlertPlaces, area: Area) -> bool:
    """Is every kind of geocode of the alert one by which our area is named too."""
    kinds = {code.partition(":")[0].lower() for code in area.geocodes}
    return all(code.partition(":")[0].lower() in kinds for code in places.geocodes)
