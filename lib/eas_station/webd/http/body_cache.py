"""A short-lived cache of response bodies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from eas_station.webd.http.responses import Body


@dataclass(slots=True)
class _CachedBody:
    lock: threading.Lock = field(default_factory=threading.Lock)
    kept: tuple[int, float, Body] | None = None  # version, time made, body


class BodyCache:
    """Bodies shared by all readers, made at most once a second while the version stays.

    One request makes the body; requests that arrive meanwhile wait for it.
    """

    def __init__(
        self, lasts_s: float = 1.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._monotonic, self._lasts_s = monotonic, lasts_s
        self._lock = threading.Lock()
        self._bodies: dict[str, _CachedBody] = {}

    def fetch(self, name: str, version: int, make: Callable[[], Body]) -> Body:
        """The body of this name, made again if it is older than a second or of another version."""
        cached = self._bodies.get(name)
        if cached is None:
            with self._lock:
                cached = self._bodies.setdefault(name, _CachedBody())
        body = self._fresh(cached, version)  # nearly always: no lock
        if body is not None:
            return body
        with cached.lock:
            body = self._fresh(cached, version)
            if body is None:
                body = make()
                cached.kept = (version, self._monotonic(), body)
            return body

    def _fresh(self, cached: _CachedBody, version: int) -> Body | None:
        """The cached body, if it is still fresh."""
        kept = cached.kept
        if kept is None or kept[0] != version or self._monotonic() - kept[1] >= self._lasts_s:
            return None
        return kept[2]
