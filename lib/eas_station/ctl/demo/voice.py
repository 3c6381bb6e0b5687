"""A synthetic voice without words, from formants and noise.

It is on the channels between the messages, as the broadcast is on real ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

VOWELS_HZ = (  # first three formants of male vowels (Peterson and Barney, 1952)
    *((270, 2290, 3010), (390, 1990, 2550), (530, 1840, 2480), (660, 1720, 2410)),
    *((730, 1090, 2440), (570, 840, 2410), (440, 1020, 2240), (300, 870, 2240), (640, 1190, 2390)),
)
_FORMANT_GAIN = (1.0, 0.5, 0.25)
_FORMANT_WIDTH_HZ = (90.0, 120.0, 170.0)
_HIGHEST_HZ = 3_400.0
_SYLLABLES = 36


class Voice:
    """An endless voice with a peak of ±1.0, different for each random generator."""

    def __init__(self, rate_hz: int, rng: np.random.Generator) -> None:
        self._rate_hz = rate_hz
        self._rng = rng
        self._syllables = [self._syllable() for _ in range(_SYLLABLES)]
        self._rest = np.zeros(0, dtype=np.float32)

    def read(self, count: int) -> NDArray[np.float32]:
        """The next samples."""
        parts = [self._rest]
        have = self._rest.size
        while have < count:
            parts.append(self._sentence())
            have += parts[-1].size
        line = np.concatenate(parts)
        self._rest = line[count:]
        return line[:count]

    def _sentence(self) -> NDArray[np.float32]:
        parts = []
        for _ in range(self._rng.integers(4, 9)):  # words
            for _ in range(self._rng.integers(1, 5)):
                parts.append(self._syllables[self._rng.integers(_SYLLABLES)])
            parts.append(self._silence(0.03, 0.09))
        parts.append(self._silence(0.3, 0.7))
        return np.concatenate(parts)

    def _silence(self, shortest_s: float, longest_s: float) -> NDArray[np.float32]:
        seconds = self._rng.uniform(shortest_s, longest_s)
        return np.zeros(int(seconds * self._rate_hz), dtype=np.float32)

    def _syllable(self) -> NDArray[np.float32]:
        """A consonant of noise and a vowel of harmonics with a falling pitch."""
        count = int(self._rng.uniform(0.11, 0.24) * self._rate_hz)
        pitch_hz = self._rng.uniform(95, 140) * np.linspace(1.05, 0.92, count)
        vowel = self._vowel(pitch_hz) * np.hanning(count)
        noise = np.diff(self._rng.standard_normal(int(0.05 * self._rate_hz) + 1))
        hiss = noise * np.hanning(noise.size) * self._rng.uniform(0.02, 0.12)
        made: NDArray[np.float32] = np.concatenate((hiss, vowel)).astype(np.float32)
        return made

    def _vowel(self, pitch_hz: NDArray[np.float64]) -> NDArray[np.float64]:
        formants_hz = VOWELS_HZ[self._rng.integers(len(VOWELS_HZ))]
        turns = np.cumsum(pitch_hz) / self._rate_hz
        numbers = np.arange(1, int(_HIGHEST_HZ / pitch_hz.max()))
        gain = np.full(numbers.size, 0.02)
        shapes = zip(formants_hz, _FORMANT_GAIN, _FORMANT_WIDTH_HZ, strict=True)
        for center_hz, height, width_hz in shapes:
            detuned = (numbers * pitch_hz.mean() - center_hz) / width_hz
            gain += height / (1 + detuned**2)
        phases = np.outer(numbers, turns) + self._rng.uniform(size=(numbers.size, 1))
        waves = np.sin((2 * np.pi * (phases % 1.0)).astype(np.float32))
        voiced: NDArray[np.float64] = gain @ waves
        voiced /= np.abs(voiced).max()
        return voiced
