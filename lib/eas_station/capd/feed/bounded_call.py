"""Calls with a deadline, each in a thread that is abandoned when its time is over.

Name resolution has no time limit of its own, and no other thread can end it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from eas_station.errors import FeedError

T = TypeVar("T")

LATE = "no complete answer in time"
_LOOK_S = 0.1  # how often a waiting call looks whether the station is stopping
_UNWIND_S = 0.5  # what a call needs to end after its connection was cut


class StationStopsError(FeedError):
    """A call was abandoned because the station stops."""


class BoundedCaller:
    """Makes the calls of one feed, one at a time; used by one thread."""

    def __init__(
        self,
        name: str,
        is_stopping: Callable[[], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            name: of the threads.
            is_stopping: when it is, the call under way is abandoned.
        """
        self._name = name
        self._is_stopping = is_stopping
        self._monotonic = monotonic
        self._abandoned: threading.Thread | None = None

    def result(self, call: Callable[[], T], cut: Callable[[], None], deadline_s: float) -> T:
        """What a call returns. Raises FeedError, and what the call raises.

        Args:
            cut: ends the connections of the call, from another thread.
            deadline_s: the monotonic time at which the result must be there.
        """
        if self._abandoned is not None and self._abandoned.is_alive():
            raise FeedError("the request before this one still hangs in name resolution")
        future: Future[T] = Future()
        thread = threading.Thread(target=_run, args=(call, future), name=self._name, daemon=True)
        thread.start()
        while not wait([future], _LOOK_S).done:
            stopping = self._is_stopping()
            if stopping or self._monotonic() >= deadline_s:
                cut()
                thread.join(_UNWIND_S)
                self._abandoned = thread
                raise StationStopsError("stopping") if stopping else FeedError(LATE)
        return future.result()


def _run(call: Callable[[], T], future: Future[T]) -> None:
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001  raised again in the thread that waits
        future.set_exception(error)
