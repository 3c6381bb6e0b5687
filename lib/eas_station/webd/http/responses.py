"""Response bodies and how they are sent: entity tags, 304, gzip, redirects after a form."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from typing import Annotated

from bottle import HTTPResponse

from eas_station import wire
from eas_station.webd.http.parameters import Length

HTML = "text/html; charset=utf-8"
JSON = "application/json"
SHARED = "no-cache"  # any cache may keep it and must revalidate it
PRIVATE = "private, no-cache"  # only the client's own cache may keep it
GZIP_FROM_BYTES = 1400  # below this it fits one packet as it is
GZIP_LEVEL = 5

Redirect = Annotated[str, Length(500)]  # the address that a form names


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


def see_other(address: str) -> HTTPResponse:
    """Lead a form to another page of this server (303)."""
    return HTTPResponse(status=303, headers={"Location": address, "Cache-Control": "no-store"})


def local_address(given: str | None, otherwise: str = "/") -> str:
    """An address on this server, whatever the form names."""
    if given is None or not given.startswith("/") or given[1:2] in ("/", "\\"):
        return otherwise
    return given if given.isprintable() and given.isascii() else otherwise


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
