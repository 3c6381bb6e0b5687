"""CPU time and memory of the process, its children included."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REREAD_S = 5.0  # smaps_rollup walks every page table


@dataclass(frozen=True, slots=True)
class Usage:
    """Since the start of the process, its living and its reaped children included."""

    cpu_s: float  # user + system
    memory_bytes: int  # PSS: a shared page is divided among the processes that share it


class UsageMeter:
    """Reads /proc at most every five seconds."""

    def __init__(
        self, proc: Path = Path("/proc"), monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._proc = proc
        self._monotonic = monotonic
        self._ticks_per_s = os.sysconf("SC_CLK_TCK")
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")
        self._last: tuple[float, Usage] | None = None

    def read(self) -> Usage:
        """The usage, at most five seconds old."""
        now_s = self._monotonic()
        if self._last is None or now_s - self._last[0] >= REREAD_S:
            pids = self._family(os.getpid())
            usage = Usage(
                cpu_s=sum(self._cpu_s(pid) for pid in pids),
                memory_bytes=sum(self._memory_bytes(pid) for pid in pids),
            )
            self._last = (now_s, usage)
        return self._last[1]

    def _family(self, pid: int) -> list[int]:
        """The process and its living descendants."""
        found = [pid]
        for parent in found:  # grows while it is walked
            for children in (self._proc / str(parent) / "task").glob("*/children"):
                found += [int(child) for child in _text(children).split()]
        return found

    def _cpu_s(self, pid: int) -> float:
        """utime, stime and those of reaped children: fields 14 to 17 of proc_pid_stat(5)."""
        fields = _text(self._proc / str(pid) / "stat").rpartition(")")[2].split()
        return sum(int(ticks) for ticks in fields[11:15]) / self._ticks_per_s

    def _memory_bytes(self, pid: int) -> int:
        for line in _text(self._proc / str(pid) / "smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
        resident = _text(self._proc / str(pid) / "statm").split()[1:2]  # no smaps_rollup: RSS
        return int(resident[0]) * self._page_bytes if resident else 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # the process has ended meanwhile, or may not be read
