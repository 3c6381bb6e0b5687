"""The input of the SAME bench: random messages through bad channels, and audio without SAME.

Eb/N0 is per bit of one burst, the noise white up to half the rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from same_noises import RATE, Precise, music, shaped, speech

from eas_station import tables
from eas_station.decoder.text.prior import Prior
from eas_station.dsp.audio.afsk import BAUD_HZ, MARK_HZ, SPACE_HZ, bits
from eas_station.dsp.audio.modulate import PREAMBLE, attention_signal, silence

LEVEL_DBFS = -26.0
Real = NDArray[np.float32]


@dataclass(frozen=True)
class Channel:
    """The impairments of a message; the defaults change nothing."""

    ebn0_db: float = 20.0
    baud: float = 0.0  # relative errors
    tone: float = 0.0
    clock: float = 0.0
    shift_hz: float = 0.0
    gap_s: tuple[float, float] = (0.97, 1.03)
    twist_db: float = 0.0
    preamble: int = 16
    lost: str = ""  # "mute" or "noise": one burst of three
    only: bool = False  # just one burst of three is left, the others are noise
    hits_s: float = 0.0  # so much of every burst is noise, elsewhere in each
    hits: int = 1
    squelch_s: float = 0.0
    slope: int = 0  # times 6 dB an octave
    band_hz: tuple[float, float] | None = None
    echo: tuple[float, float] | None = None  # seconds, gain
    speech_db: float | None = None  # signal over speech
    music_db: float | None = None
    hum_db: float | None = None  # hum over signal
    clicks: float = 0.0  # a second
    rising_noise: bool = False  # 6 dB an octave, as of an FM discriminator
    flutter: tuple[float, float] | None = None  # Hz, depth
    clip_db: float | None = None
    level_dbfs: float = LEVEL_DBFS
    offset: float = 0.0
    alert: bool = False  # attention signal and speech between header and NNNN


IMPAIRMENTS: dict[str, Channel] = {
    "no impairment": Channel(),
    "pauses 0.8 s": Channel(gap_s=(0.8, 0.8)),
    "pauses 1.2 s": Channel(gap_s=(1.2, 1.2)),
    "clock +1 %": Channel(clock=0.01),
    "clock -1 %": Channel(clock=-0.01),
    "clock +0.3 %": Channel(clock=0.003),
    "baud +1 %": Channel(baud=0.01),
    "baud -1 %": Channel(baud=-0.01),
    "tones +2 %": Channel(tone=0.02),
    "tones -2 %": Channel(tone=-0.02),
    "tones +50 Hz": Channel(shift_hz=50),
    "300-3000 Hz": Channel(band_hz=(300, 3000)),
    "pre-emphasis": Channel(slope=1),
    "de-emphasis": Channel(slope=-1),
    "de-emphasis twice": Channel(slope=-2),
    "twist +6 dB": Channel(twist_db=6),
    "twist -6 dB": Channel(twist_db=-6),
    "twist +10 dB": Channel(twist_db=10),
    "twist -10 dB": Channel(twist_db=-10),
    "clipped by 20 dB": Channel(clip_db=20),
    "level -40 dBFS": Channel(level_dbfs=-40),
    "level -60 dBFS": Channel(level_dbfs=-60),
    "level -3 dBFS": Channel(level_dbfs=-3.1),
    "offset 0.3": Channel(offset=0.3),
    "hum +10 dB": Channel(hum_db=10),
    "echo 0.5 ms": Channel(echo=(0.0005, 0.6)),
    "echo 1 ms": Channel(echo=(0.001, 0.6)),
    "echo 2 ms": Channel(echo=(0.002, 0.5)),
    "echo 30 ms": Channel(echo=(0.03, 0.4)),
    "speech -10 dB": Channel(speech_db=10),
    "speech -5 dB": Channel(speech_db=5),
    "speech 0 dB": Channel(speech_db=0),
    "music -5 dB": Channel(music_db=5),
    "5 clicks/s": Channel(clicks=5),
    "20 clicks/s": Channel(clicks=20),
    "60 clicks/s": Channel(clicks=60),
    "rising noise, 12 dB": Channel(ebn0_db=12, rising_noise=True),
    "flutter 3 Hz": Channel(flutter=(3, 0.9)),
    "one burst muted": Channel(lost="mute"),
    "one burst noise": Channel(lost="noise"),
    "hits of 30 ms": Channel(hits_s=0.03),
    "hits of 100 ms": Channel(hits_s=0.1),
    "three hits of 30 ms": Channel(hits_s=0.03, hits=3),
    "squelch 100 ms": Channel(squelch_s=0.1),
    "squelch 200 ms": Channel(squelch_s=0.2),
    "preamble of 4": Channel(preamble=4),
    "whole alert": Channel(alert=True),
    "all at once, 14 dB": Channel(
        ebn0_db=14,
        clock=0.002,
        slope=-1,
        band_hz=(300, 3000),
        clicks=3,
        gap_s=(0.9, 1.1),
        squelch_s=0.05,
    ),
}


class Headers:
    """Random headers of 1 to 31 real places."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        known = tables.load()
        self._events = sorted(known.events)
        self._places = sorted(known.locations)
        self.prior = Prior(events=tuple(self._events), states=tuple(known.states))

    def draw(self) -> str:
        """One header."""
        rng = self._rng
        places = rng.choice(self._places, int(rng.integers(1, 32)), replace=False)
        letters = "".join(rng.choice(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 3))
        hour, minute = rng.integers(24), rng.integers(60)
        return (
            f"ZCZC-{rng.choice(['WXR', 'EAS', 'CIV', 'PEP'])}-{rng.choice(self._events)}-"
            f"{'-'.join(places)}+{rng.choice(['0015', '0030', '0100', '0130', '0600'])}-"
            f"{rng.integers(1, 367):03d}{hour:02d}{minute:02d}-"
            f"{rng.choice([f'K{letters}/NWS', f'W{letters}/FM ', f'K{letters}/TV '])}-"
        )


