"""Notifications to systemd, or to `eas-ctl run`: sd_notify(3)."""

from __future__ import annotations

import time

import sdnotify


class Notifier:
    """Sends to NOTIFY_SOCKET; does nothing without one. Never blocks."""

    def __init__(self) -> None:
        self._notifier = sdnotify.SystemdNotifier()
        if self._notifier.socket is not None:
            self._notifier.socket.setblocking(False)

    def ready(self) -> None:
        """The unit has started, or has reloaded its configuration."""
        self._send("READY=1")

    def status(self, sentence: str) -> None:
        """One line for `systemctl status`."""
        self._send("STATUS=" + " ".join(sentence.split()))

    def reloading(self) -> None:
        """The configuration is being reloaded; `ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The unit is stopping."""
        self._send("STOPPING=1")

    def watchdog(self) -> None:
        """Every critical loop has progressed."""
        self._send("WATCHDOG=1")

    def _send(self, state: str) -> None:
        # sdnotify encodes as Latin-1 and drops what does not fit; systemd reads UTF-8.
        self._notifier.notify(state.encode().decode("latin-1"))


def watchdog_interval_s(watchdog_usec: str | None) -> float | None:
    """The interval to feed the watchdog at: a third of WATCHDOG_USEC; None: no watchdog."""
    if watchdog_usec is None or not watchdog_usec.isdigit() or int(watchdog_usec) == 0:
        return None
    return int(watchdog_usec) / 3e6
