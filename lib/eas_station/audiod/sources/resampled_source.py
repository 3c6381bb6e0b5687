"""A source of one channel, at the rate that everything behind it counts in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eas_station.audiod.sources.audio_source import RATE_HZ, AudioSource, Block, SourceEndedError
from eas_station.dsp.arrays.fir import Band
from eas_station.dsp.audio.resample import Resampler

EDGE = 0.45  # of the lower rate: where the filter has half its gain
TRANSITION = 0.1  # so that nothing is left at half the rate


class ResampledSource:
    """The blocks of another source at 25 kHz, whatever rate its device has."""

    def __init__(self, source: AudioSource) -> None:
        """The source is closed with this one. It fills no dropouts."""
        self._source = source
        self._resampler: Resampler | None = None  # None: there is nothing to change
        self._rate_hz = RATE_HZ
        self._sent = 0
        self._gap: int | None = 0  # before the next block

    @property
    def channels(self) -> tuple[str, ...]:
        """As the source has them."""
        return self._source.channels

    @property
    def live(self) -> bool:
        """As the source is."""
        return self._source.live

    @property
    def waiting_for(self) -> str:
        """What the source waits for."""
        return self._source.waiting_for

    @property
    def carriers(self) -> dict[str, bool]:
        """What the source knows of carriers."""
        return self._source.carriers

    @property
    def patience_s(self) -> float:
        """As the source has it."""
        return self._source.patience_s

    @property
    def description(self) -> str:
        """What the source tells."""
        return self._source.description

    @property
    def counters(self) -> dict[str, int]:
        """What the source counts."""
        return self._source.counters

    def receive(self) -> Block | None:
        """The next block, or None. Raises SourceError, SourceEndedError."""
        try:
            block = self._source.receive()
        except SourceEndedError:
            rest = self._rest()
            if rest is None:
                raise
            return rest
        return None if block is None else self._convert(block)

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def _convert(self, block: Block) -> Block | None:
        if block.gap_samples != 0 or block.rate_hz != self._rate_hz:
            self._begin(block)
        if self._resampler is None:
            return self._numbered(block.samples)
        return self._numbered(self._resampler.feed(block.samples))

    def _begin(self, block: Block) -> None:
        """Filter anew: what came before does not belong to what comes now."""
        self._rate_hz = block.rate_hz
        self._resampler = None
        lost = block.gap_samples
        if lost is None or self._gap is None:
            self._gap = None
        else:
            self._gap += round(lost * RATE_HZ / block.rate_hz)
        if block.rate_hz != RATE_HZ:
            lower_hz = min(block.rate_hz, RATE_HZ)
            band = Band(0, EDGE * lower_hz, TRANSITION * lower_hz)
            self._resampler = Resampler(len(self.channels), block.rate_hz, RATE_HZ, band)

    def _rest(self) -> Block | None:
        """The last samples, which waited for more to come."""
        resampler, self._resampler = self._resampler, None
        return None if resampler is None else self._numbered(resampler.flush())

    def _numbered(self, samples: NDArray[np.float32]) -> Block | None:
        if not samples.shape[1]:
            return None
        self._sent += self._gap or 0
        block = Block(samples, RATE_HZ, self._sent, self._gap)
        self._sent += block.count
        self._gap = 0
        return block
