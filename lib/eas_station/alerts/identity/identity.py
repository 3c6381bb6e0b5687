"""By what names the alert of a reception is found again.

Sources: CAP 1.2, 3.2.1 (sender, identifier, sent; references); NWSI 10-1703 (P-VTEC); 47 CFR
11.33(a)(10) and ECIG 3.11 (the header without its call sign). A name only leads to an alert:
whether a reception is of it is decided by all that was heard (`grouping`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from eas_station.alerts.identity import air_match
from eas_station.alerts.model import Key, MessageId, Reception, Statement, Strength
from eas_station.alerts.vtec.vtec_events import key_of, name_of, primary_events, years_of

REMEMBERED = 4096  # message names: each comes again with every update of its alert
IPAWS_SUFFIX = ".IPAWS"  # what IPAWS appends to the identifier of an NWS message


class ReceptionNames(NamedTuple):
    """The names of a reception: those it is found by, and those it looks for."""

    own: tuple[Key, ...]  # every name under which its alert can be found again
    sought: tuple[Key, ...]  # of the alerts that it can be of


def names(reception: Reception) -> ReceptionNames:
    """By what the alert of a reception is found.

    Tests are named apart from actual alerts, and messages with a bad signature from good ones, so
    that a test or a forgery never joins, replaces or cancels a real warning.
    """
    realm = realm_of(reception)
    strong = tuple(dict.fromkeys(_strong_keys(realm, reception.statement)))
    if realm != "":
        return ReceptionNames(strong, strong)
    own, sought = _own_names(reception), _counterparts(reception)
    return ReceptionNames((*strong, *dict.fromkeys(own)), (*strong, *dict.fromkeys(sought)))


def keys(reception: Reception) -> tuple[Key, ...]:
    """Every name under which the alert of a reception can be found again."""
    return names(reception).own


def rivals(receptions: Iterable[Reception]) -> tuple[Key, ...]:
    """The names of further alerts that receptions of a known one could be of, in other company.

    So a later message is judged beside all that was judged before.
    """
    heard = tuple(receptions)
    begun = {
        name_of(event)
        for reception in heard
        for event in reception.statement.events
        if event.action == "NEW"
    }
    found: dict[Key, None] = {}
    for reception in heard:
        if reception.via == "same" and realm_of(reception) == "":
            found |= dict.fromkeys(_counterparts(reception))
        said = reception.statement
        if any(name_of(event) not in begun for event in said.events):
            found |= dict.fromkeys(_event_keys(realm_of(reception), said))
    return tuple(found)


def is_exercise(statement: Statement) -> bool:
    """Is a message a test by its own word: its status, or VTEC of class T alone."""
    events = primary_events(statement)
    vtec_test = bool(events) and all(event.product_class == "T" for event in events)
    return statement.status != "actual" or vtec_test


def is_life_sign(statement: Statement) -> bool:
    """Is a message no warning but a sign that its network lives (CAP 1.2, 3.2.1: status System).

    Canada's NAAD System sends one each minute.
    """
    return statement.status == "system"


def message_name(message: MessageId) -> tuple[str, str, datetime]:
    """Sender, identifier and instant; the copy that came by IPAWS has the same name."""
    return message.sender, message.identifier.removesuffix(IPAWS_SUFFIX), message.sent_at


def same_key(statement: Statement) -> Key | None:
    """The header without its call sign, with its year, its places as a set."""
    codes, plus, rest = (statement.same_header or "").partition("+")
    parts = codes.split("-")
    if not plus or len(parts) < 4:
        return None
    _, originator, event_code, *places = parts
    if statement.doubt is not None:  # its own date counts for nothing, but tells it from others
        issued = f"undated {rest[5:12]}"
    else:
        issued = f"{statement.issued_at.astimezone(UTC):%Y-%jT%H:%M}"
    name = (originator, event_code, issued, *sorted(set(places)), rest[:4])
    return Key("same", f"same:{_digest(*name)}")


def realm_of(reception: Reception) -> str:
    """Which world a message speaks of; "" is the real one."""
    statement = reception.statement
    if is_exercise(statement):
        return statement.status if statement.status != "actual" else "vtec-test"
    if reception.signature is not None and reception.signature.startswith("invalid"):
        return "unverified"
    return ""


def _strong_keys(realm: str, statement: Statement) -> Iterator[Key]:
    """Of messages and events: who shares one may be of one alert."""
    for message in _messages(statement):
        yield _message_key(realm, message)
    yield from _event_keys(realm, statement)


def _event_keys(realm: str, said: Statement) -> Iterator[Key]:
    """The events of a message, in each year in which they may have got their number."""
    for event in said.events:
        for year in years_of(event, said.issued_at):
            yield _strong(realm, "vtec", key_of(name_of(event), year))


def _own_names(reception: Reception) -> Iterator[Key]:
    """By what a reception is found by its counterparts: off the air by CAP, and by CAP off it."""
    said = reception.statement
    if reception.via == "cap":
        yield from (_part("cap", name) for name in air_match.names_of_cap(said))
        return
    key = same_key(said)
    if key is not None:
        yield key
    yield from (_part("air", name) for name in air_match.names_of_air(said))


def _counterparts(reception: Reception) -> Iterator[Key]:
    said = reception.statement
    if reception.via == "cap":
        yield from (_part("air", name) for name in air_match.names_of_cap(said))
        return
    key = same_key(said)
    if key is not None:
        yield key
    yield from (_part("cap", name) for name in air_match.sought_off_air(said))


def _messages(statement: Statement) -> tuple[MessageId, ...]:
    own = () if statement.message is None else (statement.message,)
    return own + statement.references


@lru_cache(REMEMBERED)
def _message_key(realm: str, message: MessageId) -> Key:
    sender, identifier, sent_at = message_name(message)
    return _strong(realm, "message", sender, identifier, sent_at.astimezone(UTC).isoformat())


def _strong(realm: str, kind: str, *name: str) -> Key:
    return Key("strong", f"{kind}:{realm}:{_digest(*name)}")


def _part(strength: Strength, name: tuple[str, ...]) -> Key:
    return Key(strength, f"part:{_digest(*name)}")


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()
