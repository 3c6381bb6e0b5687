"""The machine, as an unprivileged process can read it: /proc, /sys and the disk.

Nothing here raises: what cannot be read is None.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LASTS_S = 10.0  # a reading; a disk does not fill faster
SLICE = "sys/fs/cgroup/eas.slice/eas-station.slice"  # systemd puts a-b.slice below a.slice
VOLTAGE_MONITOR = "rpi_volt"  # the Raspberry Pi's, in /sys/class/hwmon


@dataclass(frozen=True, slots=True)
class Cgroup:
    """The accounting of one unit by the kernel. None: not known."""

    cpu_s: float | None
    memory_bytes: int | None  # page cache included
    memory_most_bytes: int | None  # MemoryMax=
    processes: int | None


@dataclass(frozen=True, slots=True)
class Machine:
    """One reading. None: not known."""

    disk_free_bytes: int | None  # of the state folder's file system, for unprivileged users
    disk_bytes: int | None
    temperature_c: float | None  # of the hottest zone
    under_voltage: bool | None  # the power supply is too weak, now
    load: float | None  # runnable processes, mean of the last minute
    memory_free_bytes: int | None
    memory_bytes: int | None
    booted_s: float | None  # how long ago


class MachineReader:
    """Reads the machine at most every ten seconds. Thread-safe."""

    def __init__(
        self,
        state_dir: Path,
        root: Path = Path("/"),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._state_dir, self._root, self._monotonic = state_dir, root, monotonic
        self._lock = threading.Lock()
        self._last: tuple[float, Machine] | None = None

    def read(self) -> Machine:
        """The last reading, at most ten seconds old."""
        with self._lock:
            mono = self._monotonic()
            if self._last is None or mono - self._last[0] >= LASTS_S:
                self._last = (mono, self._read_now())
            return self._last[1]

    def cgroup(self, unit: str) -> Cgroup | None:
        """The accounting of a unit; None: systemd does not run it here."""
        folder = self._root / SLICE / f"{unit}.service"
        if "/" in unit or not folder.is_dir():
            return None
        used_us = _field(folder / "cpu.stat", "usage_usec", " ")
        return Cgroup(
            cpu_s=None if used_us is None else used_us / 1e6,
            memory_bytes=_number(folder / "memory.current"),
            memory_most_bytes=_number(folder / "memory.max"),
            processes=_number(folder / "pids.current"),
        )

    def _read_now(self) -> Machine:
        free, size = self._disk()
        memory = self._root / "proc/meminfo"
        available_kib = _field(memory, "MemAvailable", ":")
        total_kib = _field(memory, "MemTotal", ":")
        load, uptime = (_text(self._root / "proc" / name).split() for name in ("loadavg", "uptime"))
        return Machine(
            disk_free_bytes=free,
            disk_bytes=size,
            temperature_c=self._temperature_c(),
            under_voltage=self._under_voltage(),
            load=float(load[0]) if load else None,
            memory_free_bytes=None if available_kib is None else available_kib * 1024,
            memory_bytes=None if total_kib is None else total_kib * 1024,
            booted_s=float(uptime[0]) if uptime else None,
        )

    def _disk(self) -> tuple[int | None, int | None]:
        try:
            found = os.statvfs(self._state_dir)
        except OSError:
            return None, None
        return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize

    def _temperature_c(self) -> float | None:
        zones = sorted((self._root / "sys/class/thermal").glob("thermal_zone*/temp"))
        read = [milli / 1000 for milli in map(_number, zones) if milli is not None]
        return max(read, default=None)

    def _under_voltage(self) -> bool | None:
        for folder in sorted((self._root / "sys/class/hwmon").glob("hwmon*")):
            if _text(folder / "name").strip() == VOLTAGE_MONITOR:
                alarm = _number(folder / "in0_lcrit_alarm")
                return None if alarm is None else bool(alarm)
        return None


def _field(path: Path, name: str, mark: str) -> int | None:
    """The number in a line "name<mark> number"."""
    for line in _text(path).splitlines():
        found, _, rest = line.partition(mark)
        if found == name:
            return _integer(rest.split()[0] if rest.split() else "")
    return None


def _number(path: Path) -> int | None:
    return _integer(_text(path).strip())


def _integer(text: str) -> int | None:
    """A whole number; None for anything else, such as "max"."""
    bare = text.removeprefix("-")
    return int(text) if bare.isascii() and bare.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""  # another machine does not have it, or does not allow reading it
