"""Is it an alert we have: the keys of a reception, and the choice among the alerts that share one.

Sources: CAP 1.2, 3.2.1 (sender, identifier, sent; references); NWS Directive 10-1703 (P-VTEC);
47 CFR 11.33(a)(10) and ECIG 3.11 (the header without its call sign). Being close in time, or in a
county, is never a reason to merge: two real warnings are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from eas_station.alerts.model import (
    Candidate,
    Key,
    MessageId,
    Reception,
    Statement,
)
from eas_station.alerts.vtec_events import primary_events

REMEMBERED = 4096  # message names: each comes again with every update of its alert
IPAWS_SUFFIX = ".IPAWS"  # what IPAWS appends to the identifier of an NWS message


def keys(reception: Reception) -> tuple[Key, ...]:
    """Every name under which the alert of a reception can be found again.

    Tests are named apart from actual alerts, and messages with a bad signature from good ones, so
    that a test or a forgery never joins, replaces or cancels a real warning.
    """
    statement = reception.statement
    realm = _realm(reception)
    found = [_message_key(realm, message) for message in _messages(statement)]
    found += [_strong(realm, "vtec", event.key) for event in primary_events(statement)]
    if realm == "":
        found += [key for key in (same_key(statement), fold_key(statement)) if key is not None]
    return tuple(dict.fromkeys(found))


def choose(
    reception: Reception, keys: Sequence[Key], candidates: Iterable[Candidate]
) -> Candidate | None:
    """The alert that a reception belongs to, of those that share a key with it; None: a new one.

    A strong key decides before any other, then the header, then the header without its purge time;
    among equals the alert that was created first.
    """
    ours = set(keys)
    ranked = [
        (rank, candidate.created, index, candidate)
        for index, candidate in enumerate(candidates)
        for rank in [_rank(reception, ours, candidate)]
        if rank is not None
    ]
    return min(ranked)[3] if ranked else None


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
    parts = _header_parts(statement)
    return None if parts is None else Key("same", f"same:{_digest(*parts)}")


def fold_key(statement: Statement) -> Key | None:
    """The same without the purge time: CAP and NWR round the time of one warning differently."""
    parts = _header_parts(statement)
    return None if parts is None else Key("fold", f"fold:{_digest(*parts[:-1])}")


def _rank(reception: Reception, keys: set[Key], candidate: Candidate) -> int | None:
    """How well an alert fits; None: it does not."""
    shared = keys.intersection(candidate.keys)
    strengths = {key.strength for key in shared}
    if "strong" in strengths:
        return 0
    if reception.via == "cap":
        if any(other.via == "cap" for other in candidate.receptions):
            return None  # two CAP messages that translate to one header are two alerts
        return _header_rank(strengths)
    heard = {
        same_key(other.statement)
        for other in candidate.receptions
        if other.via == "same" and fold_key(other.statement) in shared
    }
    if heard - {same_key(reception.statement)}:
        return None  # off the air, two headers that differ in the purge time are two warnings
    if "same" not in strengths and not any(other.via == "cap" for other in candidate.receptions):
        return None
    return _header_rank(strengths)


def _header_rank(strengths: Iterable[str]) -> int | None:
    if "same" in strengths:
        return 1
    return 2 if "fold" in strengths else None


def _realm(reception: Reception) -> str:
    """Which world a message speaks of; "" is the real one."""
    statement = reception.statement
    if is_exercise(statement):
        return statement.status if statement.status != "actual" else "vtec-test"
    if reception.signature is not None and reception.signature.startswith("invalid"):
        return "unverified"
    return ""


def _messages(statement: Statement) -> tuple[MessageId, ...]:
    own = () if statement.message is None else (statement.message,)
    return own + statement.references


@lru_cache(REMEMBERED)
def _message_key(realm: str, message: MessageId) -> Key:
    sender, identifier, sent_at = message_name(message)
    return _strong(realm, "message", sender, identifier, sent_at.astimezone(UTC).isoformat())


def _strong(realm: str, kind: str, *name: str) -> Key:
    return Key("strong", f"{kind}:{realm}:{_digest(*name)}")


def _header_parts(statement: Statement) -> tuple[str, ...] | None:
    """ORG, EEE, the time of issue with its year, the places sorted, and last TTTT."""
    codes, plus, rest = (statement.same_header or "").partition("+")
    parts = codes.split("-")
    if not plus or len(parts) < 4:
        return None
    _, originator, event_code, *places = parts
    if statement.doubt is not None:  # its own date counts for nothing, but tells it from others
        return originator, event_code, f"undated {rest[5:12]}", *sorted(set(places)), rest[:4]
    issued_at = statement.issued_at.astimezone(UTC)
    return originator, event_code, f"{issued_at:%Y-%jT%H:%M}", *sorted(set(places)), rest[:4]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()
