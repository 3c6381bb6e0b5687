"""Detects attention signals: 853 + 960 Hz of the EAS, 1050 Hz of NOAA Weather Radio.

In windows of 0.1 s the share of the power up to 3 kHz that lies in the three bins around each tone
is measured. An attention signal consists of its tones only, for several seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_station.dsp.arrays.array_types import Real
from eas_station.dsp.arrays.matrix_products import row_product
from eas_station.dsp.audio.modulate import ATTENTION_TONES, Attention

WINDOW_S = 0.1  # bins are 10 Hz apart; tones up to 15 Hz off are still caught
HEARD_HZ = 3000.0  # power above does not count
MIN_SHARE: dict[Attention, float] = {"eas": 0.45, "wxr": 0.55}  # of the power, in all its tones
MIN_EACH = 0.12  # of the power, in each of two tones
MIN_LENGTH_S = 3.0  # the signals last at least 8 s, 47 CFR 11.31(a)(2)
MAX_FAILED = 2  # consecutive windows within a signal
QUIET = 1e-10  # mean square below which there is no signal: −100 dBFS


@dataclass(frozen=True, slots=True)
class AttentionSignal:
    """An attention signal that has ended."""

    channel: int
    kind: Attention
    start_sample: int  # within a window
    length_s: float
    level_dbfs: float  # mean power of its windows; a full-scale sine is -3


@dataclass(slots=True)
class _Run:
    """Consecutive windows that look like one kind of signal."""

    start: int
    windows: int = 0  # up to the last good one
    failed: int = 0  # bad ones since
    power: float = 0.0


class AttentionDetector:
    """Audio in, attention signals out; all channels at once."""

    def __init__(self, channels: int, rate_hz: float) -> None:
        self.channels = channels
        self.rate_hz = rate_hz
        self._width = round(WINDOW_S * rate_hz)
        self._kinds: tuple[Attention, ...] = tuple(ATTENTION_TONES)
        tones = [tone for kind in self._kinds for tone in ATTENTION_TONES[kind]]
        self._matrix = _matrix(tones, self._width, rate_hz)
        self._waiting = np.zeros((channels, 0), np.float32)
        self._seen = 0  # windows
        self._runs: dict[tuple[int, Attention], _Run] = {}

    def feed(self, block: Real) -> list[AttentionSignal]:
        """Take samples, shape (channels, n), any n; gives the signals that ended."""
        x = np.concatenate([self._waiting, block], axis=1)
        count = x.shape[1] // self._width
        windows = x[:, : count * self._width].reshape(self.channels, count, self._width)
        self._waiting = x[:, count * self._width :].copy()
        if not count:
            return []
        power = np.einsum("cwn,cwn->cw", windows, windows) / self._width
        tones = self._tone_shares(windows)
        ended: list[AttentionSignal] = []
        for window in range(count):
            for channel in range(self.channels):
                ended += self._judge(channel, tones[channel, window], float(power[channel, window]))
            self._seen += 1
        return ended

    def flush(self) -> list[AttentionSignal]:
        """The signals that have not ended, at the end of the samples."""
        ended = [self._ended(key, run) for key, run in self._runs.items()]
        self._runs.clear()
        return [signal for signal in ended if signal is not None]

    def _tone_shares(self, windows: Real) -> Real:
        """Each tone's share of the power of each window: (channels, windows, tones)."""
        spectrum = np.fft.rfft(windows)[..., : round(HEARD_HZ * WINDOW_S) + 1]
        power = 2 * (spectrum.real**2 + spectrum.imag**2).sum(axis=2) / self._width**2
        bins = row_product(windows, self._matrix)
        energy = (bins * bins).reshape(*bins.shape[:2], -1, 6).sum(axis=3)
        scale = 2 / self._width**2
        return np.asarray(energy * scale / np.maximum(power, QUIET)[:, :, None], np.float32)

    def _judge(self, channel: int, shares: Real, power: float) -> list[AttentionSignal]:
        """Continue, begin or end the runs of one channel."""
        ended = []
        at = 0
        for kind in self._kinds:
            own = shares[at : at + len(ATTENTION_TONES[kind])]
            at += len(own)
            good = power > QUIET and own.sum() > MIN_SHARE[kind] and own.min() > MIN_EACH
            signal = self._step(channel, kind, bool(good), power)
            if signal is not None:
                ended.append(signal)
        return ended

    def _step(
        self, channel: int, kind: Attention, good: bool, power: float
    ) -> AttentionSignal | None:
        key = (channel, kind)
        run = self._runs.get(key)
        if good:
            run = self._runs.setdefault(key, _Run(self._seen))
            run.windows, run.failed = self._seen - run.start + 1, 0
            run.power += power
            return None
        if run is None:
            return None
        run.failed += 1
        if run.failed <= MAX_FAILED:
            return None
        del self._runs[key]
        return self._ended(key, run)

    def _ended(self, key: tuple[int, Attention], run: _Run) -> AttentionSignal | None:
        if run.windows * WINDOW_S < MIN_LENGTH_S:
            return None
        return AttentionSignal(
            channel=key[0],
            kind=key[1],
            start_sample=run.start * self._width,
            length_s=round(run.windows * self._width / self.rate_hz, 1),
            level_dbfs=round(float(10 * np.log10(run.power / run.windows)), 1),
        )


def _matrix(tones_hz: list[float], width: int, rate_hz: float) -> NDArray[np.float32]:
    """Cosine and sine of three bins for each tone: (width, 6 * tones)."""
    at = np.arange(width) / rate_hz
    columns = []
    for tone_hz in tones_hz:
        for bin_hz in (tone_hz - 1 / WINDOW_S, tone_hz, tone_hz + 1 / WINDOW_S):
            columns += [np.cos(2 * np.pi * bin_hz * at), np.sin(2 * np.pi * bin_hz * at)]
    return np.ascontiguousarray(np.array(columns).T, dtype=np.float32)
