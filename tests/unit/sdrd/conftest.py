"""Captures for the tests of eas-sdrd."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from eas_station.dsp.radio.fm import Modulator
from eas_station.dsp.radio.iq import to_cu8
from eas_station.dsp.radio.synthesis import FrontEnd, Synthesizer

RATE_HZ, CENTER_HZ, CHANNEL_RATE_HZ = 250_000, 162_487_500, 25_000
NWR_HZ = [162_400_000 + 25_000 * step for step in range(7)]


def seven_tones(seconds: float) -> bytes:
    """Seven NWR channels, cu8: channel k carries 500 + 200·k Hz, 290 Hz too high (1.8 ppm)."""
    t = np.arange(round(seconds * CHANNEL_RATE_HZ)) / CHANNEL_RATE_HZ
    rows = [3000 * np.sin(2 * np.pi * (500 + 200 * k) * t) + 290 for k in range(7)]
    front = FrontEnd(RATE_HZ, [20, 25, 15, 30, 12, 18, 22], np.random.default_rng(1))
    baseband = Modulator(7, CHANNEL_RATE_HZ).feed(np.stack(rows).astype(np.float32))
    iq = Synthesizer(RATE_HZ, CENTER_HZ, NWR_HZ).feed(baseband * front.amplitudes)
    return to_cu8(iq + front.noise(iq.size))


@pytest.fixture(scope="session")
def tones() -> bytes:
    """Three seconds of seven tones."""
    return seven_tones(3.0)


@pytest.fixture
def capture(tmp_path: Path, tones: bytes) -> Path:
    """Three seconds of seven tones in a file."""
    path = tmp_path / "tones.cu8"
    path.write_bytes(tones)
    return path


@pytest.fixture
def pitch() -> Callable[[np.ndarray], float]:
    """The strongest tone of audio at the channel rate, in Hz."""

    def measure(audio: np.ndarray) -> float:
        spectrum = np.abs(np.fft.rfft(audio * np.hanning(audio.size)))
        return float(np.argmax(spectrum) * CHANNEL_RATE_HZ / audio.size)

    return measure
