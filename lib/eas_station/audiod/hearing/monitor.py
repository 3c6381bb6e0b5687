"""The thread that proves that the source's channels hear, and says so when one does not.

It probes one channel after the other, spread over time; about once a second it judges all of them,
records what is deaf, looks for tests that did not come, and publishes what has changed. It shares
nothing with the listener but the tap, and copies.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from eas_station import wire
from eas_station.audiod.hearing.copy_requests import AudioCopy, CopyRequests
from eas_station.audiod.hearing.expected_tests import ExpectedTests
from eas_station.audiod.hearing.hearing_queries import HearingQueries
from eas_station.audiod.hearing.margins import MarginLog, Margins
from eas_station.audiod.hearing.missed_test_reasons import likely, window
from eas_station.audiod.hearing.probe import SOUND_S, Probe, ProbeReceiver
from eas_station.audiod.hearing.signal_outages import SignalOutages
from eas_station.audiod.hearing.source_report import SourceReport
from eas_station.bus import topics
from eas_station.bus.messages import HearingProof
from eas_station.errors import StoreError
from eas_station.store.records.health_history import HealthBatch, HealthSample

log = logging.getLogger(__name__)

STEP_S = 1.0
GIVE_WAY_S = 0.02  # after half a second of sound
TAKE_S = 3.0  # how long a copy is waited for: blocks come at least every second
SOON_S = 5.0  # no copy to be had now
AGAIN_S = 60.0  # after a failed probe
CLEAN_AGAIN_S = 10.0  # after one on clean sound that failed
MOST_BROKEN = 3  # probes on clean sound that may fail in a row
PUBLISH_S = 60.0  # what has not changed is said this often
ASK_S = 60.0  # between questions to the database


class Publish(Protocol):
    """`bus.publisher.Publisher.publish`."""

    def __call__(self, topic: str, body: HearingProof, /) -> int:
        """Tell everybody."""


class DecoderBrokenError(RuntimeError):
    """The decoder does not read what anybody could: only a new process can help."""


class _Stopping(Exception):
    """The daemon stops in the middle of a probe."""


@dataclass(frozen=True, slots=True)
class MonitorParts:
    """What the prover works with; built by `main`."""

    source: str
    channels: tuple[str, ...]
    interval_s: float  # between two probes of a channel
    tap: CopyRequests
    make_receiver: Callable[[int], ProbeReceiver]
    report: SourceReport
    lapses: SignalOutages
    expected: ExpectedTests
    recall: HearingQueries
    record: Callable[[str, str], bool]  # spools a row
    publish: Publish
    clock_trusted: Callable[[], bool]
    stopping: threading.Event
    now: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic


class HearingMonitor:
    """Owns the probes of one source. One thread runs it."""

    def __init__(self, wiring: MonitorParts) -> None:
        self._to = wiring
        self._probe = Probe(wiring.make_receiver, self._give_way)
        self._margins = [Margins() for _ in wiring.channels]
        self._log = MarginLog(wiring.source)
        self._due_s = [wiring.monotonic()] * len(wiring.channels)
        self._probed = [False] * len(wiring.channels)
        self._void = [True] * len(wiring.channels)  # what was proved no longer counts
        self._broken = 0
        self._recalled = False
        self._ask_s = self._publish_s = wiring.monotonic()
        self._published: list[HearingProof | None] = [None] * len(wiring.channels)
        self._unrecorded: tuple[HealthSample, ...] = ()
        self._beat: Callable[[], None] = lambda: None

    def run(self, beat: Callable[[], None]) -> None:
        """Prove until the daemon stops. Raises DecoderBrokenError."""
        self._beat = beat
        try:
            while not self._to.stopping.is_set():
                beat()
                self.step()
                self._to.stopping.wait(STEP_S)
        except _Stopping:
            pass
        self._record(self._log.rest())

    def step(self) -> None:
        """Probe one channel if one is due, then look at all."""
        due = self._next_due()
        if due is not None:
            self._prove(due)
        self._ask()
        self._to.lapses.follow(self._to.report.assessments(), self._to.now())
        self._record(self._log.ended(self._to.now()))
        self._tell()

    # The probes

    def _next_due(self) -> int | None:
        """The channel whose probe is most overdue; where no sound is there is nothing to prove."""
        now_s = self._to.monotonic()
        due = []
        for channel, found in enumerate(self._to.report.assessments()):
            if found.state != "unproved":
                self._void[channel] = False
            elif not self._void[channel]:  # the source was away
                self._void[channel], self._due_s[channel] = True, now_s
            failing = found.state == "deaf" and found.deaf_since_at is not None
            has_sound = found.state in ("hearing", "unproved") or failing
            if has_sound and self._due_s[channel] <= now_s:
                due.append((self._due_s[channel], channel))
        return min(due)[1] if due else None

    def _prove(self, channel: int) -> None:
        sound = self._to.tap.take(channel, 2 * SOUND_S, TAKE_S)
        if sound is None:
            self._due_s[channel] = self._to.monotonic() + SOON_S
            return
        margin_db = self._margin_db(sound)
        now = self._to.now()
        if margin_db is None:
            self._fail(channel, sound.rate_hz)
        else:
            self._broken = 0
            self._log.add(self._to.channels[channel], margin_db, now)
            self._due_s[channel] = self._to.monotonic() + self._wait_s(channel)
        self._probed[channel] = True
        self._to.report.proved(channel, self._margins[channel].add(margin_db, now))

    def _wait_s(self, channel: int) -> float:
        """The first round comes at once; after it the channels take turns."""
        turn = 1.0 if self._probed[channel] else (channel + 1) / len(self._to.channels)
        return self._to.interval_s * turn

    def _margin_db(self, sound: AudioCopy) -> float | None:
        """Of the newest sound; if that hides even a nominal header, of the one before it."""
        half = len(sound.samples) // 2
        margin_db = self._probe.margin_db(sound.samples[half:], sound.rate_hz)
        if margin_db is None:
            margin_db = self._probe.margin_db(sound.samples[:half], sound.rate_hz)
        return margin_db

    def _fail(self, channel: int, rate_hz: int) -> None:
        """Is it the air, or the decoder? Clean sound tells."""
        if self._probe.reads_clean(rate_hz):
            self._broken = 0
            self._due_s[channel] = self._to.monotonic() + min(AGAIN_S, self._to.interval_s)
            return
        self._broken += 1
        self._due_s[channel] = self._to.monotonic() + min(CLEAN_AGAIN_S, self._to.interval_s)
        log.error("the decoder did not read clean sound, for the %s. time", self._broken)
        if self._broken >= MOST_BROKEN and not self._to.tap.under_way:
            raise DecoderBrokenError(
                f"the decoder failed on clean sound {self._broken} times: the process is replaced"
            )

    def _give_way(self) -> None:
        self._beat()
        if self._to.stopping.wait(GIVE_WAY_S):
            raise _Stopping

    # The record

    def _ask(self) -> None:
        """What only the database knows, once a minute while it answers."""
        if self._to.monotonic() < self._ask_s:
            return
        self._ask_s = self._to.monotonic() + ASK_S
        try:
            self._recall()
            self._look_for_tests()
            today = self._to.recall.deaf_today(self._to.now())
        except StoreError:
            return  # the flusher says that it is away
        for channel, name in enumerate(self._to.channels):
            self._to.report.deaf_today(channel, round(today.get(name, 0.0), 1))

    def _recall(self) -> None:
        if self._recalled:
            return
        for channel, name in enumerate(self._to.channels):
            self._margins[channel].recall(self._to.recall.margins(name, self._to.now()))
            self._beat()
        gone = self._to.expected.recall(self._to.recall.tests())
        if gone:
            self._to.recall.forget(gone)
        self._recalled = True

    def _look_for_tests(self) -> None:
        """Nobody can say what is late by a clock that is not trusted: then all stays as it was."""
        if not self._to.clock_trusted():
            return
        now = self._to.now()
        self._to.expected.settle(now, self._to.monotonic())
        overdue = self._to.expected.overdue(now)
        judged = dict(zip(self._to.channels, self._to.report.assessments(), strict=True))
        said: dict[str, list[tuple[str, str]]] = {name: [] for name in self._to.channels}
        for one in overdue:
            if one.channel not in said:
                continue  # a channel that the source has no longer
            deaf = self._to.recall.deaf_between(one.channel, *window(one, now))
            reason = likely(one, judged[one.channel], deaf, now)
            said[one.channel].append((one.event_code, one.sentence(now, reason)))
        for channel, name in enumerate(self._to.channels):
            self._to.report.expected(channel, tuple(said[name]))

    def _record(self, samples: tuple[HealthSample, ...]) -> None:
        self._unrecorded += samples
        if self._unrecorded and self._to.record(
            "health", wire.to_json(HealthBatch(self._unrecorded))
        ):
            self._unrecorded = ()

    def _tell(self) -> None:
        """Publish what has changed, and all of it once a minute."""
        all_of_it = self._to.monotonic() >= self._publish_s
        if all_of_it:
            self._publish_s = self._to.monotonic() + PUBLISH_S
        for channel, hearing in enumerate(self._to.report.hearings()):
            if all_of_it or hearing != self._published[channel]:
                self._published[channel] = hearing
                self._to.publish(topics.audio_hearing(hearing.source, hearing.channel), hearing)
