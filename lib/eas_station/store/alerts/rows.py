"""The two nouns ⇄ rows of their tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from eas_station.alerts.model import Alert, Evidence, Key, Reception, Relevance, Ring, Statement
from eas_station.store.alerts.search_words import words_of
from eas_station.store.database.alert_tables import alerts, receptions
from eas_station.wire import from_plain, time_to_text, to_plain

ALERT_FIELDS = tuple(field.name for field in dataclasses.fields(Alert))
JSON_FIELDS = frozenset({"same_codes", "ugc_codes", "polygons", "relevance", "events"})
ALERT_COLUMNS = tuple(alerts.c[name] for name in ALERT_FIELDS)
RECEPTION_FIELDS = tuple(field.name for field in dataclasses.fields(Reception))
RECEPTION_COLUMNS = tuple(receptions.c[name] for name in RECEPTION_FIELDS)


def alert_row(alert: Alert, number: int, heard: Iterable[Reception] = ()) -> dict[str, Any]:
    """The row of an alert and its receptions."""
    row = {name: getattr(alert, name) for name in ALERT_FIELDS}
    for name in JSON_FIELDS:
        row[name] = to_plain(row[name])
    row["number"] = number
    row["relevant"] = alert.relevance.relevant
    row["ever_relevant"] = alert.relevance.ever
    row["words"] = words_of(alert)
    ways = sorted({reception.via for reception in heard})
    row["via"] = "both" if len(ways) > 1 else ways[0] if ways else None
    return row


def alert_of(row: Mapping[str, Any]) -> Alert:
    """The alert in a row. Raises FrameError."""
    values = {name: row[name] for name in ALERT_FIELDS}
    values["same_codes"] = tuple(values["same_codes"])
    values["ugc_codes"] = tuple(values["ugc_codes"])
    values["events"] = tuple(values["events"])
    values["polygons"] = tuple(_ring(plain) for plain in values["polygons"])
    values["relevance"] = from_plain(Relevance, values["relevance"])
    return Alert(**values)


def reception_row(reception: Reception, number: int) -> dict[str, Any]:
    """The row of a reception."""
    row = {name: getattr(reception, name) for name in RECEPTION_FIELDS}
    row["statement"] = to_plain(reception.statement)
    row["evidence"] = to_plain(reception.evidence)
    row["number"] = number
    row["message_hash"] = message_hash(reception)
    row["repeats"] = 0
    return row


def reception_of(row: Mapping[str, Any]) -> Reception:
    """The reception in a row. Raises FrameError."""
    values = {name: row[name] for name in RECEPTION_FIELDS}
    values["statement"] = from_plain(Statement, values["statement"])
    if values["evidence"] is not None:
        values["evidence"] = from_plain(Evidence, values["evidence"])
    return Reception(**values)


def message_hash(reception: Reception) -> str | None:
    """Identifies a CAP message of one origin; None: not CAP.

    A forged one has another hash: it must never replace the real one.
    """
    message = reception.statement.message
    if message is None:
        return None
    forged = reception.signature is not None and reception.signature.startswith("invalid")
    sent = time_to_text(message.sent_at)
    realm = ("forged",) if forged else ()
    return hash_of(reception.origin, message.sender, message.identifier, sent, *realm)


def key_hash(key: Key) -> str:
    """Identifies a key, however long its text."""
    return hash_of(key.strength, key.text)


def hash_of(*parts: str) -> str:
    """32 hexadecimal digits of a sequence of texts."""
    digest = blake2b(digest_size=16)
    for part in parts:
        encoded = part.encode("utf-8", "backslashreplace")
        digest.update(b"%d:" % len(encoded))
        digest.update(encoded)
    return digest.hexdigest()


def _ring(plain: list[list[float]]) -> Ring:
    return tuple((float(latitude), float(longitude)) for latitude, longitude in plain)
