"""The feeds of the configuration, each with its loop; they follow a reload."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from eas_station.capd.feed_kinds import ReaderContext, paced, reader
from eas_station.capd.intake import DocumentIntake
from eas_station.capd.loop import BEAT_S, FeedLoop, Poll
from eas_station.config.model import Config, FeedConfig
from eas_station.service.daemon import Daemon
from eas_station.service.desired_state import DesiredStates

log = logging.getLogger(__name__)

IntakeOf = Callable[[str, Config, Callable[[], None]], DocumentIntake]


class EitherStop:
    """Set when the daemon stops, or this feed alone."""

    def __init__(self, daemon_stopping: threading.Event) -> None:
        self._all = daemon_stopping
        self._own = threading.Event()
        self._awake = threading.Event()

    def set(self) -> None:
        """Stop this feed."""
        self._own.set()
        self._awake.set()

    def wake(self) -> None:
        """End the wait, without stopping."""
        self._awake.set()

    def is_set(self) -> bool:
        """Must the feed stop."""
        return self._all.is_set() or self._own.is_set()

    def wait(self, timeout: float) -> bool:
        """Wait at most so long; a stop or a wake-up ends it."""
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
        intake_of: IntakeOf,
        record: Callable[[Poll], None],
        desired: DesiredStates,
        context: ReaderContext,
    ) -> None:
        """
        Args:
            intake_of: builds the intake of a feed; takes what to call on progress.
            record: keeps the outcome of a poll.
            desired: which feeds the operator stopped.
            context: what readers need.
        """
        self._daemon = daemon
        self._intake_of = intake_of
        self._record = record
        self._desired = desired
        self._context = context
        self._running: dict[str, _Running] = {}

    def apply(self, config: Config) -> None:
        """End the loops whose feed is gone or changed, and start those that are missing."""
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
        """Poll a feed at once, if there is one of this name; from any thread."""
        running = self._running.get(name)
        if running is not None:
            log.info("feed %s is polled at once, as the operator asked", name)
            running.loop.poll_now()
            running.stop.wake()

    def _start(self, feed: FeedConfig, config: Config) -> None:
        stop = EitherStop(self._daemon.stopping)
        beat = self._daemon.heartbeat(_beat_name(feed), BEAT_S)
        intake = self._intake_of(feed.name, config, beat)
        loop = FeedLoop(
            paced(feed),
            reader(feed, config, stop.is_set, intake.is_taken, self._context),
            intake,
            now=self._daemon.now,
            record=self._record,
            report=self._daemon.set_item,
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
