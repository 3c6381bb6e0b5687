"""What is in force here, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass

from eas_station.webd.render.cards import AlertCard, Hand
from eas_station.webd.render.grades import CALM, UNKNOWN, Grade
from eas_station.webd.state.snapshot import Snapshot

TITLES_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is in force here, in one sentence; calm only if we would know."""

    sentence: str
    grade: Grade


def verdict(hand: Hand, area: str, picture: Snapshot, deaf: bool) -> Verdict:
    """The sentence at the top of the page.

    Args:
        area: our area in words; "" if none is configured.
        deaf: nothing is heard, so that silence means nothing.
    """
    place = f" for {area}" if area else ""
    if hand.here:
        return Verdict(_in_force(hand.here, place), hand.here[0].grade)
    if not picture.record_read:
        return Verdict(f"Not known what is in force{place}: no word from the database.", UNKNOWN)
    if deaf:
        return Verdict(f"Nothing known to be in force{place}, but the station is deaf.", UNKNOWN)
    return Verdict(f"Nothing in force{place}.", CALM)


def _in_force(cards: tuple[AlertCard, ...], place: str) -> str:
    titles = list(dict.fromkeys(card.title for card in cards))
    if len(cards) == 1:
        return f"In force{place}: {titles[0]}."
    shown, more = titles[:TITLES_SHOWN], len(titles) - TITLES_SHOWN
    rest = f" and {more} more" if more > 0 else ""
    return f"{len(cards)} alerts in force{place}: {', '.join(shown)}{rest}."
