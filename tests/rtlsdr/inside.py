"""What is done in the machine of `run.py`: a dongle is plugged in, heard, stalled and pulled out.

Prints a line per fact, "ok" or "FAILED", with its figure; its status is 1 if one failed. Times are
those of a machine in software emulation, many times slower than a real one.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, "/usr/share/eas-station")

import numpy as np

from eas_station.bus import topics
from eas_station.bus.messages import AudioPcm, BusMessage, ReceiverState
from eas_station.bus.subscriber import Subscriber

UNIT, NET_UNIT = "eas-sdrd@wx", "eas-sdrd@net"
TONE_HZ = 1050.0
SLOWNESS = 8.0  # of the emulation: by so much limits are widened
LISTENED_S = 15.0


class Bench:
    """The facts found so far."""

    def __init__(self, receiver: str) -> None:
        self.failed = 0
        self.news = Subscriber(
            Path("/run/eas-station"),
            [f"eas-sdrd@{receiver}"],
            [topics.receiver_state(receiver), f"audio.pcm.{receiver}."],
        )

    def fact(self, holds: bool, text: str) -> None:
        self.failed += not holds
        print("ok    " if holds else "FAILED", text, flush=True)

    def wait(
        self, wanted: Callable[[BusMessage], bool], seconds: float
    ) -> tuple[BusMessage | None, float]:
        began_s = time.monotonic()
        while time.monotonic() - began_s < seconds:
            message = self.news.receive(0.5)
            if message is not None and wanted(message):
                return message, time.monotonic() - began_s
        return None, time.monotonic() - began_s

    def state(self, state: str, seconds: float, text: str) -> ReceiverState | None:
        message, took_s = self.wait(in_state(state), seconds)
        self.fact(message is not None, f"{text}: {state} after {took_s:.1f} s")
        if message is None or not isinstance(message.body, ReceiverState):
            return None
        print(f"       {message.body.sentence}", flush=True)
        return message.body


def in_state(state: str) -> Callable[[BusMessage], bool]:
    return lambda message: isinstance(message.body, ReceiverState) and message.body.state == state


def command(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()


def main_pid() -> str:
    return command("systemctl", "show", "-P", "MainPID", UNIT)


def plug_in(*options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "/root/virtual_rtlsdr.py", *options], stdout=subprocess.DEVNULL
    )


def pull_out(dongle: subprocess.Popen[bytes]) -> None:
    dongle.kill()
    dongle.wait()


def listen(bench: Bench) -> None:
    """Hear the tone, and count."""
    began_s, rows, gaps, states = time.monotonic(), [], 0, []
    while time.monotonic() - began_s < LISTENED_S:
        message = bench.news.receive(0.5)
        if message is None:
            continue
        if isinstance(message.body, AudioPcm):
            rows.append(np.frombuffer(message.samples or b"", dtype="<i2"))
            gaps += message.body.gap_samples
        elif isinstance(message.body, ReceiverState):
            states.append(message.body)
    audio = np.concatenate(rows).astype(float) if rows else np.zeros(25_000)
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(audio.size)))
    tone_hz = float(np.argmax(spectrum) * 25_000 / audio.size)
    bench.fact(abs(tone_hz - TONE_HZ) < 2, f"the tone of the dongle is heard: {tone_hz:.1f} Hz")
    heard_s, told_s = audio.size / 25_000, gaps / 25_000
    # A slow emulation loses samples. They may be told up to two windows later, but never too many.
    text = f"{heard_s:.1f} s of audio and {told_s:.1f} s told as lost in {LISTENED_S:.0f} s"
    bench.fact(heard_s + told_s < LISTENED_S + 2, text)
    if states:
        print(f"       {states[-1].sentence}", flush=True)


def main() -> int:
    """All in order."""
    bench = Bench("wx")
    print(command("uname", "-sr"), flush=True)
    command("systemctl", "stop", NET_UNIT)
    command("modprobe", "vhci-hcd")
    bench.state("reconnecting", 60 * SLOWNESS, "without a dongle")
    dongle = plug_in()
    running = bench.state("running", 10 * SLOWNESS, "plugged in")
    listen(bench)
    pid = main_pid()
    print("      ", command("systemctl", "show", "-P", "StatusText", UNIT), flush=True)
    print("       memory", command("systemctl", "show", "-P", "MemoryCurrent", UNIT), flush=True)
    pull_out(dongle)
    bench.state("reconnecting", 3 * SLOWNESS, "pulled out")
    dongle = plug_in("--stall-after", "40")
    again = bench.state("running", 5 * SLOWNESS, "plugged in again")
    bench.fact(main_pid() == pid, "the process is the same")
    if running is not None and again is not None:
        bench.fact(again.lost_samples > 0, f"the time away is {again.lost_samples} lost samples")
    bench.state("reconnecting", 45 + 3 * SLOWNESS, "stalled, 40 s after it was plugged in")
    pull_out(dongle)
    dongle = plug_in()
    bench.state("running", 12 * SLOWNESS, "pulled out and plugged in")
    bench.fact(True, f"process {pid} then, {main_pid()} now")
    pull_out(dongle)
    bench.state("reconnecting", 3 * SLOWNESS, "pulled out again")
    log = command("journalctl", "-u", UNIT, "-o", "cat", "--no-pager")
    print(log, flush=True)
    changes = sum("receiver wx is" in line for line in log.splitlines())
    bench.fact(changes <= 12, f"{changes} lines about changes of its state")
    command("systemctl", "stop", UNIT)
    return 1 if bench.failed + over_the_network() else 0


def over_the_network() -> int:
    """The same dongle shared by Debian's own rtl_tcp; gives how many facts failed."""
    command("systemctl", "start", "--no-block", NET_UNIT)
    bench = Bench("net")
    dongle = plug_in()
    time.sleep(SLOWNESS)
    server = subprocess.Popen(
        ["rtl_tcp", "-a", "127.0.0.1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    bench.state("running", 12 * SLOWNESS, "Debian's rtl_tcp is there")
    listen(bench)
    server.kill()
    server.wait()
    bench.state("reconnecting", 3 * SLOWNESS, "rtl_tcp is gone")
    pull_out(dongle)
    print(command("journalctl", "-u", NET_UNIT, "-o", "cat", "--no-pager"), flush=True)
    return bench.failed


if __name__ == "__main__":
    sys.exit(main())
