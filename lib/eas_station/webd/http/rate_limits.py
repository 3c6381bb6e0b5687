"""How many requests one client may send in any 60 seconds.

A sliding window on the monotonic clock, one per client and kind of request, in memory. An IPv6
client is its /64 network, because one host has every address in it.
"""

from __future__ import annotations

import functools
import ipaddress
import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["read", "write", "login", "token", "remark"]

WINDOW_S = 60.0
CLIENTS_MOST = 4096  # for one kind; the client that was quiet for longest is forgotten
IPV6_NETWORK = 64


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many requests in a window."""

    most: int
    step_s: float = 0.0  # requests within a step are counted, and forgotten, together


LIMITS: dict[Kind, RateLimit] = {
    "read": RateLimit(40_000, step_s=10.0),  # `ab` from one address passes, a runaway does not
    "write": RateLimit(120, step_s=10.0),
    "login": RateLimit(10),  # password hashes
    "token": RateLimit(10),  # wrong ones
    "remark": RateLimit(10),  # rows in the audit log about refusals
}


@dataclass(slots=True)
class _Window:
    """The requests of one client in the last 60 seconds."""

    steps: deque[list[float]] = field(default_factory=deque)  # [begin, count], oldest first
    count: float = 0

    def forget(self, now: float) -> None:
        while self.steps and now - self.steps[0][0] >= WINDOW_S:
            self.count -= self.steps.popleft()[1]

    def add(self, now: float, step_s: float) -> None:
        if self.steps and now - self.steps[-1][0] < step_s:
            self.steps[-1][1] += 1
        else:
            self.steps.append([now, 1])
        self.count += 1


class RateLimits:
    """The windows of all clients. Thread-safe."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        limits: Mapping[Kind, RateLimit] = LIMITS,
    ) -> None:
        self._monotonic, self._limits = monotonic, limits
        self._lock = threading.Lock()
        self._windows: dict[Kind, OrderedDict[str, _Window]] = {
            kind: OrderedDict() for kind in limits
        }

    def take(self, kind: Kind, address: str) -> int | None:
        """Count one request. None: it is allowed; otherwise in how many seconds to retry."""
        limit, windows, key = self._limits[kind], self._windows[kind], client_key(address)
        with self._lock:
            window = windows.get(key)
            if window is None:
                window = windows[key] = _Window()
                if len(windows) > CLIENTS_MOST:
                    windows.popitem(last=False)
            windows.move_to_end(key)
            wait_s = self._wait_s(window, limit)
            if wait_s is None:
                window.add(self._monotonic(), limit.step_s)
            return wait_s

    def wait_s(self, kind: Kind, address: str) -> int | None:
        """As `take`, without counting."""
        with self._lock:
            window = self._windows[kind].get(client_key(address))
            return None if window is None else self._wait_s(window, self._limits[kind])

    def _wait_s(self, window: _Window, limit: RateLimit) -> int | None:
        now = self._monotonic()
        window.forget(now)
        if window.count < limit.most:
            return None
        return max(1, math.ceil(window.steps[0][0] + WINDOW_S - now))


@functools.lru_cache(maxsize=1024)
def client_key(address: str) -> str:
    """The client that an address belongs to."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, IPV6_NETWORK), strict=False))
    return str(parsed)
