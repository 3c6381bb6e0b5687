"""The loop of one receiver: samples in, frames on the bus, retried for ever."""

from __future__ import annotations

import time
from collections.abc import Callable

from eas_station.bus import topics
from eas_station.bus.messages import AudioPcm
from eas_station.config.model import Receiver
from eas_station.dsp.channelizer import CHANNEL_RATE_HZ
from eas_station.errors import SourceError
from eas_station.sdrd.reading import Reading, channel_name
from eas_station.sdrd.receivers import FileReceiver, IqBlock, IqReceiver, ReceiverEndedError
from eas_station.sdrd.teller import Teller
from eas_station.sdrd.tuner import Frame, Tuner
from eas_station.service.backoff import Backoff
from eas_station.service.daemon import Daemon

BEAT_DEADLINE_S = 6.0  # a read that takes longer never returns
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.5, 2.0  # our own device: heard soon after a replug
PAUSE_S = 0.25  # the longest sleep, so that an operator's word is soon obeyed


class Radio:
    """Owns one receiver and its tuner; `run` is the daemon's working thread."""

    def __init__(
        self,
        daemon: Daemon,
        settings: Receiver,
        is_wanted: Callable[[], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            is_wanted: False while the operator has stopped the receiver.
        Raises:
            ValueError: the receiver's channels cannot be reached with its rate and centre.
        """
        self._daemon = daemon
        self._is_wanted = is_wanted
        self._monotonic = monotonic
        self._beat = daemon.beat("radio", BEAT_DEADLINE_S)
        self._backoff = Backoff(FIRST_BACKOFF_S, LONGEST_BACKOFF_S)
        self._teller = Teller(daemon, settings.name, monotonic)
        self._asked_for = settings
        self._replacement: Receiver | None = None  # asked for, and not taken up yet
        self._is_open = False
        self._has_ended = False
        self._retry_at = 0.0
        self._samples = 0
        self._lost_samples = 0
        self._take(settings, first_sample=0)

    def replace(self, settings: Receiver) -> None:
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
                self._teller.tell_in_turn(self._reading())
        finally:
            self._receiver.close()

    def _step(self) -> None:
        replacement, self._replacement = self._replacement, None
        if replacement is not None:
            self._receiver.close()
            self._take(replacement, self._tuner.next_sample)
        if not self._is_wanted():
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
        try:
            if not self._is_open:
                self._receiver.open()
                self._is_open = True
            block = self._receiver.read()
        except SourceError as error:
            self._release()
            self._retry_at = self._monotonic() + self._backoff.next_s()
            self._teller.say("reconnecting", str(error))
        except ReceiverEndedError as ended:
            self._release()
            self._has_ended = True
            self._teller.say("stopped", str(ended))
        else:
            if block is not None:
                self._pass_on(block)

    def _pass_on(self, block: IqBlock) -> None:
        self._backoff.reset()
        self._samples += block.iq.size
        self._lost_samples += block.lost_samples
        for frame in self._tuner.feed(block.iq, block.lost_samples):
            self._publish(frame)
        self._teller.say("running", "samples arrive")

    def _publish(self, frame: Frame) -> None:
        body = AudioPcm(CHANNEL_RATE_HZ, frame.first_sample, frame.gap_samples)
        for topic, row in zip(self._topics, frame.audio, strict=True):
            self._daemon.publisher.publish(topic, body, row.tobytes(), keep_last=False)

    def _take(self, settings: Receiver, first_sample: int) -> None:
        self._tuner = Tuner(settings, first_sample)
        self._receiver = self._built(settings)
        self._settings = settings
        self._is_open = self._has_ended = False
        self._retry_at = 0.0
        self._topics = [
            topics.audio_pcm(settings.name, channel_name(frequency_hz))
            for frequency_hz in settings.channels_hz
        ]

    def _built(self, settings: Receiver) -> IqReceiver:
        return FileReceiver(
            settings, self._tuner.block_samples, self._daemon.stopping.wait, self._monotonic
        )

    def _release(self) -> None:
        self._receiver.close()
        self._is_open = self._has_ended = False
        self._retry_at = 0.0

    def _pause(self, seconds: float) -> None:
        self._daemon.stopping.wait(seconds)

    def _reading(self) -> Reading:
        return Reading(self._settings, self._tuner.levels, self._samples, self._lost_samples)
