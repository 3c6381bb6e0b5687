"""IQ → numbered frames."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from eas_station.config.model import Receiver
from eas_station.dsp.iq import from_cu8
from eas_station.sdrd.tuner import FRAME_SAMPLES, Frame, Tuner

SETTINGS = Receiver("wx", "file", Path("unused"))


def joined(frames: list[Frame]) -> np.ndarray:
    return np.concatenate([frame.audio for frame in frames], axis=1)


def test_every_channel_carries_its_own_tone(tones: bytes, pitch: Callable) -> None:
    audio = joined(list(Tuner(SETTINGS).feed(from_cu8(tones))))
    assert audio.shape == (7, 32 * FRAME_SAMPLES)
    for channel, row in enumerate(audio[:, 5_000:]):
        assert pitch(row) == pytest.approx(500 + 200 * channel, abs=1)


def test_5_khz_deviation_at_1_khz_would_be_half_scale(tones: bytes) -> None:
    audio = joined(list(Tuner(SETTINGS).feed(from_cu8(tones)))) / 32768
    amplitude = np.sqrt(2 * (audio[3, 5_000:] ** 2).mean())  # 3 kHz at 1100 Hz, C/N 30 dB
    assert amplitude == pytest.approx(0.3 / 1.1, rel=0.03)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_samples_give_the_same_bits_however_they_come(tones: bytes, seed: int) -> None:
    iq = from_cu8(tones)
    whole = list(Tuner(SETTINGS).feed(iq))
    rng = np.random.default_rng(seed)
    edges = [0, *np.sort(rng.integers(0, iq.size, size=50)), iq.size]
    tuner, parts = Tuner(SETTINGS), []
    for start, end in itertools.pairwise(edges):
        parts += tuner.feed(iq[start:end])
    assert [part.first_sample for part in parts] == [frame.first_sample for frame in whole]
    np.testing.assert_array_equal(joined(parts), joined(whole))


def test_frames_are_numbered_without_a_hole(tones: bytes) -> None:
    frames = list(Tuner(SETTINGS, first_sample=7).feed(from_cu8(tones)))
    assert [f.first_sample for f in frames] == [7 + FRAME_SAMPLES * i for i in range(32)]
    assert {f.gap_samples for f in frames} == {0}


def test_a_gap_ends_the_frame_and_is_counted_in_audio_samples(tones: bytes) -> None:
    iq = from_cu8(tones)
    tuner = Tuner(SETTINGS)
    block = tuner.block_samples
    first = list(tuner.feed(iq[: block + 1_000]))
    after = list(tuner.feed(iq[: 2 * block], lost_samples=12_345))
    assert [f.audio.shape[1] for f in first + after] == [FRAME_SAMPLES, 100, *[FRAME_SAMPLES] * 2]
    assert [f.gap_samples for f in first + after] == [0, 0, 1_234, 0]
    assert after[1].first_sample == FRAME_SAMPLES + 100 + 1_234
    last = list(tuner.feed(iq[:block], lost_samples=15))  # 5 + 15: the rest was kept
    assert last[0].gap_samples == 2


def test_levels_come_once_a_second(tones: bytes) -> None:
    tuner = Tuner(SETTINGS)
    iq = from_cu8(tones)
    list(tuner.feed(iq[:200_000]))
    assert tuner.levels == ()
    list(tuner.feed(iq[200_000:]))
    for level, cn_db in zip(tuner.levels, [20, 25, 15, 30, 12, 18, 22], strict=True):
        assert level.carrier_present
        assert level.snr_db == pytest.approx(cn_db, abs=2)
        assert level.offset_hz == pytest.approx(290, abs=15)


def test_channels_out_of_reach_are_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        Tuner(Receiver("wx", "file", Path("x"), channels_hz=(163_000_000,)))
