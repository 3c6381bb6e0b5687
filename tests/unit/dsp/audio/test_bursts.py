"""Whether a burst is on: rough, but right about bursts, speech-like sounds and noise."""

from __future__ import annotations

import numpy as np
import pytest

from eas_station.dsp.audio import modulate
from eas_station.dsp.audio.bursts import carries_same

RATE_HZ, FRAME = 25_000, 2304
HEADER = "ZCZC-WXR-TOR-039173-039051+0030-1172114-KCLE/NWS-"


def frames(audio: np.ndarray) -> list[np.ndarray]:
    pcm = (np.clip(audio, -1, 1) * 32767).astype(np.int16)
    return [pcm[np.newaxis, at : at + FRAME] for at in range(0, pcm.size - FRAME, FRAME)]


@pytest.mark.parametrize("snr_db", [60.0, 0.0, -2.0])
def test_every_stretch_of_a_burst_is_noticed(snr_db: float) -> None:
    burst = modulate.burst(HEADER, RATE_HZ)
    rng = np.random.default_rng(1)
    noise = rng.standard_normal(burst.size) * np.sqrt(np.mean(burst**2) / 10 ** (snr_db / 10))
    heard = [carries_same(frame, RATE_HZ) for frame in frames((burst + noise) / 4)]
    assert len(heard) > 8
    assert np.mean(heard) > 0.9


def test_a_burst_in_one_of_seven_channels_is_noticed() -> None:
    rows = np.random.default_rng(2).normal(0, 3000, (7, FRAME)).astype(np.int16)
    assert not carries_same(rows, RATE_HZ)
    rows[5] += frames(modulate.burst(HEADER, RATE_HZ) * 0.5)[4][0]
    assert carries_same(rows, RATE_HZ)


def test_noise_silence_and_tones_are_none() -> None:
    rng = np.random.default_rng(3)
    t = np.arange(20 * RATE_HZ) / RATE_HZ
    assert not any(carries_same(f, RATE_HZ) for f in frames(rng.normal(0, 0.2, t.size)))
    assert not any(carries_same(f, RATE_HZ) for f in frames(np.zeros(t.size)))
    for tones_hz in ((1050,), (853, 960), (1562.5,), (2083.3,), (440, 880, 1320, 1760, 2200)):
        sound = sum(np.sin(2 * np.pi * hz * t) for hz in tones_hz) / len(tones_hz)
        assert not any(carries_same(f, RATE_HZ) for f in frames(sound)), tones_hz


def test_a_voice_s_harmonics_gliding_through_are_seldom_taken_for_one() -> None:
    t = np.arange(60 * RATE_HZ) / RATE_HZ
    pitch_hz = 130 + 40 * np.sin(2 * np.pi * 0.7 * t)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    voice = sum(np.sin(k * phase) / k for k in range(1, 25)) / 4
    assert np.mean([carries_same(frame, RATE_HZ) for frame in frames(voice)]) < 0.01


def test_too_few_samples_say_nothing() -> None:
    assert not carries_same(np.zeros((7, 0), np.int16), RATE_HZ)
    assert not carries_same(np.full((1, 100), 1000, np.int16), RATE_HZ)
