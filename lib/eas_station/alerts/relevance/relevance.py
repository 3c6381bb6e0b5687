"""Does an alert concern this station, and which rule says so.

Sources: 47 CFR 11.31(c) and (f); CAP 1.2, 3.2.4. In doubt it does: what cannot be judged is not
dropped. Codes and drawings add to each other: a place that is named concerns us wherever the
polygon lies, and so does a polygon that reaches us though no code names us. No event is left out
unless the station's configuration names it. The trace is for the operator at three in the morning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from eas_station.alerts.model import Relevance, RuleStep, Statement
from eas_station.alerts.relevance.doubt import doubt
from eas_station.alerts.relevance.places import AlertPlaces, Gazetteer, office_of
from eas_station.alerts.relevance.severity import SEVERITIES
from eas_station.geo import canada, circle, codes, polygon
from eas_station.geo.area import Area as Area

NATIONAL_EVENT = "EAN"  # concerns every station whatever its places say
Codes = frozenset[str]
UNWANTED = ("event-filter", "status-filter", "severity-filter")  # rules that say no, and decide
_MOST_NAMES = 3  # in one sentence


def judge(
    places: AlertPlaces,
    area: Area,
    gazetteer: Gazetteer,
    *,
    event_code: str | None = None,
    said: Statement | None = None,
) -> Relevance:
    """Ask every rule in turn, up to the first that decides.

    Args:
        places: of the alert: a Statement, or an Extent.
        area: ours.
        event_code: EEE, for the national message and for what is not wanted.
        said: the message that speaks for it, for what is not wanted; None: nothing is asked.
    """
    trace: list[RuleStep] = []
    office = None if said is None else office_of(said)
    for step in _steps(places, area, gazetteer, event_code, said, office):
        if step is not None:
            trace.append(step)
            if step.passed or step.rule in UNWANTED:
                return Relevance(step.passed, step.rule, tuple(trace))
    trace.append(RuleStep("nowhere", False, _nowhere(places, gazetteer)))
    return Relevance(False, "nowhere", tuple(trace))


def concern(
    places: AlertPlaces,
    area: Area,
    gazetteer: Gazetteer,
    event_code: str | None = None,
    office: str | None = None,
) -> RuleStep | None:
    """The rule by which places concern us, whatever is not wanted; None: they do not."""
    steps = _steps(places, area, gazetteer, event_code, None, office)
    return next((step for step in steps if step is not None and step.passed), None)


def _steps(
    places: AlertPlaces,
    area: Area,
    gazetteer: Gazetteer,
    event_code: str | None,
    said: Statement | None,
    office: str | None,
) -> Iterator[RuleStep | None]:
    """Every rule in the order in which it is asked; None: it has nothing to say."""
    yield _national(places, event_code)
    if said is not None:
        yield _unwanted(said, event_code, area)
    yield _everything(area)
    ours = area.same_codes
    if area.ugc_codes:
        touched = codes.counties_of(area.ugc_codes, gazetteer.zones).values()
        ours = ours.union(*touched)
    yield _same_codes(places, ours, gazetteer)
    yield _ugc_codes(places, area, ours, gazetteer)
    yield _canada_codes(places, area)
    yield _geocodes(places, area)
    yield _polygons(places, area)
    yield _circles(places, area)
    yield from doubt(places, area, ours, gazetteer, office)


def _everything(area: Area) -> RuleStep | None:
    if not area.is_everywhere:
        return None
    return RuleStep("no-area", True, "no area is configured, so every alert concerns us")


def _unwanted(said: Statement, event_code: str | None, area: Area) -> RuleStep | None:
    """What the station's configuration leaves out. What is not said is never left out."""
    for event in (event_code, said.event_name):
        if event is not None and event.lower() in area.ignored_events:
            return RuleStep(UNWANTED[0], False, f"{event} is one of ignore_events")
    if said.status in area.ignored_statuses:
        return RuleStep(UNWANTED[1], False, f"status {said.status} is one of ignore_statuses")
    if not is_below(said.severity, area):
        return None
    why = f"severity {said.severity} is less than {area.least_severity}"
    return RuleStep(UNWANTED[2], False, why)


def is_below(severity: str | None, area: Area) -> bool:
    """Is a severity known to be less than the station asks for."""
    rank = SEVERITIES.get((severity or "").lower())
    least = area.least_severity
    return rank is not None and least is not None and rank < SEVERITIES[least.lower()]


def _national(places: AlertPlaces, event_code: str | None) -> RuleStep | None:
    if event_code == NATIONAL_EVENT:
        return RuleStep("national", True, "a national emergency message concerns every station")
    if codes.NATION in places.same_codes:
        return RuleStep("national", True, "000000: the alert is for the whole nation")
    return None


