"""Interference of the SAME bench: audio like speech and like music."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE = 22_050  # what multimon-ng takes
Precise = NDArray[np.float64]


def shaped(sound: Precise, response: Callable[[Precise], NDArray[np.number]]) -> Precise:
    """The sound with every frequency times the response there."""
    size = 1 << int(np.ceil(np.log2(len(sound) + RATE // 10)))
    spectrum = np.fft.rfft(sound, size) * response(np.fft.rfftfreq(size, 1 / RATE))
    out: Precise = np.fft.irfft(spectrum, size)[: len(sound)]
    return out


def speech(count: int, rng: np.random.Generator) -> Precise:
    """Something like speech, unit power: syllables of a buzz or a hiss through three formants."""
    sound = np.zeros(count)
    at = 0
    while at < count:
        length = min(int(rng.uniform(0.1, 0.3) * RATE), count - at)
        if rng.random() < 0.7:
            pitch_hz = rng.uniform(80, 240) * np.linspace(1, rng.uniform(0.8, 1.2), length)
            source = np.diff(np.floor(np.cumsum(pitch_hz) / RATE), prepend=0)
        else:
            source = 0.2 * rng.standard_normal(length)
        formants = rng.uniform([250, 850, 2100], [850, 2300, 3300])
        syllable = shaped(
            source, lambda f, at_hz=formants: sum(1 / (1 + ((f - c) / 70) ** 2) for c in at_hz)
        )
        syllable *= np.sin(np.pi * np.arange(length) / length) / (np.std(syllable) + 1e-9)
        sound[at : at + length] = syllable * rng.uniform(0.4, 1)
        at += length + int(rng.uniform(0, 0.04) * RATE)
        at += int(rng.uniform(0.1, 0.5) * RATE) if rng.random() < 0.1 else 0
    return sound / np.std(sound)


def music(count: int, rng: np.random.Generator) -> Precise:
    """Something like music, unit power: chords of decaying notes with overtones."""
    sound = np.zeros(count)
    at = 0
    while at < count:
        length = min(int(rng.uniform(0.2, 1.2) * RATE), count - at)
        at_s = np.arange(length) / RATE
        for _ in range(rng.integers(1, 5)):
            note_hz = 55 * 2 ** (rng.integers(0, 63) / 12)
            decay = np.exp(-at_s * rng.uniform(0.5, 8)) * np.minimum(1, at_s * 200)
            for harmonic in range(1, 6):
                if note_hz * harmonic < RATE / 2:
                    phase = 2 * np.pi * note_hz * harmonic * at_s + rng.uniform(0, 6)
                    sound[at : at + length] += decay * np.sin(phase) / harmonic**1.3
        at += length
    return sound / np.std(sound)
