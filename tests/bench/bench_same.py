"""Accuracy and cost of SAME decoding, ours beside the other decoders installed.

`make bench` measures a little; `make bench-same` everything, and draws same-curves.svg. Headers are
drawn anew with every seed. Exact headers, false ones in brackets, CPU seconds an hour of sound.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from same_curves import Curve, draw, threshold
from same_decoders import Decode, Heard, ours, ours_on_seven, peers
from same_noises import RATE
from same_sounds import IMPAIRMENTS, NOT_SAME, Channel, Headers, messages, without_same

CURVE_DB = (3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18)
OURS_TO_DB, PEERS_FROM_DB = 12, 8  # beyond, the answer is known
BAUD_ERRORS = (0.003, -0.003, 0.008, -0.008, 0.01, -0.01)
HARD_DB = 11.0
ONCE_DB = 16.0


@dataclass(frozen=True)
class Amount:
    """The amount of measurements."""

    curve: int  # messages a point
    threshold: int  # at 5.5 and 7 dB
    impaired: int  # of each impairment
    once: int  # with one burst left
    minutes: float  # of each sound without SAME


LITTLE = Amount(curve=10, threshold=20, impaired=0, once=10, minutes=1)
ALL = Amount(curve=60, threshold=300, impaired=60, once=100, minutes=12)


class Bench:
    """Runs decoders on audio and prints lines."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._headers = Headers(self._rng)
        self.prior = self._headers.prior
        self.ours = ours(self.prior)
        self.peers = peers()
        self.late_s: list[float] = []

    @property
    def all(self) -> dict[str, Decode]:
        return {"ours": self.ours, **self.peers}

    def measure(
        self, label: str, channel: Channel, count: int, decoders: dict[str, Decode] | None = None
    ) -> dict[str, float]:
        """Percent exact of each decoder."""
        headers = [self._headers.draw() for _ in range(count)]
        sound = messages(headers, channel, self._rng)
        percent = {}
        row = f"{label:28}"
        for name, decode in (decoders or self.all).items():
            heard = decode(sound)
            right = len(set(headers) & set(heard.headers))
            false = len(set(heard.headers) - set(headers))
            hours = len(sound) / RATE / 3600
            row += f"  {name} {right}/{count} [{false}] cpu {heard.cpu_s / hours:.1f}"
            if name == "ours" and channel.ebn0_db >= 8:
                self.late_s += heard.late_s
            if name == "ours" and channel.only:
                row += f", {heard.marked_once} marked as heard once"
            percent[name] = 100 * right / count
        print(row, flush=True)
        return percent

    def curves(self, count: int) -> dict[str, Curve]:
        """Percent exact against Eb/N0."""
        found: dict[str, Curve] = {name: [] for name in self.all}
        for ebn0_db in CURVE_DB:
            decoders = dict(self.peers) if ebn0_db >= PEERS_FROM_DB else {}
            if ebn0_db <= OURS_TO_DB:
                decoders = {"ours": self.ours, **decoders}
            if not decoders:
                continue
            label = f"{ebn0_db:g} dB"
            for name, percent in self.measure(label, Channel(ebn0_db), count, decoders).items():
                found[name].append((ebn0_db, percent))
        return {name: curve for name, curve in found.items() if curve}

    def without(self, minutes: float) -> None:
        """False headers and false ends of message."""
        totals: dict[str, list[int]] = {name: [0, 0] for name in self.all}
        for kind in NOT_SAME:
            sound = without_same(kind, 60 * minutes, self._rng)
            row = f"{kind:28}"
            for name, decode in self.all.items():
                heard = decode(sound)
                totals[name][0] += len(heard.headers)
                totals[name][1] += heard.eoms
                cpu = heard.cpu_s / minutes * 60
                row += f"  {name} {len(heard.headers)}/{heard.eoms} cpu {cpu:.1f}"
            print(row, flush=True)
        for name, (headers, eoms) in totals.items():
            print(f"{name}: {headers} headers, {eoms} NNNN in {minutes * len(NOT_SAME):.0f} min")

    def costs(self) -> None:
        """Idle and under dense traffic, the minimum of three; one channel and seven."""
        hush = (0.05 * self._rng.standard_normal(120 * RATE)).astype(np.float32)
        busy = messages([self._headers.draw() for _ in range(8)], Channel(), self._rng)
        for label, sound in (("idle", hush), ("dense traffic", busy)):
            hours = len(sound) / RATE / 3600
            row = f"{label:28}"
            for name, decode in self.all.items():
                row += f"  {name} {_least(decode, sound) / hours:.1f}"
            if label == "idle":
                seven = min(ours_on_seven(self.prior, sound) for _ in range(3))
                row += f"  ours on seven channels {seven / hours:.1f}"
            print(row, flush=True)


def _least(decode: Decode, sound: np.ndarray) -> float:
    found = (cast(Heard, decode(sound)).cpu_s for _ in range(3))
    return min(found)


def run(bench: Bench, amount: Amount, picture: bool, seed: int) -> None:
    """The whole table."""
    print("white noise")
    curves = bench.curves(amount.curve)
    for name, curve in curves.items():
        at = [threshold(curve, percent) for percent in (50, 90)]
        print(name, *(f"{p} % at {v:.1f} dB" for p, v in zip((50, 90), at, strict=True) if v))
    if picture:
        draw(
            curves,
            f"{amount.curve} messages a point, seed {seed}; bound and absent decoders: "
            "same-reference.tsv",
        )
    for ebn0_db in (5.5, 7.0):
        only = {"ours": bench.ours}
        bench.measure(f"{ebn0_db:g} dB", Channel(ebn0_db), amount.threshold, only)
        for baud in BAUD_ERRORS:
            channel = Channel(ebn0_db, baud=baud)
            label = f"{ebn0_db:g} dB, baud {100 * baud:+.1f} %"
            bench.measure(label, channel, max(1, amount.threshold // 5), only)
    if amount.impaired:
        for ebn0_db in (20.0, HARD_DB):
            print(f"impairments, Eb/N0 {ebn0_db:g} dB if not said")
            for label, channel in IMPAIRMENTS.items():
                if channel.ebn0_db == 20:
                    channel = replace(channel, ebn0_db=ebn0_db)
                bench.measure(label, channel, amount.impaired)
    print(f"one burst of three left, {ONCE_DB:g} dB")
    bench.measure("one burst", Channel(ONCE_DB, only=True), amount.once)
    print("no SAME in it: headers/NNNN")
    bench.without(amount.minutes)
    print("CPU seconds an hour, the least of three")
    bench.costs()
    if bench.late_s:
        late = np.array(bench.late_s)
        print(
            f"third burst's end to line: median {np.median(late):.2f} s, "
            f"95 % {np.quantile(late, 0.95):.2f} s, worst {late.max():.2f} s of {len(late)}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="everything, and draw the picture")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--impaired", type=int, metavar="N", help="messages of each impairment")
    args = parser.parse_args()
    bench = Bench(args.seed)
    print(f"SAME, seed {args.seed}, ours" + "".join(f", {name}" for name in bench.peers))
    amount = ALL if args.all else LITTLE
    if args.impaired is not None:
        amount = replace(amount, impaired=args.impaired)
    run(bench, amount, args.all, args.seed)


if __name__ == "__main__":
    main()
