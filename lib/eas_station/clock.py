"""The current time, aware UTC, and whether the wall clock can be trusted.

A Raspberry Pi has no battery clock: until it was synchronised once, nothing may expire.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

RELEASED_AT = datetime(2026, 11, 1, tzinfo=UTC)  # no true clock reads earlier than this release
STEP_S = 5.0  # a larger jump of wall against monotonic time is a step, less is slewing
RTC_AGREEMENT_S = 300.0  # a battery clock this near to the wall clock confirms it

STA_UNSYNC = 0x0040  # linux/timex.h
TIME_ERROR = 5  # adjtimex(2)

VIRTUAL_VENDORS = ("QEMU", "VMware", "innotek", "Xen", "Microsoft", "Amazon EC2", "Google")


def utc_now() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Probes:
    """The facts of the host about its clock; each function is called at every judgement."""

    kernel_synchronised: Callable[[], bool]
    timesync_mark: Callable[[], float | None]  # changes whenever timesyncd has synchronised
    battery_clock_s: Callable[[], float | None]  # the RTC's time since the epoch; None: no RTC
    virtual_machine: Callable[[], bool]


class ClockTrust:
    """Whether the wall clock is trusted; once it is, it stays so until the clock is stepped.
    Every method may be called from any thread.

    The kernel clears its flag hours after the network has failed, although the clock is still
    right: therefore the verdict is latched, on the monotonic clock.
    """

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
        probes: Probes | None = None,
        always: bool = False,
    ) -> None:
        """`always`: the operator has declared the clock right (station.clock = "trusted")."""
        self._monotonic = monotonic
        self._now = now
        self._probes = probes or host_probes()
        self._always = always
        self._lock = threading.Lock()  # a verdict must not outlive a step
        self._trusted = False
        self._stepped = False
        self._reason = "not judged yet"
        self._stale_mark: float | None = None
        self._seen_mark: float | None = None
        self._offset_s = self._offset()

    def trusted(self) -> bool:
        """Whether the wall clock is trusted now."""
        if self._always:
            return True
        with self._lock:
            self._notice_step()
            if not self._trusted:
                self._trusted, self._reason = self._judge()
            self._seen_mark = self._probes.timesync_mark()
            return self._trusted

    def reason(self) -> str:
        """Why the clock is or is not trusted, as a sentence."""
        if self._always:
            return "trusted by the configuration"
        self.trusted()
        return self._reason

    def _offset(self) -> float:
        return self._now().timestamp() - self._monotonic()

    def _notice_step(self) -> None:
        offset_s = self._offset()
        if abs(offset_s - self._offset_s) > STEP_S:
            self._trusted = False
            self._stepped = True
            self._stale_mark = self._seen_mark
        self._offset_s = offset_s

    def _judge(self) -> tuple[bool, str]:
        now = self._now()
        if now < RELEASED_AT:
            return False, f"the clock reads {now:%Y-%m-%d}, which is before this release"
        if self._probes.kernel_synchronised():
            return True, "synchronised, by the kernel's flag"
        mark = self._probes.timesync_mark()
        if mark is not None and mark != self._stale_mark:
            return True, "synchronised once since boot"
        rtc_s = self._probes.battery_clock_s()
        if rtc_s is not None and rtc_s >= RELEASED_AT.timestamp():
            if abs(rtc_s - now.timestamp()) <= RTC_AGREEMENT_S:
                return True, "the battery clock agrees"
            if self._stepped:
                return False, "the clock was stepped away from the battery clock"
        if self._probes.virtual_machine():
            return True, "a virtual machine, with the clock of its host"
        if self._stepped:
            return False, "the clock was stepped and has not been synchronised since"
        return False, "the clock has not been synchronised since boot"


def host_probes(root: Path = Path("/")) -> Probes:
    """The probes of this host; `root` is the root of its file system."""
    return Probes(
        kernel_synchronised=kernel_synchronised,
        timesync_mark=lambda: _modified_s(root / "run/systemd/timesync/synchronized"),
        battery_clock_s=lambda: battery_clock_s(root / "sys/class/rtc"),
        virtual_machine=lambda: is_virtual_machine(root),
    )


class _Timex(ctypes.Structure):
    """struct timex of sys/timex.h, the fields that are read; the rest is padding."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("padding", ctypes.c_byte * 512),
    )


def kernel_synchronised() -> bool:
    """Whether adjtimex(2) reports a synchronised clock; False where the call is forbidden.

    A unit with ProtectClock= or a SystemCallFilter= without @clock needs
    SystemCallErrorNumber=EPERM, or the call ends the process.
    """
    timex = _Timex()
    state = int(ctypes.CDLL(None).adjtimex(ctypes.byref(timex)))
    return 0 <= state < TIME_ERROR and not timex.status & STA_UNSYNC


def battery_clock_s(folder: Path) -> float | None:
    """The time of the first real-time clock under `folder`, in seconds since the epoch."""
    for clock in sorted(folder.glob("rtc*")):
        text = _text(clock / "since_epoch").strip()
        if text.isdigit():
            return float(text)
    return None


def is_virtual_machine(root: Path) -> bool:
    """Whether this host is a guest, whose clock the hypervisor sets."""
    if (root / "sys/hypervisor/type").exists() or (root / "proc/device-tree/hypervisor").exists():
        return True
    if _text(root / "sys/class/dmi/id/sys_vendor").startswith(VIRTUAL_VENDORS):
        return True
    flags = (line for line in _text(root / "proc/cpuinfo").splitlines() if line[:5] == "flags")
    return "hypervisor" in next(flags, "").split()


def _modified_s(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
