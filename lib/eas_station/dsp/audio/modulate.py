"""SAME messages as audio, as an encoder sends them (47 CFR 11.31(a) and (c)).

The phase is continuous across bit boundaries. The boundaries are not rounded to samples, so any
sample rate gives exactly 520.83 bits per second.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from eas_station.dsp.arrays.array_types import Real
from eas_station.dsp.audio.afsk import BAUD_HZ, MARK_HZ, SPACE_HZ, bits

Attention = Literal["eas", "wxr"]

PREAMBLE = b"\xab" * 16  # 47 CFR 11.31(a)(1)
END_OF_MESSAGE = "NNNN"  # 47 CFR 11.31(c)
REPEATS = 3
PAUSE_S = 1.0  # between bursts and parts, 47 CFR 11.31(c)
ATTENTION_S = 8.0  # the minimum of 47 CFR 11.31(a)(2): 8 to 25 seconds
ATTENTION_TONES: dict[Attention, tuple[float, ...]] = {
    "eas": (853.0, 960.0),  # 47 CFR 11.31(a)(2)
    "wxr": (1050.0,),  # NOAA Weather Radio's warning alarm
}
RAMP_S = 0.002  # of the attention signal at both ends


def burst(text: str, rate_hz: float) -> Real:
    """One transmission of a text with its preamble: full-scale AFSK.

    Args:
        text: "ZCZC-…-" or "NNNN", ASCII.
    """
    signs = bits(PREAMBLE + text.encode("ascii"))
    frequency_hz = np.where(signs > 0, MARK_HZ, SPACE_HZ)
    turns = np.concatenate([[0.0], np.cumsum(frequency_hz / BAUD_HZ)])  # at the bit boundaries
    at = np.arange(int(np.ceil(len(signs) * rate_hz / BAUD_HZ))) * (BAUD_HZ / rate_hz)  # in bits
    bit = np.minimum(at.astype(np.intp), len(signs) - 1)
    phase = turns[bit] + frequency_hz[bit] * (at - bit) / BAUD_HZ
    sound: Real = np.sin(2 * np.pi * phase).astype(np.float32)
    return sound


def bursts(text: str, rate_hz: float) -> Real:
    """A text three times, each followed by a pause."""
    once = np.concatenate([burst(text, rate_hz), silence(PAUSE_S, rate_hz)])
    return np.tile(once, REPEATS)


def attention_signal(kind: Attention, rate_hz: float, seconds: float = ATTENTION_S) -> Real:
    """The two EAS tones together, or the tone of NOAA Weather Radio; full scale."""
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    tones = ATTENTION_TONES[kind]
    sound = sum(np.sin(2 * np.pi * tone_hz * at_s) for tone_hz in tones) / len(tones)
    edge = np.minimum(at_s, at_s[::-1]) / RAMP_S if len(at_s) else at_s
    return np.asarray(sound * np.minimum(edge, 1), np.float32)


def silence(seconds: float, rate_hz: float) -> Real:
    """Zeros."""
    return np.zeros(round(seconds * rate_hz), np.float32)


def message(
    header: str,
    rate_hz: float,
    attention: bool = False,
    voice: Real | None = None,
    eom: bool = True,
) -> Real:
    """A whole message: header, attention signal, voice and end of message. Full scale ±1.0.

    Args:
        attention: add the attention signal; for originator WXR, NOAA's 1050 Hz.
        voice: speech at `rate_hz`; None: none, as in a required weekly test.
    """
    parts = [bursts(header, rate_hz)]
    if attention:
        kind: Attention = "wxr" if header.startswith("ZCZC-WXR-") else "eas"
        parts += [attention_signal(kind, rate_hz), silence(PAUSE_S, rate_hz)]
    if voice is not None:
        parts += [np.asarray(voice, np.float32), silence(PAUSE_S, rate_hz)]
    if eom:
        parts.append(bursts(END_OF_MESSAGE, rate_hz))
    return np.concatenate(parts)
