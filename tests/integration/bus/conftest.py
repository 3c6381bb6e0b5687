"""Two machines: network namespaces, and a long bad wire between them that can be cut.

The wire is made of two TUN devices and a thread that carries each packet from one to the other,
because few kernels of small machines have tc netem: 200 ms late, and one of a hundred is lost.
"""

from __future__ import annotations

import fcntl
import heapq
import os
import random
import select
import shutil
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

TUN = Path("/dev/net/tun")
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000  # linux/if_tun.h
LONGEST_PACKET = 4096
DELAY_S, LOSS = 0.2, 0.01
ANTENNA, STATION = "10.99.77.1", "10.99.77.2"


def run(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True, timeout=30)


def open_tun(name: str) -> int:
    descriptor = os.open(TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    request = struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI)
    try:
        fcntl.ioctl(descriptor, TUNSETIFF, request)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


class Wire:
    """Carries packets between two TUN devices until it is closed."""

    def __init__(self, ends: tuple[int, int]) -> None:
        self.cut = False
        self.carried = self.lost = 0
        self._ends = ends
        self._chance = random.Random(20261122)
        self._late: list[tuple[float, int, int, bytes]] = []  # due, number, end, packet
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        os.write(self._stop_write, b"\0")
        self._thread.join()
        for descriptor in (*self._ends, self._stop_read, self._stop_write):
            os.close(descriptor)

    def _run(self) -> None:
        while True:
            wait_s = max(0.0, self._late[0][0] - time.monotonic()) if self._late else None
            ready = select.select([*self._ends, self._stop_read], [], [], wait_s)[0]
            if self._stop_read in ready:
                return
            for end in ready:
                self._take(end)
            while self._late and self._late[0][0] <= time.monotonic():
                _, _, end, packet = heapq.heappop(self._late)
                with suppress(OSError):
                    os.write(end, packet)

    def _take(self, end: int) -> None:
        """From the antenna it takes 200 ms; back none, as with netem on one device."""
        with suppress(BlockingIOError):
            while packet := os.read(end, LONGEST_PACKET):
                if self.cut or self._chance.random() < LOSS:
                    self.lost += 1
                    continue
                self.carried += 1
                first, second = self._ends
                delay_s, other = (DELAY_S, second) if end == first else (0.0, first)
                due_s = time.monotonic() + delay_s
                heapq.heappush(self._late, (due_s, self.carried, other, packet))


class Machines:
    """Names of the two network namespaces, and the wire between them."""

    def __init__(self, antenna: str, station: str, wire: Wire) -> None:
        self.antenna, self.station, self.wire = antenna, station, wire

    @staticmethod
    def on(namespace: str) -> list[str]:
        """In front of a command, it runs there."""
        return ["ip", "netns", "exec", namespace]


@pytest.fixture
def machines() -> Iterator[Machines]:
    if os.geteuid() != 0 or shutil.which("ip") is None or not TUN.exists():
        pytest.skip("needs root, ip (apt install iproute2) and /dev/net/tun")
    with ExitStack() as stack:
        names, ends = [], []
        for side, address in (("a", ANTENNA), ("s", STATION)):
            name = f"eas{side}{os.getpid()}"
            try:
                run("ip", "netns", "add", name)
                stack.callback(run, "ip", "netns", "delete", name)
                descriptor = open_tun(name)
            except (subprocess.CalledProcessError, OSError) as error:
                pytest.skip(f"this kernel or container gives no network of its own: {error}")
            run("ip", "link", "set", name, "netns", name)
            run("ip", "-n", name, "addr", "add", f"{address}/24", "dev", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
            run("ip", "-n", name, "link", "set", name, "up")
            names.append(name)
            ends.append(descriptor)
        wire = Wire((ends[0], ends[1]))
        stack.callback(wire.close)
        yield Machines(names[0], names[1], wire)
