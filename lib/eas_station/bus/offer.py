"""A publisher's second address, on the network: only machines on a list are served.

CURVE alone would serve any key: who may come in is asked of this process by ZAP (ZeroMQ RFC 27).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import zmq
from zmq.utils import z85

from eas_station.bus.keys import KeyPair
from eas_station.bus.link import prepare_tcp
from eas_station.errors import BusError

log = logging.getLogger(__name__)

ZAP = "inproc://zeromq.zap.01"
ZAP_DOMAIN = b"eas-station"
ZAP_PARTS = 7  # version, request, domain, address, identity, mechanism, the client's key
# The address may not be there yet, early after a boot, or not be free yet after a change.
AGAIN_FIRST_S, AGAIN_LONGEST_S = 0.05, 5.0
TOLD_S = 0.3  # who waits this long for the next attempt has something to tell

Tell = Callable[[Literal["running", "reconnecting"], str], None]


@dataclass(frozen=True, slots=True)
class Terms:
    """Where to publish for other machines, and for whom."""

    address: str  # "tcp://0.0.0.0:5600"
    keys: KeyPair
    allowed: tuple[str, ...]  # public keys, Z85


class Offer:
    """Keeps a publishing socket bound to an address of the network. Its owner holds the lock."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        publishing: zmq.Socket[bytes],
        terms: Terms,
        tell: Tell,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises BusError if this context already asks somebody else whom to let in."""
        self.refused = 0
        self.address: str | None = None  # where it is bound, with the port that a * became
        self._publishing = publishing
        self._tell = tell
        self._monotonic = monotonic
        self._again_s = 0.0
        self._take(terms)
        self._questions = context.socket(zmq.REP)
        self._questions.setsockopt(zmq.LINGER, 0)
        try:
            self._questions.bind(ZAP)
        except zmq.ZMQError as error:
            self._questions.close(linger=0)
            raise BusError(f"only one socket of a process can be offered: {error}") from error

    def change(self, terms: Terms) -> None:
        """Other terms. Nobody is cut off while only keys are added; else all are, and those whose
        keys are known come back by themselves."""
        old = self._terms
        same = (old.address, old.keys) == (terms.address, terms.keys)
        if not (same and set(old.allowed) <= set(terms.allowed)):
            self._unbind()
        self._take(terms)
        if self.address is not None:
            self._tell_running()

    def withdraw(self) -> None:
        """Let nobody in, until other terms are given."""
        self._unbind()
        self._again_s = float("inf")

    def fileno(self) -> int:
        """Edge-triggered, like every ZeroMQ socket: after it woke you, call `answer`."""
        return int(self._questions.fileno())

    def bind_in_turn(self) -> float | None:
        """Bind if that is due; gives the seconds until it is to be tried again."""
        if self.address is not None:
            return None
        left_s = self._again_s - self._monotonic()
        if left_s > 0:
            return None if left_s == float("inf") else left_s
        publishing, terms = self._publishing, self._terms
        prepare_tcp(publishing, terms.address)
        publishing.setsockopt(zmq.CURVE_SERVER, 1)
        publishing.setsockopt(zmq.CURVE_SECRETKEY, terms.keys.secret.encode("ascii"))
        publishing.setsockopt(zmq.ZAP_DOMAIN, ZAP_DOMAIN)
        publishing.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)  # nobody to ask: nobody is let in
        try:
            publishing.bind(terms.address)
        except zmq.ZMQError as error:
            return self._wait(f"{terms.address} cannot be bound: {zmq.strerror(error.errno or 0)}")
        self.address = str(publishing.getsockopt_string(zmq.LAST_ENDPOINT))
        self._tell_running()
        return None

    def answer(self) -> None:
        """Say who may come in."""
        while int(self._questions.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            asked = self._questions.recv_multipart(zmq.NOBLOCK)
            known = self._is_known(asked)
            code = b"200" if known else b"400"
            self._questions.send_multipart([*asked[:2], code, b"", b"", b""], zmq.NOBLOCK)

    def close(self) -> None:
        """Stop listening."""
        self._unbind()
        self._questions.close(linger=0)

    def _take(self, terms: Terms) -> None:
        self._terms = terms
        self._allowed = frozenset(z85.decode(key) for key in terms.allowed)
        self._said: tuple[str, str] | None = None
        self._again_s = 0.0
        self._pause_s = AGAIN_FIRST_S

    def _unbind(self) -> None:
        if self.address is not None:
            self._publishing.unbind(self.address)
            self.address = None

    def _is_known(self, asked: list[bytes]) -> bool:
        if len(asked) != ZAP_PARTS or asked[5] != b"CURVE":
            return False
        if asked[6] in self._allowed:
            return True
        self.refused += 1
        if self.refused.bit_count() == 1:  # the 1st, 2nd, 4th … : no flood in the log
            came_from, key = asked[3].decode("ascii", "replace"), z85.encode(asked[6]).decode()
            log.warning(
                "refused %s from %s: its key %s is not in allow", self.refused, came_from, key
            )
        return False

    def _wait(self, why: str) -> float:
        self._pause_s = min(2 * self._pause_s, AGAIN_LONGEST_S)
        self._again_s = self._monotonic() + self._pause_s
        if self._pause_s >= TOLD_S:
            self._say("reconnecting", why)
        return self._pause_s

    def _tell_running(self) -> None:
        keys = "1 key" if len(self._allowed) == 1 else f"{len(self._allowed)} keys"
        self._say("running", f"open to {keys} at {self._terms.address}")

    def _say(self, state: Literal["running", "reconnecting"], sentence: str) -> None:
        if self._said != (state, sentence):
            self._said = (state, sentence)
            self._tell(state, sentence)
