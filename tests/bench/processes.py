"""What /proc says of other processes, their children included."""

from __future__ import annotations

import os
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def children(pid: int) -> dict[str, int]:
    """The living children of a process by their titles, "eas-sdrd: wx"."""
    found = {}
    for child in (PROC / str(pid) / "task" / str(pid) / "children").read_text().split():
        title = (PROC / child / "cmdline").read_bytes().split(b"\0\0")[0].rstrip(b"\0")
        found[title.replace(b"\0", b" ").decode().strip()] = int(child)
    return found


def cpu_s(pid: int) -> float:
    """User and system time: fields 14 to 17 of proc_pid_stat(5)."""
    return (
        sum(
            sum(map(int, (PROC / str(one) / "stat").read_text().rpartition(")")[2].split()[11:15]))
            for one in family(pid)
        )
        / TICKS_PER_S
    )


def pss_mib(pid: int) -> float:
    """Proportional set size: shared pages are divided among those who share them."""
    total_kib = 0
    for one in family(pid):
        for line in (PROC / str(one) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total_kib += int(line.split()[1])
    return total_kib / 1024


def family(pid: int) -> list[int]:
    """The process and everything it has started that still lives."""
    found = [pid]
    for parent in found:  # grows while it is walked
        for path in (PROC / str(parent) / "task").glob("*/children"):
            found += [int(child) for child in path.read_text().split()]
    return found
