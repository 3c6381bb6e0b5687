"""P-VTEC: /k.aaa.cccc.pp.s.####.yymmddThhnnZ-yymmddThhnnZ/

Source: NWS Directive 10-1703. One product may hold several; H-VTEC lines between them are skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

ACTIONS = ("NEW", "CON", "EXT", "EXA", "EXB", "UPG", "CAN", "EXP", "COR", "ROU")
REMEMBERED = 1_024  # strings: a message that is split into many repeats its own
FIRST_YEAR = 1990  # an earlier time is a program's zero: it says no more than 000000T0000Z

_VTEC = re.compile(
    r"/([OTEX])\.(" + "|".join(ACTIONS) + r")\.([A-Z]{4})\.([A-Z]{2})\.([A-Z])\.([0-9]{4})"
    r"\.([0-9]{6}T[0-9]{4}Z)-([0-9]{6}T[0-9]{4}Z)(?:/|[ \t]*$)",
    re.IGNORECASE | re.ASCII | re.MULTILINE,
)
_LINE = re.compile(
    r"^[ \t]*/?[A-Z]\.[A-Z]{3}\.[A-Z]{4}\..*$", re.IGNORECASE | re.ASCII | re.MULTILINE
)
_BEGINNING = re.compile(r"/[OTEX]\.[A-Z]{3}\.[A-Z]{4}\.", re.IGNORECASE | re.ASCII)
_OPEN = "000000T0000Z"


@dataclass(frozen=True, slots=True)
class Vtec:
    """One P-VTEC string."""

    product_class: str  # O operational, T test, E experimental, X experimental in operational
    action: str  # one of ACTIONS
    office: str  # "KMOB"
    phenomenon: str  # "TO"
    significance: str  # "A"
    number: int  # event tracking number, 1 to 9999, anew each year; 0: routine, no event
    begins_at: datetime | None  # None: already begun
    ends_at: datetime | None  # None: until further notice
    text: str  # in capitals, between two slashes

    def key(self, year: int) -> str:
        """The event's name: office.phenomenon.significance.number.year of issue."""
        return f"{self.office}.{self.phenomenon}.{self.significance}.{self.number:04d}.{year:04d}"


def parse(text: str) -> tuple[Vtec, ...]:
    """Every P-VTEC in a text, in order, each once. Malformed ones are left out."""
    found: dict[str, Vtec] = {}
    for match in _VTEC.finditer(text):
        event = _read(match.group())
        if event is not None:
            found.setdefault(event.text, event)
    return tuple(found.values())


def begins_in(text: str) -> bool:
    """Is there the beginning of a P-VTEC anywhere in a text."""
    return _BEGINNING.search(text) is not None


def has_line(text: str) -> bool:
    """Does a line of a text begin as a P-VTEC does, well-formed or not."""
    return _LINE.search(text) is not None


def malformed(text: str) -> tuple[str, ...]:
    """The lines that begin as a P-VTEC does but are none, as written, each once."""
    good = {event.text for event in parse(text)}
    lines = dict.fromkeys(line.strip() for line in _LINE.findall(text))
    return tuple(line for line in lines if line not in good and not parse(line))


def year_of_issue(vtec: Vtec, issued_at: datetime, earlier: tuple[datetime, ...] = ()) -> int:
    """The year in which the event was given its number.

    A continuation keeps the number of last year: what it refers to, or when the event began, tells.

    Args:
        issued_at: when this message was sent.
        earlier: when the messages that it refers to were sent.
    """
    if vtec.action == "NEW":
        return issued_at.astimezone(UTC).year
    begun: tuple[datetime, ...] = () if vtec.begins_at is None else (vtec.begins_at,)
    return min((issued_at, *earlier, *begun)).astimezone(UTC).year


@lru_cache(REMEMBERED)
def _read(text: str) -> Vtec | None:
    """None: a time does not exist."""
    match = _VTEC.match(text)
    if match is None:
        return None
    parts = [part.upper() for part in match.groups()]
    product_class, action, office, phenomenon, significance, number, begins, ends = parts
    try:
        begins_at, ends_at = _time(begins), _time(ends)
    except ValueError:
        return None
    return Vtec(
        product_class=product_class,
        action=action,
        office=office,
        phenomenon=phenomenon,
        significance=significance,
        number=int(number),
        begins_at=begins_at,
        ends_at=ends_at,
        text=f"/{'.'.join(parts[:6])}.{begins}-{ends}/",
    )


def _time(text: str) -> datetime | None:
    """Raises ValueError."""
    if text == _OPEN:
        return None
    year, month, day = int(text[:2]), int(text[2:4]), int(text[4:6])
    year += 1900 if year >= 70 else 2000
    moment = datetime(year, month, day, int(text[7:9]), int(text[9:11]), tzinfo=UTC)
    return moment if year >= FIRST_YEAR else None
