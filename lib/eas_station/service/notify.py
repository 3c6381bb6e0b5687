"""What the process tells systemd, or `eas-ctl run`: sd_notify(3)."""

from __future__ import annotations

import time

import sdnotify


class Notifier:
    """Speaks to NOTIFY_SOCKET; without one every method does nothing. It never blocks."""

    def __init__(self) -> None:
        self._notifier = sdnotify.SystemdNotifier()
        if self._notifier.socket is not None:
            self._notifier.socket.setblocking(False)

    def ready(self) -> None:
        """The unit is up, or its configuration has been read again."""
        self._tell("READY=1")

    def status(self, sentence: str) -> None:
        """One line for `systemctl status`."""
        self._tell("STATUS=" + " ".join(sentence.split()))

    def reloading(self) -> None:
        """The configuration is being read again; `ready` ends it."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The unit finishes its work and ends."""
        self._tell("STOPPING=1")

    def watchdog(self) -> None:
        """The work has progressed."""
        self._tell("WATCHDOG=1")

    def _tell(self, state: str) -> None:
        # sdnotify encodes as Latin-1 and drops what does not fit; systemd reads UTF-8.
        self._notifier.notify(state.encode().decode("latin-1"))


def watchdog_interval_s(watchdog_usec: str | None) -> float | None:
    """How often to feed the watchdog, from WATCHDOG_USEC: a third of it; None: no watchdog."""
    if watchdog_usec is None or not watchdog_usec.isdigit() or int(watchdog_usec) == 0:
        return None
    return int(watchdog_usec) / 3e6
