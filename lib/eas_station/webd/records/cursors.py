"""Cursors into the list of active alerts, for clients that read it in pages."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from eas_station.errors import FrameError, InputError
from eas_station.webd.state.snapshot import AlertEntry
from eas_station.wire import time_from_text, time_to_text

LONGEST_CURSOR = 300


def newest_first(entries: tuple[AlertEntry, ...]) -> list[AlertEntry]:
    """The order of the API: newest first, then by id."""
    return sorted(entries, key=_place, reverse=True)


def page_of(
    entries: tuple[AlertEntry, ...], limit: int, cursor: str | None
) -> tuple[list[AlertEntry], str | None]:
    """The entries after the cursor and the cursor after them. Raises InputError."""
    ordered = newest_first(entries)
    if cursor is not None:
        after = _decode(cursor)
        ordered = [entry for entry in ordered if _place(entry) < after]
    shown = ordered[:limit]
    return shown, _encode(shown[-1]) if len(ordered) > limit else None


def _place(entry: AlertEntry) -> tuple[datetime, str]:
    return entry.alert.first_received_at, entry.alert.alert_id


def _encode(entry: AlertEntry) -> str:
    received_at, alert_id = _place(entry)
    text = f"{time_to_text(received_at)}~{alert_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[datetime, str]:
    if len(cursor) > LONGEST_CURSOR:
        raise InputError("not a cursor", cursor[:LONGEST_CURSOR])
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        moment, separator, alert_id = text.partition("~")
        if not separator:
            raise InputError("not a cursor", cursor)
        return time_from_text(moment), alert_id
    except (binascii.Error, UnicodeDecodeError, FrameError, ValueError) as error:
        raise InputError("not a cursor", cursor) from error
