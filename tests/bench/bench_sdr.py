"""The radio: CPU as ratios measured in one run, memory, and decoded headers.

`make bench-sdr`. The yardstick of the bank is one np.fft.fft over the same samples, in one piece,
and in blocks of a tenth of a second, which the processor's cache holds: the harder to beat. That of
the whole chain is what people run today: for every channel the ordinary mixer, filter and
discriminator of one channel (as rtl_fm, which needs a device, here in numpy), and multimon-ng.
"""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

import numpy as np
from borrowed import ROOT, SHARED
from processes import pss_mib
from table import Table, best_s

from eas_station.config.model import ReceiverConfig
from eas_station.decoder.receiver import SameReceiver
from eas_station.decoder.text.message import DecodedMessage
from eas_station.dsp.arrays.fir import lowpass
from eas_station.dsp.radio.channelizer import Channelizer
from eas_station.dsp.radio.fm import Discriminator, Modulator
from eas_station.dsp.radio.iq import from_cu8, to_cu8
from eas_station.dsp.radio.signal_levels import ChannelLevelMeter
from eas_station.dsp.radio.synthesis import FrontEnd, Synthesizer
from eas_station.sdrd.tuner import FRAME_SAMPLES, Tuner

RATE_HZ, CENTER_HZ = 250_000, 162_487_500
NWR_HZ = tuple(162_400_000 + 25_000 * step for step in range(7))
SECONDS = 20
LIMIT_BANK, LIMIT_ONE = 2.0, 0.6  # of an FFT over the same samples
LEAST_REALTIME = 20  # IQ → seven receivers, times real time
LIMIT_PEERS = 1 / 3  # of the CPU of seven single chains
LIMIT_PSS_MIB = 65.0
LEAST_HEADERS = 0.9  # at C/N 2 dB
MESSAGES = 8  # on each of seven channels at once
CASES = {  # C/N of the seven channels, dB
    "5 to 40 dB": (5, 40, 6, 40, 10, 40, 8),
    "20, 8, 30, 15, 10, 25, 12 dB": (20, 8, 30, 15, 10, 25, 12),
}


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
        """The measured chain: complex samples → channels, audio and levels."""
        channels = len(self.channels_hz)
        bank = Channelizer(self.rate_hz, self.center_hz, self.channels_hz)
        discriminator = Discriminator(channels, 25_000)
        meter = ChannelLevelMeter(channels, 25_000, bank.noise_bandwidth_hz)
        for at in range(0, self.iq.size, self.block):
            found = discriminator.demodulate(bank.feed(self.iq[at : at + self.block]))
            meter.feed(found.power, found.frequency_hz)

    def tuner(self) -> None:
        """The same, and mirror image, spectrum, clipping and numbered 16-bit frames."""
        tuner = Tuner(self.settings())
        for at in range(0, self.iq.size, self.block):
            list(tuner.feed(self.iq[at : at + self.block]))

    def to_messages(self) -> None:
        """Bytes → seven audio streams → seven SAME receivers."""
        heard(self.raw, self.settings())

    def settings(self) -> ReceiverConfig:
        return settings(self.rate_hz, self.center_hz, self.channels_hz)


def settings(rate_hz: int, center_hz: int, channels_hz: tuple[int, ...]) -> ReceiverConfig:
    return ReceiverConfig(
        *("wx", "file", Path("unused"), "cu8", rate_hz, center_hz), channels_hz=channels_hz
    )


def heard(raw: bytes | np.ndarray, receiver: ReceiverConfig) -> list[DecodedMessage]:
    """The messages of a capture."""
    tuner, same = Tuner(receiver), SameReceiver(len(receiver.channels_hz), 25_000)
    step = 2 * tuner.block_samples
    said = []
    for at in range(0, len(raw), step):
        for frame in tuner.feed(from_cu8(bytes(raw[at : at + step]))):
            said += same.feed(frame.audio.astype(np.float32) / 32768)
    said += same.flush()
    return [one for one in said if isinstance(one, DecodedMessage) and not one.is_eom]


def single(raw: bytes, channel_hz: int) -> bytes:
    """One channel the usual way: mix, filter, decimate by ten, demodulate; 25 kHz."""
    iq = from_cu8(raw)
    taps = lowpass(80, 7_500 / RATE_HZ, 60).astype(np.float32)
    turn = np.exp(-2j * np.pi * (channel_hz - CENTER_HZ) / RATE_HZ * np.arange(RATE_HZ))
    turn = turn.astype(np.complex64)  # whole cycles in a second
    last, past, parts = np.complex64(0), np.zeros(taps.size - 10, np.complex64), []
    for at in range(0, iq.size, RATE_HZ):
        mixed = iq[at : at + RATE_HZ]
        line = np.concatenate((past, mixed * turn[: mixed.size]))
        past = line[mixed.size :]
        channel = np.lib.stride_tricks.sliding_window_view(line, taps.size)[::10] @ taps
        before = np.concatenate(([last], channel[:-1]))
        last = channel[-1]
        parts.append(np.angle(channel * before.conj()) * (25_000 / 2 / np.pi / 10_000))
    return (np.clip(np.concatenate(parts), -1, 1) * 32767).astype("<i2").tobytes()


