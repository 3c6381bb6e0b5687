from __future__ import annotations

import numpy as np
import pytest

from eas_station.decoder.bits.sync import PHASES, SyncCandidate, SyncSearch
from eas_station.dsp.audio.afsk import BIT, MODEM_RATE_HZ, ToneBank
from eas_station.dsp.audio.modulate import burst

AT = 400 * BIT + 5  # where the burst begins, in modem samples


def syncs(sound: np.ndarray, step_bits: int = 64) -> list[SyncCandidate]:
    search, bank = SyncSearch(1), ToneBank(PHASES)
    padded = np.concatenate([sound, np.zeros(600 * BIT)]).astype(np.float32)
    frames = padded[: len(padded) // BIT * BIT].reshape(1, -1, BIT)
    soft = bank.soft(frames)
    found = []
    for start in range(0, soft.shape[1], step_bits * 4):
        found += search.feed(soft[:, start : start + step_bits * 4])
    return found


def with_burst(
    text: str, noise: float, seed: int = 1, rate_hz: float = MODEM_RATE_HZ
) -> np.ndarray:
    sound = burst(text, rate_hz)
    rng = np.random.default_rng(seed)
    out = noise * rng.standard_normal(AT + len(sound))
    out[AT:] += sound
    return out


@pytest.mark.parametrize(("text", "kind"), [("ZCZC-WXR-TOR-", "header"), ("NNNN", "eom")])
@pytest.mark.parametrize("noise", [0.001, 0.7])
def test_the_beginning_of_a_burst_is_found(text: str, kind: str, noise: float) -> None:
    found = syncs(with_burst(text, noise))
    assert [sync.kind for sync in found] == [kind]
    assert found[0].at == pytest.approx(AT + 128 * BIT, abs=3)
    assert found[0].score > 6


@pytest.mark.parametrize("error", [-0.012, 0.012])
def test_a_burst_with_a_large_clock_error_is_found(error: float) -> None:
    found = syncs(with_burst("ZCZC-WXR-", 0.3, rate_hz=MODEM_RATE_HZ * (1 + error)))
    assert [sync.kind for sync in found] == ["header"]
    assert found[0].at == pytest.approx(AT + 128 * BIT * (1 + error), abs=8)


@pytest.mark.parametrize("level", [1e-4, 1.0, 1e3])
def test_false_alarms_do_not_depend_on_the_level(level: float) -> None:
    noise = level * np.random.default_rng(3).standard_normal(120 * int(MODEM_RATE_HZ))
    assert len(syncs(noise)) <= 3  # two minutes at 4.7 standard deviations


def test_silence_has_no_burst() -> None:
    assert syncs(np.zeros(60_000)) == []


@pytest.mark.parametrize("step_bits", [1, 7, 1000])
def test_the_result_does_not_depend_on_the_pieces(step_bits: int) -> None:
    sound = with_burst("ZCZC-WXR-", 0.4)
    assert [s.at for s in syncs(sound, step_bits)] == [s.at for s in syncs(sound)]
