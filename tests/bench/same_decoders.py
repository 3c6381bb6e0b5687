"""The decoders that the SAME bench compares: ours, and those that are installed."""

from __future__ import annotations

import resource
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from same_noises import RATE
from same_sounds import Real

from eas_station.decoder.receiver import SameReceiver
from eas_station.decoder.text.message import DecodedMessage
from eas_station.decoder.text.prior import Prior

BLOCK = RATE // 20
PEERS = {
    "multimon-ng": ["multimon-ng", "-q", "-a", "EAS", "-t", "raw", "-"],
    "samedec": ["samedec", "-r", str(RATE)],
}


@dataclass
class Heard:
    """The output of a decoder, and its cost."""

    headers: list[str] = field(default_factory=list)
    eoms: int = 0
    cpu_s: float = 0.0
    late_s: list[float] = field(default_factory=list)  # of headers read from all three bursts
    marked_once: int = 0  # headers marked as heard once


Decode = Callable[[Real], Heard]


def ours(prior: Prior) -> Decode:
    """Our receiver, fed as audiod feeds it."""

    def decode(sound: Real) -> Heard:
        receiver = SameReceiver(1, RATE, prior)
        heard = Heard()
        started = time.process_time()
        for start in range(0, len(sound), BLOCK):
            block = sound[None, start : start + BLOCK]
            for said in receiver.feed(block):
                _note(heard, said, (start + block.shape[1]) / RATE)
        for said in receiver.flush():
            _note(heard, said, None)
        heard.cpu_s = time.process_time() - started
        return heard

    return decode


def _note(heard: Heard, said: object, now_s: float | None) -> None:
    if not isinstance(said, DecodedMessage):
        return
    if said.is_eom:
        heard.eoms += 1
        return
    heard.headers.append(said.text)
    heard.marked_once += said.evidence.bursts == 1
    if now_s is not None and said.evidence.bursts == 3:
        heard.late_s.append(now_s - said.end_sample / RATE)


def ours_on_seven(prior: Prior, sound: Real) -> float:
    """CPU seconds for seven channels at once."""
    seven = np.stack([np.roll(sound, 10_007 * i) for i in range(7)])
    receiver = SameReceiver(7, RATE, prior)
    started = time.process_time()
    for start in range(0, seven.shape[1], BLOCK):
        receiver.feed(seven[:, start : start + BLOCK])
    return time.process_time() - started


def peers() -> dict[str, Decode]:
    """The other decoders that are installed."""
    return {name: _peer(command) for name, command in PEERS.items() if shutil.which(command[0])}


def _peer(command: list[str]) -> Decode:
    def decode(sound: Real) -> Heard:
        raw = (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        found = subprocess.run(command, input=raw, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        lines = found.stdout.decode("ascii", "replace").splitlines()
        return Heard(
            headers=[line[line.index("ZCZC") :].rstrip() for line in lines if "ZCZC" in line],
            eoms=sum("NNNN" in line for line in lines),
            cpu_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        )

    return decode
