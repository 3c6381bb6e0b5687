"""IQ → numbered frames."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from eas_station.config.model import ReceiverConfig
from eas_station.decoder.receiver import SameReceiver
from eas_station.decoder.text.message import DecodedMessage
from eas_station.dsp.audio.modulate import burst
from eas_station.dsp.audio.resample import Band, Resampler
from eas_station.dsp.radio.fm import Modulator
from eas_station.dsp.radio.iq import from_cu8
from eas_station.dsp.radio.synthesis import FrontEnd, Synthesizer
from eas_station.sdrd.tuner import FRAME_SAMPLES, ChannelFrame, Tuner

SETTINGS = ReceiverConfig("wx", "file", Path("unused"))


def joined(frames: list[ChannelFrame]) -> np.ndarray:
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
def test_the_audio_does_not_depend_on_the_cuts(tones: bytes, seed: int) -> None:
    iq = from_cu8(tones)
    whole = list(Tuner(SETTINGS).feed(iq))
    rng = np.random.default_rng(seed)
    edges = [0, *np.sort(rng.integers(0, iq.size, size=50)), iq.size]
    tuner, parts = Tuner(SETTINGS), []
    for start, end in itertools.pairwise(edges):
        parts += tuner.feed(iq[start:end])
    assert [part.first_sample for part in parts] == [frame.first_sample for frame in whole]
    np.testing.assert_array_equal(joined(parts), joined(whole))


def test_frames_are_numbered_without_a_gap(tones: bytes) -> None:
    frames = list(Tuner(SETTINGS, first_sample=7).feed(from_cu8(tones)))
    assert [f.first_sample for f in frames] == [7 + FRAME_SAMPLES * i for i in range(32)]
    assert {f.gap_samples for f in frames} == {0}


def test_a_gap_without_a_frame_passes_to_the_next_tuner(tones: bytes) -> None:
    iq = from_cu8(tones)
    old = Tuner(SETTINGS)
    list(old.feed(iq[: old.block_samples]))
    list(old.feed(iq[:5_000], lost_samples=10_000))
    assert old.pending_s == pytest.approx(0.02)
    new = Tuner(SETTINGS, old.next_sample, old.gap_samples)
    (frame,) = new.feed(iq[: new.block_samples])
    assert (frame.first_sample, frame.gap_samples) == (FRAME_SAMPLES + 1_000, 1_000)


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


def test_each_second_is_measured_whole(tones: bytes) -> None:
    tuner = Tuner(SETTINGS)
    list(tuner.feed(from_cu8(tones[:200_000])))
    assert tuner.measured is None
    list(tuner.feed(from_cu8(tones)))
    measured = tuner.measured
    assert measured is not None
    assert measured.levels == tuner.levels
    assert measured.ppm == pytest.approx(1.785, abs=0.05)  # 290 Hz
    assert len(measured.spectrum_dbfs) == 256
    assert measured.clipped == 0
    assert measured.noise_dbfs == pytest.approx(tuner.levels[3].noise_dbfs, abs=2)


def test_the_squelch_marks_weak_channels_and_keeps_their_audio(tones: bytes) -> None:
    iq = from_cu8(tones)
    plain = list(Tuner(SETTINGS).feed(iq))
    settings = dataclasses.replace(SETTINGS, squelch_db=16.5)
    frames = list(Tuner(settings).feed(iq))
    assert {frame.squelched for frame in plain} == {(False,) * 7}
    # C/N 20, 25, 15, 30, 12, 18, 22 dB
    expected = (False, False, True, False, True, False, False)
    assert {frame.squelched for frame in frames[2:]} == {expected}
    np.testing.assert_array_equal(joined(frames), joined(plain))


@pytest.mark.parametrize("ppm", [0.0, 2.0])
def test_a_channel_is_heard_beside_one_40_db_stronger_with_spike_and_image(
    ppm: float, pitch: Callable
) -> None:
    """A channel on the DC spike, with the mirror image of a strong one beside it."""
    channels_hz = (162_450_000, 162_475_000, 162_500_000)
    t = np.arange(50_000) / 25_000
    rows = [2500 * np.sin(2 * np.pi * hz * t) + 162.475 * ppm for hz in (700, 1100, 1500)]
    front = FrontEnd(250_000, [10, 12, 52], np.random.default_rng(2), rms=0.25)
    baseband = Modulator(3, 25_000).feed(np.stack(rows).astype(np.float32))
    iq = Synthesizer(250_000, 162_475_000, channels_hz).feed(baseband * front.amplitudes)
    iq += front.noise(iq.size)
    rails = iq.real * 1.025 + 1j * (iq.imag + 0.035 * iq.real) * 0.975  # 0.5 dB, 2 degrees
    settings = dataclasses.replace(SETTINGS, center_hz=162_475_000, channels_hz=channels_hz)
    audio = joined(list(Tuner(settings).feed((rails + 0.08 - 0.05j).astype(np.complex64))))
    assert [pitch(row[5_000:]) for row in audio] == pytest.approx([700, 1100, 1500], abs=2)


@pytest.mark.parametrize("rate_hz", [240_000, 288_000, 1_024_000, 2_400_000])
def test_frames_follow_one_another_at_any_rate_with_a_gap_between(rate_hz: int) -> None:
    settings = dataclasses.replace(SETTINGS, rate_hz=rate_hz, center_hz=162_475_000)
    tuner = Tuner(settings)
    rng = np.random.default_rng(1)
    iq = rng.standard_normal(rate_hz, dtype=np.float32).view(np.complex64) * np.float32(0.1)
    frames = [*tuner.feed(iq), *tuner.feed(iq, lost_samples=rate_hz // 2), *tuner.feed(iq, 7)]
    end = 0
    for frame in frames:
        assert frame.first_sample == end + frame.gap_samples
        end = frame.first_sample + frame.audio.shape[1]
    assert sum(frame.gap_samples for frame in frames) == 12_500
    assert 50_000 - 5_000 < end <= 50_000 + 1


def test_same_is_decoded_from_a_station_in_stereo() -> None:
    text = "ZCZC-EAS-RWT-039173+0015-1172100-KTOL/FM -"
    rate_hz = 1_000_000
    gap = np.zeros(6_000, np.float32)
    sound = np.concatenate([gap, burst(text, 25_000), np.zeros(25_000, np.float32)] * 2)
    up = Resampler(1, 25_000, rate_hz, Band(0.0, 11_000.0, 2_000.0))
    voice = up.feed(sound[np.newaxis])[0].astype(np.float64)
    t = np.arange(voice.size) / rate_hz
    data = np.sign(np.sin(2 * np.pi * 593.75 * t)) * np.sin(2 * np.pi * 57_000 * t)
    total = 0.4 * voice + 0.1 * np.sin(2 * np.pi * 19_000 * t) + 0.03 * data
    total += 0.2 * voice * np.sin(2 * np.pi * 38_000 * t)
    hz = (75_000 * total - 300_000).astype(np.float32)[np.newaxis]
    noise = np.random.default_rng(1).standard_normal(2 * t.size, dtype=np.float32)
    iq = 0.3 * Modulator(1, rate_hz).feed(hz)[0] + 0.03 * noise.view(np.complex64)
    settings = ReceiverConfig(
        *("fm", "file", Path("unused")),
        rate_hz=rate_hz,
        center_hz=98_000_000,
        channels_hz=(97_700_000, 98_300_000),
        modulation="wbfm",
    )
    receiver, said = SameReceiver(2, 25_000), []
    for frame in Tuner(settings).feed(iq):
        said += receiver.feed(frame.audio.astype(np.float32) / 32768)
    said += receiver.flush()
    texts = [(one.channel, one.text) for one in said if isinstance(one, DecodedMessage)]
    assert texts == [(0, text)]


def test_channels_out_of_reach_are_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        Tuner(ReceiverConfig("wx", "file", Path("x"), channels_hz=(163_000_000,)))
