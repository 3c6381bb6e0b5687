"""Fetches a stream by HTTP ourselves: so its password stands in no command line.

Redirects and playlists (M3U, PLS) are followed to the sound; a playlist of HLS is told as such.
"""

from __future__ import annotations

import base64
import http.client
import io
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast
from urllib.parse import urljoin

from eas_station import __version__
from eas_station.audiod.sources.audio_source import NeedsOperatorError
from eas_station.audiod.streams.icy import clean
from eas_station.audiod.streams.stream_url import StreamUrl, split
from eas_station.errors import SourceError

MOST_HOPS = 6
LONGEST_PLAYLIST = 1 << 16
CHUNK = 1 << 14
REDIRECTS = frozenset({301, 302, 303, 307, 308})
HOPELESS = frozenset({400, 401, 403, 404, 405, 410, 451})
PLAYLISTS = ("mpegurl", "scpls", "pls+xml")
HLS_SIGN = b"#EXT-X-"
SEGMENT_S = 10.0  # where the playlist is one of playlists and does not say it
LONGEST_SEGMENT_S = 60.0
_TARGET = re.compile(rb"#EXT-X-TARGETDURATION:\s*(\d{1,9})")  # RFC 8216, 4.3.3.1
_ENTRY = re.compile(rb"^\s*(?:File\d+\s*=\s*)?(https?://\S+)\s*$", re.IGNORECASE | re.MULTILINE)


class HttpStream:
    """The answer of a server: headers, then sound without end."""

    def __init__(self, url: StreamUrl, account: StreamUrl, longest_wait_s: float) -> None:
        """Ask for the URL, with the name and the password in `account`. Raises SourceError."""
        self.url = url
        self.is_hls = False
        self.segment_s = 0.0  # of HLS
        self._longest_wait_s = longest_wait_s
        kind = _Https if url.scheme == "https" else _Http
        self._connection = kind(url.host, url.port, timeout=longest_wait_s)
        try:
            with _told(url, longest_wait_s):
                self._connection.connect()
                self._socket = cast(socket.socket, self._connection.sock)
                self._connection.request("GET", url.target, headers=_asking(account))
                self._response = self._connection.getresponse()
        except SourceError:
            self._connection.close()
            raise
        self.status = self._response.status
        self.headers = self._response.headers

    @property
    def type(self) -> str:
        """The content's type, "audio/mpeg"."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def read(self) -> bytes:
        """What has come, at least a byte; b"" at the end. Raises SourceError."""
        with _told(self.url, self._longest_wait_s):
            return self._response.read1(CHUNK)

    def hang_up(self) -> None:
        """End a `read` that waits, from another thread."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side was faster

    def close(self) -> None:
        """Give everything back; in the thread that reads."""
        self._response.close()
        self._connection.close()


def fetch(text: str, longest_wait_s: float) -> HttpStream:
    """Find the sound, or the playlist of HLS, that a URL leads to. Raises SourceError."""
    first = url = _split(text)
    for _ in range(MOST_HOPS):
        is_same = url.origin == first.origin and url.user is None
        stream = HttpStream(url, first if is_same else url, longest_wait_s)
        further = _further(stream)
        if further is None:
            return stream
        stream.close()
        url = further
    raise NeedsOperatorError(f"{first.host} leads from one place to the next without end")


def _further(stream: HttpStream) -> StreamUrl | None:
    """Where to look instead; None: this is it. Raises SourceError."""
    if stream.status in REDIRECTS:
        return _split(urljoin(stream.url.text, stream.headers.get("Location", "")))
    if stream.status != http.client.OK:
        reason = clean(http.client.responses.get(stream.status, "").encode()) or "no reason"
        kind = NeedsOperatorError if stream.status in HOPELESS else SourceError
        raise kind(f"{stream.url.host} answers {stream.status} {reason}")
    if not any(word in stream.type for word in PLAYLISTS) and not stream.url.is_playlist:
        return None
    content = _read_playlist(stream)
    if HLS_SIGN in content:
        target = _TARGET.search(content)
        stream.is_hls = True
        stream.segment_s = min(float(target.group(1)) if target else SEGMENT_S, LONGEST_SEGMENT_S)
        return None
    entry = _ENTRY.search(content)
    if entry is None:
        raise NeedsOperatorError(f"{stream.url.host} sends a playlist without a URL in it")
    return _split(entry.group(1).decode("latin-1"))


def _read_playlist(stream: HttpStream) -> bytes:
    content = b""
    while len(content) < LONGEST_PLAYLIST and (chunk := stream.read()):
        content += chunk
    return content


def _split(text: str) -> StreamUrl:
    try:
        url = split(text)
    except ValueError as error:
        raise NeedsOperatorError(f"the server leads to what is no URL: {error}") from error
    if url.scheme not in ("http", "https"):
        raise NeedsOperatorError(f"the server leads to a URL of {url.scheme}, not of HTTP")
    return url


def _asking(url: StreamUrl) -> dict[str, str]:
    asking = {
        "User-Agent": f"EAS-Station/{__version__}",
        "Accept": "*/*",
        "Icy-MetaData": "1",
        "Connection": "close",
    }
    if url.user is not None:
        account = f"{url.user}:{url.password or ''}".encode()
        asking["Authorization"] = f"Basic {base64.b64encode(account).decode('ascii')}"
    return asking


@contextmanager
def _told(url: StreamUrl, longest_wait_s: float) -> Iterator[None]:
    """What goes wrong between us and a server, as a SourceError that names it."""
    try:
        yield
    except TimeoutError as error:
        raise SourceError(f"{url.host} says nothing for {longest_wait_s:g} s") from error
    except socket.gaierror as error:
        raise SourceError(f"{url.host} is not found: {error.strerror}") from error
    except ssl.SSLCertVerificationError as error:
        raise SourceError(f"{url.host} shows a bad certificate: {error.verify_message}") from error
    except OSError as error:
        raise SourceError(f"no connection to {url.host}: {error.strerror or error}") from error
    except (http.client.HTTPException, ValueError) as error:
        raise SourceError(f"{url.host} does not speak HTTP: {type(error).__name__}") from error


class _Answer(http.client.HTTPResponse):
    """SHOUTcast 1 answers "ICY 200 OK" where HTTP/1.0 stands elsewhere."""

    def begin(self) -> None:
        """Read the headers."""
        waiting = self.fp
        if waiting.peek(4)[:4] == b"ICY ":
            waiting.read(3)
            self.fp = io.BufferedReader(_Joined(b"HTTP/1.0", waiting))
        super().begin()


class _Joined(io.RawIOBase):
    """Some bytes, and then a stream."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        """It is for nothing else."""
        return True

    def readinto(self, buffer: object) -> int:
        """As of a socket: what there is."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        chunk, self._head = self._head, b""
        if not chunk:
            chunk = cast(io.BufferedReader, self._rest).read1(len(view))
        view[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        """Close the stream too."""
        self._rest.close()
        super().close()


class _Http(http.client.HTTPConnection):
    response_class = _Answer


class _Https(http.client.HTTPSConnection):
    response_class = _Answer
