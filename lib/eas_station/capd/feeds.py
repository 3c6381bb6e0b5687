"""The feeds of the configuration, each with its loop; changed while the daemon runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from eas_station.capd.feed.memory import Memory
from eas_station.capd.feed_kinds import Surroundings, paced, reader
from eas_station.capd.intake import DocumentIntake
from eas_station.capd.loop import BEAT_S, FeedLoop, Poll
from eas_station.config.model import Config, FeedConfig
from eas_station.service.daemon import Daemon
from eas_station.service.desired_state import DesiredStates

log = logging.getLogger(__name__)

DeskOf = Callable[[str, Config, Callable[[], None]], DocumentIntake]


class EitherStop:
    """Set when the daemon stops, or this one feed does."""

    def __init__(self, daemon_stopping: threading.Event) -> None:
        self._all = daemon_stopping
        self._own = threading.Event()
        self._awake = threading.Event()

    def set(self) -> None:
        """Stop this feed."""
        self._own.set()
        self._awake.set()

    def wake(self) -> None:
        """End the wait under way, without stopping."""
        self._awake.set()

    def is_set(self) -> bool:
        """Is the feed to stop."""
        return self._all.is_set() or self._own.is_set()

    def wait(self, timeout: float) -> bool:
        """Wait at most so long, and less if it is stopped or woken."""
        if not self._all.is_set():
            self._awake.wait(timeout)
        self._awake.clear()
        return self.is_set()


@dataclass(frozen=True, slots=True)
class _Running:
    feed: FeedConfig
    station: object  # what else the loop was built from
    stop: EitherStop
    loop: FeedLoop


class Feeds:
    """Starts and ends the loops; used by the main thread."""

    def __init__(
        self,
        daemon: Daemon,
        desk_of: DeskOf,
        record: Callable[[Poll], None],
        desired: DesiredStates,
        memory: Memory,
        surroundings: Surroundings,
    ) -> None:
        """
        Args:
            desk_of: builds the desk of a feed, given what to call on progress.
            record: keeps the outcome of a poll.
            memory: what the feeds knew in an earlier life.
            surroundings: what readers need besides.
        """
        self._daemon = daemon
        self._desk_of = desk_of
        self._record = record
        self._desired = desired
        self._memory = memory
        self._surroundings = surroundings
        self._running: dict[str, _Running] = {}

    def apply(self, config: Config) -> None:
        """End the loops whose feed is gone or is another now, and start those that are missing."""
        wanted = {feed.name: feed for feed in config.feeds}
        for name, running in list(self._running.items()):
            if (wanted.get(name), config.station) != (running.feed, running.station):
                running.stop.set()
                self._forget(running.feed)
                del self._running[name]
        for feed in config.feeds:
            if feed.name not in self._running:
                self._start(feed, config)
        count = len(config.feeds)
        self._daemon.set_status(f"{count} feed{'' if count == 1 else 's'}")

    def poll_now(self, name: str) -> None:
        """Poll a feed at once; from any thread. One that is not there is none of ours."""
        running = self._running.get(name)
        if running is not None:
            log.info("feed %s is polled at once: the operator wants it", name)
            running.loop.poll_now()
            running.stop.wake()

    def _start(self, feed: FeedConfig, config: Config) -> None:
        stop = EitherStop(self._daemon.stopping)
        beat = self._daemon.heartbeat(_beat_name(feed), BEAT_S)
        loop = FeedLoop(
            paced(feed),
            reader(feed, config, stop.is_set, self._memory, self._surroundings),
            self._desk_of(feed.name, config, beat),
            now=self._daemon.now,
            record=self._record,
            tell=self._daemon.set_item,
            progressed=beat,
            stopping=stop,
            wanted=partial(self._desired.is_running, feed.name),
        )
        self._running[feed.name] = _Running(feed, config.station, stop, loop)
        self._daemon.spawn(f"feed {feed.name}"[:15], loop.run)

    def _forget(self, feed: FeedConfig) -> None:
        self._daemon.drop_heartbeat(_beat_name(feed))
        self._daemon.drop_item(f"feed.{feed.kind}", feed.name)


def _beat_name(feed: FeedConfig) -> str:
    return f"feed {feed.name}"
