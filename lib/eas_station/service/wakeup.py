"""The sleep of the main thread: until a signal, a call of `wake`, or a timeout."""

from __future__ import annotations

import select
import signal
import socket
from collections.abc import Iterable


class Wakeup:
    """A socket pair: signals and threads write to it, and the main thread waits for it.

    An Event would deadlock if a signal handler set it while the main thread holds its lock.
    """

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)

    def catch(self, signals: Iterable[signal.Signals]) -> None:
        """Let these signals end the sleep. Main thread only."""
        signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        for number in signals:
            signal.signal(number, _nothing)

    def wake(self) -> None:
        """End the sleep, from any thread."""
        try:
            self._write.send(b"\0")
        except BlockingIOError:
            pass  # enough wakeups are pending

    def sleep(self, longest_s: float) -> frozenset[signal.Signals]:
        """Sleep at most so long; return the signals received."""
        select.select([self._read], [], [], max(0.0, longest_s))
        return self.signals()

    def fileno(self) -> int:
        """For callers that also wait on other descriptors."""
        return self._read.fileno()

    def signals(self) -> frozenset[signal.Signals]:
        """The signals received since the last call."""
        try:
            received = self._read.recv(4096)
        except BlockingIOError:
            return frozenset()
        return frozenset(signal.Signals(number) for number in received if number)

    def close(self) -> None:
        """Close the sockets; signals no longer write to them."""
        signal.set_wakeup_fd(-1)
        self._read.close()
        self._write.close()


def _nothing(number: int, frame: object) -> None:
    """Do nothing: the interpreter has written the number of the signal."""
