"""The texts of a CAP message in other languages than the one that the alert is shown in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eas_station.alerts.model import Reception
from eas_station.cap.documents import document
from eas_station.cap.limits import ParseLimits
from eas_station.cap.message import CapInfo
from eas_station.errors import CapError

MOST_BLOCKS = 12
LIMITS = ParseLimits(document_bytes=4 << 20, alerts=1)


@dataclass(frozen=True, slots=True)
class OtherLanguage:
    """One info block in another language, as its sender wrote it."""

    language: str  # "es-US"
    title: str
    paragraphs: tuple[str, ...]  # headline, description, instruction, those it has


def other_languages(receptions: Sequence[Reception]) -> tuple[OtherLanguage, ...]:
    """Those of the newest CAP message that has any; each block once."""
    by_cap = [one for one in receptions if one.via == "cap" and one.raw.lstrip()[:1] == "<"]
    for reception in sorted(by_cap, key=lambda one: one.statement.issued_at, reverse=True):
        if reception.raw.count("info>") < 4 or "language>" not in reception.raw:
            continue  # most messages have one block and need not be parsed
        found = _blocks(reception)
        if found:
            return found
    return ()


def _blocks(reception: Reception) -> tuple[OtherLanguage, ...]:
    try:
        messages = document.parse(reception.raw.encode("utf-8", "replace"), LIMITS).messages
    except CapError:  # parsed once, but the stored text may have been edited since
        return ()
    shown = _primary(reception.statement.language)
    others = [info for one in messages for info in one.infos if _primary(info.language) != shown]
    return tuple(dict.fromkeys(map(_language, others)))[:MOST_BLOCKS]


def _language(info: CapInfo) -> OtherLanguage:
    words = (info.headline, info.description, info.instruction)
    return OtherLanguage(info.language, info.event or info.language, tuple(w for w in words if w))


def _primary(language: str | None) -> str:
    """The language without its region; CAP 1.2 §3.2.2: en-US where none is given."""
    return (language or "en-US").lower().partition("-")[0]
