"""Asks for the password: one hash at a time, ten a minute from one address, nobody known by time.

Four hashes in parallel would take the memory of the whole daemon, and every one of a flood would
take a worker; so they wait in a short line, and who finds it full is sent away.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from bottle import HTTPError

from eas_station.store.keys import logins, passwords, sessions
from eas_station.webd.auth.access import UNSET, Access, too_many_requests

LINE = 4  # requests that may wait for a hash
BUSY_S = "2"
WRONG = "The name or the password is wrong."


class LoginThrottle:
    """Gives out sessions. Thread-safe."""

    def __init__(self, access: Access, now: Callable[[], datetime]) -> None:
        self._access, self._now = access, now
        self._hashing = threading.Lock()
        self._line = threading.BoundedSemaphore(LINE)
        self._nobody = passwords.of_nobody()

    def log_in(self, name: str, password: str, address: str) -> str | None:
        """The secret of a new session; None: wrong. Raises HTTPError if it may not be tried."""
        if not self._access.can_log_in():
            raise HTTPError(403, UNSET)
        wait_s = self._access.limits.take("login", address)
        if wait_s is not None:
            self._remark(name, address, f"too often, for {wait_s} s")
            raise too_many_requests(wait_s)
        with self._access.keyring.transaction() as connection:
            kept = logins.hash_of(connection, name)
        if not self._matches(kept or self._nobody, password):
            self._access.audit_log.note(name, "log in", "failed", address)
            return None
        with self._access.keyring.transaction() as connection:
            sessions.forget_ended(connection, self._access.lifetimes, self._now())
            secret = sessions.begin(connection, name, address, self._now())
        self._access.audit_log.note(name, "log in", "done", address)
        return secret

    def _matches(self, kept: str, password: str) -> bool:
        if not self._line.acquire(blocking=False):
            raise HTTPError(503, "Too many log in at once. Try again.", **{"Retry-After": BUSY_S})
        try:
            with self._hashing:
                return passwords.matches(kept, password)
        finally:
            self._line.release()

    def _remark(self, name: str, address: str, detail: str) -> None:
        """One row, not a thousand."""
        if self._access.limits.take("remark", address) is None:
            self._access.audit_log.note(name, "log in", "refused", address, detail)
