"""Whether audio carries SAME just now: quick and rough, for who must not disturb it.

Mark and space are whole cycles in each bit, so half of a burst's power stands still at the two
frequencies; speech, tones and noise have little at both at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eas_station.dsp.audio.afsk import MARK_HZ, SPACE_HZ

LEAST_SAMPLES = 480  # ten bits: in fewer the two cannot be told apart
SHARE_LEAST = 0.15  # of the power, at both together: a burst 4 dB below the noise
EACH_LEAST = 0.03  # and at each of them


def carries_same(audio: NDArray[np.int16], rate_hz: float) -> bool:
    """Whether a burst is on in one of the channels, shape (channels, n), n of about 0.1 s."""
    count = audio.shape[1]
    if count < LEAST_SAMPLES:
        return False
    rows = audio.astype(np.float32)
    turns = np.outer(np.arange(count), (MARK_HZ, SPACE_HZ)) / rate_hz
    waves = np.exp(-2j * np.pi * turns).astype(np.complex64)
    lines = rows @ waves.real, rows @ waves.imag
    tones = 2 * (lines[0] ** 2 + lines[1] ** 2) / count**2
    shares = tones / np.maximum(np.square(rows).mean(axis=1), 1.0)[:, np.newaxis]
    heard = (shares.sum(axis=1) > SHARE_LEAST) & (shares.min(axis=1) > EACH_LEAST)
    return bool(heard.any())
