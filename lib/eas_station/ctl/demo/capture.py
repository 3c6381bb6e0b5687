"""The IQ capture of the demonstration: seven weather radio channels of an RTL-SDR dongle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from eas_station.config.model import NWR_CHANNELS_HZ
from eas_station.ctl.demo.script import Transmission
from eas_station.ctl.demo.voice import Voice
from eas_station.dsp.audio import modulate
from eas_station.dsp.radio.channelizer import CHANNEL_RATE_HZ
from eas_station.dsp.radio.fm import FilterBank, Modulator, emphasis, pre_emphasis_taps
from eas_station.dsp.radio.iq import to_cu8
from eas_station.dsp.radio.synthesis import FrontEnd, Synthesizer

RATE_HZ, CENTER_HZ = 250_000, 162_487_500
DEVIATION_HZ = 4_000.0  # of the SAME bursts; the NWS uses 4 to 5 kHz
LARGEST_DEVIATION_HZ = 5_000.0  # of a 25 kHz channel, 47 CFR 90.210
CN_DB = (12.0, 32.0)  # weakest and strongest channel
LARGEST_PPM = 3.0
DC = 0.02 - 0.01j  # offset of the tuner

_BLOCK = CHANNEL_RATE_HZ  # channel samples generated at once: one second
_SAME_TONE_HZ = np.array([1822.9])  # between mark and space: the deviation is set here
_VOICE_LEVEL = 0.8  # of a SAME burst


def blocks(
    transmissions: Sequence[Transmission], seconds: float, rng: np.random.Generator
) -> Iterator[bytes]:
    """The capture, cu8, a second at a time."""
    channels = len(NWR_CHANNELS_HZ)
    front = FrontEnd(RATE_HZ, rng.uniform(*CN_DB, size=channels).tolist(), rng)
    offsets_hz = rng.uniform(-LARGEST_PPM, LARGEST_PPM) * 1e-6 * np.array(NWR_CHANNELS_HZ)[:, None]
    pre_emphasis = FilterBank(channels, pre_emphasis_taps(CHANNEL_RATE_HZ)[np.newaxis])
    modulator = Modulator(channels, CHANNEL_RATE_HZ)
    bank = Synthesizer(RATE_HZ, CENTER_HZ, NWR_CHANNELS_HZ)
    hz_per_unit = np.float32(DEVIATION_HZ / emphasis(_SAME_TONE_HZ)[0])
    for audio in _audio(transmissions, seconds, rng):
        deviation_hz = pre_emphasis.feed(audio)[0] * hz_per_unit
        np.clip(deviation_hz, -LARGEST_DEVIATION_HZ, LARGEST_DEVIATION_HZ, out=deviation_hz)
        deviation_hz += offsets_hz.astype(np.float32)
        iq = bank.feed(modulator.feed(deviation_hz) * front.amplitudes)
        iq += front.noise(iq.size)
        iq += np.complex64(DC)
        yield to_cu8(iq)


def _audio(
    transmissions: Sequence[Transmission], seconds: float, rng: np.random.Generator
) -> Iterator[NDArray[np.float32]]:
    """All channels' audio, shape (channels, n), a SAME burst being ±1.0."""
    programmes = [
        _Programme([one for one in transmissions if one.channel_hz == channel_hz], rng)
        for channel_hz in NWR_CHANNELS_HZ
    ]
    left = round(seconds * CHANNEL_RATE_HZ)
    while left > 0:
        count = min(left, _BLOCK)
        yield np.stack([programme.read(count) for programme in programmes])
        left -= count


class _Programme:
    """The audio of one channel: a voice, interrupted by messages."""

    def __init__(self, transmissions: list[Transmission], rng: np.random.Generator) -> None:
        self._voice = Voice(CHANNEL_RATE_HZ, rng)
        self._transmissions = transmissions
        self._message = np.zeros(0, dtype=np.float32)  # the rest of the current message
        self._at = 0

    def read(self, count: int) -> NDArray[np.float32]:
        """The next samples."""
        parts = []
        while count:
            until_next = self._until_next()
            if self._message.size:
                part, self._message = self._message[:count], self._message[count:]
            elif until_next == 0:
                self._message = self._rendered(self._transmissions.pop(0))
                continue
            else:
                part = self._voice.read(min(count, until_next)) * np.float32(_VOICE_LEVEL)
            parts.append(part)
            self._at += part.size
            count -= part.size
        return np.concatenate(parts)

    def _until_next(self) -> int:
        if not self._transmissions:
            return 1 << 60
        return max(0, round(self._transmissions[0].start_s * CHANNEL_RATE_HZ) - self._at)

    def _rendered(self, transmission: Transmission) -> NDArray[np.float32]:
        voice = self._voice.read(round(transmission.voice_s * CHANNEL_RATE_HZ)) * np.float32(
            _VOICE_LEVEL
        )
        return modulate.message(
            transmission.header,
            CHANNEL_RATE_HZ,
            attention=transmission.attention,
            voice=voice,
            eom=True,
        )
