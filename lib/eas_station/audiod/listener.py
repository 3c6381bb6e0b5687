"""The loop of one source: samples in; receptions, clips, levels and deaf intervals out."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from eas_station.audiod.deafness.deaf_log import DeafLog
from eas_station.audiod.header_intake import HeaderIntake
from eas_station.audiod.hearing.channel_assessment import SourceState
from eas_station.audiod.hearing.level_meter import AudioLevelMeter, AudioMeasurement
from eas_station.audiod.hearing.source_report import SourceReport
from eas_station.audiod.segment import AudioSegment, ClipRules
from eas_station.audiod.sources.audio_source import (
    TIMEOUT_S,
    AudioSource,
    Block,
    NeedsOperatorError,
    SourceEndedError,
)
from eas_station.bus import topics
from eas_station.bus.messages import AudioLevel, Body, SameBurst
from eas_station.decoder.text.message import Burst, DecodedMessage
from eas_station.decoder.text.prior import Prior
from eas_station.errors import SourceError
from eas_station.service.backoff import Backoff

SEGMENT_TIMEOUT_S = 10.0  # without a block: the segment ends, and with it what is being decoded
REPORT_S = 2.0
STEP_S = 0.25
STOPPED = "stopped by the operator"


@dataclass(frozen=True, slots=True)
class ListenerParts:
    """The collaborators of the listener; built by `main`."""

    name: str  # of the source
    channels: tuple[str, ...]
    open_source: Callable[[], AudioSource]  # raises SourceError
    intake: HeaderIntake
    clip_rules: ClipRules
    deaf_log: DeafLog | None  # None: a file, which waits and is never deaf
    report: SourceReport
    publish: Callable[[str, Body], object]
    is_wanted: Callable[[], bool]  # False while the operator has stopped the source
    stopping: threading.Event
    now: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
    prior: Prior = field(default_factory=Prior)
    publish_pcm: Callable[[Block], None] | None = None  # for live listening
    serve_copies: Callable[[AudioSegment], None] | None = None  # to the hearing monitor


class SourceListener:
    """Owns the source and everything that counts its samples. One thread runs it."""

    def __init__(self, parts: ListenerParts) -> None:
        self._parts = parts
        self._source: AudioSource | None = None
        self._segment: AudioSegment | None = None
        self._meter = AudioLevelMeter(len(parts.channels))
        self._backoff = Backoff()
        self._retry_at_s = self._block_at_s = self._reported_at_s = parts.monotonic()
        self._away_reason = "starting"
        self._source_ended = False
        self._connections = 0  # how often the source was opened and then delivered
        self._closed_counters: Counter[str] = Counter()  # of sources that are closed
        self._has_delivered = False  # since the source was opened

    def run(self, beat: Callable[[], None]) -> None:
        """Listen until the daemon stops, then finish what was begun."""
        try:
            while not self._parts.stopping.is_set():
                beat()
                self.step()
        finally:
            self.end()

    def step(self) -> None:
        """Take one block, or wait for it for a moment."""
        if not self._parts.is_wanted():
            self._stay_stopped()
        elif self._source is not None or self._open():
            self._receive()
        if self._parts.monotonic() - self._reported_at_s >= REPORT_S:
            self._publish_report()

    def end(self) -> None:
        """Finish what can still be decoded and recorded, and release the source."""
        self._close()
        if self._parts.deaf_log is not None:
            self._parts.deaf_log.end()

    # The source

    def _stay_stopped(self) -> None:
        """The operator has stopped the source: the device is released."""
        self._close()
        self._source_ended = False
        self._retry_at_s = self._parts.monotonic()
        self._backoff.reset()
        self._parts.report.state("stopped", STOPPED)
        self._note_deaf(STOPPED)
        self._parts.stopping.wait(STEP_S)

    def _open(self) -> bool:
        if self._source_ended or self._parts.monotonic() < self._retry_at_s:
            if not self._source_ended:
                self._note_deaf(self._away_reason)
            self._parts.stopping.wait(STEP_S)
            return False
        try:
            self._source = self._parts.open_source()
        except SourceError as error:
            self._fail(error)
            return False
        self._block_at_s = self._parts.monotonic()
        self._has_delivered = False
        return True

    def _receive(self) -> None:
        assert self._source is not None
        try:
            block = self._source.receive()
        except SourceError as error:
            self._fail(error)
        except SourceEndedError as ended:
            self._close()
            self._source_ended = True
            self._parts.report.state("stopped", str(ended))
        else:
            if block is not None:
                self._take(block)
            else:
                self._note_missing(self._source)

    def _fail(self, error: SourceError) -> None:
        """The source failed: retry for ever, with growing delays."""
        self._close()
        reason = self._away_reason = str(error)
        self._retry_at_s = self._parts.monotonic() + self._backoff.next_s()
        is_failed = isinstance(error, NeedsOperatorError)
        state: SourceState = "failed" if is_failed else "reconnecting"
        self._parts.report.state(state, reason)
        self._note_deaf(reason)

    def _note_missing(self, source: AudioSource) -> None:
        """The source is open but delivers nothing."""
        silent_s = self._parts.monotonic() - self._block_at_s
        if silent_s >= max(SEGMENT_TIMEOUT_S, source.timeout_s):
            self._end_segment()
        if silent_s >= (source.timeout_s if self._has_delivered else TIMEOUT_S):
            self._parts.report.state("reconnecting", source.waiting_for)
            self._note_deaf(source.waiting_for)

    def _note_deaf(self, reason: str) -> None:
        if self._parts.deaf_log is not None:
            self._parts.deaf_log.deaf(reason)

    def _close(self) -> None:
        self._end_segment()
        if self._source is not None:
            self._closed_counters.update(self._source.counters)
            self._source.close()
            self._source = None

    # The samples

    def _take(self, block: Block) -> None:
        parts = self._parts
        self._backoff.reset()
        self._block_at_s = parts.monotonic()
        if parts.publish_pcm is not None:
            parts.publish_pcm(block)
        segment = self._segment_of(block)
        now = parts.now()
        for decoded in segment.decode(block):
            self._take_decoded(decoded, segment, now)
        segment.record()
        if parts.deaf_log is not None:
            parts.deaf_log.heard(block)
        self._count_losses(block)
        self._measure(block)
        if parts.serve_copies is not None:
            parts.serve_copies(segment)
        self._report_running()

    def _report_running(self) -> None:
        assert self._source is not None
        if not self._has_delivered:
            self._has_delivered = True
            self._connections += 1
        details = self._source.description
        self._parts.report.state("running", f"listening: {details}" if details else "listening")

    def _segment_of(self, block: Block) -> AudioSegment:
        """The segment that the block continues; a gap that is not filled begins a new one."""
        segment = self._segment
        if segment is None or block.gap_samples != 0 or segment.rate_hz != block.rate_hz:
            self._end_segment()
            parts = self._parts
            segment = AudioSegment(parts.channels, block.rate_hz, parts.clip_rules, parts.prior)
            self._segment = segment
        return segment

    def _end_segment(self) -> None:
        segment, self._segment = self._segment, None
        if segment is None:
            return
        now = self._parts.now()
        for decoded in segment.flush():
            self._take_decoded(decoded, segment, now)
        segment.end()

    def _take_decoded(
        self, decoded: Burst | DecodedMessage, segment: AudioSegment, now: datetime
    ) -> None:
        parts = self._parts
        channel = parts.channels[decoded.channel]
        if isinstance(decoded, Burst):
            heard_at = segment.time_of(decoded.end_sample, now)
            burst = SameBurst(parts.name, channel, decoded.text, decoded.snr_db, heard_at)
            parts.publish(topics.same_burst(parts.name, channel), burst)
        elif decoded.is_eom:
            segment.end_of_message(decoded)
        else:
            self._take_header(decoded, segment, now)

    def _take_header(self, message: DecodedMessage, segment: AudioSegment, now: datetime) -> None:
        intake, report = self._parts.intake, self._parts.report
        channel = self._parts.channels[message.channel]
        quarantined = intake.quarantined
        reception = intake.take(message, channel, now)
        report.count(rejected=intake.rejected, quarantined=intake.quarantined)
        if intake.quarantined > quarantined:
            report.quarantined_headers(intake.quarantined)
        if reception is not None:
            code = reception.statement.event_code or "UNK"
            segment.begin_clip(message, channel, code, reception.reception_id, now)
            report.header(message.channel, now)

    def _count_losses(self, block: Block) -> None:
        for dropout in block.dropouts:
            self._parts.report.lost(dropout.channel, dropout.samples)
        for channel in range(len(self._parts.channels)):
            self._parts.report.lost(channel, block.gap_samples or 0)

    def _measure(self, block: Block) -> None:
        levels = self._meter.feed(block.samples, block.rate_hz)
        if not levels or self._source is None:
            return
        parts, carriers = self._parts, self._source.carriers
        parts.report.levels(levels, carriers)
        for index, (channel, level) in enumerate(zip(parts.channels, levels, strict=True)):
            carrier = carriers.get(channel)
            if self._segment is not None:
                self._segment.note_signal(index, not level.silent and carrier is not False)
            body = _audio_level(parts.name, channel, level, carrier)
            parts.publish(topics.audio_level(parts.name, channel), body)

    def _publish_report(self) -> None:
        self._reported_at_s = self._parts.monotonic()
        counters = self._closed_counters.copy()
        counters.update(self._source.counters if self._source is not None else {})
        self._parts.report.count(connections=self._connections, **counters)
        self._parts.report.publish()


def _audio_level(
    source: str, channel: str, level: AudioMeasurement, carrier: bool | None
) -> AudioLevel:
    return AudioLevel(
        source=source,
        channel=channel,
        rms_dbfs=level.rms_dbfs,
        peak_dbfs=level.peak_dbfs,
        silent=level.silent,
        carrier_present=carrier,
    )
