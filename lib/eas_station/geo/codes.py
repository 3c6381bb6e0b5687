"""SAME location codes PSSCCC and UGC zone codes: which place lies in which.

Sources: 47 CFR 11.31(c),(f); NWS Directive 10-1702 for UGC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

NATION = "000000"  # 80 FR 37167


def matches(filter_code: str, alert_code: str) -> bool:
    """Does a place of an alert concern a place that is watched for.

    Same county, and the same part of it or either is the whole county; same state, and either is
    the whole state; or the alert is for the nation. A filter for the nation asks for national
    alerts only, not for everything.
    """
    if alert_code == NATION or filter_code == NATION:
        return alert_code == NATION
    if filter_code[1:3] != alert_code[1:3]:
        return False
    if filter_code[3:] == "000" or alert_code[3:] == "000":
        return True
    if filter_code[3:] != alert_code[3:]:
        return False
    return filter_code[0] == alert_code[0] or "0" in (filter_code[0], alert_code[0])


def counties_of(
    ugc_codes: Iterable[str], zones: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Each UGC that `zones` knows, with the SAME codes it touches. Unknown ones are left out."""
    found = {}
    for ugc in ugc_codes:
        key = f"{ugc[:3]}000" if ugc[3:] == "ALL" else ugc
        if key in zones:
            found[ugc] = zones[key]
    return found
