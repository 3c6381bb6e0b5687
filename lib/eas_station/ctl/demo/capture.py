"""The demonstration's IQ capture: seven weather radio channels as a cheap receiver hears them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from eas_station.ctl.demo.script import CHANNELS_HZ, Sending
from eas_station.ctl.demo.voice import Voice
from eas_station.dsp.audio import modulate
from eas_station.dsp.radio.channelizer import CHANNEL_RATE_HZ
from eas_station.dsp.radio.fm import FilterBank, Modulator, emphasis, pre_emphasis_taps
from eas_station.dsp.radio.iq import to_cu8
from eas_station.dsp.radio.synthesis import FrontEnd, Synthesizer

RATE_HZ, CENTER_HZ = 250_000, 162_487_500
DEVIATION_HZ = 4_000.0  # of the SAME bursts; NWS: 4 to 5 kHz
LARGEST_DEVIATION_HZ = 5_000.0  # 47 CFR 90.210 lets a 25 kHz channel have no more
CN_DB = (12.0, 32.0)  # weakest and strongest channel
LARGEST_PPM = 3.0
DC = 0.02 - 0.01j  # what the tuner adds

_BLOCK = CHANNEL_RATE_HZ  # channel samples made at once: one second
_SAME_TONE_HZ = np.array([1822.9])  # between mark and space: where the deviation is set
_VOICE_LEVEL = 0.8  # of a SAME burst


def blocks(
    sendings: Sequence[Sending], seconds: float, rng: np.random.Generator
) -> Iterator[bytes]:
    """The capture, cu8, a second at a time."""
    channels = len(CHANNELS_HZ)
    front = FrontEnd(RATE_HZ, rng.uniform(*CN_DB, size=channels).tolist(), rng)
    offsets_hz = rng.uniform(-LARGEST_PPM, LARGEST_PPM) * 1e-6 * np.array(CHANNELS_HZ)[:, None]
    pre_emphasis = FilterBank(channels, pre_emphasis_taps(CHANNEL_RATE_HZ)[np.newaxis])
    modulator = Modulator(channels, CHANNEL_RATE_HZ)
    bank = Synthesizer(RATE_HZ, CENTER_HZ, CHANNELS_HZ)
    hz_per_unit = np.float32(DEVIATION_HZ / emphasis(_SAME_TONE_HZ)[0])
    for audio in _audio(sendings, seconds, rng):
        deviation_hz = pre_emphasis.feed(audio)[0] * hz_per_unit
        np.clip(deviation_hz, -LARGEST_DEVIATION_HZ, LARGEST_DEVIATION_HZ, out=deviation_hz)
        deviation_hz += offsets_hz.astype(np.float32)
        iq = bank.feed(modulator.feed(deviation_hz) * front.amplitudes)
        iq += front.noise(iq.size)
        iq += np.complex64(DC)
        yield to_cu8(iq)


def _audio(
    sendings: Sequence[Sending], seconds: float, rng: np.random.Generator
) -> Iterator[NDArray[np.float32]]:
    """All channels' audio, shape (channels, n), a SAME burst being ±1.0."""
    programmes = [
        _Programme([sent for sent in sendings if sent.channel_hz == channel_hz], rng)
        for channel_hz in CHANNELS_HZ
    ]
    left = round(seconds * CHANNEL_RATE_HZ)
    while left > 0:
        count = min(left, _BLOCK)
        yield np.stack([programme.read(count) for programme in programmes])
        left -= count


class _Programme:
    """What one channel carries: a voice, and messages in its place."""

    def __init__(self, sendings: list[Sending], rng: np.random.Generator) -> None:
        self._voice = Voice(CHANNEL_RATE_HZ, rng)
        self._sendings = sendings
        self._message = np.zeros(0, dtype=np.float32)  # what is still to come of it
        self._at = 0

    def read(self, count: int) -> NDArray[np.float32]:
        """The next samples."""
        parts = []
        while count:
            until_next = self._until_next()
            if self._message.size:
                part, self._message = self._message[:count], self._message[count:]
            elif until_next == 0:
                self._message = self._rendered(self._sendings.pop(0))
                continue
            else:
                part = self._voice.read(min(count, until_next)) * np.float32(_VOICE_LEVEL)
            parts.append(part)
            self._at += part.size
            count -= part.size
        return np.concatenate(parts)

    def _until_next(self) -> int:
        if not self._sendings:
            return 1 << 60
        return max(0, round(self._sendings[0].start_s * CHANNEL_RATE_HZ) - self._at)

    def _rendered(self, sending: Sending) -> NDArray[np.float32]:
        voice = self._voice.read(round(sending.voice_s * CHANNEL_RATE_HZ)) * np.float32(
            _VOICE_LEVEL
        )
        return modulate.message(
            sending.header, CHANNEL_RATE_HZ, attention=sending.attention, voice=voice, eom=True
        )
