"""CPU of the radio's chain, as ratios measured in one run: `python tests/bench/bench_sdr.py`.

The yardstick is one np.fft.fft over the same samples. It is measured in one piece, and in blocks
of a tenth of a second, which the processor's cache holds: the harder of the two to beat.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from eas_station.config.model import Receiver
from eas_station.decoder.receiver import SameReceiver
from eas_station.dsp.channelizer import Channelizer
from eas_station.dsp.fm import Discriminator, Modulator
from eas_station.dsp.iq import DcRemover, from_cu8, to_cu8
from eas_station.dsp.levels import LevelMeter
from eas_station.dsp.synthesis import FrontEnd, Synthesizer
from eas_station.sdrd.tuner import FRAME_SAMPLES, Tuner

RATE_HZ, CENTER_HZ = 250_000, 162_487_500
NWR_HZ = tuple(162_400_000 + 25_000 * step for step in range(7))
SECONDS = 20
ROUNDS = 5
LIMIT_BANK, LIMIT_ONE = 2.0, 0.6  # of an FFT over the same samples
LEAST_REALTIME = 20  # IQ → seven receivers, times real time


def capture(rate_hz: int, center_hz: int, channels_hz: tuple[int, ...]) -> bytes:
    rng = np.random.default_rng(1)
    count = SECONDS * 25_000
    t = np.arange(count) / 25_000
    rows = [3000 * np.sin(2 * np.pi * (400 + 250 * k) * t) for k in range(len(channels_hz))]
    front = FrontEnd(rate_hz, [20.0] * len(channels_hz), rng)
    modulator = Modulator(len(channels_hz), 25_000)
    bank = Synthesizer(rate_hz, center_hz, channels_hz)
    parts = []
    for at in range(0, count, 25_000):
        frequency = np.stack(rows)[:, at : at + 25_000].astype(np.float32)
        iq = bank.feed(modulator.feed(frequency) * front.amplitudes)
        parts.append(to_cu8(iq + front.noise(iq.size)))
    return b"".join(parts)


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of the best of some rounds; the others met a neighbour."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


class Bench:
    """One capture, and the chain over it in blocks of one frame."""

    def __init__(self, rate_hz: int, center_hz: int, channels_hz: tuple[int, ...]) -> None:
        self.rate_hz, self.center_hz, self.channels_hz = rate_hz, center_hz, channels_hz
        self.raw = capture(rate_hz, center_hz, channels_hz)
        self.iq = from_cu8(self.raw)
        self.block = FRAME_SAMPLES * rate_hz // 25_000

    def fft_whole(self) -> None:
        np.fft.fft(self.iq)

    def fft_blocks(self) -> None:
        step = self.rate_hz // 10
        for at in range(0, self.iq.size, step):
            np.fft.fft(self.iq[at : at + step])

    def bank_fm_levels(self) -> None:
        """What issue figures are about: channels, audio and levels out of complex samples."""
        channels = len(self.channels_hz)
        bank = Channelizer(self.rate_hz, self.center_hz, self.channels_hz)
        discriminator = Discriminator(channels, 25_000)
        meter = LevelMeter(channels, 25_000, bank.noise_bandwidth_hz)
        for at in range(0, self.iq.size, self.block):
            baseband = bank.feed(self.iq[at : at + self.block])
            meter.feed(baseband, discriminator.demodulate(baseband).frequency_hz)

    def tuner(self) -> None:
        """All that eas-sdrd does with the bytes, but for the bus."""
        settings = Receiver("wx", "file", Path("unused"), "cu8", self.rate_hz, self.center_hz)
        tuner = Tuner(settings)
        for at in range(0, len(self.raw), 2 * self.block):
            for frame in tuner.feed(from_cu8(self.raw[at : at + 2 * self.block])):
                for row in frame.audio:
                    row.tobytes()

    def to_messages(self) -> None:
        """IQ → seven audio streams → seven SAME receivers."""
        dc, bank = DcRemover(), Channelizer(self.rate_hz, self.center_hz, self.channels_hz)
        discriminator = Discriminator(len(self.channels_hz), 25_000)
        same = SameReceiver(len(self.channels_hz), 25_000)
        for at in range(0, len(self.raw), 2 * self.block):
            iq = dc.feed(from_cu8(self.raw[at : at + 2 * self.block]))
            same.feed(discriminator.feed(bank.feed(iq)))


def main() -> int:
    seven = Bench(RATE_HZ, CENTER_HZ, NWR_HZ)
    whole, blocks = cpu_s(seven.fft_whole), cpu_s(seven.fft_blocks)
    print(f"{SECONDS} s of {RATE_HZ / 1e3:g} kS/s, seven channels; best of {ROUNDS} rounds")
    print(f"{'':34}{'CPU s':>8}{'/FFT whole':>12}{'/FFT blocks':>12}{'real time':>11}")

    def row(name: str, seconds: float) -> None:
        print(
            f"{name:34}{seconds:8.3f}{seconds / whole:12.2f}{seconds / blocks:12.2f}"
            f"{SECONDS / seconds:10.0f}x"
        )

    row("np.fft.fft, one piece", whole)
    row("np.fft.fft, blocks of 0.1 s", blocks)
    bank = cpu_s(seven.bank_fm_levels)
    row("bank + FM + levels", bank)
    row("all of eas-sdrd's tuner", cpu_s(seven.tuner))
    messages = cpu_s(seven.to_messages)
    row("IQ to seven SAME receivers", messages)

    one = Bench(2_400_000, 162_012_500, (162_550_000,))
    one_blocks, one_bank = cpu_s(one.fft_blocks), cpu_s(one.bank_fm_levels)
    print(f"one channel out of 2.4 MS/s: {one_bank:.3f} s, {one_bank / one_blocks:.2f} of an FFT")

    fine = bank <= LIMIT_BANK * whole and SECONDS / messages >= LEAST_REALTIME
    print(f"seven channels: {bank / whole:.2f} of an FFT, at most {LIMIT_BANK:g} allowed")
    print(f"to messages: {SECONDS / messages:.0f} x real time, at least {LEAST_REALTIME} wanted")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
