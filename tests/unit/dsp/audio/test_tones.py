from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from eas_station.dsp.audio.modulate import Attention, attention_signal, message
from eas_station.dsp.audio.tones import AttentionDetector, AttentionSignal

RATE = 25_000
Cuts = Callable[[int], list[tuple[int, int]]]


def heard(sound: np.ndarray, rate_hz: int = RATE) -> list[AttentionSignal]:
    watch = AttentionDetector(1, rate_hz)
    return watch.feed(sound[None].astype(np.float32)) + watch.flush()


def padded(sound: np.ndarray, before_s: float = 1.0, rate_hz: int = RATE) -> np.ndarray:
    return np.pad(sound, (int(before_s * rate_hz), rate_hz))


@pytest.mark.parametrize("kind", ["eas", "wxr"])
@pytest.mark.parametrize("rate_hz", [8000, 22_050, 48_000])
def test_a_signal_has_start_length_and_level(kind: Attention, rate_hz: int) -> None:
    found = heard(0.5 * padded(attention_signal(kind, rate_hz), 2.0, rate_hz), rate_hz)
    assert [signal.kind for signal in found] == [kind]
    assert found[0].start_sample == pytest.approx(2 * rate_hz, abs=0.11 * rate_hz)
    assert found[0].length_s == pytest.approx(8, abs=0.2)
    expected = -9.0 if kind == "wxr" else -12.0  # two tones of half the amplitude
    assert found[0].level_dbfs == pytest.approx(expected, abs=0.3)


@pytest.mark.parametrize("error", [-0.01, 0.01])
@pytest.mark.parametrize("kind", ["eas", "wxr"])
def test_a_signal_in_noise_and_one_per_cent_off_is_found(kind: Attention, error: float) -> None:
    sound = padded(attention_signal(kind, RATE * (1 + error)))
    sound += 0.15 * np.random.default_rng(1).standard_normal(len(sound))
    assert [signal.kind for signal in heard(sound)] == [kind]


@pytest.mark.parametrize("kind", ["eas", "wxr"])
def test_a_signal_in_stronger_hiss_is_found(kind: Attention) -> None:
    """White noise up to half the rate, most of it above the measured band."""
    sound = padded(attention_signal(kind, 48_000), rate_hz=48_000)
    strength = np.sqrt(np.mean(sound**2))
    sound += 1.5 * strength * np.random.default_rng(4).standard_normal(len(sound))
    assert [signal.kind for signal in heard(sound, 48_000)] == [kind]


def test_a_short_interruption_does_not_end_it() -> None:
    sound = padded(attention_signal("wxr", RATE))
    sound[4 * RATE : 4 * RATE + 3000] = 0
    found = heard(sound)
    assert len(found) == 1
    assert found[0].length_s == pytest.approx(8, abs=0.2)


def test_a_short_tone_is_not_a_signal() -> None:
    assert heard(padded(attention_signal("wxr", RATE, 2.5))) == []


@pytest.mark.parametrize("tones_hz", [(1000,), (1100,), (853,), (960,), (853, 1050), (800, 900)])
def test_other_tones_are_not_a_signal(tones_hz: tuple[int, ...]) -> None:
    at_s = np.arange(10 * RATE) / RATE
    assert heard(sum(np.sin(2 * np.pi * tone * at_s) for tone in tones_hz) / 4) == []


def test_noise_silence_and_a_header_are_not_a_signal() -> None:
    assert heard(np.random.default_rng(2).standard_normal(30 * RATE) * 0.1) == []
    assert heard(np.zeros(10 * RATE)) == []
    assert heard(message("ZCZC-WXR-RWT-039173+0030-1051700-KCLE/NWS-", RATE)) == []


def test_the_signal_of_a_whole_message_is_found_on_the_second_channel(cuts: Cuts) -> None:
    header = "ZCZC-EAS-RMT-039173+0030-1051700-WTOL/TV -"
    whole = message(header, RATE, attention=True)
    sound = np.stack([np.zeros_like(whole), whole])
    watch = AttentionDetector(2, RATE)
    found = [signal for a, b in cuts(sound.shape[1]) for signal in watch.feed(sound[:, a:b])]
    assert [(signal.channel, signal.kind) for signal in found] == [(1, "eas")]
