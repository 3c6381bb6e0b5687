"""Texts that came before."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

KEPT = 20_000  # per feed; a nationwide answer has a thousand messages at most


class SeenTexts:
    """A bounded set of texts, by hash: an identifier can be ten kilobytes long.

    The text that was seen least recently goes first. That costs one more reception of the same
    alert, never an alert.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._digests: dict[bytes, None] = {}

    def __len__(self) -> int:
        return len(self._digests)

    def seen(self, text: str) -> bool:
        """Was it added before. A text that still comes is kept longer."""
        digest = _digest(text)
        if digest not in self._digests:
            return False
        del self._digests[digest]
        self._digests[digest] = None
        return True

    def add(self, text: str) -> None:
        """Keep a text."""
        self._digests[_digest(text)] = None
        while len(self._digests) > self._kept:
            del self._digests[next(iter(self._digests))]


def message_key(sender: str, identifier: str, sent_at: datetime) -> str:
    """The identity of a CAP message: all three together (CAP 1.2, 3.2.1)."""
    return "\0".join((sender, identifier, sent_at.astimezone(UTC).isoformat()))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
