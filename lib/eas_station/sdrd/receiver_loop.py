"""The loop of one receiver: IQ samples in, frames of audio on the bus; retried for ever."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from eas_station.bus import topics
from eas_station.bus.messages import AudioPcm
from eas_station.config.model import ReceiverConfig
from eas_station.dsp.audio.afsk import carries_same
from eas_station.dsp.radio.raster import CHANNEL_RATE_HZ
from eas_station.errors import SourceError
from eas_station.sdrd.calibration.calibration import Calibration
from eas_station.sdrd.receiver_reading import ReceiverReading
from eas_station.sdrd.receiver_status import ReceiverStatus
from eas_station.sdrd.receivers.iq_receiver import IqBlock, IqReceiver, ReceiverEndedError
from eas_station.sdrd.receivers.receiver_factory import build_receiver
from eas_station.sdrd.tuner import ChannelFrame, Tuner
from eas_station.service.backoff import Backoff
from eas_station.service.daemon import Daemon

BEAT_DEADLINE_S = 6.0  # a read that takes longer never returns
FIRST_BACKOFF_S, MAX_BACKOFF_S = 0.5, 2.0  # a local device: back soon after it is replugged
FIRST_FLAPPING_S = 0.25
MAX_FLAPPING_S = 60.0  # between attempts on a device that comes and goes and fills the log
STEADY_S = 30.0  # with samples for so long it no longer flaps
RECENT_FRAMES = 22  # two seconds: bursts of a header are one second apart
PAUSE_S = 0.25  # the longest sleep: the operator's commands take effect soon


class ReceiverLoop:
    """Owns one receiver and its tuner. `run` is the daemon's working thread."""

    def __init__(
        self,
        daemon: Daemon,
        settings: ReceiverConfig,
        is_wanted: Callable[[], bool],
        monotonic: Callable[[], float] = time.monotonic,
        build_receiver: Callable[..., IqReceiver] = build_receiver,
        note: Callable[[ReceiverReading], object] = lambda _reading: None,
    ) -> None:
        """
        Args:
            is_wanted: False while the operator has stopped the receiver.
            note: takes every reading; those of one second are equal.
            build_receiver: builds the receiver for some settings.
        Raises:
            ValueError: the sample rate and centre frequency cannot reach the channels.
        """
        self._daemon = daemon
        self._is_wanted = is_wanted
        self._note = note
        self._monotonic = monotonic
        self._beat = daemon.heartbeat("radio", BEAT_DEADLINE_S)
        self._receiver_of = build_receiver
        self._opening = Backoff(FIRST_BACKOFF_S, MAX_BACKOFF_S)
        self._flapping = Backoff(FIRST_FLAPPING_S, MAX_FLAPPING_S)
        self._uncalibrated = 0  # samples since the last calibration step
        self._running_since_s: float | None = None  # None: no samples arrive
        self._was_stopped = False  # the next gap was wanted: its samples are not lost
        self._receiver: IqReceiver | None = None
        self._status = ReceiverStatus(daemon, settings.name, monotonic)
        self._requested = settings
        self._replacement: ReceiverConfig | None = None  # requested, and not applied yet
        self._is_open = False
        self._has_ended = False
        self._retry_at_s = 0.0
        self._recent: deque[NDArray[np.int16]] = deque(maxlen=RECENT_FRAMES)
        self._samples = 0
        self._lost_samples = 0
        self._tuner = Tuner(settings)
        self._apply(settings)

    def replace(self, settings: ReceiverConfig) -> None:
        """Change the settings, from any thread. Raises ValueError as the constructor does."""
        if settings != self._requested:
            Tuner(settings)
            self._requested = self._replacement = settings

    def run(self) -> None:
        """Work until the daemon stops."""
        try:
            while not self._daemon.stopping.is_set():
                self._step()
                self._beat()
                reading = self._reading()
                self._status.publish_due(reading)
                self._note(reading)
        finally:
            self._receiver_now().close()

    def _step(self) -> None:
        replacement, self._replacement = self._replacement, None
        if replacement is not None:
            self._receiver_now().close()
            self._apply(replacement)
        if not self._is_wanted():
            self._was_stopped |= self._is_open
            self._release()
            self._status.set("stopped", "stopped by the operator")
            self._pause(PAUSE_S)
        elif self._has_ended:
            self._pause(PAUSE_S)
        elif self._monotonic() < self._retry_at_s:
            self._pause(min(PAUSE_S, self._retry_at_s - self._monotonic()))
        else:
            self._listen()

    def _listen(self) -> None:
        receiver = self._receiver_now()
        try:
            if not self._is_open:
                receiver.open(self._calibration.tuning)
                self._is_open = True
            block = receiver.read()
            if block is not None:
                self._publish_block(block)
                self._calibrate(receiver, block)
        except SourceError as error:
            self._fail(str(error))
        except ReceiverEndedError as ended:
            self._release()
            self._has_ended = True
            self._status.set("stopped", str(ended))

    def _fail(self, why: str) -> None:
        self._status.set("reconnecting", why)
        self._status.publish_due(self._reading())  # before `close`, which can hang in the driver
        flaps = self._running_since_s is not None
        self._release()
        wait_s = self._flapping.next_s() if flaps else self._opening.next_s()
        self._retry_at_s = self._monotonic() + wait_s

    def _publish_block(self, block: IqBlock) -> None:
        now_s = self._monotonic()
        if self._running_since_s is None:
            self._running_since_s = now_s
            self._opening.reset()
        elif now_s - self._running_since_s > STEADY_S:
            self._flapping.reset()
        self._samples += block.iq.size
        if not self._was_stopped:
            self._lost_samples += block.lost_samples
        self._was_stopped = False
        for frame in self._tuner.feed(block.iq, block.lost_samples):
            self._recent.append(frame.audio)
            self._publish_frame(frame)
        self._status.set("running", "receiving samples")

    def _calibrate(self, receiver: IqReceiver, block: IqBlock) -> None:
        """Adjust gain and frequency once per second of samples."""
        stale = self._calibration.opened(receiver.gains_db)
        self._uncalibrated += block.iq.size
        if self._uncalibrated >= self._settings.rate_hz:
            self._uncalibrated = 0
            error_ppm = self._reading().ppm()
            stale |= self._calibration.second(block.iq, error_ppm, self._in_message)
        if stale:
            receiver.tune(self._calibration.tuning)

    def _in_message(self) -> bool:
        """Whether a channel carries a SAME burst now or did within the last two seconds."""
        return any(carries_same(audio, CHANNEL_RATE_HZ) for audio in self._recent)

    def _publish_frame(self, frame: ChannelFrame) -> None:
        for topic, row, squelched in zip(self._topics, frame.audio, frame.squelched, strict=True):
            body = AudioPcm(CHANNEL_RATE_HZ, frame.first_sample, frame.gap_samples, squelched)
            self._daemon.publisher.publish(topic, body, row.tobytes(), keep_last=False)

    def _apply(self, settings: ReceiverConfig) -> None:
        before, received_at_s = self._receiver, None
        if before is not None and before.received_at_s is not None:
            received_at_s = before.received_at_s - self._tuner.pending_s
        self._tuner = Tuner(settings, self._tuner.next_sample, self._tuner.gap_samples)
        self._receiver = self._receiver_of(
            settings,
            self._tuner.block_samples,
            self._daemon.stopping.wait,
            received_at_s,
        )
        self._calibration = Calibration(settings, self._daemon.config.paths.state_dir)
        self._uncalibrated = 0
        self._settings = settings
        self._running_since_s = None
        self._is_open = self._has_ended = False
        self._retry_at_s = 0.0
        self._topics = [
            topics.audio_pcm(settings.name, topics.channel_name(frequency_hz))
            for frequency_hz in settings.channels_hz
        ]

    def _receiver_now(self) -> IqReceiver:
        if self._receiver is None:
            raise RuntimeError("the receiver was not built")
        return self._receiver

    def _release(self) -> None:
        self._running_since_s = None
        self._is_open = self._has_ended = False
        self._retry_at_s = 0.0
        self._receiver_now().close()

    def _pause(self, seconds: float) -> None:
        self._daemon.stopping.wait(seconds)

    def _reading(self) -> ReceiverReading:
        measured = self._tuner.measured
        return ReceiverReading(
            self._settings,
            self._tuner.levels,
            self._samples,
            self._lost_samples,
            self._calibration.tuning if self._receiver_now().gains_db else None,
            measured.spectrum_dbfs if measured is not None else (),
        )
