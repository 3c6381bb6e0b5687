"""What may be seen of a stream's URL: where it leads to, and nothing that opens it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

_USER = re.compile(r"(\w://)[^/\s'\"@]*@")
_QUERY = re.compile(r"(\w://[^\s'\"?]*\?)[^\s'\"]+")
HIDDEN = "…"
LEAST_SECRET = 3  # shorter words would tear dropouts into any sentence


@dataclass(frozen=True, slots=True)
class StreamUrl:
    """A URL, taken apart."""

    scheme: str
    host: str
    port: int | None
    target: str  # path and query, quoted as HTTP wants it
    user: str | None
    password: str | None
    text: str  # all of it; secret

    @property
    def origin(self) -> tuple[str, str, int | None]:
        """Who is talked to: a password is for nobody else."""
        return self.scheme, self.host, self.port

    @property
    def is_playlist(self) -> bool:
        """The name of a playlist of HLS (RFC 8216, 4)."""
        return urlsplit(self.text).path.lower().endswith(".m3u8")


def split(text: str) -> StreamUrl:
    """Take a URL apart. Raises ValueError if it is none."""
    parts = urlsplit(text)
    if not parts.hostname:
        raise ValueError("a URL without a host")
    target = quote(parts.path or "/", safe="/%:=&~+!$,;'@()*-._")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:=&~+!$,;'@()*-._?")
    return StreamUrl(
        scheme=parts.scheme.lower(),
        host=parts.hostname,
        port=parts.port,
        target=target,
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        text=text,
    )


def shown(text: str) -> str:
    """The URL without user, password, query and fragment."""
    try:
        parts = urlsplit(text)
        where = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "a URL"
    return urlunsplit(SplitResult(parts.scheme, where, parts.path, "", ""))


class Scrubber:
    """Takes out of a text what no log and no status may show."""

    def __init__(self, url: StreamUrl) -> None:
        query = urlsplit(url.text).query
        raw = urlsplit(url.text).password
        values = (value for _, _, value in (pair.partition("=") for pair in query.split("&")))
        secrets = {raw, url.password, query, *values}
        known = (secret for secret in secrets if secret and len(secret) >= LEAST_SECRET)
        self._secrets = sorted(known, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text without passwords, and without what follows a "?" in a URL."""
        text = _QUERY.sub(rf"\1{HIDDEN}", _USER.sub(r"\1", text))
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text
