"""Bodies and how they are sent: entity tags, 304, gzip; and a shelf for those in demand."""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bottle import HTTPResponse

from eas_station import wire

HTML = "text/html; charset=utf-8"
JSON = "application/json"
SHARED = "no-cache"  # anybody may keep it, and must ask whether it is still so
PRIVATE = "private, no-cache"  # only the one who asked may
GZIP_FROM_BYTES = 1400  # below this it fits one packet as it is
GZIP_LEVEL = 5


class Body:
    """One response body with its entity tag; compressed once, when first asked for."""

    def __init__(self, content_type: str, text: str | bytes) -> None:
        self.content_type = content_type
        self.plain = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
        self.etag = f'W/"{hashlib.blake2b(self.plain, digest_size=9).hexdigest()}"'
        self._zipped: bytes | None = None

    def zipped(self) -> bytes | None:
        """The gzip form; None where it does not pay."""
        if len(self.plain) < GZIP_FROM_BYTES:
            return None
        if self._zipped is None:
            self._zipped = gzip.compress(self.plain, GZIP_LEVEL, mtime=0)
        return self._zipped


def json_body(value: object) -> Body:
    """A value as JSON."""
    return Body(JSON, wire.to_json(value))


def reply(
    body: Body, headers: Mapping[str, str], status: int = 200, cache: str = SHARED
) -> HTTPResponse:
    """Send a body, or 304 if the client has it.

    Args:
        headers: the request's `if-none-match` and `accept-encoding`, by lower-case name.
    """
    fields = {"ETag": body.etag, "Cache-Control": cache, "Vary": "Accept-Encoding, Cookie"}
    if status == 200 and _matches(headers.get("if-none-match", ""), body.etag):
        return HTTPResponse(status=304, headers=fields)
    fields["Content-Type"] = body.content_type
    zipped = body.zipped() if _accepts_gzip(headers.get("accept-encoding", "")) else None
    if zipped is not None:
        fields["Content-Encoding"] = "gzip"
    return HTTPResponse(
        body=body.plain if zipped is None else zipped, status=status, headers=fields
    )


def _matches(if_none_match: str, etag: str) -> bool:
    """Weak comparison (RFC 9110, 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag.removeprefix("W/") in tags


def _accepts_gzip(accept_encoding: str) -> bool:
    for part in accept_encoding.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


@dataclass(slots=True)
class _Place:
    lock: threading.Lock = field(default_factory=threading.Lock)
    kept: tuple[int, float, Body] | None = None  # version, made at, body


class Shelf:
    """Bodies that many ask for, made at most once a second while the version stays.

    One request makes it, those that come meanwhile wait for that one.
    """

    def __init__(
        self, lasts_s: float = 1.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic, self._lasts_s = monotonic, lasts_s
        self._lock = threading.Lock()
        self._places: dict[str, _Place] = {}

    def fetch(self, name: str, version: int, make: Callable[[], Body]) -> Body:
        """The body of this name, made anew if it is older than a second or of another version."""
        place = self._places.get(name)
        if place is None:
            with self._lock:
                place = self._places.setdefault(name, _Place())
        body = self._fresh(place, version)  # nearly always: no lock
        if body is not None:
            return body
        with place.lock:
            body = self._fresh(place, version)
            if body is None:
                body = make()
                place.kept = (version, self._monotonic(), body)
            return body

    def _fresh(self, place: _Place, version: int) -> Body | None:
        """The body that is there, if it may still be given out."""
        kept = place.kept
        if kept is None or kept[0] != version or self._monotonic() - kept[1] >= self._lasts_s:
            return None
        return kept[2]
