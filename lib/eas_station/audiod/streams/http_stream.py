"""HTTP streams, fetched here and not by ffmpeg, so that no command line holds a password.

Redirects and playlists (M3U, PLS) are followed to the audio. An HLS playlist is recognised and
left to ffmpeg.
"""

from __future__ import annotations

import http.client
import io
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast
from urllib.parse import SplitResult, urljoin

from eas_station import __version__
from eas_station.audiod.sources.audio_source import NeedsOperatorError
from eas_station.audiod.streams.icy import IcyReader
from eas_station.audiod.streams.stream_url import authorization, origin, parse, request_target
from eas_station.errors import SourceError

MAX_REDIRECTS = 6
MAX_PLAYLIST = 1 << 16
MAX_LINE = 1 << 12
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({400, 401, 403, 404, 405, 410, 451})
PLAYLISTS = ("mpegurl", "scpls", "pls+xml")
HLS_MARK = b"#EXT-X-"
SEGMENT_S = 10.0  # of a playlist of playlists, which does not give it
MAX_SEGMENT_S = 60.0
_TARGET = re.compile(rb"#EXT-X-TARGETDURATION:\s*(\d{1,9})")  # RFC 8216 §4.3.3.1
_ENTRY = re.compile(rb"^\s*(?:File\d+\s*=\s*)?(https?://\S+)\s*$", re.IGNORECASE | re.MULTILINE)


class HttpStream:
    """A server's response: headers, then audio without end."""

    def __init__(self, url: SplitResult, account: SplitResult, timeout_s: float) -> None:
        """Request the URL, with the user and password of `account`. Raises SourceError."""
        self.url = url
        self.segment_s: float | None = None  # of HLS; None: the response is the audio
        self._timeout_s = timeout_s
        https = url.scheme == "https"
        kind = http.client.HTTPSConnection if https else http.client.HTTPConnection
        self._connection = kind(url.hostname or "", url.port, timeout=timeout_s)
        try:
            with _source_errors(url, timeout_s):
                self._connection.connect()
                self._socket = cast(socket.socket, self._connection.sock)
                headers = _request_headers(account)
                self._connection.request("GET", request_target(url), headers=headers)
                self._receive_headers()
        except SourceError:
            self._connection.close()
            raise
        self.icy = IcyReader(self._body.read1, cast(dict[str, str], self.headers))

    def _receive_headers(self) -> None:
        """SHOUTcast 1 sends "ICY 200 OK" where http.client demands "HTTP/1.0 200 OK"."""
        self._body: io.BufferedReader | http.client.HTTPResponse
        if self.url.scheme == "http" and self._socket.recv(4, socket.MSG_PEEK) == b"ICY ":
            self._body = self._socket.makefile("rb")
            self.status = int(self._body.readline(MAX_LINE)[4:7])
            self.headers = http.client.parse_headers(self._body)
        else:
            self._body = self._connection.getresponse()
            self.status, self.headers = self._body.status, self._body.headers

    @property
    def type(self) -> str:
        """The media type, "audio/mpeg"."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def read(self) -> bytes:
        """The next audio, at least one byte; b"" at the end. Raises SourceError."""
        with _source_errors(self.url, self._timeout_s):
            return self.icy.read()

    def abort(self) -> None:
        """End a `read` that waits in another thread."""
        with suppress(OSError):  # the server has closed the connection already
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; called by the thread that reads."""
        self._body.close()
        self._connection.close()


def fetch(text: str, timeout_s: float) -> HttpStream:
    """Follow a URL to the audio or to the HLS playlist behind it. Raises SourceError."""
    first = url = _http_url(text)
    for _ in range(MAX_REDIRECTS):
        same_server = origin(url) == origin(first) and url.username is None
        stream = HttpStream(url, first if same_server else url, timeout_s)
        try:
            next_url = _next_url(stream)
        except SourceError:
            stream.close()
            raise
        if next_url is None:
            return stream
        stream.close()
        url = next_url
    raise NeedsOperatorError(f"{first.hostname} redirects too often")


def _next_url(stream: HttpStream) -> SplitResult | None:
    """Where a redirect or a playlist leads; None if the response is the stream."""
    host = stream.url.hostname
    if stream.status in REDIRECTS:
        return _http_url(urljoin(stream.url.geturl(), stream.headers.get("Location", "")))
    if stream.status != http.client.OK:
        reason = http.client.responses.get(stream.status, "")
        kind = NeedsOperatorError if stream.status in PERMANENT else SourceError
        raise kind(f"{host} returned {stream.status} {reason}".rstrip())
    is_playlist = any(word in stream.type for word in PLAYLISTS)
    if not is_playlist and not stream.url.path.lower().endswith(".m3u8"):  # RFC 8216 §4
        return None
    content = _read_playlist(stream)
    if HLS_MARK in content:
        target = _TARGET.search(content)
        stream.segment_s = min(float(target.group(1)) if target else SEGMENT_S, MAX_SEGMENT_S)
        return None
    entry = _ENTRY.search(content)
    if entry is None:
        raise NeedsOperatorError(f"the playlist from {host} contains no URL")
    return _http_url(entry.group(1).decode("latin-1"))


def _read_playlist(stream: HttpStream) -> bytes:
    content = b""
    while len(content) < MAX_PLAYLIST and (chunk := stream.read()):
        content += chunk
    return content


def _http_url(text: str) -> SplitResult:
    try:
        url = parse(text)
    except ValueError as error:
        raise NeedsOperatorError(f"redirected to an invalid URL: {error}") from error
    if url.scheme not in ("http", "https"):
        raise NeedsOperatorError(f"redirected to a URL with scheme {url.scheme}, not HTTP")
    return url


def _request_headers(account: SplitResult) -> dict[str, str]:
    headers = {
        "User-Agent": f"EAS-Station/{__version__}",
        "Accept": "*/*",
        "Icy-MetaData": "1",
        "Connection": "close",
    }
    credentials = authorization(account)
    return headers if credentials is None else {**headers, "Authorization": credentials}


@contextmanager
def _source_errors(url: SplitResult, timeout_s: float) -> Iterator[None]:
    """Turn failures of the connection into SourceError with the server's name."""
    host = url.hostname
    try:
        yield
    except TimeoutError as error:
        raise SourceError(f"{host} sent nothing for {timeout_s:g} s") from error
    except socket.gaierror as error:
        raise SourceError(f"cannot resolve {host}: {error.strerror}") from error
    except ssl.SSLCertVerificationError as error:
        raise SourceError(f"{host} has an invalid certificate: {error.verify_message}") from error
    except OSError as error:
        raise SourceError(f"connection to {host} failed: {error.strerror or error}") from error
    except (http.client.HTTPException, ValueError) as error:
        raise SourceError(f"{host} does not speak HTTP: {type(error).__name__}") from error
