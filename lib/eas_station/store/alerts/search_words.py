"""The words by which an alert is found, and queries for them.

The same words on PostgreSQL (a tsvector) and on SQLite (FTS5): split here, without accents and
capitals. Places are searched by their codes, since an alert has codes; the caller knows the names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from eas_station.alerts.model import Alert

WORD = re.compile(r"[^\W_]+")
LONGEST_WORD = 40  # characters; a longer word is found by its beginning
MOST_WORDS = 400  # of one alert
MOST_ASKED = 12  # words of one search
MOST_CODES = 400  # places that one word may mean


@dataclass(frozen=True, slots=True)
class Wanted:
    """One condition: a word with this beginning, or one of these codes."""

    beginning: str  # a word as `split` gives it
    codes: tuple[str, ...] = ()  # whole words that mean the same: SAME codes of places
    code_beginnings: tuple[str, ...] = ()  # of codes: all of a state


def split(text: str) -> list[str]:
    """The words of a text, in order, without accents and capitals."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return [word[:LONGEST_WORD] for word in WORD.findall(bare)]


def words_of(alert: Alert) -> str:
    """The words that an alert is found by, each once."""
    codes = (*alert.same_codes, *("0" + code[1:] for code in alert.same_codes))
    texts = (
        *(alert.event_name, alert.event_code, alert.originator, alert.sender_name),
        *(alert.headline, " ".join(codes), " ".join(alert.ugc_codes), alert.area_text),
        alert.same_header,
    )
    found = dict.fromkeys(word for text in texts if text for word in split(text))
    return " ".join(list(found)[:MOST_WORDS])


def for_postgresql(wanted: Iterable[Wanted]) -> str:
    """The query as a tsquery."""
    asked = [" | ".join(_alternatives(one, "'{}':*", "'{}'")) for one in wanted]
    return " & ".join(f"({one})" for one in asked)


def for_sqlite(wanted: Iterable[Wanted]) -> str:
    """The query for FTS5."""
    asked = [" OR ".join(_alternatives(one, '"{}"*', '"{}"')) for one in wanted]
    return " AND ".join(f"({one})" for one in asked)


def _alternatives(one: Wanted, beginning: str, whole: str) -> list[str]:
    return [
        *(beginning.format(text) for text in (one.beginning, *one.code_beginnings)),
        *(whole.format(text) for text in one.codes[:MOST_CODES]),
    ]
