"""The work of one source: samples in; receptions, clips, levels and deaf intervals out."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from eas_station.audiod.deafness.deaf_log import DeafLog
from eas_station.audiod.header_intake import HeaderIntake
from eas_station.audiod.hearing.channel_assessment import SourceState
from eas_station.audiod.hearing.level_meter import AudioLevelMeter, AudioMeasurement
from eas_station.audiod.hearing.source_report import SourceReport
from eas_station.audiod.segment import AudioSegment, ClipRules
from eas_station.audiod.sources.audio_source import (
    PATIENCE_S,
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

BROKEN_S = 10.0  # without a block: what was being heard is over
TELL_S = 2.0
STEP_S = 0.25
STOPPED = "stopped by the operator"


class PublishLevels(Protocol):
    """`bus.publisher.Publisher.publish`."""

    def __call__(self, topic: str, body: Body, /) -> int:
        """Tell everybody."""
        ...


@dataclass(frozen=True, slots=True)
class ListenerParts:
    """What the listener works with; built by `main`."""

    name: str  # of the source
    channels: tuple[str, ...]
    open: Callable[[], AudioSource]  # raises SourceError
    hearing: HeaderIntake
    clip_rules: ClipRules
    deafness: DeafLog | None  # None: a file, which waits and is never deaf
    report: SourceReport
    publish: PublishLevels
    wanted: Callable[[], bool]  # does the operator want the source to run
    stopping: threading.Event
    now: Callable[[], datetime]
    monotonic: Callable[[], float] = time.monotonic
    prior: Prior = field(default_factory=Prior)  # the codes that the decoder knows of
    live: Callable[[Block], None] | None = None  # gives the sound to listeners on the page
    offer: Callable[[AudioSegment], None] | None = (
        None  # gives copies to the prover, if it wants any
    )


class SourceListener:
    """Owns the source and everything that counts its samples. One thread runs it."""

    def __init__(self, wiring: ListenerParts) -> None:
        self._to = wiring
        self._source: AudioSource | None = None
        self._stretch: AudioSegment | None = None
        self._meter = AudioLevelMeter(len(wiring.channels))
        self._backoff = Backoff()
        self._retry_s = self._last_block_s = self._told_s = wiring.monotonic()
        self._away_why = "starting"
        self._ended = False
        self._connections = 0  # how often the source was opened and then heard
        self._counted: Counter[str] = Counter()  # by sources that are closed
        self._heard = False  # since it was opened

    def run(self, beat: Callable[[], None]) -> None:
        """Listen until the daemon stops, then finish what was begun."""
        try:
            while not self._to.stopping.is_set():
                beat()
                self.step()
        finally:
            self.end()

    def step(self) -> None:
        """Take one block, or wait for it a moment."""
        if not self._to.wanted():
            self._rest()
        elif self._source is not None or self._open():
            self._receive()
        if self._to.monotonic() - self._told_s >= TELL_S:
            self._tell()

    def end(self) -> None:
        """Say what can still be said, and let go of everything."""
        self._close()
        if self._to.deafness is not None:
            self._to.deafness.end()

    # The source

    def _rest(self) -> None:
        """The operator wants silence: the device is released."""
        self._close()
        self._ended = False
        self._retry_s = self._to.monotonic()
        self._backoff.reset()
        self._to.report.state("stopped", STOPPED)
        self._deaf(STOPPED)
        self._to.stopping.wait(STEP_S)

    def _open(self) -> bool:
        if self._ended or self._to.monotonic() < self._retry_s:
            if not self._ended:
                self._deaf(self._away_why)
            self._to.stopping.wait(STEP_S)
            return False
        try:
            self._source = self._to.open()
        except SourceError as error:
            self._lose(error)
            return False
        self._last_block_s = self._to.monotonic()
        self._heard = False
        return True

    def _receive(self) -> None:
        assert self._source is not None
        try:
            block = self._source.receive()
        except SourceError as error:
            self._lose(error)
        except SourceEndedError as ended:
            self._close()
            self._ended = True
            self._to.report.state("stopped", str(ended))
        else:
            if block is not None:
                self._take(block)
            else:
                self._miss(self._source)

    def _lose(self, error: SourceError) -> None:
        """The source is gone; it is tried again, less and less often, for ever."""
        self._close()
        why = self._away_why = str(error)
        self._retry_s = self._to.monotonic() + self._backoff.next_s()
        state: SourceState = "failed" if isinstance(error, NeedsOperatorError) else "reconnecting"
        self._to.report.state(state, why)
        self._deaf(why)

    def _miss(self, source: AudioSource) -> None:
        """The source is there, but nothing comes."""
        silent_s = self._to.monotonic() - self._last_block_s
        why = source.waiting_for
        if silent_s >= max(BROKEN_S, source.patience_s):
            self._end_stretch()
        if silent_s >= source.patience_s or (not self._heard and silent_s >= PATIENCE_S):
            self._to.report.state("reconnecting", why)
            self._deaf(why)

    def _deaf(self, why: str) -> None:
        if self._to.deafness is not None:
            self._to.deafness.deaf(why)

    def _close(self) -> None:
        self._end_stretch()
        if self._source is not None:
            self._counted.update(self._source.counters)
            self._source.close()
            self._source = None

    # The samples

    def _take(self, block: Block) -> None:
        self._backoff.reset()
        self._last_block_s = self._to.monotonic()
        if self._to.live is not None:
            self._to.live(block)
        stretch = self._continue(block)
        now = self._to.now()
        for said in stretch.decode(block):
            self._hear(said, stretch, now)
        stretch.record()
        if self._to.deafness is not None:
            self._to.deafness.heard(block)
        self._count(block)
        self._measure(block)
        if self._to.offer is not None:
            self._to.offer(stretch)
        self._welcome()

    def _welcome(self) -> None:
        """The source is heard."""
        assert self._source is not None
        if not self._heard:
            self._heard = True
            self._connections += 1
        description = self._source.description
        self._to.report.state(
            "running", f"listening: {description}" if description else "listening"
        )

    def _continue(self, block: Block) -> AudioSegment:
        """The stretch that the block belongs to; a gap that is not filled begins another."""
        stretch = self._stretch
        if stretch is None or block.gap_samples != 0 or stretch.rate_hz != block.rate_hz:
            self._end_stretch()
            to = self._to
            stretch = AudioSegment(to.channels, block.rate_hz, to.clip_rules, to.prior)
            self._stretch = stretch
        return stretch

    def _end_stretch(self) -> None:
        stretch, self._stretch = self._stretch, None
        if stretch is None:
            return
        now = self._to.now()
        for said in stretch.last_words():
            self._hear(said, stretch, now)
        stretch.end()

    def _hear(self, said: Burst | DecodedMessage, stretch: AudioSegment, now: datetime) -> None:
        channel = self._to.channels[said.channel]
        if isinstance(said, Burst):
            heard_at = stretch.time_of(said.end_sample, now)
            burst = SameBurst(self._to.name, channel, said.text, said.snr_db, heard_at)
            self._to.publish(topics.same_burst(self._to.name, channel), burst)
        elif said.is_eom:
            stretch.end_of_message(said)
        else:
            self._hear_header(said, stretch, now)

    def _hear_header(self, message: DecodedMessage, stretch: AudioSegment, now: datetime) -> None:
        channel = self._to.channels[message.channel]
        quarantined = self._to.hearing.quarantined
        reception = self._to.hearing.take(message, channel, now)
        self._to.report.count(
            rejected=self._to.hearing.rejected, quarantined=self._to.hearing.quarantined
        )
        if self._to.hearing.quarantined > quarantined:
            self._to.report.lost_headers(self._to.hearing.quarantined)
        if reception is not None:
            code = reception.statement.event_code or "UNK"
            stretch.begin_clip(message, channel, code, reception.reception_id, now)
            self._to.report.header(message.channel, now)

    def _count(self, block: Block) -> None:
        for dropout in block.dropouts:
            self._to.report.lost(dropout.channel, dropout.samples)
        for channel in range(len(self._to.channels)):
            self._to.report.lost(channel, block.gap_samples or 0)

    def _measure(self, block: Block) -> None:
        levels = self._meter.feed(block.samples, block.rate_hz)
        if not levels or self._source is None:
            return
        carriers = self._source.carriers
        self._to.report.levels(levels, carriers)
        for index, (channel, level) in enumerate(zip(self._to.channels, levels, strict=True)):
            if self._stretch is not None:
                carrier_lost = carriers.get(channel) is False
                self._stretch.note_signal(index, not (level.silent or carrier_lost))
            self._to.publish(
                topics.audio_level(self._to.name, channel),
                self._level(channel, level, carriers.get(channel)),
            )

    def _level(self, channel: str, level: AudioMeasurement, carrier: bool | None) -> AudioLevel:
        return AudioLevel(
            source=self._to.name,
            channel=channel,
            rms_dbfs=level.rms_dbfs,
            peak_dbfs=level.peak_dbfs,
            silent=level.silent,
            carrier_present=carrier,
        )

    def _tell(self) -> None:
        self._told_s = self._to.monotonic()
        counted = self._counted.copy()
        counted.update(self._source.counters if self._source is not None else {})
        self._to.report.count(connections=self._connections, **counted)
        self._to.report.tell()
