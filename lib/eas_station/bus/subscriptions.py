"""Which topics have a subscriber, as an XPUB socket reports it."""

from __future__ import annotations

SUBSCRIBE = 1  # first byte of a message of ZMQ_XPUB, zmq_socket(3); 0 unsubscribes


class Subscriptions:
    """The current subscriptions. One thread at a time calls `note`; any thread calls `include`.

    The socket reports every subscription, and its end once the last subscriber has ended it or
    has disconnected (ZMQ_XPUB_VERBOSE, not VERBOSER): a set is enough.
    """

    def __init__(self) -> None:
        self._prefixes: set[str] = set()
        # Replaced as a whole, so that a reader needs no lock.
        self._now: tuple[frozenset[str], tuple[str, ...]] = (frozenset(), ())

    def note(self, message: bytes) -> str | None:
        """Process one message of the socket; return the prefix of a new subscription."""
        if message[:1] not in (b"\0", b"\1"):
            return None
        prefix = message[1:].decode("utf-8", "replace")
        if message[0] == SUBSCRIBE:
            self._prefixes.add(prefix)
        else:
            self._prefixes.discard(prefix)
        whole = frozenset(topic for topic in self._prefixes if not _is_prefix(topic))
        self._now = (whole, tuple(topic for topic in self._prefixes if _is_prefix(topic)))
        return prefix if message[0] == SUBSCRIBE else None

    def include(self, topic: str) -> bool:
        """Whether there is a subscription to `topic` as a whole, or to a prefix of it that ends
        in a dot. A subscription to "wx1" does not include "wx10"."""
        whole, prefixes = self._now
        return topic in whole or topic.startswith(prefixes)


def _is_prefix(topic: str) -> bool:
    return not topic or topic.endswith(".")
