"""What is in force here, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass

from eas_station.webd.render.cards import AlertCard, AlertGroups
from eas_station.webd.render.grades import CALM, UNKNOWN, Grade
from eas_station.webd.state.snapshot import Snapshot

TITLES_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is in force here, in one sentence; calm only if the station would know."""

    sentence: str
    grade: Grade


def verdict(groups: AlertGroups, area: str, snapshot: Snapshot, deaf: bool) -> Verdict:
    """The sentence at the top of the page.

    Args:
        area: our area in words; "" if none is configured.
        deaf: the station receives nothing, so silence proves nothing.
    """
    place = f" for {area}" if area else ""
    if groups.here:
        return Verdict(_in_force(groups.here, place), groups.here[0].grade)
    doubt = f"Cannot tell what is in force{place}:"
    if not snapshot.record_read:
        return Verdict(f"{doubt} the database is not responding.", UNKNOWN)
    if deaf:
        return Verdict(f"{doubt} the station is deaf.", UNKNOWN)
    return Verdict(f"Nothing in force{place}.", CALM)


def _in_force(cards: tuple[AlertCard, ...], place: str) -> str:
    titles = list(dict.fromkeys(card.title for card in cards))
    if len(cards) == 1:
        return f"In force{place}: {titles[0]}."
    shown, more = titles[:TITLES_SHOWN], len(titles) - TITLES_SHOWN
    rest = f" and {more} more" if more > 0 else ""
    return f"{len(cards)} alerts in force{place}: {', '.join(shown)}{rest}."
