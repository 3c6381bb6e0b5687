"""One HTTP request, bounded in bytes, in time and in where its redirects lead.

requests bounds neither the size of an answer nor the time that it takes, so both are bounded here.
What the content is, its parser decides: servers send alerts as any media type.
"""

from __future__ import annotations

import email.utils
import logging
import re
import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from eas_station.capd.feed.bounded_call import BoundedCaller
from eas_station.capd.http.transport import OpenSockets, adapter
from eas_station.errors import FeedError

log = logging.getLogger(__name__)

DEADLINE_S = 20.0  # of a whole poll, name resolution included
MAX_WIRE_BYTES = 16 << 20  # as they come over the wire
MAX_BODY_BYTES = 16 << 20  # after decompression
MAX_REDIRECTS = 5
LONGEST_RETRY_AFTER_S = 3600.0

_CHUNK_BYTES = 64 << 10
_READ_TIMEOUT_S = 10.0  # without a single byte
NO_CONTENT, NOT_MODIFIED = 204, 304
_REDIRECTS = (301, 302, 303, 307, 308)
_GZIP = ("gzip", "x-gzip")

_Headers = CaseInsensitiveDict[str]


class ServerError(FeedError):
    """The server answered with an error: it may need a pause."""

    def __init__(self, message: str, retry_after_s: float | None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave to ask whether an answer has changed."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: 200 with its whole body, 204 or 304 without one."""

    url: str  # after redirects
    status: int
    body: bytes
    validators: Validators
    max_age_s: float  # Cache-Control: asking earlier gives the same; 0: not given


class HttpClient:
    """The HTTP client of one feed; used by one thread, one request at a time."""

    def __init__(
        self,
        user_agent: str,
        is_stopping: Callable[[], bool],
        monotonic: Callable[[], float] = time.monotonic,
        ca_file: Path | None = None,
    ) -> None:
        """
        Args:
            user_agent: with a contact in it: the NWS refuses to answer one without.
            is_stopping: when it is, a request under way is abandoned.
            ca_file: the only certificate authorities to trust; None: those of the system.
        """
        self._user_agent = user_agent
        self._trusted: str | bool = True if ca_file is None else str(ca_file)
        self._caller = BoundedCaller("fetch", is_stopping, monotonic)

    def get(
        self,
        url: str,
        accept: str,
        validators: Validators | None,
        deadline_s: float,
        public_only: bool = False,
    ) -> Answer:
        """Fetch a document. Raises FeedError, ServerError.

        Args:
            deadline_s: the monotonic time at which it must be there.
            public_only: send nothing to a server with a private address.
        """
        sockets = OpenSockets(public_only)
        request = _Request(url, self._headers(accept, validators), self._trusted, sockets)
        try:
            return self._caller.result(request.follow, sockets.cut, deadline_s)
        except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
            raise FeedError(_sentence(error)) from error  # ValueError: what no request can hold

    def _headers(self, accept: str, validators: Validators | None) -> dict[str, str]:
        headers = {
            "User-Agent": self._user_agent,
            "Accept": accept,
            "Accept-Encoding": "gzip",
            "Connection": "close",
        }
        if validators is not None and validators.etag is not None:
            headers["If-None-Match"] = validators.etag
        if validators is not None and validators.last_modified is not None:
            headers["If-Modified-Since"] = validators.last_modified
        return headers


@dataclass(frozen=True, slots=True)
class _Request:
    """One request and its redirects."""

    url: str
    headers: dict[str, str]
    trusted: str | bool
    sockets: OpenSockets

    def follow(self) -> Answer:
        """Ask, and follow redirects. Raises FeedError, OSError and errors of the libraries."""
        url = self.url
        try:
            for _ in range(MAX_REDIRECTS + 1):
                with self._session() as session, self._get(session, url) as response:
                    if response.status_code not in _REDIRECTS:
                        return _answer(url, response)
                    url = redirected(url, response.headers.get("Location"))
        finally:
            self.sockets.cut()
        raise FeedError(f"more than {MAX_REDIRECTS} redirects")

    def _session(self) -> requests.Session:
        """A session for each request: a kept connection may just be ending."""
        session = requests.Session()
        session.trust_env, session.verify = False, self.trusted
        for scheme in ("http://", "https://"):
            session.mount(scheme, adapter(self.sockets))
        return session

    def _get(self, session: requests.Session, url: str) -> requests.Response:
        return session.get(
            url,
            headers=self.headers,
            stream=True,
            allow_redirects=False,
            timeout=(DEADLINE_S, _READ_TIMEOUT_S),
        )


def redirected(url: str, location: str | None) -> str:
    """Where a redirect leads. Raises FeedError if to another host, or away from https."""
    if not location:
        raise FeedError("a redirect to nowhere")
    try:
        target = urljoin(url, location)
        old, new = urlsplit(url), urlsplit(target)
        old_port, new_port = old.port, new.port
    except ValueError as error:  # "http://[", a port of six digits
        raise FeedError(f"a redirect to an address that is not valid: {location[:200]}") from error
    if new.hostname != old.hostname or new.scheme not in ("http", "https"):
        raise FeedError(f"a redirect to another host: {target[:200]}")
    if old.scheme == "https" and new.scheme != "https":
        raise FeedError(f"a redirect away from https: {target[:200]}")
    if new.scheme == old.scheme and new_port != old_port:
        raise FeedError(f"a redirect to another port: {target[:200]}")
    return target


def _answer(url: str, response: requests.Response) -> Answer:
    headers: _Headers = response.headers
    status = response.status_code
    validators = Validators(headers.get("ETag"), headers.get("Last-Modified"))
    if status in (NO_CONTENT, NOT_MODIFIED):
        return Answer(url, status, b"", validators, _max_age_s(headers))
    if status != 200:
        raise ServerError(f"HTTP {status} {response.reason or ''}".strip(), _retry_after_s(headers))
    body = _body(response.raw, headers)
    return Answer(url, status, body, validators, _max_age_s(headers))


def _body(raw: urllib3.HTTPResponse, headers: _Headers) -> bytes:
    """The body, whole and decompressed. Raises FeedError if it is too large or cut off."""
    encoding = headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in _GZIP:
        return _unzipped(raw, headers)
    if encoding not in ("", "identity"):
        raise FeedError(f"an answer in the encoding {encoding[:40]!r}, which was not requested")
    return b"".join(_chunks(raw, headers, MAX_BODY_BYTES))


def _unzipped(raw: urllib3.HTTPResponse, headers: _Headers) -> bytes:
    unzip = zlib.decompressobj(16 + zlib.MAX_WBITS)
    body = bytearray()
    try:
        for chunk in _chunks(raw, headers, MAX_WIRE_BYTES):
            body += unzip.decompress(chunk, MAX_BODY_BYTES + 1 - len(body))
            if len(body) > MAX_BODY_BYTES:
                raise FeedError(f"more than {MAX_BODY_BYTES} bytes after decompression")
    except zlib.error as error:
        raise FeedError(f"damaged compression: {error}") from error
    if not unzip.eof or unzip.unused_data:
        raise FeedError("the compressed answer is cut off")
    return bytes(body)


def _chunks(raw: urllib3.HTTPResponse, headers: _Headers, most: int) -> Iterator[bytes]:
    """The bytes off the wire, which must be as many as announced and not more than `most`."""
    announced = headers.get("Content-Length", "")
    expected = int(announced) if re.fullmatch("[0-9]{1,12}", announced) else None
    if expected is not None and expected > most:
        raise FeedError(f"an answer of {expected} bytes")
    received = 0
    while chunk := raw.read(_CHUNK_BYTES, decode_content=False):
        yield chunk
        received += len(chunk)
        if received > most:
            raise FeedError(f"an answer of more than {most} bytes")
    if expected is not None and received != expected:
        raise FeedError(f"the answer is cut off: {received} of {expected} bytes")


def _max_age_s(headers: _Headers) -> float:
    found = re.search(r"(?:^|[\s,])max-age=([0-9]{1,9})", headers.get("Cache-Control", ""))
    return float(found.group(1)) if found is not None else 0.0


def _retry_after_s(headers: _Headers) -> float | None:
    """Seconds or an HTTP date (RFC 9110, 10.2.3), never more than an hour."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch("[0-9]{1,9}", text):
        return min(float(text), LONGEST_RETRY_AFTER_S)
    try:
        until = email.utils.parsedate_to_datetime(text)
        answered = email.utils.parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    wait_s = (_aware(until) - _aware(answered)).total_seconds()
    return min(max(wait_s, 0.0), LONGEST_RETRY_AFTER_S)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _sentence(error: Exception) -> str:
    """What went wrong on the way to the server, without the nesting of the libraries."""
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__ or cause
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted: {cause.verify_message or cause}"[:250]
    if isinstance(error, requests.exceptions.SSLError):
        return f"no secure connection: {str(cause)[:200]}"
    if isinstance(error, requests.exceptions.Timeout):
        return "the server does not answer"
    return f"no answer: {str(cause)[:200] or type(cause).__name__}"
