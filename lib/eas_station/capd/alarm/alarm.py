"""Calls the webhook of the configuration when a channel is deaf, silent or overdue.

Why here: eas-capd may use the network anyway, which eas-audiod may not; and only another process
can tell that eas-audiod itself says nothing any more. It acts on the bus alone, so nothing of this
can delay hearing.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from eas_station import __version__, wire
from eas_station.bus.messages import HearingProof, ItemState
from eas_station.bus.subscriber import Subscriber
from eas_station.capd.alarm.alarm_book import AlarmBook, Told, message
from eas_station.capd.alarm.webhook import Webhook
from eas_station.capd.feed.credentials import FeedCredentials
from eas_station.config.model import Config
from eas_station.config.units import source_unit
from eas_station.errors import FeedError, FrameError
from eas_station.service.backoff import Backoff
from eas_station.service.daemon import Daemon

log = logging.getLogger(__name__)

TOPICS = ("audio.hearing.",)
STEP_S = 0.5
FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 300.0  # between tries
BEAT_S = 60.0
NAME = "alarm"


class AlarmStop(Protocol):
    """Set when the work is to end."""

    def is_set(self) -> bool:
        """Is it to end."""


class Caller:
    """Follows the sources of one configuration and calls its webhook."""

    def __init__(
        self,
        station: str,
        book: AlarmBook,
        webhook: Webhook,
        memory: Path,
        tell: Callable[[ItemState], None],
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args: memory: the file that knows what has been told."""
        self._station = station
        self._book = book
        self._webhook = webhook
        self._memory = memory
        self._tell = tell
        self._now = now
        self._monotonic = monotonic
        self._backoff = Backoff(FIRST_WAIT_S, LONGEST_WAIT_S)
        self._next_s = monotonic()
        self._fault: str | None = None
        self._say(None)

    def run(self, subscriber: Subscriber, beat: Callable[[], None], stopping: AlarmStop) -> None:
        """Listen and call until told to stop."""
        while not stopping.is_set():
            beat()
            heard = subscriber.receive(STEP_S)
            if heard is not None and isinstance(heard.body, HearingProof):
                self._book.hear(heard.body, self._monotonic())
            self.step()

    def step(self) -> None:
        """Call, if there is something to tell and it is time."""
        self._book.look(self._now(), self._monotonic())
        if self._monotonic() < self._next_s:
            return
        alarm = self._book.due(self._now(), self._monotonic())
        if alarm is None:
            return
        try:
            self._webhook.call(message(alarm, self._station))
        except FeedError as error:
            self._next_s = self._monotonic() + self._backoff.next_s()
            self._say(str(error))
            return
        self._backoff.reset()
        self._say(None)
        log.info(
            "alarm told: %s %s is %s%s",
            alarm.source,
            alarm.channel or "as a whole",
            alarm.what,
            "" if alarm.ended_at is None else " no longer",
        )
        remember(self._memory, self._book.tell(alarm))

    def _say(self, fault: str | None) -> None:
        if fault is not None and self._fault is None:
            log.warning("the webhook of %s was not reached: %s", self._webhook.host, fault)
        self._fault = fault
        calls = f"the webhook of {self._webhook.host}"
        sentence = f"{calls} is called" if fault is None else f"{calls} fails: {fault}"
        state = ItemState(NAME, NAME, "running", sentence, self._now())
        self._tell(state if fault is None else replace(state, state="reconnecting"))


class Alarms:
    """Keeps a caller running that fits the configuration."""

    def __init__(self, daemon: Daemon, credentials: FeedCredentials) -> None:
        self._daemon = daemon
        self._credentials = credentials
        self._config: object = None
        self._changed = threading.Event()  # of the caller that runs
        self._last: threading.Thread | None = None

    def apply(self, config: Config) -> None:
        """Call as this configuration wants it. Main thread."""
        wanted = (config.alarm, config.sources, config.station, config.paths)
        if wanted == self._config:
            return
        self._config = wanted
        self._changed.set()
        self._changed = threading.Event()
        if config.alarm.webhook is None:
            self._daemon.drop_heartbeat(NAME)
            self._daemon.drop_item(NAME, NAME)
            return
        beat = self._daemon.heartbeat(NAME, BEAT_S)
        before, changed = self._last, self._changed
        self._last = self._daemon.spawn(NAME, lambda: self._run(config, changed, before, beat))

    def _run(
        self,
        config: Config,
        changed: threading.Event,
        before: threading.Thread | None,
        beat: Callable[[], None],
    ) -> None:
        if before is not None:
            before.join()  # what it tells last must be remembered
        stopping = _Either(self._daemon.stopping, changed)
        memory = config.paths.state_dir / f"{self._daemon.unit}.alarms.json"
        book = AlarmBook(config.alarm.after_s)
        names = [source.name for source in config.sources]
        book.begin(names, recall(memory), time.monotonic())
        webhook = Webhook(
            config.alarm.webhook or "",
            config.alarm.header_file,
            self._credentials.single,
            f"eas-station/{__version__}",
            stopping.is_set,
        )
        caller = Caller(
            config.station.name, book, webhook, memory, self._daemon.set_item, self._daemon.now
        )
        units = [source_unit(name) for name in names]
        with self._daemon.subscribe(units, TOPICS) as subscriber:
            caller.run(subscriber, beat, stopping)


class _Either:
    """Set when one of two events is."""

    def __init__(self, one: AlarmStop, other: AlarmStop) -> None:
        self._both = (one, other)

    def is_set(self) -> bool:
        return any(event.is_set() for event in self._both)


def recall(memory: Path) -> Told:
    """What has been told, as far as it is known."""
    try:
        return wire.from_json(Told, memory.read_bytes())
    except (OSError, FrameError):
        return Told()


def remember(memory: Path, told: Told) -> None:
    """Write down what has been told, durably."""
    fresh = memory.with_name(memory.name + ".new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(wire.to_json(told))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(memory)
    except OSError as error:
        log.warning("what has been told cannot be noted in %s: %s", memory, error)
