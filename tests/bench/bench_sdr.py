"""CPU of the radio's chain, as ratios measured in one run: `python tests/bench/bench_sdr.py`.

The yardstick is one np.fft.fft over the same samples. It is measured in one piece, and in blocks
of a tenth of a second, which the processor's cache holds: the harder of the two to beat.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from table import Table, best_s

from eas_station.config.model import Receiver
from eas_station.decoder.receiver import SameReceiver
from eas_station.dsp.channelizer import Channelizer
from eas_station.dsp.fm import Discriminator, Modulator
from eas_station.dsp.iq import from_cu8, to_cu8
from eas_station.dsp.levels import LevelMeter
from eas_station.dsp.synthesis import FrontEnd, Synthesizer
from eas_station.sdrd.tuner import FRAME_SAMPLES, Tuner

RATE_HZ, CENTER_HZ = 250_000, 162_487_500
NWR_HZ = tuple(162_400_000 + 25_000 * step for step in range(7))
SECONDS = 20
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
            found = discriminator.demodulate(baseband)
            meter.feed(found.power, found.frequency_hz)

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
        bank = Channelizer(self.rate_hz, self.center_hz, self.channels_hz)
        discriminator = Discriminator(len(self.channels_hz), 25_000)
        same = SameReceiver(len(self.channels_hz), 25_000)
        for at in range(0, len(self.raw), 2 * self.block):
            iq = from_cu8(self.raw[at : at + 2 * self.block])
            same.feed(discriminator.feed(bank.feed(iq)))


def beside_ffts(table: Table, name: str, bench: Bench, work: str, limit: float) -> None:
    """The bank's figures, beside both yardsticks."""
    for yardstick, fft in (("one piece", bench.fft_whole), ("blocks", bench.fft_blocks)):
        fft_s, took_s = best_s(fft), best_s(bench.bank_fm_levels)
        table.value(f"{name}: np.fft.fft in {yardstick}", fft_s, "s", 1.0)
        table.ratio(f"{name}: {work}", took_s, "s", took_s / fft_s, at_most=limit)


def main() -> None:
    table = Table(f"The radio ({SECONDS} s of signal; CPU; ratios to the FFT above)")
    seven = Bench(RATE_HZ, CENTER_HZ, NWR_HZ)
    beside_ffts(table, "250 kS/s", seven, "bank of seven, FM, levels", LIMIT_BANK)
    table.value("250 kS/s: all of eas-sdrd's tuner", best_s(seven.tuner), "s")
    took_s = best_s(seven.to_messages)
    table.value("250 kS/s: to seven SAME receivers", took_s, "s")
    table.value(
        "250 kS/s: to seven SAME receivers, times real time",
        *(SECONDS / took_s, "×"),
        at_least=LEAST_REALTIME,
    )
    one = Bench(2_400_000, 162_012_500, (162_550_000,))
    beside_ffts(table, "2.4 MS/s", one, "one channel, FM, levels", LIMIT_ONE)
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        table.note("With helper threads of OpenBLAS: the daemons have OPENBLAS_NUM_THREADS=1.")
    table.show()


if __name__ == "__main__":
    main()
