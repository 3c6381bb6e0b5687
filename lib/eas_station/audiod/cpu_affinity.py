"""Restricts the process to the configured CPUs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from eas_station.bus.messages import ItemState


def restrict_to(cpus: Iterable[int], tasks: Path = Path("/proc/self/task")) -> None:
    """Restrict every thread of this process to these CPUs, as far as that is possible.

    Under systemd it has been done before the start (CPUAffinity=), and a thread may not do it.
    """
    wanted = set(cpus)
    if not wanted or os.sched_getaffinity(0) == wanted:
        return
    for task in tasks.iterdir():
        try:
            os.sched_setaffinity(int(task.name), wanted)
        except OSError:
            return  # no such CPU, or not permitted: the status shows where it runs instead


def status_item(cpus: Iterable[int], now: datetime) -> ItemState:
    """On which CPUs the process runs, as an item of its status."""
    wanted, allowed = set(cpus), os.sched_getaffinity(0)
    sentence = f"runs on {_named(allowed)}"
    if allowed == wanted:
        return ItemState("cpu", "cpu", "running", f"{sentence}, as configured", now)
    sentence += f", but {_named(wanted)} is configured"
    return ItemState("cpu", "cpu", "failed", sentence, now)


def _named(cpus: set[int]) -> str:
    return "CPU " + ", ".join(map(str, sorted(cpus)))
