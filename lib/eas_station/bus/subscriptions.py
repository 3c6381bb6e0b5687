"""Which topics somebody listens to, as an XPUB socket tells it."""

from __future__ import annotations

SUBSCRIBE, UNSUBSCRIBE = 1, 0  # first byte of a subscription, zmq_socket(3), ZMQ_XPUB


class Subscriptions:
    """What is asked for at present. One thread at a time notes; any thread asks at any time.

    The socket tells of every subscription, and of the end of one when the last subscriber to it
    has ended it or is gone (ZMQ_XPUB_VERBOSE, not VERBOSER): a set is enough.
    """

    def __init__(self) -> None:
        self._asked: set[str] = set()
        # Replaced as a whole, so that a reader needs no lock.
        self._now: tuple[frozenset[str], tuple[str, ...]] = (frozenset(), ())

    def note(self, said: bytes) -> str | None:
        """Take one message of the socket; gives what somebody has just subscribed to."""
        if said[:1] not in (b"\0", b"\1"):
            return None
        asked = said[1:].decode("utf-8", "replace")
        if said[0] == SUBSCRIBE:
            self._asked.add(asked)
        else:
            self._asked.discard(asked)
        whole = frozenset(topic for topic in self._asked if not _is_prefix(topic))
        self._now = (whole, tuple(topic for topic in self._asked if _is_prefix(topic)))
        return asked if said[0] == SUBSCRIBE else None

    def include(self, topic: str) -> bool:
        """Whether anybody asks for `topic`: for it as a whole, or for a prefix of it that ends in
        a dot. Who asks for "wx1" does not ask for "wx10"."""
        whole, prefixes = self._now
        return topic in whole or topic.startswith(prefixes)


def _is_prefix(asked: str) -> bool:
    return not asked or asked.endswith(".")
