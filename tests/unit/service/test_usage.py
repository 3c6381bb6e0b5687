"""CPU and memory of the process and its children."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from eas_station.service.usage import UsageMeter

MIB = 1 << 20


def burn(seconds: float) -> None:
    until_s = time.process_time() + seconds
    while time.process_time() < until_s:
        pass


def test_work_costs_cpu_and_memory_is_there(clock: Any) -> None:
    meter = UsageMeter(monotonic=clock)
    before = meter.read()
    burn(0.1)
    clock.passes(5.0)
    after = meter.read()
    assert 0.05 <= after.cpu_s - before.cpu_s <= 2.0
    assert 5 * MIB < after.memory_bytes < 2000 * MIB


def test_proc_is_read_at_most_every_five_seconds(clock: Any) -> None:
    meter = UsageMeter(monotonic=clock)
    first = meter.read()
    burn(0.05)
    clock.passes(4.9)
    assert meter.read() is first


def test_a_child_counts(clock: Any) -> None:
    meter = UsageMeter(monotonic=clock)
    alone = meter.read()
    program = "x = bytearray(80 << 20); print(len(x), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        clock.passes(5.0)
        together = meter.read()
        child.kill()
    assert together.memory_bytes - alone.memory_bytes > 70 * MIB


def test_what_cannot_be_read_is_nothing(tmp_path: Path, clock: Any) -> None:
    usage = UsageMeter(tmp_path, clock).read()
    assert (usage.cpu_s, usage.memory_bytes) == (0, 0)
