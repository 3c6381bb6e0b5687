"""The probe: a header mixed into a copy of a channel's audio, and decoded again.

The margin of a channel is the number of dB by which a header may be weaker than nominal and still
be decoded in the present noise, speech and hum. At 0 dB a header of the usual strength is just
decoded; at 20 dB a tenth of its amplitude is enough. It is found by bisection, to `STEP_DB`.

A probe cannot become an alert. The copy is decoded by a separate decoder that exists for one
reading, and only yes or no leaves it. The header has digits as its originator, which no header
parser accepts (47 CFR 11.31(c): three letters).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eas_station.decoder.receiver import SameReceiver
from eas_station.decoder.text.message import Burst, DecodedMessage
from eas_station.dsp.arrays.array_types import Real
from eas_station.dsp.audio import modulate

TEXT = "ZCZC-000-DMO-039001+0015-0010000-EASPROBE-"
NOMINAL_PEAK = 0.22  # of full scale 1: an NWR deviation of 4 kHz, and a usual line level
STEP_DB = 0.5
MAX_DB = 48.0  # a weaker header is lost in 16 bits
LEAD_S = 0.5
AUDIO_S = 7.0  # of the copy: three headers with pauses, and some audio around them
PIECE_S = 0.5  # decoded between two pauses
CLEAN_NOISE_DB = 30.0  # ratio of header to noise in clean audio


class Probe:
    """Mixes headers into audio and decodes them."""

    def __init__(
        self, make_receiver: Callable[[int], SameReceiver], pause: Callable[[], object]
    ) -> None:
        """
        Args:
            make_receiver: builds a decoder of one channel for a sample rate.
            pause: called after each half second of audio, to let the listener run. A low thread
                priority would not do: the thread could be preempted while it holds the
                interpreter lock, and the listener would wait for it.
        """
        self._make_receiver = make_receiver
        self._pause = pause
        self._header: tuple[int, Real] | None = None

    def margin_db(self, audio: Real, rate_hz: int) -> float | None:
        """The margin of a header in this audio; None if a nominal one is not decoded.

        Args:
            audio: shape (n,), at least `AUDIO_S`; full scale ±1.0.
        """
        if not self.reads(audio, rate_hz, 0.0):
            return None
        read, missed = 0, round(MAX_DB / STEP_DB) + 1
        while missed - read > 1:
            middle = (read + missed) // 2
            if self.reads(audio, rate_hz, middle * STEP_DB):
                read = middle
            else:
                missed = middle
        return read * STEP_DB

    def reads(self, audio: Real, rate_hz: int, weaker_db: float) -> bool:
        """Whether a header so much weaker than nominal is decoded."""
        header = self._modulated(rate_hz) * np.float32(NOMINAL_PEAK * 10 ** (-weaker_db / 20))
        mixed = np.array(audio, np.float32)
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
        """Whether a header in clean audio is decoded. If not, the decoder is at fault."""
        noise = np.random.default_rng().standard_normal(round(AUDIO_S * rate_hz))
        level = NOMINAL_PEAK * 10 ** (-CLEAN_NOISE_DB / 20)
        return self.reads((noise * level).astype(np.float32), rate_hz, 0.0)

    def _modulated(self, rate_hz: int) -> Real:
        if self._header is None or self._header[0] != rate_hz:
            self._header = (rate_hz, modulate.bursts(TEXT, rate_hz))
        return self._header[1]


def _has_text(decoded: list[Burst | DecodedMessage]) -> bool:
    return any(isinstance(item, DecodedMessage) and item.text == TEXT for item in decoded)