def messages(headers: list[str], channel: Channel, rng: np.random.Generator) -> Real:
    """All messages one after the other through the channel."""
    parts = [silence(2, RATE)]
    for header in headers:
        parts += _message(header, channel, rng)
    return _through(np.concatenate(parts).astype(np.float64), channel, rng)


def _message(header: str, channel: Channel, rng: np.random.Generator) -> Iterator[Real]:
    spoilt = int(rng.integers(3))
    thirds = rng.permutation(3)
    for number in range(3):
        sound = _burst(header, channel, rng)
        lost = channel.lost if number == spoilt else ""
        if channel.only and number != spoilt:
            lost = "noise"
        yield _spoil(sound, channel, lost, int(thirds[number]), rng)
        yield silence(rng.uniform(*channel.gap_s), RATE)
    if channel.alert:
        yield attention_signal("wxr" if rng.random() < 0.5 else "eas", RATE)
        yield silence(1, RATE)
        yield (0.35 * speech(10 * RATE, rng)).astype(np.float32)
        yield silence(1, RATE)
    for _ in range(3):
        yield _burst("NNNN", channel, rng)
        yield silence(rng.uniform(*channel.gap_s), RATE)
    yield silence(2, RATE)


def _burst(text: str, channel: Channel, rng: np.random.Generator) -> Real:
    """AFSK with wrong clocks; bits begin between samples, the phase is any."""
    signs = bits(PREAMBLE[: channel.preamble] + text.encode("ascii"))
    baud = BAUD_HZ * (1 + channel.clock) * (1 + channel.baud)
    detuned = (1 + channel.clock) * (1 + channel.tone)
    tones = np.where(signs > 0, MARK_HZ, SPACE_HZ) * detuned + channel.shift_hz
    at = (np.arange(int(len(signs) * RATE / baud)) + rng.random()) * baud / RATE
    bit = np.minimum(at.astype(np.intp), len(signs) - 1)
    turns = np.concatenate([[rng.random()], rng.random() + np.cumsum(tones / baud)])
    turns[0] = turns[1] - tones[0] / baud
    level = 10 ** (np.sign(signs[bit]) * channel.twist_db / 40)
    wave = level * np.sin(2 * np.pi * (turns[bit] + tones[bit] * (at - bit) / baud))
    return wave.astype(np.float32)


def _spoil(sound: Real, channel: Channel, lost: str, third: int, rng: np.random.Generator) -> Real:
    noise = 1.5 * rng.standard_normal(len(sound)).astype(np.float32)
    if lost:
        return noise if lost == "noise" else 0 * sound
    first = round(channel.preamble * 8 * RATE / BAUD_HZ)
    width = round(channel.hits_s * RATE)
    for _ in range(channel.hits if width else 0):
        room = len(sound) - first
        begin = first + int(room * (third + rng.uniform(0.1, 0.9)) / 3)
        sound[begin : begin + width] = noise[begin : begin + width]
    sound[: round(channel.squelch_s * RATE)] = 0
    return sound


