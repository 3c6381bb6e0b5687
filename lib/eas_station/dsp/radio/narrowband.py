"""One capture → audio and levels of its narrow-band FM channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_station.dsp.arrays.array_types import Baseband, Real
from eas_station.dsp.radio.channelizer import Channelizer
from eas_station.dsp.radio.fm import Discriminator
from eas_station.dsp.radio.iq import DcRemover, SpikeRemover
from eas_station.dsp.radio.raster import CHANNEL_RATE_HZ
from eas_station.dsp.radio.signal_levels import ChannelLevel, ChannelLevelMeter

FRAME_SAMPLES = 2304  # audio samples of one frame: 48 SAME bits, 92 ms, 10.9 frames a second


@dataclass(frozen=True, slots=True)
class ChannelAudio:
    """The audio of all channels in one frame."""

    audio: Real  # shape (channels, n) at `CHANNEL_RATE_HZ`
    snr_db: NDArray[np.float64] | None  # of this frame, roughly; shape (channels,)
    seconds: list[tuple[ChannelLevel, ...]]  # of each second that ended in it


class Narrowband:
    """Frames of IQ in, audio out. Raises ValueError for channels out of reach.

    The DC spike disturbs only a channel that contains it; the channel filter removes it elsewhere.
    """

    def __init__(
        self, rate_hz: int, center_hz: int, channels_hz: Sequence[int], with_snr: bool = False
    ) -> None:
        """Args: with_snr: measure the SNR of every frame, for a squelch."""
        self._with_snr = with_snr
        self._bank = Channelizer(rate_hz, center_hz, channels_hz)
        channels = len(channels_hz)
        self._discriminator = Discriminator(channels, CHANNEL_RATE_HZ)
        self._meter = ChannelLevelMeter(channels, CHANNEL_RATE_HZ, self._bank.noise_bandwidth_hz)
        offsets = [abs(channel - center_hz) for channel in channels_hz]
        self._spiked = [at for at, offset in enumerate(offsets) if not offset]
        self._spikes = SpikeRemover()
        beside = any(0 < offset < CHANNEL_RATE_HZ / 2 for offset in offsets)
        self._dc = DcRemover() if beside else None
        frames = max(1, FRAME_SAMPLES // self._bank.frame)
        self.block_samples = frames * self._bank.iq_samples
        """IQ samples of one frame."""

    def feed(self, iq: Baseband) -> ChannelAudio:
        """Take a frame, shape (n,), any n ≥ 0; only the last one before a gap may be shorter."""
        baseband = self._bank.feed(iq if self._dc is None else self._dc.feed(iq))
        for at in self._spiked:
            baseband[at] = self._spikes.feed(baseband[at])
        demodulated = self._discriminator.demodulate(baseband)
        return ChannelAudio(
            audio=demodulated.audio,
            snr_db=self._meter.snr_db(demodulated.power) if self._with_snr else None,
            seconds=self._meter.feed(demodulated.power, demodulated.frequency_hz),
        )
