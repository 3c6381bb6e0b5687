"""IQ → numbered frames of 16-bit audio of every channel, and their levels once a second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_station.config.model import Receiver
from eas_station.dsp.channelizer import CHANNEL_RATE_HZ, Channelizer
from eas_station.dsp.fm import Discriminator
from eas_station.dsp.iq import DcRemover
from eas_station.dsp.levels import Level, LevelMeter
from eas_station.dsp.ring import to_int16

FRAME_SAMPLES = 2304  # audio samples of one frame: 48 SAME bits, 92 ms, 10.9 frames a second


@dataclass(frozen=True, slots=True)
class Frame:
    """The same stretch of time of all channels."""

    first_sample: int  # audio samples since the receiver's process began, gaps counted
    gap_samples: int  # audio samples lost immediately before
    audio: NDArray[np.int16]  # shape (channels, n); 5 kHz deviation at 1 kHz is -6 dBFS


class Tuner:
    """The whole chain of one receiver. Raises ValueError for channels it cannot reach.

    Samples are worked on in whole frames counted from the first, so the same samples give the
    same audio, bit by bit, however they come.
    """

    def __init__(self, settings: Receiver, first_sample: int = 0) -> None:
        """Args: first_sample: number of the next audio sample."""
        channels = len(settings.channels_hz)
        self._bank = Channelizer(settings.rate_hz, settings.center_hz, settings.channels_hz)
        self._dc = DcRemover()
        self._discriminator = Discriminator(channels, CHANNEL_RATE_HZ)
        self._meter = LevelMeter(channels, CHANNEL_RATE_HZ, self._bank.noise_bandwidth_hz)
        self._rest = np.zeros(0, dtype=np.complex64)
        self._gap_samples = 0
        self._lost_rest = 0  # IQ samples lost that are not yet a whole audio sample
        self.block_samples = FRAME_SAMPLES * self._bank.branches  # IQ samples of one frame
        self.next_sample = first_sample
        self.levels: tuple[Level, ...] = ()  # of the last whole second

    def feed(self, iq: NDArray[np.complex64], lost_samples: int = 0) -> Iterator[Frame]:
        """Take the next samples, shape (n,), any n ≥ 0; gives the frames that are complete.

        Args:
            lost_samples: IQ samples that are missing before these. What came before the gap
                becomes a shorter frame.
        """
        if lost_samples:
            yield from self._cut_off(lost_samples)
        if self._rest.size:
            iq = np.concatenate((self._rest, iq))
        whole = iq.size // self.block_samples * self.block_samples
        self._rest = iq[whole:].copy()
        for at in range(0, whole, self.block_samples):
            yield self._frame(iq[at : at + self.block_samples])

    def _cut_off(self, lost_samples: int) -> Iterator[Frame]:
        if self._rest.size:
            frame = self._frame(self._rest)
            self._rest = self._rest[:0]
            yield frame
        lost, self._lost_rest = divmod(lost_samples + self._lost_rest, self._bank.branches)
        self._gap_samples += lost
        self.next_sample += lost

    def _frame(self, iq: NDArray[np.complex64]) -> Frame:
        baseband = self._bank.feed(self._dc.feed(iq))
        demodulated = self._discriminator.demodulate(baseband)
        for second in self._meter.feed(baseband, demodulated.frequency_hz):
            self.levels = second
        frame = Frame(self.next_sample, self._gap_samples, to_int16(demodulated.audio))
        self._gap_samples = 0
        self.next_sample += frame.audio.shape[1]
        return frame
