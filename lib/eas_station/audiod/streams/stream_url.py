"""Stream URLs: what is sent to the server, and what may be shown."""

from __future__ import annotations

import base64
import re
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

_USER = re.compile(r"(\w://)[^/\s'\"@]*@")
_QUERY = re.compile(r"(\w://[^\s'\"?]*\?)[^\s'\"]+")
HIDDEN = "…"
MIN_SECRET = 3  # replacing shorter words would garble any sentence
UNQUOTED = "/%:=&~+!$,;'@()*-._?"  # RFC 3986 §3.3 and §3.4


def parse(text: str) -> SplitResult:
    """Split a URL. Raises ValueError if it has no host or an invalid port."""
    url = urlsplit(text)
    if not url.hostname:
        raise ValueError("the URL has no host")
    _ = url.port  # raises ValueError
    return url


def origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    """Scheme, host and port: the only server that a password is sent to."""
    return url.scheme, url.hostname, url.port


def request_target(url: SplitResult) -> str:
    """Path and query as an HTTP request line takes them (RFC 9112 §3.2.1)."""
    return quote(urlunsplit(("", "", url.path or "/", url.query, "")), safe=UNQUOTED)


def authorization(url: SplitResult) -> str | None:
    """The Authorization header for the user in the URL (RFC 7617); None without one."""
    if url.username is None:
        return None
    account = f"{unquote(url.username)}:{unquote(url.password or '')}".encode()
    return f"Basic {base64.b64encode(account).decode('ascii')}"


def redacted(text: str) -> str:
    """The URL without user, password, query and fragment."""
    try:
        url = urlsplit(text)
    except ValueError:
        return "a URL"
    host = url.netloc.rpartition("@")[2]
    return urlunsplit((url.scheme, host, url.path, "", ""))


class Scrubber:
    """Removes passwords and query strings from a text before it is logged or shown."""

    def __init__(self, url: SplitResult) -> None:
        values = [pair.partition("=")[2] for pair in url.query.split("&")]
        secrets = {url.password or "", unquote(url.password or ""), url.query, *values}
        known = (secret for secret in secrets if len(secret) >= MIN_SECRET)
        self._secrets = sorted(known, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text with this URL's secrets, and those of any other URL in it, replaced."""
        text = _QUERY.sub(rf"\1{HIDDEN}", _USER.sub(r"\1", text))
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text
