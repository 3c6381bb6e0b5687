"""Opaque cursors: the start of the next page of a list."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_

from eas_station.errors import FrameError
from eas_station.wire import time_from_text, time_to_text

LONGEST = 300  # characters; real ones have under 100


def to_text(at: datetime, tie: int | str) -> str:
    """The cursor after a row: its time, and a tie-breaker for rows of the same time."""
    plain = json.dumps([time_to_text(at), tie], separators=(",", ":"))
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def from_text(cursor: str, tie_type: type[int] | type[str]) -> tuple[datetime, int | str]:
    """Read a cursor. Raises FrameError."""
    fault = FrameError("not a cursor of this list", cursor[:LONGEST])
    if len(cursor) > LONGEST:
        raise fault
    try:
        plain = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise fault from error
    match plain:
        case [str() as at, int() | str() as tie] if type(tie) is tie_type:
            if (tie.isascii() and tie.isprintable()) if isinstance(tie, str) else _fits(tie):
                return time_from_text(at), tie
    raise fault


def newest_first(
    wanted: Select[Any],
    at: ColumnElement[Any],
    tie: ColumnElement[Any],
    limit: int,
    cursor: str | None,
) -> Select[Any]:
    """The rows after this cursor, and one more than `limit`. The tie is a text. FrameError."""
    if cursor is not None:
        last_at, last = from_text(cursor, str)
        wanted = wanted.where(at <= last_at, or_(at < last_at, and_(at == last_at, tie < last)))
    return wanted.order_by(at.desc(), tie.desc()).limit(limit + 1)


def _fits(number: int) -> bool:
    return abs(number) < 2**63
