"""Which event a P-VTEC number names.

Source: NWSI 10-1703. An office numbers the events of one phenomenon and significance anew each
year, at 0000 UTC of 1 January, and a number stays with its event. But a P-VTEC tells no year, and a
continuation mostly not even when the event began: only NEW fixes the year.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from eas_station.alerts.model import EventRef, Statement

AT_ONCE = ("CAN", "UPG")  # actions by which an event ends at once
EXPIRES = "EXP"  # it ends when it was to end anyway
OVER = (*AT_ONCE, EXPIRES)  # a message with one of these holds no place of the event any more


def name_of(event: EventRef) -> str:
    """The event without its year: "KOUN.WW.Y.0016"."""
    return event.key.rpartition(".")[0]


def key_of(name: str, year: int) -> str:
    """The event with its year: "KOUN.WW.Y.0016.2014"."""
    return f"{name}.{year:04d}"


def fixed_year(event: EventRef, issued_at: datetime) -> int | None:
    """The year that a message leaves no doubt about; None: it does not tell."""
    return issued_at.astimezone(UTC).year if event.action == "NEW" else None


def years_of(event: EventRef, issued_at: datetime) -> tuple[int, ...]:
    """The years in which the event may have got its number, the likeliest first.

    That is the one of `event.key`, which the parser took from the begin time, what the message
    refers to, and the message's date.
    """
    fixed = fixed_year(event, issued_at)
    if fixed is not None:
        return (fixed,)
    year, text = issued_at.astimezone(UTC).year, event.key.rpartition(".")[2]
    named = (int(text),) if text.isdecimal() else ()  # a stored key may be damaged
    return tuple(dict.fromkeys((*named, year, year - 1)))


def begins(statement: Statement) -> bool:
    """Does an event begin with a message."""
    return any(event.action == "NEW" for event in statement.events)


def lasting_events(statement: Statement) -> tuple[EventRef, ...]:
    """The events that a message does not end."""
    if statement.kind == "cancel" or not statement.events:
        return ()
    return tuple([event for event in statement.events if event.action not in OVER])


def primary_events(statement: Statement) -> tuple[EventRef, ...]:
    """The events a message is about: those it does not end, or all if it ends every one.

    "Watch UPG, Warning NEW" in one message belongs to the warning.
    """
    events = statement.events
    if len(events) < 2:  # nearly always
        return events
    return tuple([event for event in events if event.action not in OVER]) or events


def own_keys(statements: Iterable[Statement]) -> dict[str, str]:
    """The keys of the events that an alert is about, by name; statements in order.

    A message that ends one event and begins another is a reception of both alerts, and each takes
    from it what is its own.
    """
    own: dict[str, str] = {}
    mixed: dict[str, str] = {}
    fixed: set[str] = set()
    for statement in statements:
        primary = primary_events(statement)
        is_mixed = len(primary) < len(statement.events)
        for event in primary:
            name = name_of(event)
            year = fixed_year(event, statement.issued_at)
            found = mixed if is_mixed else own
            if year is not None and name not in fixed:
                fixed.add(name)
                found[name] = key_of(name, year)
            else:
                found.setdefault(name, key_of(name, years_of(event, statement.issued_at)[0]))
    return own or mixed
