"""A clip that is being written: its file, and what is found in its audio."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from eas_station.audiod.clips.clip_files import ClipContent, ClipOrder
from eas_station.dsp.arrays.buffers import FULL_SCALE
from eas_station.dsp.audio.tones import AttentionDetector, AttentionSignal

MAX_PARTS = 240
HOPS_PER_S = 20
PEAK_SCALE = 255


@dataclass(slots=True)
class PartialClip:
    """A clip whose samples are still arriving."""

    order: ClipOrder
    raw: IO[bytes] | None = None
    file: wave.Wave_write | None = None
    samples: int = 0
    watch: AttentionDetector | None = None
    peaks: PeakEnvelope | None = None
    attention: AttentionSignal | None = None  # the longest attention signal after the header

    @property
    def seconds(self) -> float:
        """Its length so far."""
        return self.samples / self.order.rate_hz

    def open(self, part: Path) -> None:
        """Create the file. Raises OSError."""
        self.watch = AttentionDetector(1, self.order.rate_hz)
        self.peaks = PeakEnvelope(self.order.rate_hz)
        self.raw = part.open("wb")
        self.file = wave.open(self.raw, "wb")
        self.file.setnchannels(1)
        self.file.setsampwidth(2)
        self.file.setframerate(self.order.rate_hz)

    def write(self, samples: NDArray[np.int16]) -> None:
        """Append samples, and look for the attention signal in them. Raises OSError."""
        assert self.file is not None
        self.file.writeframesraw(samples.astype("<i2", copy=False).tobytes())
        self.samples += len(samples)
        if self.peaks is not None:
            self.peaks.feed(samples)
        if self.watch is not None:
            self._note(self.watch.feed(samples[None].astype(np.float32) / np.float32(FULL_SCALE)))

    def content(self, eom_sample: int | None) -> ClipContent:
        """What was found in the complete clip."""
        if self.watch is not None:
            self._note(self.watch.flush())
        return ClipContent(
            self.attention, eom_sample, None if self.peaks is None else self.peaks.text()
        )

    def _note(self, signals: list[AttentionSignal]) -> None:
        for signal in signals:
            longer = self.attention is None or signal.length_s > self.attention.length_s
            if longer and signal.start_sample >= self.order.header_sample:
                self.attention = signal

    def close(self) -> None:
        """Complete the WAV header and close the file. Raises OSError, wave.Error."""
        try:
            if self.file is not None:
                self.file.close()
        finally:
            if self.raw is not None:
                self.raw.close()


class PeakEnvelope:
    """The peak amplitude of a clip along its length, which the page draws."""

    def __init__(self, rate_hz: int) -> None:
        self._hop = max(1, rate_hz // HOPS_PER_S)
        self._rest: NDArray[np.int16] = np.empty(0, np.int16)  # less than a hop
        self._peaks: list[int] = []  # of each hop, 0 to 32768

    def feed(self, samples: NDArray[np.int16]) -> None:
        """Take the next samples, shape (n,), any n ≥ 0."""
        joined = np.concatenate((self._rest, samples))
        whole = len(joined) // self._hop * self._hop
        self._rest = joined[whole:]
        self._peaks += _amplitudes(joined[:whole].reshape(-1, self._hop))

    def text(self) -> str | None:
        """The peak of each part as two hex digits, ff at full scale; None without samples.

        All parts have the same length, except that the last hop may be shorter.
        """
        hops = self._peaks + (_amplitudes(self._rest[None]) if len(self._rest) else [])
        parts = min(MAX_PARTS, len(hops))
        if not parts:
            return None
        cuts = [index * len(hops) // parts for index in range(parts + 1)]
        each = (max(hops[cuts[index] : cuts[index + 1]]) for index in range(parts))
        return "".join(f"{peak * PEAK_SCALE // int(FULL_SCALE):02x}" for peak in each)


def _amplitudes(hops: NDArray[np.int16]) -> list[int]:
    """The peak amplitude of each row."""
    if not len(hops):
        return []
    highest = hops.max(axis=1).astype(np.int32)
    lowest = hops.min(axis=1).astype(np.int32)
    amplitudes: list[int] = np.maximum(highest, -lowest).tolist()
    return amplitudes
