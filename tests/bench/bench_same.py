"""How well and how cheaply SAME is heard: `make bench`, or this file with --messages N.

Headers are drawn anew with every seed, sent by our own encoder through white noise. multimon-ng
is measured on the same sound where it is installed. Eb/N0 is per bit of one burst.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eas_station import tables
from eas_station.decoder.message import Message
from eas_station.decoder.prior import Prior
from eas_station.decoder.receiver import SameReceiver
from eas_station.dsp.afsk import BAUD_HZ
from eas_station.dsp.modulate import message, silence

RATE = 22_050  # what multimon-ng takes
BLOCK = 2205
Real = NDArray[np.float32]
Decode = Callable[[Real], "Heard"]


@dataclass
class Heard:
    """What a decoder said, and what it cost."""

    headers: list[str]
    cpu_s: float
    late_s: list[float]


class Headers:
    """Random headers of 1 to 31 real places."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        known = tables.load()
        self._events = sorted(known.events)
        self._places = sorted(known.locations)
        self.prior = Prior(events=tuple(self._events), states=tuple(known.states))

    def draw(self) -> str:
        rng = self._rng
        places = rng.choice(self._places, int(rng.integers(1, 32)), replace=False)
        letters = "".join(rng.choice(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 3))
        hour, minute = rng.integers(24), rng.integers(60)
        return (
            f"ZCZC-{rng.choice(['WXR', 'EAS', 'CIV', 'PEP'])}-{rng.choice(self._events)}-"
            f"{'-'.join(places)}+{rng.choice(['0015', '0030', '0100', '0130', '0600'])}-"
            f"{rng.integers(1, 366):03d}{hour:02d}{minute:02d}-K{letters}/NWS-"
        )


def in_noise(headers: list[str], ebn0_db: float, clock: float, seed: int) -> Real:
    """All messages one after the other."""
    rate_hz = RATE * (1 + clock)
    parts = [silence(2, rate_hz)]
    for header in headers:
        parts += [message(header, rate_hz), silence(2, rate_hz)]
    clean = np.concatenate(parts)
    density = 0.5 / BAUD_HZ / 10 ** (ebn0_db / 10)
    noise = np.random.default_rng(seed).standard_normal(len(clean)) * np.sqrt(density * RATE / 2)
    return ((clean + noise) * 0.05).astype(np.float32)


def ours(prior: Prior) -> Decode:
    def decode(sound: Real) -> Heard:
        receiver = SameReceiver(1, RATE, prior)
        headers, late = [], []
        started = time.process_time()
        for start in range(0, len(sound), BLOCK):
            for said in receiver.feed(sound[None, start : start + BLOCK]):
                if isinstance(said, Message) and not said.is_eom:
                    headers.append(said.text)
                    if said.evidence.bursts == 3:
                        late.append((start + BLOCK - said.end_sample) / RATE)
        headers += [m.text for m in receiver.flush() if isinstance(m, Message) and not m.is_eom]
        return Heard(headers, time.process_time() - started, late)

    return decode


def multimon(sound: Real) -> Heard:
    raw = (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = subprocess.run(
        ["multimon-ng", "-q", "-a", "EAS", "-t", "raw", "-"], input=raw, capture_output=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    lines = found.stdout.decode("ascii", "replace").splitlines()
    headers = [line.removeprefix("EAS: ") for line in lines if "ZCZC" in line]
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Heard(headers, used, [])


def show_success(decoders: dict[str, Decode], drawn: Headers, count: int, seed: int) -> None:
    print(f"headers exact of {count} [false], CPU seconds an hour")
    points = [(e, 0.0) for e in (4.5, 5, 5.5, 6, 7, 8, 10, 13, 16, 20)]
    points += [(7.0, clock) for clock in (-0.01, -0.003, 0.003, 0.01)]
    late: list[float] = []
    for ebn0_db, clock in points:
        headers = [drawn.draw() for _ in range(count)]
        sound = in_noise(headers, ebn0_db, clock, seed)
        row = f"{ebn0_db:5.1f} dB clock {100 * clock:+.1f} %"
        for name, decode in decoders.items():
            heard = decode(sound)
            right = len(set(headers) & set(heard.headers))
            false = len(set(heard.headers) - set(headers))
            cost = heard.cpu_s / len(sound) * RATE * 3600
            row += f"   {name} {right:3d} [{false}] {cost:5.1f}"
            if ebn0_db >= 8:
                late += heard.late_s
        print(row, flush=True)
    if late:
        print(f"third burst's end to line: median {np.median(late):.2f} s, worst {max(late):.2f} s")


def show_idle(decoders: dict[str, Decode], prior: Prior, seed: int) -> None:
    noise = np.random.default_rng(seed).standard_normal((7, 120 * RATE)).astype(np.float32) * 0.05
    hours = noise.shape[1] / RATE / 3600
    print("idle in noise, CPU seconds an hour")
    for name, decode in decoders.items():
        print(f"  {name}, one channel: {decode(noise[0]).cpu_s / hours:.1f}")
    receiver = SameReceiver(7, RATE, prior)
    started = time.process_time()
    for start in range(0, noise.shape[1], BLOCK):
        receiver.feed(noise[:, start : start + BLOCK])
    print(f"  ours, seven channels: {(time.process_time() - started) / hours:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    drawn = Headers(args.seed)
    decoders: dict[str, Decode] = {"ours": ours(drawn.prior)}
    if shutil.which("multimon-ng"):
        decoders["multimon-ng"] = multimon
    print(f"SAME, seed {args.seed}")
    show_success(decoders, drawn, args.messages, args.seed)
    show_idle(decoders, drawn.prior, args.seed)


if __name__ == "__main__":
    main()