def peers_s(raw: bytes) -> float:
    """CPU of seven single chains and seven multimon-ng; one is measured, times seven."""
    own_s = best_s(lambda: single(raw, NWR_HZ[3]), rounds=3)
    audio = np.frombuffer(single(raw, NWR_HZ[3]), "<i2").astype(float)
    count = round(audio.size * 22_050 / 25_000)
    slow = np.interp(np.arange(count) * 25_000 / 22_050, np.arange(audio.size), audio)
    command = ["multimon-ng", "-q", "-t", "raw", "-a", "EAS", "-"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, input=slow.astype("<i2").tobytes(), capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    theirs_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 7 * (own_s + theirs_s)


def beside_ffts(table: Table, name: str, bench: Bench, work: str, limit: float) -> None:
    """The figures of the bank and of the whole tuner, beside both references."""
    for yardstick, fft in (("one piece", bench.fft_whole), ("blocks", bench.fft_blocks)):
        fft_s = best_s(fft)
        table.value(f"{name}: np.fft.fft in {yardstick}", fft_s, "s", 1.0)
        for said, doing in ((work, bench.bank_fm_levels), ("all of the tuner", bench.tuner)):
            took_s = best_s(doing)
            table.ratio(f"{name}: {said}", took_s, "s", took_s / fft_s, at_most=limit)


def memory(table: Table, raw: bytes) -> None:
    """PSS of an eas-sdrd that plays the capture."""
    with tempfile.TemporaryDirectory(prefix="eas-") as folder:
        home = Path(folder)
        (home / "wx.cu8").write_bytes(raw)
        (home / "station.toml").write_text(
            f'[paths]\nstate_dir = "{home}"\nruntime_dir = "{home}"\n'
            f'[database]\nurl = "sqlite:///{home}/record.sqlite"\n'
            f'[[receiver]]\nname = "wx"\nkind = "file"\npath = "{home}/wx.cu8"\n'
        )
        command = [sys.executable, str(ROOT / "daemons" / "eas-sdrd"), "--name", "wx"]
        with subprocess.Popen(
            [*command, "--config", str(home / "station.toml")], stderr=subprocess.DEVNULL
        ) as daemon:
            time.sleep(10)
            table.value("PSS of eas-sdrd", pss_mib(daemon.pid), "MiB", at_most=LIMIT_PSS_MIB)
            daemon.terminate()


def reception(table: Table, synthesis: ModuleType) -> None:
    """Headers decoded from captures of an independent synthesizer."""
    with tempfile.TemporaryDirectory(prefix="eas-") as folder:
        path = Path(folder) / "wx.cu8"

        def made(cn_db: tuple[float, ...], messages: int, **changes: object) -> tuple[int, int]:
            places = list(zip(NWR_HZ, cn_db, strict=True))
            synthesis.make(str(path), RATE_HZ, CENTER_HZ, places, n=messages, **changes)
            truth = json.loads(path.with_suffix(".json").read_text())["channels"]
            said = {(one.channel, one.text) for one in heard(*_capture(path))}
            sent = {(at, text) for at, one in enumerate(truth) for text in one["headers"]}
            return len(said & sent), len(said - sent)

        for cn_db in (2.0, 1.0, 0.0):
            got, wrong = made((cn_db,) * 7, MESSAGES, seed=int(200 + cn_db))
            least = LEAST_HEADERS if cn_db == 2 else None
            share = got / (7 * MESSAGES)
            said = f"headers read at C/N {cn_db:g} dB, of {7 * MESSAGES} (wrong: {wrong})"
            table.value(said, share, "", at_least=least)
        for name, levels in CASES.items():
            for ppm in (2, 20):
                got, _ = made(levels, 1, seed=3, ppm=ppm, dc=0.08, iqimb=(0.5, 2.0))
                table.value(f"of seven at {name}, {ppm} ppm, spike, image", got, "", at_least=7)


def _capture(path: Path) -> tuple[np.ndarray, ReceiverConfig]:
    return np.memmap(path, np.uint8, "r"), settings(RATE_HZ, CENTER_HZ, NWR_HZ)


def _synthesizer() -> ModuleType | None:
    path = SHARED / "same" / "iq.py"
    if not path.exists():
        return None
    spec = importlib.util.spec_from_file_location("shared_iq", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    table = Table(f"The radio ({SECONDS} s of signal; CPU; ratios to the FFT above)")
    seven = Bench(RATE_HZ, CENTER_HZ, NWR_HZ)
    beside_ffts(table, "250 kS/s", seven, "bank of seven, FM, levels", LIMIT_BANK)
    took_s = best_s(seven.to_messages, rounds=3)
    table.value("250 kS/s: to seven SAME receivers", took_s, "s")
    times = SECONDS / took_s
    table.value("the same, times real time", times, "×", at_least=LEAST_REALTIME)
    if shutil.which("multimon-ng"):
        others_s = peers_s(seven.raw)
        table.value("seven single chains with multimon-ng", others_s, "s", 1.0)
        share = took_s / others_s
        table.ratio("ours, to messages", took_s, "s", share, at_most=LIMIT_PEERS)
    else:
        table.note("No figure beside multimon-ng: it is not installed.")
    one = Bench(2_400_000, 162_012_500, (162_550_000,))
    beside_ffts(table, "2.4 MS/s", one, "one channel, FM, levels", LIMIT_ONE)
    memory(table, seven.raw)
    synthesis = _synthesizer()
    if synthesis is None:
        table.note("No figures of reception: they need the synthesizer in ../shared.")
    elif "--cpu" not in sys.argv:
        reception(table, synthesis)
    if os.environ.get("OPENBLAS_NUM_THREADS", "").strip() != "1":
        table.note("With helper threads of OpenBLAS: the daemons have OPENBLAS_NUM_THREADS=1.")
    table.show()


if __name__ == "__main__":
    main()
