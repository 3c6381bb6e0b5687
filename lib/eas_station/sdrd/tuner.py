"""IQ → numbered frames of 16-bit audio of all channels, and measurements once a second."""

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

HYSTERESIS_DB = 3.0  # an open squelch closes so far below its threshold


@dataclass(frozen=True, slots=True)
class ChannelFrame:
    """The audio of all channels over the same time."""

    first_sample: int  # audio samples since the process started, gaps included
    gap_samples: int  # audio samples lost immediately before
    audio: NDArray[np.int16]  # shape (channels, n); 5 kHz deviation at 1 kHz is -6 dBFS
    squelched: tuple[bool, ...]  # of each channel: too weak to be listened to; decoding goes on


@dataclass(frozen=True, slots=True)
class Measured:
    """The last whole second of a receiver. Full scale is a carrier of amplitude 1."""

    levels: tuple[ChannelLevel, ...]  # of each channel
    ppm: float | None  # frequency error of the carriers; None: no strong carrier
    spectrum_dbfs: tuple[float, ...]  # 256 bins, from the lowest frequency to the highest
    noise_dbfs: float  # noise floor of the receiver in 16 kHz
    clipped: float  # share of samples at full scale, 0 to 1


class Tuner:
    """The signal chain of one receiver. Raises ValueError for channels out of reach.

    Samples are processed in whole frames counted from the first: the same samples give the same
    audio, bit by bit, however they are cut into blocks.
    """

    def __init__(
        self, settings: ReceiverConfig, first_sample: int = 0, gap_samples: int = 0
    ) -> None:
        """
        Args:
            first_sample: number of the next audio sample.
            gap_samples: audio samples lost immediately before it, included in that number.
        """
        kind = Wideband if settings.modulation == "wbfm" else Narrowband
        place = (settings.rate_hz, settings.center_hz, settings.channels_hz)
        self._demodulator = kind(*place, with_snr=settings.squelch_db is not None)
        self._spectrum = SpectrumMeter(settings.rate_hz)
        self._channels_hz = settings.channels_hz
        self._rate_hz = settings.rate_hz
        self._squelch_db = settings.squelch_db
        self._open = np.zeros(len(settings.channels_hz), dtype=np.bool_)
        self._rest = np.zeros(0, dtype=np.complex64)
        self.gap_samples = gap_samples  # lost before the next frame
        self._lost_rest = 0  # lost, less than an audio sample; in units of 1 / rate
        self.block_samples = self._demodulator.block_samples  # IQ samples of one frame
        self.next_sample = first_sample
        self.levels: tuple[ChannelLevel, ...] = ()  # of the last whole second
        self.measured: Measured | None = None  # the same second; None before the first is over

    @property
    def pending_s(self) -> float:
        """Duration of the samples that wait for a whole frame."""
        return self._rest.size / self._rate_hz

    def feed(self, iq: NDArray[np.complex64], lost_samples: int = 0) -> Iterator[ChannelFrame]:
        """Take the next samples, shape (n,), any n ≥ 0; gives the complete frames.

        Args:
            lost_samples: IQ samples lost before these. The samples before the gap become a
                shorter frame.
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
        """One frame; none if the samples make less than one audio sample."""
        clean, spectrum = self._spectrum.feed(iq)
        output = self._demodulator.feed(clean)
        for second in output.seconds:
            self.levels = second
        if spectrum is not None and self.levels:
            ppm = ppm_of(self.levels, self._channels_hz)
            self.measured = Measured(
                *(self.levels, ppm, spectrum.spectrum_dbfs, spectrum.noise_dbfs, spectrum.clipped)
            )
        if output.audio.shape[1]:
            squelched = self._squelched(output.snr_db)
            audio = to_int16(output.audio)
            yield ChannelFrame(self.next_sample, self.gap_samples, audio, squelched)
            self.gap_samples = 0
            self.next_sample += audio.shape[1]

    def _squelched(self, snr_db: NDArray[np.float64] | None) -> tuple[bool, ...]:
        if self._squelch_db is None or snr_db is None:
            return (False,) * len(self._open)
        self._open = snr_db >= self._squelch_db - HYSTERESIS_DB * self._open
        return tuple((~self._open).tolist())
