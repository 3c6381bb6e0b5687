from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest

from eas_station.dsp.audio.modulate import attention_signal, burst, bursts, message

WXR = "ZCZC-WXR-TOR-039173-039051+0030-1051700-KCLE/NWS-"
EAS = "ZCZC-EAS-RWT-012057-012081+0015-2142115-WTSP/TV -"


def strongest_hz(sound: np.ndarray, rate_hz: float, count: int) -> list[float]:
    """The frequencies of the highest peaks of the spectrum, rising."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    found = []
    for _ in range(count):
        peak = int(power.argmax())
        found.append(peak * rate_hz / len(sound))
        power[max(0, peak - 40) : peak + 40] = 0
    return sorted(found)


def test_a_bit_is_48_samples_at_25_khz() -> None:
    sound = burst("N", 25_000)
    assert len(sound) == 17 * 8 * 48
    first = np.sin(2 * np.pi * 4 * np.arange(48) / 48)  # the preamble's first bit is a one
    np.testing.assert_allclose(sound[:48], first, atol=1e-5)


def test_bits_of_a_fractional_number_of_samples_do_not_drift() -> None:
    assert len(burst(WXR, 22_050)) == int(np.ceil((16 + len(WXR)) * 8 * 42.336))


def test_the_phase_is_continuous() -> None:
    sound = burst(WXR, 192_000)
    assert np.abs(np.diff(sound)).max() <= 2 * np.pi * 2083.4 / 192_000


def test_a_text_is_sent_three_times_with_pauses() -> None:
    sound = bursts("NNNN", 25_000)
    once = 20 * 8 * 48
    assert len(sound) == 3 * (once + 25_000)
    assert not sound[once : once + 25_000].any()
    np.testing.assert_array_equal(sound[:once], sound[2 * (once + 25_000) :][:once])


def test_attention_signals_have_their_tones() -> None:
    eas, wxr = attention_signal("eas", 25_000), attention_signal("wxr", 25_000)
    assert len(eas) == len(wxr) == 8 * 25_000
    assert strongest_hz(eas, 25_000, 2) == pytest.approx([853, 960], abs=0.2)
    assert strongest_hz(wxr, 25_000, 1) == pytest.approx([1050], abs=0.2)
    assert max(np.abs(eas).max(), np.abs(wxr).max()) <= 1


@pytest.mark.parametrize(("header", "tones"), [(WXR, [1050]), (EAS, [853, 960])])
def test_the_attention_signal_follows_the_originator(header: str, tones: list[int]) -> None:
    sound = message(header, 25_000, attention=True)
    start = 3 * (len(burst(header, 25_000)) + 25_000) + 25_000
    part = sound[start : start + 4 * 25_000]
    assert strongest_hz(part, 25_000, len(tones)) == pytest.approx(tones, abs=0.5)


def test_the_voice_is_between_header_and_end_of_message() -> None:
    voice = np.full(1000, 0.25, np.float32)
    sound = message(EAS, 25_000, voice=voice)
    start = 3 * (len(burst(EAS, 25_000)) + 25_000)
    np.testing.assert_array_equal(sound[start : start + 1000], voice)
    np.testing.assert_array_equal(sound[start + 26_000 :], bursts("NNNN", 25_000))
    np.testing.assert_array_equal(message(EAS, 25_000, eom=False), sound[:start])


def test_a_text_beyond_ascii_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        burst("ZCZC-Ä", 25_000)


@pytest.mark.parametrize("header", [WXR, EAS])
def test_multimon_ng_decodes_it(header: str) -> None:
    if shutil.which("multimon-ng") is None:
        pytest.skip("multimon-ng is not installed")
    sound = np.concatenate([np.zeros(5000), message(header, 22_050), np.zeros(9000)])
    raw = (0.5 * 32767 * sound).astype("<i2").tobytes()
    found = subprocess.run(
        ["multimon-ng", "-q", "-a", "EAS", "-t", "raw", "-"],
        input=raw,
        capture_output=True,
        check=True,
    )
    lines = found.stdout.decode().splitlines()
    assert lines[0] == f"EAS: {header}"
    assert "EAS: NNNN" in lines
