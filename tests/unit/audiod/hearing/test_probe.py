"""The header mixed into a copy of the audio."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from eas_station.alerts.sources import from_same
from eas_station.audiod.hearing import probe
from eas_station.audiod.hearing.probe import AUDIO_S, TEXT, Probe
from eas_station.decoder.receiver import SameReceiver
from eas_station.decoder.text.message import Burst, DecodedMessage
from eas_station.dsp.audio import modulate
from eas_station.dsp.radio.fm import Discriminator
from eas_station.errors import HeaderError
from eas_station.same import header

RATE_HZ = 25_000
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def prober() -> Probe:
    return Probe(lambda rate_hz: SameReceiver(1, rate_hz), lambda: None)


def noise(rms: float, seed: int = 1, rate_hz: int = RATE_HZ) -> np.ndarray:
    normal = np.random.default_rng(seed).standard_normal(round(AUDIO_S * rate_hz))
    return (rms * normal).astype(np.float32)


def hiss(carrier: float, seed: int = 3) -> np.ndarray:
    """The discriminator's output for an unmodulated carrier of this amplitude in noise of 1."""
    random = np.random.default_rng(seed)
    count = round(AUDIO_S * RATE_HZ)
    both = random.standard_normal((2, count)) * np.sqrt(0.5)
    iq = (carrier + both[0] + 1j * both[1]).astype(np.complex64)
    return np.asarray(Discriminator(1, RATE_HZ).feed(iq[None])[0])


def test_the_probe_s_header_is_not_a_valid_header() -> None:
    with pytest.raises(HeaderError):
        header.parse(TEXT, NOON)
    with pytest.raises(HeaderError):
        header.parse_undated(TEXT, NOON)
    with pytest.raises(HeaderError):
        from_same.reception(
            TEXT,
            origin="wx",
            channel="162.550",
            received_at=NOON,
            evidence=None,
            clock_trusted=True,
            event_name=str,
            new_id=lambda: "r",
        )


@pytest.mark.parametrize("rms", [0.003, 0.01, 0.03])
def test_6_db_more_of_a_noise_is_6_db_less_margin(prober: Probe, rms: float) -> None:
    before = prober.margin_db(noise(rms), RATE_HZ)
    after = prober.margin_db(noise(2 * rms), RATE_HZ)
    assert before is not None
    assert after is not None
    assert before - after == pytest.approx(6.0, abs=probe.STEP_DB)


def mean_margin_db(prober: Probe, sounds: list[np.ndarray]) -> float:
    margins = [prober.margin_db(sound, RATE_HZ) for sound in sounds]
    return float(np.mean([margin for margin in margins if margin is not None]))


def test_6_db_more_of_another_noise_is_6_db_less_margin(prober: Probe) -> None:
    before = mean_margin_db(prober, [noise(0.01, seed) for seed in range(4)])
    after = mean_margin_db(prober, [noise(0.02, seed) for seed in range(4, 8)])
    assert before - after == pytest.approx(6.0, abs=1.0)


def test_6_db_less_carrier_is_6_db_less_margin(prober: Probe) -> None:
    """Above its threshold a discriminator's noise follows that of the carrier, dB by dB."""
    before = mean_margin_db(prober, [hiss(16.0, seed) for seed in range(2)])
    after = mean_margin_db(prober, [hiss(8.0, seed) for seed in range(3, 5)])
    assert before - after == pytest.approx(6.0, abs=1.0)


def test_the_margin_is_the_limit_of_decoding(prober: Probe) -> None:
    margin_db = prober.margin_db(noise(0.02), RATE_HZ)
    assert margin_db is not None
    assert prober.reads(noise(0.02), RATE_HZ, margin_db)
    assert not prober.reads(noise(0.02), RATE_HZ, margin_db + 3.0)


def test_noise_that_hides_a_nominal_header_leaves_no_margin(prober: Probe) -> None:
    assert prober.margin_db(noise(1.0), RATE_HZ) is None


def test_speech_like_audio_leaves_a_margin_and_silence_the_largest(prober: Probe) -> None:
    wobble = 1 + np.sin(2 * np.pi * 3 * np.arange(round(AUDIO_S * RATE_HZ)) / RATE_HZ)
    low = np.convolve(noise(0.1) * wobble, np.ones(25) / 25, mode="same").astype(np.float32)
    speech_db = prober.margin_db(low, RATE_HZ)
    assert speech_db is not None
    assert 0 < speech_db < probe.MAX_DB
    assert prober.margin_db(noise(1e-6), RATE_HZ) == probe.MAX_DB


def test_the_copy_is_unchanged_and_real_headers_in_it_do_not_count(
    prober: Probe,
) -> None:
    sound = noise(1e-3)
    real = modulate.bursts("ZCZC-WXR-TOR-039173+0030-3261159-KCLE/NWS-", RATE_HZ)
    sound[: len(real)] += real
    before = sound.copy()
    assert not prober.reads(sound, RATE_HZ, 40.0)
    assert np.array_equal(sound, before)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 48_000])
def test_any_sample_rate_works(prober: Probe, rate_hz: int) -> None:
    assert prober.reads_clean(rate_hz)
    assert prober.reads(noise(0.01, rate_hz=rate_hz), rate_hz, 6.0)


class DeafSpan:
    """A decoder that decodes nothing."""

    def feed(self, block: np.ndarray) -> list[Burst | DecodedMessage]:
        return []

    def flush(self) -> list[Burst | DecodedMessage]:
        return []


def test_a_broken_decoder_fails_on_clean_audio_too() -> None:
    assert not Probe(lambda rate_hz: DeafSpan(), lambda: None).reads_clean(RATE_HZ)


def test_the_probe_pauses_twice_per_second_of_audio() -> None:
    pauses: list[int] = []
    Probe(lambda rate_hz: DeafSpan(), lambda: pauses.append(1)).reads(noise(0.01), RATE_HZ, 0.0)
    assert len(pauses) == 2 * AUDIO_S
