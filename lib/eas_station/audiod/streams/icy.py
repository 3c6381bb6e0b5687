"""ICY metadata of Icecast and SHOUTcast: headers, and titles between the audio.

After every `icy-metaint` bytes of audio the server sends one byte n and 16·n bytes of text,
StreamTitle='…';
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_TITLE = re.compile(rb"StreamTitle='(.*?)';(?:Stream|\0|\Z)", re.DOTALL)
MAX_TITLE = 120
MAX_KBPS = 10_000
CHUNK = 1 << 14


class IcyReader:
    """Reads the audio of a response and keeps what the server tells about it.

    `name`, `bitrate_kbps` and `title` are None while unknown.
    """

    def __init__(self, read1: Callable[[int], bytes], headers: Mapping[str, str]) -> None:
        """Args: read1: reads at most so many bytes, b"" at the end of the response."""
        self.title: str | None = None
        name = headers.get("icy-name") or headers.get("ice-name") or ""
        self.name = one_line(name.encode("latin-1", "replace"))
        bitrate = headers.get("icy-br", "").partition(",")[0].strip()
        kbps = int(bitrate) if bitrate.isdecimal() else 0
        self.bitrate_kbps = kbps if 0 < kbps < MAX_KBPS else None
        interval = headers.get("icy-metaint", "").strip()
        self._interval = int(interval) if interval.isdecimal() else 0
        self._audio_left = self._interval
        self._read1 = read1

    def read(self) -> bytes:
        """The next audio, at least one byte; b"" at the end."""
        if not self._interval:
            return self._read1(CHUNK)
        if not self._audio_left:
            self._read_title()
            self._audio_left = self._interval
        chunk = self._read1(min(CHUNK, self._audio_left))
        self._audio_left -= len(chunk)
        return chunk

    def _read_title(self) -> None:
        length = int.from_bytes(self._read_exactly(1), "big")
        self.title = title_of(self._read_exactly(16 * length)) or self.title

    def _read_exactly(self, count: int) -> bytes:
        """So many bytes; fewer at the end of the response."""
        held = b""
        while len(held) < count and (chunk := self._read1(count - len(held))):
            held += chunk
        return held


def title_of(text: bytes) -> str | None:
    """The title in one metadata block; None if it has none."""
    found = _TITLE.search(text + b"\0")
    return one_line(found.group(1)) if found else None


def one_line(text: bytes) -> str | None:
    """Text of a server as one short printable line; None if nothing is left."""
    try:
        words = text.decode("utf-8")
    except UnicodeDecodeError:
        words = text.decode("latin-1")
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return line[:MAX_TITLE] or None
