"""The loop of one receiver: samples in, frames on the bus, retried for ever."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from eas_station.bus import topics
from eas_station.bus.messages import AudioPcm
from eas_station.config.model import ReceiverConfig
from eas_station.dsp.audio.bursts import carries_same
from eas_station.dsp.radio.raster import CHANNEL_RATE_HZ
from eas_station.errors import SourceError
from eas_station.sdrd.calibration.calibration import Calibration
from eas_station.sdrd.receiver_reading import ReceiverReading, channel_name
from eas_station.sdrd.receiver_status import ReceiverStatus
from eas_station.sdrd.receivers.iq_receiver import IqBlock, IqReceiver, ReceiverEndedError
from eas_station.sdrd.receivers.receiver_factory import build_receiver
from eas_station.sdrd.tuner import ChannelFrame, Tuner
from eas_station.service.backoff import Backoff
from eas_station.service.daemon import Daemon

BEAT_DEADLINE_S = 6.0  # a read that takes longer never returns
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.5, 2.0  # our own device: heard soon after a replug
FIRST_FLAPPING_S = 0.25
LONGEST_FLAPPING_S = 60.0  # between tries of one that comes and goes, and fills the log
STEADY_S = 30.0  # samples for so long: it does not flap
RECENT_FRAMES = 22  # two seconds: who sends a header pauses for one between its bursts
PAUSE_S = 0.25  # the longest sleep, so that an operator's word is soon obeyed


class ReceiverLoop:
    """Owns one receiver and its tuner; `run` is the daemon's working thread."""

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
            note: is told of every reading; the same second many times.
            build_receiver: builds the receiver of some settings.
        Raises:
            ValueError: the receiver's channels cannot be reached with its rate and centre.
        """
        self._daemon = daemon
        self._is_wanted = is_wanted
        self._note = note
        self._monotonic = monotonic
        self._beat = daemon.heartbeat("radio", BEAT_DEADLINE_S)
        self._receiver_of = build_receiver
        self._opening = Backoff(FIRST_BACKOFF_S, LONGEST_BACKOFF_S)
        self._flapping = Backoff(FIRST_FLAPPING_S, LONGEST_FLAPPING_S)
        self._untrimmed = 0  # samples since the last look at them
        self._running_s: float | None = None  # since when samples have come; None: they do not
        self._was_stopped = False  # what is missing next was not to be heard
        self._receiver: IqReceiver | None = None
        self._teller = ReceiverStatus(daemon, settings.name, monotonic)
        self._asked_for = settings
        self._replacement: ReceiverConfig | None = None  # asked for, and not taken up yet
        self._is_open = False
        self._has_ended = False
        self._retry_at = 0.0
        self._recent: deque[NDArray[np.int16]] = deque(maxlen=RECENT_FRAMES)
        self._samples = 0
        self._lost_samples = 0
        self._tuner = Tuner(settings)
        self._take(settings)

    def replace(self, settings: ReceiverConfig) -> None:
        """Go on with other settings; from any thread. Raises ValueError as the constructor."""
        if settings != self._asked_for:
            Tuner(settings)
            self._asked_for = self._replacement = settings

    def run(self) -> None:
        """Work until the daemon stops."""
        try:
            while not self._daemon.stopping.is_set():
                self._step()
                self._beat()
                reading = self._reading()
                self._teller.tell_in_turn(reading)
                self._note(reading)
        finally:
            self._receiver_now().close()

    def _step(self) -> None:
        replacement, self._replacement = self._replacement, None
        if replacement is not None:
            self._receiver_now().close()
            self._take(replacement)
        if not self._is_wanted():
            self._was_stopped |= self._is_open
            self._release()
            self._teller.say("stopped", "stopped by the operator")
            self._pause(PAUSE_S)
        elif self._has_ended:
            self._pause(PAUSE_S)
        elif self._monotonic() < self._retry_at:
            self._pause(min(PAUSE_S, self._retry_at - self._monotonic()))
        else:
            self._listen()

    def _listen(self) -> None:
        receiver = self._receiver_now()
        try:
            if not self._is_open:
                receiver.open(self._trimmer.tuning)
                self._is_open = True
            block = receiver.read()
            if block is not None:
                self._pass_on(block)
                self._trim(receiver, block)
        except SourceError as error:
            self._fail(str(error))
        except ReceiverEndedError as ended:
            self._release()
            self._has_ended = True
            self._teller.say("stopped", str(ended))

    def _fail(self, why: str) -> None:
        self._teller.say("reconnecting", why)
        self._teller.tell_in_turn(self._reading())  # before the driver can hang
        flaps = self._running_s is not None
        self._release()
        wait_s = self._flapping.next_s() if flaps else self._opening.next_s()
        self._retry_at = self._monotonic() + wait_s

    def _pass_on(self, block: IqBlock) -> None:
        now_s = self._monotonic()
        if self._running_s is None:
            self._running_s = now_s
            self._opening.reset()
        elif now_s - self._running_s > STEADY_S:
            self._flapping.reset()
        self._samples += block.iq.size
        if not self._was_stopped:
            self._lost_samples += block.lost_samples
        self._was_stopped = False
        for frame in self._tuner.feed(block.iq, block.lost_samples):
            self._recent.append(frame.audio)
            self._publish(frame)
        self._teller.say("running", "samples arrive")

    def _trim(self, receiver: IqReceiver, block: IqBlock) -> None:
        """Set the device as its samples ask for, once a second of them."""
        stale = self._trimmer.opened(receiver.gains_db)
        self._untrimmed += block.iq.size
        if self._untrimmed >= self._settings.rate_hz:
            self._untrimmed = 0
            error_ppm = self._reading().ppm()
            stale |= self._trimmer.second(block.iq, error_ppm, self._in_message)
        if stale:
            receiver.tune(self._trimmer.tuning)

    def _in_message(self) -> bool:
        """Whether a burst is on, or has just ended: between two of a header lies one second."""
        return any(carries_same(audio, CHANNEL_RATE_HZ) for audio in self._recent)

    def _publish(self, frame: ChannelFrame) -> None:
        for topic, row, squelched in zip(self._topics, frame.audio, frame.squelched, strict=True):
            body = AudioPcm(CHANNEL_RATE_HZ, frame.first_sample, frame.gap_samples, squelched)
            self._daemon.publisher.publish(topic, body, row.tobytes(), keep_last=False)

    def _take(self, settings: ReceiverConfig) -> None:
        before, heard_at = self._receiver, None
        if before is not None and before.heard_at is not None:
            heard_at = before.heard_at - self._tuner.unheard_s
        self._tuner = Tuner(settings, self._tuner.next_sample, self._tuner.gap_samples)
        self._receiver = self._receiver_of(
            settings,
            self._tuner.block_samples,
            self._daemon.stopping.wait,
            heard_at,
        )
        self._trimmer = Calibration(settings, self._daemon.config.paths.state_dir)
        self._untrimmed = 0
        self._settings = settings
        self._running_s = None
        self._is_open = self._has_ended = False
        self._retry_at = 0.0
        self._topics = [
            topics.audio_pcm(settings.name, channel_name(frequency_hz))
            for frequency_hz in settings.channels_hz
        ]

    def _receiver_now(self) -> IqReceiver:
        if self._receiver is None:
            raise RuntimeError("no receiver has been built")
        return self._receiver

    def _release(self) -> None:
        self._running_s = None
        self._is_open = self._has_ended = False
        self._retry_at = 0.0
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
            self._trimmer.tuning if self._receiver_now().gains_db else None,
            measured.spectrum_dbfs if measured is not None else (),
        )