def _through(clean: Precise, channel: Channel, rng: np.random.Generator) -> Real:
    """Other sounds, the linear channel, noise, level, clipping: in this order."""
    count = len(clean)
    at_s = np.arange(count) / RATE
    sound = clean
    for level_db, make in ((channel.speech_db, speech), (channel.music_db, music)):
        if level_db is not None:
            sound = sound + make(count, rng) * np.sqrt(0.5) * 10 ** (-level_db / 20)
    if channel.hum_db is not None:
        hum = sum(np.sin(2 * np.pi * f * at_s + f) for f in (60, 120, 180))
        sound = sound + hum * 10 ** (channel.hum_db / 20) / np.sqrt(3)
    if channel.echo is not None:
        delay_s, gain = channel.echo
        sound = shaped(sound, lambda f: 1 + gain * np.exp(-2j * np.pi * f * delay_s))
    if channel.flutter is not None:
        flutter_hz, depth = channel.flutter
        sound = sound * (1 - depth / 2 * (1 + np.sin(2 * np.pi * flutter_hz * at_s)))
    sound = sound + _clicks(count, channel.clicks, rng) + _noise(count, channel, rng)
    if channel.slope:
        sound = shaped(sound, lambda f: (np.maximum(f, 300) / 1800) ** channel.slope)
    if channel.band_hz is not None:
        low, high = channel.band_hz
        sound = shaped(sound, lambda f: 1 / np.sqrt(1 + (low / (f + 1)) ** 12 + (f / high) ** 16))
    peak = np.sqrt(2) * 10 ** (channel.level_dbfs / 20)
    sound = sound * peak
    if channel.clip_db is not None:
        limit = peak * 10 ** (-channel.clip_db / 20)
        sound = np.clip(sound, -limit, limit) * (0.7 / limit)
    return _sixteen_bits(sound + channel.offset)


def _noise(count: int, channel: Channel, rng: np.random.Generator) -> Precise:
    density = 0.5 / BAUD_HZ / 10 ** (channel.ebn0_db / 10)
    noise = rng.standard_normal(count) * np.sqrt(density * RATE / 2)
    if channel.rising_noise:
        return shaped(noise, lambda f: np.sqrt(3) * f / 4000 * (f < 5000))
    return noise


def _clicks(count: int, a_second: float, rng: np.random.Generator) -> Precise:
    """Clicks of an FM receiver near its threshold: full turns of the phase."""
    sound = np.zeros(count)
    at = rng.integers(0, count, rng.poisson(a_second * count / RATE))
    sound[at] = rng.choice([-1.0, 1.0], len(at)) * RATE / 4000
    return shaped(sound, lambda f: 1 / np.sqrt(1 + (f / 4000) ** 16)) if a_second else sound


def _sixteen_bits(sound: Precise) -> Real:
    return (np.clip(np.rint(sound * 32767), -32768, 32767) / 32768).astype(np.float32)


def _fsk_like(count: int, rng: np.random.Generator, baud: float, tones: tuple[float, ...]) -> Real:
    """Endless random bits, noise 20 dB below."""
    bit = (np.arange(count) * baud / RATE).astype(np.intp)
    tone = np.array(tones)[rng.integers(0, 2, int(bit[-1]) + 1)][bit]
    sound = np.sin(2 * np.pi * np.cumsum(tone) / RATE) + 0.07 * rng.standard_normal(count)
    return sound.astype(np.float32)


def _preambles(count: int, rng: np.random.Generator) -> Precise:
    """Real preambles, then anything printable."""
    sound = np.zeros(count)
    at = 0
    while at < count:
        text = bytes(rng.integers(32, 127, 60, dtype=np.uint8)).decode()
        burst = _burst(text, Channel(), rng)[: count - at]
        sound[at : at + len(burst)] = burst
        at += len(burst) + RATE
    return sound + 0.07 * rng.standard_normal(count)


NOT_SAME: dict[str, Callable[[int, np.random.Generator], NDArray[np.floating]]] = {
    "noise": lambda count, rng: rng.standard_normal(count),
    "noise to 3 kHz": lambda count, rng: shaped(
        rng.standard_normal(count), lambda f: 1 / np.sqrt(1 + (f / 3000) ** 16)
    ),
    "speech": speech,
    "music": music,
    "random bits": lambda count, rng: _fsk_like(count, rng, BAUD_HZ, (SPACE_HZ, MARK_HZ)),
    "Bell 202": lambda count, rng: _fsk_like(count, rng, 1200, (1200, 2200)),
    "preamble + text": _preambles,
}


def without_same(kind: str, seconds: float, rng: np.random.Generator) -> Real:
    """Audio of this kind without SAME."""
    return _sixteen_bits(0.1 * NOT_SAME[kind](int(seconds * RATE), rng))
