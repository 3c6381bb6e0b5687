"""How often one client may ask: much for reading, little for writing, ten passwords a minute.

By the library `limits` (Debian: python3-limits): sliding windows in memory, one key per client. An
IPv6 client is its /64 network, for it has every address in it.
"""

from __future__ import annotations

import functools
import ipaddress
import math
import threading
import time
from collections.abc import Callable
from typing import Literal

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter

Kind = Literal["read", "write", "login", "token", "remark"]

LIMITS: dict[Kind, RateLimitItem] = {
    "read": RateLimitItemPerMinute(40_000),  # `ab` from one address passes, a runaway does not
    "write": RateLimitItemPerMinute(120),
    "login": RateLimitItemPerMinute(10),  # password hashes
    "token": RateLimitItemPerMinute(10),  # wrong ones
    "remark": RateLimitItemPerMinute(10),  # rows in the audit about refusals
}
EXACT = frozenset({"login", "token", "remark"})
STEP_S = 5.0  # the wall clock went another way than the monotonic one: it was set
IPV6_NETWORK = 64
FORGET_EVERY_S = 5.0
READS_AT_ONCE = 40  # reads are counted forty at a time: that is quicker than the page itself
CLIENTS_MOST = 4096


class RateLimitStorage(MemoryStorage):
    """The library's, without its threads: it starts one after nearly every hit to forget old keys.

    Should it once do that by another method, this one is not called and its threads are back.
    """

    _forgot_s = 0.0

    def _MemoryStorage__schedule_expiry(self) -> None:
        now_s = time.monotonic()
        if now_s - self._forgot_s >= FORGET_EVERY_S:
            self._forgot_s = now_s
            self._MemoryStorage__expire_events()  # type: ignore[attr-defined]


class RateLimits:
    """The counts of all clients. Thread-safe."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        wall_s: Callable[[], float] = time.time,
        most: dict[Kind, RateLimitItem] | None = None,
    ) -> None:
        self._monotonic, self._wall_s = monotonic, wall_s
        self._most = LIMITS if most is None else most
        self._lock = threading.Lock()
        self._storage = RateLimitStorage()
        self._moving = MovingWindowRateLimiter(self._storage)
        self._sliding = SlidingWindowCounterRateLimiter(self._storage)
        self._offset_s = wall_s() - monotonic()
        self._left: dict[str, int] = {}  # reads of a client that are counted already

    def take(self, kind: Kind, address: str) -> int | None:
        """Count one; None: it may go on, else in how many seconds it may try again."""
        item, key, how = self._most[kind], client_key(address), self._how(kind)
        with self._lock:
            if kind == "read" and self._left.get(key, 0) > 0:
                self._left[key] -= 1
                return None
            self._forgive_a_step()
            if not how.hit(item, kind, key, cost=READS_AT_ONCE if kind == "read" else 1):
                return self._wait_s(how, item, kind, key)
            if kind == "read":
                self._allow_reads(key)
            return None

    def _allow_reads(self, key: str) -> None:
        """The next ones are paid for."""
        if len(self._left) >= CLIENTS_MOST:
            self._left.clear()
        self._left[key] = READS_AT_ONCE - 1

    def wait_s(self, kind: Kind, address: str) -> int | None:
        """As `take`, without counting."""
        item, key, how = self._most[kind], client_key(address), self._how(kind)
        with self._lock:
            self._forgive_a_step()
            return None if how.test(item, kind, key) else self._wait_s(how, item, kind, key)

    def _how(self, kind: Kind) -> RateLimiter:
        return self._moving if kind in EXACT else self._sliding

    def _wait_s(self, how: RateLimiter, item: RateLimitItem, kind: Kind, key: str) -> int:
        reset_s = how.get_window_stats(item, kind, key).reset_time - self._wall_s()
        return max(1, min(math.ceil(reset_s), item.get_expiry()))

    def _forgive_a_step(self) -> None:
        """The library counts by the wall clock: set back, it would lock everybody out for long."""
        offset_s = self._wall_s() - self._monotonic()
        if abs(offset_s - self._offset_s) > STEP_S:
            self._storage.reset()
            self._offset_s = offset_s


@functools.lru_cache(maxsize=1024)
def client_key(address: str) -> str:
    """Whom an address stands for."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, IPV6_NETWORK), strict=False))
    return str(parsed)
