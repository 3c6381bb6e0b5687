"""FM broadcast: stations of a synthesized capture, and SAME through a stereo multiplex."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from eas_station.dsp.audio.modulate import burst
from eas_station.dsp.audio.resample import Band, Resampler
from eas_station.dsp.radio.fm import Modulator
from eas_station.dsp.radio.iq import from_cu8, to_cu8
from eas_station.dsp.radio.wideband import EMPHASIS_S, FULL_SCALE_HZ, Wideband, de_emphasis_taps

RATE_HZ, CENTER_HZ = 1_000_000, 98_000_000


def multiplex(left: np.ndarray, right: np.ndarray, rate_hz: int) -> np.ndarray:
    """47 CFR 73.322: sum, pilot, difference on 38 kHz, and data on 57 kHz; ±1 is 75 kHz."""
    t = np.arange(left.size) / rate_hz
    data = np.sign(np.sin(2 * np.pi * 1187.5 / 2 * t)) * np.sin(2 * np.pi * 57_000 * t)
    total = 0.45 * (left + right) + 0.1 * np.sin(2 * np.pi * 19_000 * t)
    return total + 0.45 * (left - right) * np.sin(2 * np.pi * 38_000 * t) + 0.03 * data


def pre_emphasised(audio: np.ndarray, rate_hz: int) -> np.ndarray:
    frequency = np.fft.rfftfreq(audio.size, 1 / rate_hz)
    gain = np.sqrt(1 + (2 * np.pi * frequency * EMPHASIS_S) ** 2) * (frequency < 15_000)
    return np.fft.irfft(np.fft.rfft(audio) * gain, audio.size)


def capture(stations: dict[int, np.ndarray], offset_hz: float = 0.0) -> np.ndarray:
    """Stations at these distances from the centre, given as multiplexes at `RATE_HZ`."""
    rng = np.random.default_rng(1)
    count = next(iter(stations.values())).size
    iq = 0.01 * rng.standard_normal(2 * count, dtype=np.float32).view(np.complex64)
    for away_hz, composite in stations.items():
        hz = (75_000 * composite + away_hz + offset_hz).astype(np.float32)[np.newaxis]
        iq += np.float32(0.3) * Modulator(1, RATE_HZ).feed(hz)[0]
    return from_cu8(to_cu8(iq + np.complex64(0.05)))


def tones(hz: float, seconds: float = 0.4, amplitude: float = 0.4) -> np.ndarray:
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return amplitude * np.sin(2 * np.pi * hz * t)


def heard(iq: np.ndarray, stations_hz: list[int], block: int | None = None) -> np.ndarray:
    chain = Wideband(RATE_HZ, CENTER_HZ, stations_hz)
    step = block or chain.block_samples
    whole = iq.size // step * step
    return np.concatenate(
        [chain.feed(iq[at : at + step]).audio for at in range(0, whole, step)], axis=1
    )


def test_each_station_of_a_capture_is_demodulated_without_the_pilot() -> None:
    left, other = tones(1000), tones(400)
    iq = capture(
        {
            -300_000: multiplex(left, 0 * left, RATE_HZ),
            -100_000: multiplex(other, other, RATE_HZ),
            350_000: multiplex(tones(2500), tones(2500), RATE_HZ),
        }
    )
    audio = heard(iq, [97_700_000, 97_900_000, 98_350_000])[:, 4000:8096]
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(audio.shape[1]), axis=1))
    peaks = np.argmax(spectrum, axis=1) * 25_000 / audio.shape[1]
    np.testing.assert_allclose(peaks, [1000, 400, 2500], atol=7)
    for row, peak in zip(spectrum, np.argmax(spectrum, axis=1), strict=True):
        row[peak - 4 : peak + 5] = 0
    assert (20 * np.log10(spectrum.max(axis=1) / 4096 * 4)).max() < -45  # pilot, data, neighbours


def test_pre_emphasised_audio_is_restored() -> None:
    audio = tones(600, 0.4, 0.2) + tones(5000, 0.4, 0.1)
    left = pre_emphasised(audio, RATE_HZ)
    out = heard(capture({200_000: multiplex(left, left, RATE_HZ)}), [98_200_000])[0, 4000:8000]
    spectrum = np.abs(np.fft.rfft(out * np.hanning(out.size))) * 4 / out.size
    scale = 0.9 * 75_000 / FULL_SCALE_HZ
    for hz, amplitude in ((600, 0.2), (5000, 0.1)):
        found = spectrum[round(hz * out.size / 25_000)]
        assert found == pytest.approx(scale * amplitude, rel=0.04)


def test_de_emphasis_is_that_of_75_microseconds() -> None:
    taps = de_emphasis_taps(25_000)
    n = np.arange(taps.size)
    at_hz = np.array([0, 500, 1000, 2122, 5000, 10_000])
    gain = np.abs(np.exp(-2j * np.pi * np.outer(at_hz, n) / 25_000) @ taps)
    wanted = 1 / np.sqrt(1 + (2 * np.pi * at_hz * EMPHASIS_S) ** 2)
    np.testing.assert_allclose(gain, wanted, rtol=0.05)


def test_the_carrier_s_offset_is_measured_and_not_in_the_audio() -> None:
    quiet = np.zeros(1_200_000)
    chain = Wideband(RATE_HZ, CENTER_HZ, [98_200_000])
    iq = capture({200_000: multiplex(quiet, quiet, RATE_HZ)}, offset_hz=1960.0)
    parts = [
        chain.feed(iq[at : at + chain.block_samples])
        for at in range(0, iq.size, chain.block_samples)
    ]
    (second,) = [second for part in parts for second in part.seconds]
    assert second[0].offset_hz == pytest.approx(1960, abs=60)
    assert second[0].carrier_present
    assert second[0].snr_db > 20
    assert abs(np.concatenate([p.audio for p in parts], axis=1)[0, 3000:].mean()) < 1e-3


def test_output_does_not_depend_on_the_cuts() -> None:
    iq = capture({200_000: multiplex(tones(700), tones(900), RATE_HZ)})
    whole = heard(iq, [98_200_000])
    bank = Wideband(RATE_HZ, CENTER_HZ, [98_200_000])
    rng = np.random.default_rng(2)
    edges = np.concatenate(([0], np.sort(rng.integers(0, iq.size, 12)), [iq.size]))
    parts = [bank._bank.feed(iq[a:b]) for a, b in itertools.pairwise(edges)]
    again = Wideband(RATE_HZ, CENTER_HZ, [98_200_000])._bank.feed(iq)
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), again)
    assert whole.shape[1] > 8_000


def test_stations_too_near_to_the_edge_are_refused() -> None:
    with pytest.raises(ValueError, match="it needs a rate of 1010000 Hz"):
        Wideband(RATE_HZ, CENTER_HZ, [98_400_000])


def test_same_passes_a_stereo_multiplex() -> None:
    text = "ZCZC-EAS-RWT-039173+0015-1172100-KTOL/FM -"
    sound = burst(text, 25_000).astype(np.float64)
    up = Resampler(1, 25_000, RATE_HZ, Band(0.0, 11_000.0, 2_000.0))
    voice = np.concatenate([up.feed(sound[np.newaxis].astype(np.float32)), up.flush()], axis=1)[0]
    left = pre_emphasised(voice.astype(float), RATE_HZ) * 0.6
    iq = capture({200_000: multiplex(left, 0.3 * left, RATE_HZ)})
    out = heard(iq, [98_200_000])[0]
    late = np.argmax(np.correlate(out, sound[:2000].astype(np.float32), "valid"))
    got = out[late + 500 : late + sound.size - 2500]
    wanted = sound[500 : 500 + got.size]
    likeness = float(got @ wanted / np.sqrt((got @ got) * (wanted @ wanted)))
    assert likeness > 0.95  # a part of a sample late
