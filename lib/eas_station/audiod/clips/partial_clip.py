"""One clip while its samples come: a file that grows, and what is found in its sound."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from eas_station.audiod.clips.clip_files import ClipContent
from eas_station.audiod.clips.peaks import PeakEnvelope
from eas_station.audiod.clips.recorder import ClipOrder
from eas_station.dsp.arrays.buffers import FULL_SCALE
from eas_station.dsp.audio.tones import AttentionDetector, AttentionSignal


@dataclass(slots=True)
class PartialClip:
    """A clip whose samples are still coming."""

    order: ClipOrder
    raw: IO[bytes] | None = None
    file: wave.Wave_write | None = None
    samples: int = 0
    watch: AttentionDetector | None = None
    peaks: PeakEnvelope | None = None
    heard: AttentionSignal | None = None  # the longest attention signal after the header

    @property
    def seconds(self) -> float:
        """How long it is by now."""
        return self.samples / self.order.rate_hz

    def open(self, part: Path) -> None:
        """Raises OSError."""
        self.watch = AttentionDetector(1, self.order.rate_hz)
        self.peaks = PeakEnvelope(self.order.rate_hz)
        self.raw = part.open("wb")
        self.file = wave.open(self.raw, "wb")
        self.file.setnchannels(1)
        self.file.setsampwidth(2)
        self.file.setframerate(self.order.rate_hz)

    def listen(self, samples: NDArray[np.int16]) -> None:
        """Look for the attention signal: here it costs nothing while there is no message."""
        if self.peaks is not None:
            self.peaks.feed(samples)
        if self.watch is not None:
            self._note(self.watch.feed(samples[None].astype(np.float32) / np.float32(FULL_SCALE)))

    def listened(self, eom_sample: int | None) -> ClipContent:
        """No more comes: what was found in it."""
        if self.watch is not None:
            self._note(self.watch.flush())
        return ClipContent(
            self.heard, eom_sample, None if self.peaks is None else self.peaks.text()
        )

    def _note(self, signals: list[AttentionSignal]) -> None:
        for signal in signals:
            longer = self.heard is None or signal.length_s > self.heard.length_s
            if longer and signal.start_sample >= self.order.header_sample:
                self.heard = signal

    def close(self) -> None:
        """Write the length into the header and close. Raises OSError, wave.Error."""
        try:
            if self.file is not None:
                self.file.close()
        finally:
            if self.raw is not None:
                self.raw.close()