def _same_codes(places: AlertPlaces, ours: Codes, gazetteer: Gazetteer) -> RuleStep | None:
    if not places.same_codes or not ours:
        return None
    for code in _of_our_states(places.same_codes, ours):
        match = _matching(code, ours)
        if match is not None:
            return RuleStep("same-code", True, _in_our_area(code, match, gazetteer))
    count = _count(len(places.same_codes), "SAME code")
    return RuleStep("same-code", False, f"none of its {count} is in our area")


def _ugc_codes(
    places: AlertPlaces, area: Area, ours: Codes, gazetteer: Gazetteer
) -> RuleStep | None:
    """Zones by name, or by the counties they touch unless SAME codes have said those."""
    if not places.ugc_codes or not ours | area.ugc_codes:
        return None
    for ugc in places.ugc_codes if area.ugc_codes else ():
        if ugc in area.ugc_codes:
            return RuleStep("ugc", True, f"zone {ugc} is in our area")
    unsaid = () if places.same_codes else places.ugc_codes
    for ugc, counties in codes.counties_of(unsaid, gazetteer.zones).items():
        for code in _of_our_states(counties, ours):
            match = _matching(code, ours)
            if match is not None:
                why = f"zone {ugc} touches {_in_our_area(code, match, gazetteer)}"
                return RuleStep("ugc-county", True, why)
    count = _count(len(places.ugc_codes), "zone")
    return RuleStep("ugc", False, f"none of its {count} is in our area")


def _canada_codes(places: AlertPlaces, area: Area) -> RuleStep | None:
    if not places.canada_codes or not area.canada_codes:
        return None
    found = canada.match(places.canada_codes, area.canada_codes)
    if found is None:
        count = _count(len(places.canada_codes), "Canadian code")
        return RuleStep("canada-code", False, f"none of its {count} is in our area")
    said, ours = found
    why = f"{said} is in our area" if said == ours else f"{said} concerns our {ours}"
    return RuleStep("canada-code", True, f"Canadian code {why}")


def _geocodes(places: AlertPlaces, area: Area) -> RuleStep | None:
    """Codes of any other system, compared as they are but for the case of letters."""
    if not places.geocodes or not area.geocodes:
        return None
    for code in places.geocodes:
        if code.lower() in area.geocodes:
            return RuleStep("geocode", True, f"{code} is in our area")
    count = _count(len(places.geocodes), "geocode")
    return RuleStep("geocode", False, f"none of its {count} is in our area")


def _polygons(places: AlertPlaces, area: Area) -> RuleStep | None:
    if not places.polygons or (area.point is None and not area.rings):
        return None
    for ring in places.polygons:
        if area.point is not None and polygon.contains(ring, area.point):
            return RuleStep("polygon", True, "our point lies in its polygon")
        if area.outline.overlaps(ring):
            return RuleStep("polygon", True, "its polygon overlaps our area")
    return RuleStep("polygon", False, "its polygon does not reach us")


def _circles(places: AlertPlaces, area: Area) -> RuleStep | None:
    if not places.circles or (area.point is None and not area.rings):
        return None
    for ring in places.circles:
        if area.point is not None and circle.contains(ring, area.point):
            return RuleStep("circle", True, "our point lies in its circle")
        if any(circle.overlaps(ring, ours) for ours in area.rings):
            return RuleStep("circle", True, "its circle overlaps our area")
    return RuleStep("circle", False, "its circle does not reach us")


def _of_our_states(alert_codes: Sequence[str], ours: Codes) -> Sequence[str]:
    """Those that could match at all: nearly always none."""
    states = _states_of(ours)
    return [code for code in alert_codes if code[1:3] in states]


@lru_cache(16)
def _states_of(ours: Codes) -> Codes:
    return frozenset([code[1:3] for code in ours])


def _matching(alert_code: str, ours: Codes) -> str | None:
    if alert_code in ours:
        return alert_code
    return min((code for code in ours if codes.matches(code, alert_code)), default=None)


def _in_our_area(alert_code: str, our_code: str, gazetteer: Gazetteer) -> str:
    said = f"{alert_code} {gazetteer.location_name(alert_code)}"
    if alert_code == our_code:
        return f"{said} is in our area"
    return f"{said} concerns our {our_code} {gazetteer.location_name(our_code)}"


def _nowhere(places: AlertPlaces, gazetteer: Gazetteer) -> str:
    """Which places those are, in a few words: "3 counties in MI, 1 in OH"."""
    if not places.same_codes:
        where = _few(places.ugc_codes or places.canada_codes) or "a drawn area"
        return f"no place of this alert is in our area: {where}"
    if len(places.same_codes) <= _MOST_NAMES:
        where = ", ".join([gazetteer.location_name(code) for code in places.same_codes])
    else:
        states = Counter([code[1:3] for code in places.same_codes])
        first, *others = [
            f"{count} in {gazetteer.state_abbr('0' + state) or '??'}"
            for state, count in states.most_common()
        ]
        where = ", ".join([first.replace(" in ", " places in ", 1), *others])
    return f"no place of this alert is in our area: {where}"


def _few(names: Sequence[str]) -> str:
    rest = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
