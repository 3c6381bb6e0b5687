"""The proof of hearing: a header hidden in a copy of what a channel carries, and read again.

The margin of a channel is by how many dB a header may be weaker than the nominal level and still
be read in the noise, speech and hum of this moment: 0 dB, it can just be read as it is usually
sent; 20 dB, a tenth of its amplitude would do. Found by bisection, to `STEP_DB`.

Nothing of it can become news. The copy is read by a decoder of its own that lives as long as one
reading; only yes or no leaves it. And the header that is hidden has digits for an originator: no
parser of headers takes it (47 CFR 11.31(c): three letters), should it ever escape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from eas_station.decoder.text.message import Burst, DecodedMessage
from eas_station.dsp.arrays.array_types import Real
from eas_station.dsp.audio import modulate

TEXT = "ZCZC-000-DMO-039001+0015-0010000-EASPROBE-"
NOMINAL_PEAK = 0.22  # full scale is 1: 4 kHz deviation of an NWR carrier, and a usual line level
STEP_DB = 0.5
LARGEST_DB = 48.0  # weaker than that is below what 16 bits hold in silence
LEAD_S = 0.5
SOUND_S = 7.0  # of the copy: the header three times with its pauses, and what is around it
PIECE_S = 0.5  # is read at once; after each, the others may go on
CLEAN_NOISE_DB = 30.0  # a header in clean audio is so much stronger than its noise


class ProbeReceiver(Protocol):
    """`decoder.receiver.SameReceiver`, of one channel."""

    def feed(self, block: Real) -> list[Burst | DecodedMessage]:
        """Take the next samples, shape (1, n)."""

    def flush(self) -> list[Burst | DecodedMessage]:
        """No more will come."""


class Probe:
    """Hides headers and reads them again."""

    def __init__(
        self, make_receiver: Callable[[int], ProbeReceiver], pause: Callable[[], object]
    ) -> None:
        """
        Args:
            make_receiver: a fresh decoder of one channel for a sample rate.
            pause: called after each half second of sound. It is what gives way to the
                listener: a thread of low priority could be put to sleep inside the interpreter's
                lock, and then the listener would wait with it.
        """
        self._make_receiver = make_receiver
        self._pause = pause
        self._header: tuple[int, Real] | None = None

    def margin_db(self, sound: Real, rate_hz: int) -> float | None:
        """The margin of what this sound is a copy of; None: not even a nominal header is read.

        Args:
            sound: shape (n,), at least `SOUND_S`; full scale ±1.0.
        """
        if not self.reads(sound, rate_hz, 0.0):
            return None
        read, missed = 0, round(LARGEST_DB / STEP_DB) + 1
        while missed - read > 1:
            middle = (read + missed) // 2
            if self.reads(sound, rate_hz, middle * STEP_DB):
                read = middle
            else:
                missed = middle
        return read * STEP_DB

    def reads(self, sound: Real, rate_hz: int, weaker_db: float) -> bool:
        """Is a header read that is so much weaker than nominal?"""
        header = self._modulated(rate_hz) * np.float32(NOMINAL_PEAK * 10 ** (-weaker_db / 20))
        mixed = np.array(sound, np.float32)
        first = round(LEAD_S * rate_hz)
        room = mixed[first : first + len(header)]
        room += header[: len(room)]
        receiver = self._make_receiver(rate_hz)
        piece = round(PIECE_S * rate_hz)
        for at in range(0, len(mixed), piece):
            if _has_text(receiver.feed(mixed[None, at : at + piece])):
                return True
            self._pause()
        return _has_text(receiver.flush())

    def reads_clean(self, rate_hz: int) -> bool:
        """Is a header read in audio as clean as can be? If not, it is the decoder that fails."""
        noise = np.random.default_rng().standard_normal(round(SOUND_S * rate_hz))
        level = NOMINAL_PEAK * 10 ** (-CLEAN_NOISE_DB / 20)
        return self.reads((noise * level).astype(np.float32), rate_hz, 0.0)

    def _modulated(self, rate_hz: int) -> Real:
        if self._header is None or self._header[0] != rate_hz:
            self._header = (rate_hz, modulate.bursts(TEXT, rate_hz))
        return self._header[1]


def _has_text(said: list[Burst | DecodedMessage]) -> bool:
    return any(isinstance(one, DecodedMessage) and one.text == TEXT for one in said)
