"""Titles between the sound of an Icecast or SHOUTcast stream (icy-metaint).

After every `interval` bytes of sound comes one byte n and 16·n bytes of text, StreamTitle='…';.
"""

from __future__ import annotations

import re

_TITLE = re.compile(rb"StreamTitle='(.*?)';(?:Stream|\0|\Z)", re.DOTALL)
LONGEST_TITLE = 120


class IcySplitter:
    """Bytes in, sound out; the titles are remembered. However the bytes are cut."""

    def __init__(self, interval: int) -> None:
        """`interval` as the server named it; 0: there are no titles."""
        self.title: str | None = None  # None: none was told yet
        self._interval = interval
        self._sound_left = interval
        self._text_left: int | None = None  # None: the length comes next
        self._text = bytearray()

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes; give those of them that are sound."""
        if self._interval <= 0:
            return chunk
        sound: list[bytes] = []
        at = 0
        while at < len(chunk):
            if self._sound_left:
                piece = chunk[at : at + self._sound_left]
                sound.append(piece)
                self._sound_left -= len(piece)
                at += len(piece)
            elif self._text_left is None:
                self._text_left = 16 * chunk[at]
                at += 1
                self._end_text()
            else:
                piece = chunk[at : at + self._text_left]
                self._text += piece
                self._text_left -= len(piece)
                at += len(piece)
                self._end_text()
        return b"".join(sound)

    def _end_text(self) -> None:
        if self._text_left:
            return
        if self._text:
            self.title = title_of(bytes(self._text)) or self.title
        self._text.clear()
        self._text_left = None
        self._sound_left = self._interval


def title_of(text: bytes) -> str | None:
    """The title in one piece of text; None: there is none."""
    found = _TITLE.search(text + b"\0")
    return clean(found.group(1)) if found else None


def clean(text: bytes) -> str | None:
    """What strangers call a stream, as one short line; None: nothing."""
    try:
        words = text.decode("utf-8")
    except UnicodeDecodeError:
        words = text.decode("latin-1")
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return line[:LONGEST_TITLE] or None
