"""A source resampled to 25 kHz, the rate of the decoder and of the bus."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from eas_station.audiod.sources.audio_source import RATE_HZ, AudioSource, Block, SourceEndedError
from eas_station.dsp.arrays.fir import Band
from eas_station.dsp.audio.resample import Resampler

EDGE = 0.45  # of the lower rate: where the gain is one half
TRANSITION = 0.1  # of the lower rate: nothing passes at half of it


class ResampledSource(AudioSource):
    """The blocks of another source at 25 kHz."""

    def __init__(self, source: AudioSource) -> None:
        """Args: source: closed with this one; its blocks have no dropouts."""
        self._source = source
        self._resampler: Resampler | None = None  # None: the source has the rate already
        self._rate_hz = RATE_HZ
        self._next_sample = 0
        self._gap: int | None = 0  # before the next block

    @property
    def channels(self) -> tuple[str, ...]:
        """Those of the source."""
        return self._source.channels

    @property
    def waiting_for(self) -> str:
        """That of the source."""
        return self._source.waiting_for

    @property
    def carriers(self) -> Mapping[str, bool]:
        """Those of the source."""
        return self._source.carriers

    @property
    def timeout_s(self) -> float:
        """That of the source."""
        return self._source.timeout_s

    @property
    def description(self) -> str:
        """That of the source."""
        return self._source.description

    @property
    def counters(self) -> Mapping[str, int]:
        """Those of the source."""
        return self._source.counters

    def receive(self) -> Block | None:
        """The next block, or None. Raises SourceError, SourceEndedError."""
        try:
            block = self._source.receive()
        except SourceEndedError:
            rest = self._flush()
            if rest is None:
                raise
            return rest
        return None if block is None else self._convert(block)

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def _convert(self, block: Block) -> Block | None:
        if block.gap_samples != 0 or block.rate_hz != self._rate_hz:
            self._restart(block)
        if self._resampler is None:
            return self._numbered(block.samples)
        return self._numbered(self._resampler.feed(block.samples))

    def _restart(self, block: Block) -> None:
        """Start a new filter: the samples do not continue the last ones."""
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

    def _flush(self) -> Block | None:
        """The last samples, which the filter held back."""
        resampler, self._resampler = self._resampler, None
        return None if resampler is None else self._numbered(resampler.flush())

    def _numbered(self, samples: NDArray[np.float32]) -> Block | None:
        if not samples.shape[1]:
            return None
        self._next_sample += self._gap or 0
        block = Block(samples, RATE_HZ, self._next_sample, self._gap)
        self._next_sample += block.count
        self._gap = 0
        return block
