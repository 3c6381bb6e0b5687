"""The thread that checks whether each channel would receive a warning.

It probes one channel after another, spread over time. About once a second it assesses all of them,
records what is deaf, looks for missed tests and publishes what changed. It shares nothing with the
listener but the requests for copies.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from eas_station import wire
from eas_station.audiod.hearing.copy_requests import AudioCopy, CopyRequests
from eas_station.audiod.hearing.expected_tests import ExpectedTests, hidden_window, likely_reason
from eas_station.audiod.hearing.hearing_queries import HearingQueries
from eas_station.audiod.hearing.margins import MarginLog, Margins
from eas_station.audiod.hearing.probe import AUDIO_S, Probe
from eas_station.audiod.hearing.signal_outages import SignalOutages
from eas_station.audiod.hearing.source_report import SourceReport
from eas_station.bus import topics
from eas_station.bus.messages import HearingProof
from eas_station.decoder.receiver import SameReceiver
from eas_station.errors import StoreError
from eas_station.store.records.health_history import HealthBatch, HealthSample

log = logging.getLogger(__name__)

STEP_S = 1.0
PAUSE_S = 0.02  # after half a second of probed audio
COPY_TIMEOUT_S = 3.0  # blocks arrive at least every second
NO_COPY_RETRY_S = 5.0
FAILED_RETRY_S = 60.0
CLEAN_RETRY_S = 10.0  # after a probe of clean audio failed
MAX_CLEAN_FAILURES = 3  # in a row
PUBLISH_S = 60.0  # for states that do not change
QUERY_S = 60.0  # between queries to the database


class DecoderBrokenError(RuntimeError):
    """The decoder cannot read a clean header: only a new process can help."""


class _Stopping(Exception):
    """The daemon stops during a probe."""


@dataclass(frozen=True, slots=True)
class MonitorParts:
    """The collaborators of the monitor; built by `monitor_setup`."""

    source: str
    channels: tuple[str, ...]
    interval_s: float  # between two probes of a channel
    copies: CopyRequests
    make_receiver: Callable[[int], SameReceiver]  # of one channel, for a sample rate
    report: SourceReport
    outages: SignalOutages
    expected: ExpectedTests
    queries: HearingQueries
    record: Callable[[str, str], bool]  # spools a row
    publish: Callable[[str, HearingProof], object]
    clock_trusted: Callable[[], bool]
    stopping: threading.Event
    now: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic


class HearingMonitor:
    """Owns the probes of one source. One thread runs it."""

    def __init__(self, parts: MonitorParts) -> None:
        self._parts = parts
        self._probe = Probe(parts.make_receiver, self._pause)
        self._margins = [Margins() for _ in parts.channels]
        self._log = MarginLog(parts.source)
        self._due_s = [parts.monotonic()] * len(parts.channels)
        self._was_probed = [False] * len(parts.channels)
        self._is_unproved = [True] * len(parts.channels)
        self._clean_failures = 0
        self._has_history = False
        self._query_at_s = self._publish_at_s = parts.monotonic()
        self._published: list[HearingProof | None] = [None] * len(parts.channels)
        self._unrecorded: tuple[HealthSample, ...] = ()
        self._beat: Callable[[], None] = lambda: None

    def run(self, beat: Callable[[], None]) -> None:
        """Work until the daemon stops. Raises DecoderBrokenError."""
        self._beat = beat
        try:
            while not self._parts.stopping.is_set():
                beat()
                self.step()
                self._parts.stopping.wait(STEP_S)
        except _Stopping:
            pass
        self._record(self._log.rest())

    def step(self) -> None:
        """Probe one channel if one is due, then assess all."""
        due = self._next_due()
        if due is not None:
            self._probe_channel(due)
        self._query()
        self._parts.outages.follow(self._parts.report.assessments(), self._parts.now())
        self._record(self._log.ended(self._parts.now()))
        self._publish()

    # The probes

    def _next_due(self) -> int | None:
        """The channel whose probe is most overdue. A channel without audio is not probed."""
        now_s = self._parts.monotonic()
        due = []
        for channel, found in enumerate(self._parts.report.assessments()):
            if found.state != "unproved":
                self._is_unproved[channel] = False
            elif not self._is_unproved[channel]:  # the source was away
                self._is_unproved[channel], self._due_s[channel] = True, now_s
            probe_failed = found.state == "deaf" and found.deaf_since_at is not None
            has_audio = found.state in ("hearing", "unproved") or probe_failed
            if has_audio and self._due_s[channel] <= now_s:
                due.append((self._due_s[channel], channel))
        return min(due)[1] if due else None

    def _probe_channel(self, channel: int) -> None:
        audio = self._parts.copies.request(channel, 2 * AUDIO_S, COPY_TIMEOUT_S)
        if audio is None:
            self._due_s[channel] = self._parts.monotonic() + NO_COPY_RETRY_S
            return
        margin_db = self._margin_db(audio)
        now = self._parts.now()
        if margin_db is None:
            self._note_failure(channel, audio.rate_hz)
        else:
            self._clean_failures = 0
            self._log.add(self._parts.channels[channel], margin_db, now)
            self._due_s[channel] = self._parts.monotonic() + self._wait_s(channel)
        self._was_probed[channel] = True
        self._parts.report.probed(channel, self._margins[channel].add(margin_db, now))

    def _wait_s(self, channel: int) -> float:
        """The first probes are made at once; after them the channels take turns."""
        first = not self._was_probed[channel]
        turn = (channel + 1) / len(self._parts.channels) if first else 1.0
        return self._parts.interval_s * turn

    def _margin_db(self, audio: AudioCopy) -> float | None:
        """The margin in the newest half; if not even a nominal header is read, in the older."""
        half = len(audio.samples) // 2
        margin_db = self._probe.margin_db(audio.samples[half:], audio.rate_hz)
        if margin_db is None:
            margin_db = self._probe.margin_db(audio.samples[:half], audio.rate_hz)
        return margin_db

    def _note_failure(self, channel: int, rate_hz: int) -> None:
        """Clean audio shows whether the channel or the decoder is at fault."""
        now_s, interval_s = self._parts.monotonic(), self._parts.interval_s
        if self._probe.reads_clean(rate_hz):
            self._clean_failures = 0
            self._due_s[channel] = now_s + min(FAILED_RETRY_S, interval_s)
            return
        self._clean_failures += 1
        self._due_s[channel] = now_s + min(CLEAN_RETRY_S, interval_s)
        log.error(
            "the decoder failed on clean audio, consecutive failures: %s", self._clean_failures
        )
        if self._clean_failures >= MAX_CLEAN_FAILURES and not self._parts.copies.message_under_way:
            raise DecoderBrokenError(
                f"the decoder failed on clean audio {self._clean_failures} times: restarting"
            )

    def _pause(self) -> None:
        self._beat()
        if self._parts.stopping.wait(PAUSE_S):
            raise _Stopping

    # The record

    def _query(self) -> None:
        """Ask the database once a minute, while it answers."""
        if self._parts.monotonic() < self._query_at_s:
            return
        self._query_at_s = self._parts.monotonic() + QUERY_S
        try:
            self._load_history()
            self._find_missed_tests()
            today = self._parts.queries.deaf_today(self._parts.now())
        except StoreError:
            return  # the flusher reports the outage
        for channel, name in enumerate(self._parts.channels):
            self._parts.report.deaf_today(channel, round(today.get(name, 0.0), 1))

    def _load_history(self) -> None:
        if self._has_history:
            return
        for channel, name in enumerate(self._parts.channels):
            self._margins[channel].load(self._parts.queries.margins(name, self._parts.now()))
            self._beat()
        dropped = self._parts.expected.load(self._parts.queries.tests())
        if dropped:
            self._parts.queries.forget(dropped)
        self._has_history = True

    def _find_missed_tests(self) -> None:
        """While the clock is not trusted nothing can be late, and the last result stays."""
        if not self._parts.clock_trusted():
            return
        now = self._parts.now()
        self._parts.expected.settle(now, self._parts.monotonic())
        assessed = dict(zip(self._parts.channels, self._parts.report.assessments(), strict=True))
        missed: dict[str, list[tuple[str, str]]] = {name: [] for name in self._parts.channels}
        for test in self._parts.expected.overdue(now):
            if test.channel not in missed:
                continue  # the source no longer has this channel
            deaf = self._parts.queries.deaf_between(test.channel, *hidden_window(test, now))
            reason = likely_reason(test, assessed[test.channel], deaf, now)
            missed[test.channel].append((test.event_code, test.sentence(now, reason)))
        for channel, name in enumerate(self._parts.channels):
            self._parts.report.missed_tests(channel, tuple(missed[name]))

    def _record(self, samples: tuple[HealthSample, ...]) -> None:
        self._unrecorded += samples
        if self._unrecorded and self._parts.record(
            "health", wire.to_json(HealthBatch(self._unrecorded))
        ):
            self._unrecorded = ()

    def _publish(self) -> None:
        """Publish what changed, and everything once a minute."""
        everything = self._parts.monotonic() >= self._publish_at_s
        if everything:
            self._publish_at_s = self._parts.monotonic() + PUBLISH_S
        for channel, proof in enumerate(self._parts.report.hearing_proofs()):
            if everything or proof != self._published[channel]:
                self._published[channel] = proof
                self._parts.publish(topics.audio_hearing(proof.source, proof.channel), proof)
