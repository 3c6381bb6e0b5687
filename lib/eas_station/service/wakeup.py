"""How the main thread sleeps: until a signal, a worker's word, or a time."""

from __future__ import annotations

import select
import signal
import socket
from collections.abc import Iterable


class Wakeup:
    """A socket pair that signals and threads write to and the main thread sleeps on.

    An Event will not do: a handler that sets it can meet the main thread inside its lock.
    """

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)

    def catch(self, signals: Iterable[signal.Signals]) -> None:
        """From now on these signals wake the sleeper. Main thread only."""
        signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        for number in signals:
            signal.signal(number, _nothing)

    def wake(self) -> None:
        """Wake the sleeper, from any thread."""
        try:
            self._write.send(b"\0")
        except BlockingIOError:
            pass  # it has been woken often enough

    def sleep(self, longest_s: float) -> frozenset[signal.Signals]:
        """Sleep at most so long; gives the signals that came."""
        select.select([self._read], [], [], max(0.0, longest_s))
        return self.signals()

    def fileno(self) -> int:
        """For who sleeps on more than this."""
        return self._read.fileno()

    def signals(self) -> frozenset[signal.Signals]:
        """The signals that came since the last look."""
        try:
            received = self._read.recv(4096)
        except BlockingIOError:
            return frozenset()
        return frozenset(signal.Signals(number) for number in received if number)

    def close(self) -> None:
        """Let signals be what they were before."""
        signal.set_wakeup_fd(-1)
        self._read.close()
        self._write.close()


def _nothing(number: int, frame: object) -> None:
    """The byte written by the interpreter says it all."""
