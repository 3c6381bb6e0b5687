"""Logins: one password hash at a time, ten a minute from one address, in constant time.

Parallel hashes would exceed the memory of the daemon, and a flood of logins would occupy every
worker. So a few wait, and the rest are refused.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from bottle import HTTPError

from eas_station.store.keys import logins, passwords, sessions
from eas_station.webd.auth.access import UNSET, Access, too_many_requests

WAITING_MOST = 4  # requests that wait for a hash
RETRY_S = "2"
WRONG = "The name or the password is wrong."


class LoginThrottle:
    """Checks passwords and begins sessions. Thread-safe."""

    def __init__(self, access: Access, now: Callable[[], datetime]) -> None:
        self._access, self._now = access, now
        self._hashing = threading.Lock()
        self._waiting = threading.BoundedSemaphore(WAITING_MOST)
        self._unknown_name = passwords.of_nobody()

    def log_in(self, name: str, password: str, address: str) -> str | None:
        """The secret of a new session; None: wrong. Raises HTTPError 403, 429, 503."""
        if not self._access.can_log_in():
            raise HTTPError(403, UNSET)
        wait_s = self._access.limits.take("login", address)
        if wait_s is not None:
            self._remark(name, address, f"too many attempts, for {wait_s} s")
            raise too_many_requests(wait_s)
        with self._access.keyring.transaction() as connection:
            kept = logins.hash_of(connection, name)
        if not self._matches(kept or self._unknown_name, password):
            self._access.audit_log.note(name, "log in", "failed", address)
            return None
        with self._access.keyring.transaction() as connection:
            sessions.forget_ended(connection, self._access.lifetimes, self._now())
            secret = sessions.begin(connection, name, address, self._now())
        self._access.audit_log.note(name, "log in", "done", address)
        return secret

    def _matches(self, kept: str, password: str) -> bool:
        if not self._waiting.acquire(blocking=False):
            raise HTTPError(503, "Too many logins at once. Try again.", **{"Retry-After": RETRY_S})
        try:
            with self._hashing:
                return passwords.matches(kept, password)
        finally:
            self._waiting.release()

    def _remark(self, name: str, address: str, detail: str) -> None:
        """Note it in the audit log, up to ten a minute for one client."""
        if self._access.limits.take("remark", address) is None:
            self._access.audit_log.note(name, "log in", "refused", address, detail)
