"""IQ → numbered frames of 16-bit audio of every channel, and what was measured each second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_station.config.model import ReceiverConfig
from eas_station.dsp.arrays.buffers import to_int16
from eas_station.dsp.radio.narrowband import FRAME_SAMPLES, Narrowband
from eas_station.dsp.radio.raster import CHANNEL_RATE_HZ
from eas_station.dsp.radio.signal_levels import ChannelLevel
from eas_station.dsp.radio.spectrum import SpectrumMeter
from eas_station.dsp.radio.wideband import Wideband
from eas_station.sdrd.receiver_reading import ppm_of

__all__ = ["FRAME_SAMPLES", "ChannelFrame", "Measured", "Tuner"]

HYSTERESIS_DB = 3.0  # a squelch that is open closes so much lower


@dataclass(frozen=True, slots=True)
class ChannelFrame:
    """The same stretch of time of all channels."""

    first_sample: int  # audio samples since the receiver's process began, gaps counted
    gap_samples: int  # audio samples lost immediately before
    audio: NDArray[np.int16]  # shape (channels, n); 5 kHz deviation at 1 kHz is -6 dBFS
    squelched: tuple[bool, ...]  # of each channel: too weak to be listened to; decoding goes on


@dataclass(frozen=True, slots=True)
class Measured:
    """The last whole second of a receiver. Full scale is a carrier of amplitude 1."""

    levels: tuple[ChannelLevel, ...]  # of each channel
    ppm: float | None  # by how many millionths carriers appear too high; None: none is heard well
    spectrum_dbfs: tuple[float, ...]  # 256 bins, from the lowest frequency to the highest
    noise_dbfs: float  # of the receiver itself, in 16 kHz
    clipped: float  # share of samples at the converter's end, 0 to 1


class Tuner:
    """The whole chain of one receiver. Raises ValueError for channels it cannot reach.

    Samples are worked on in whole frames counted from the first, so the same samples give the
    same audio, bit by bit, however they come.
    """

    def __init__(
        self, settings: ReceiverConfig, first_sample: int = 0, gap_samples: int = 0
    ) -> None:
        """
        Args:
            first_sample: number of the next audio sample.
            gap_samples: audio samples lost immediately before it, counted in that.
        """
        kind = Wideband if settings.modulation == "wbfm" else Narrowband
        place = (settings.rate_hz, settings.center_hz, settings.channels_hz)
        self._receiver = kind(*place, with_snr=settings.squelch_db is not None)
        self._survey = SpectrumMeter(settings.rate_hz)
        self._channels_hz = settings.channels_hz
        self._rate_hz = settings.rate_hz
        self._squelch_db = settings.squelch_db
        self._open = np.zeros(len(settings.channels_hz), dtype=np.bool_)
        self._rest = np.zeros(0, dtype=np.complex64)
        self.gap_samples = gap_samples  # lost, and no frame has told of it yet
        self._lost_rest = 0  # lost, but not yet a whole audio sample; in 1 / rate of one
        self.block_samples = self._receiver.block_samples  # IQ samples of one frame
        self.next_sample = first_sample
        self.levels: tuple[ChannelLevel, ...] = ()  # of the last whole second
        self.measured: Measured | None = None  # the same second; None before the first is over

    @property
    def unheard_s(self) -> float:
        """Of the last samples, which are not a frame yet."""
        return self._rest.size / self._rate_hz

    def feed(self, iq: NDArray[np.complex64], lost_samples: int = 0) -> Iterator[ChannelFrame]:
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
            yield from self._frames(iq[at : at + self.block_samples])

    def _cut_off(self, lost_samples: int) -> Iterator[ChannelFrame]:
        if self._rest.size:
            rest, self._rest = self._rest, self._rest[:0]
            yield from self._frames(rest)
        units = lost_samples * CHANNEL_RATE_HZ + self._lost_rest
        lost, self._lost_rest = divmod(units, self._rate_hz)
        self.gap_samples += lost
        self.next_sample += lost

    def _frames(self, iq: NDArray[np.complex64]) -> Iterator[ChannelFrame]:
        """One frame; none if so few samples are not yet an audio sample."""
        clean, glance = self._survey.feed(iq)
        heard = self._receiver.feed(clean)
        for second in heard.seconds:
            self.levels = second
        if glance is not None and self.levels:
            ppm = ppm_of(self.levels, self._channels_hz)
            self.measured = Measured(
                *(self.levels, ppm, glance.spectrum_dbfs, glance.noise_dbfs, glance.clipped)
            )
        if heard.audio.shape[1]:
            squelched = self._squelched(heard.snr_db)
            audio = to_int16(heard.audio)
            yield ChannelFrame(self.next_sample, self.gap_samples, audio, squelched)
            self.gap_samples = 0
            self.next_sample += audio.shape[1]

    def _squelched(self, snr_db: NDArray[np.float64] | None) -> tuple[bool, ...]:
        if self._squelch_db is None or snr_db is None:
            return (False,) * len(self._open)
        self._open = snr_db >= self._squelch_db - HYSTERESIS_DB * self._open
        return tuple((~self._open).tolist())
