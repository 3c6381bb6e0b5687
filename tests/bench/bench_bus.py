"""What publishing costs beside a bare ZeroMQ send, and beside a subscriber that never reads."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import zmq
from table import Table, best_s

from eas_station.bus.frames import FrameHeader, decode, encode
from eas_station.bus.messages import AudioPcm
from eas_station.bus.publisher import Publisher
from eas_station.clock import utc_now

MINUTE_OF_SEVEN = 8400  # frames of 50 ms
BURST = 2000
GROWN_MIB, SLOWEST_S = 8.0, 0.01
DEAREST_FRAME = 4.0  # times json.loads of the same header
PCM, SAMPLES = AudioPcm(25_000, 0, 0), bytes(2500)
TOPIC = "audio.pcm.wx.162.550"
LISTENER = """
import sys
from pathlib import Path
from eas_station.bus.subscriber import Subscriber
subscriber = Subscriber(Path(sys.argv[1]), ["eas-sdrd@wx"], ["audio.pcm."])
while subscriber.receive(20) is None:
    pass
print("x", flush=True)
while True:
    subscriber.receive(20)
"""


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def bench_publish(table: Table, folder: Path) -> None:
    socket = zmq.Context.instance().socket(zmq.XPUB)
    socket.setsockopt(zmq.LINGER, 0)
    socket.bind(f"ipc://{folder}/bare.pub")

    def bare() -> None:
        for _ in range(BURST):
            socket.send_multipart((TOPIC.encode(), b"{}", SAMPLES))

    with closing(Publisher("eas-sdrd@bench", folder)) as publisher:

        def ours() -> None:
            for _ in range(BURST):
                publisher.publish(TOPIC, PCM, SAMPLES)

        bare_s, ours_s = best_s(bare) / BURST, best_s(ours) / BURST
    socket.close()
    table.value("bare send of 50 ms of audio, CPU", bare_s, "s", 1.0)
    table.value("Publisher.publish of it, CPU", ours_s, "s", ours_s / bare_s)
    percent = 100 * ours_s * MINUTE_OF_SEVEN / 60
    table.value("of a core for seven channels", percent, "%")


def bench_frames(table: Table) -> None:
    """Of one frame's header; the bus carries 76 a second for seven channels."""
    header = FrameHeader("eas-sdrd@wx", "0123456789ab", 12345, utc_now())
    parts = encode(TOPIC, header, PCM, SAMPLES)

    def bare() -> None:
        for _ in range(BURST):
            json.loads(parts[1])

    def reading() -> None:
        for _ in range(BURST):
            decode(parts)

    def writing() -> None:
        for _ in range(BURST):
            encode(TOPIC, header, PCM, SAMPLES)

    bare_s = best_s(bare) / BURST
    table.value("json.loads of a frame's header, CPU", bare_s, "s", 1.0)
    for what, work in (("frames.decode of it", reading), ("frames.encode of it", writing)):
        took_s = best_s(work) / BURST
        ratio = took_s / bare_s
        table.value(f"{what}, CPU", took_s, "s", ratio)
        table.value(f"{what}, times json.loads", ratio, "", at_most=DEAREST_FRAME)


def bench_stopped(table: Table, folder: Path) -> None:
    argv = [sys.executable, "-c", LISTENER, str(folder)]
    with (
        closing(Publisher("eas-sdrd@wx", folder)) as publisher,
        subprocess.Popen(argv, stdout=subprocess.PIPE) as child,
    ):
        assert child.stdout is not None
        os.set_blocking(child.stdout.fileno(), False)
        until_s = time.perf_counter() + 20
        while child.stdout.read(1) is None and time.perf_counter() < until_s:
            publisher.publish(TOPIC, PCM, SAMPLES)
            time.sleep(0.01)
        child.send_signal(signal.SIGSTOP)
        before_mib = resident_mib()
        took_s = []
        for _ in range(MINUTE_OF_SEVEN):
            began_s = time.perf_counter()
            publisher.publish(TOPIC, PCM, SAMPLES)
            took_s.append(time.perf_counter() - began_s)
        grown_mib = resident_mib() - before_mib
        child.kill()
    took_s.sort()
    table.value("beside a stopped subscriber: publish, median", took_s[len(took_s) // 2], "s")
    p999_s = took_s[len(took_s) * 999 // 1000]
    table.value("beside a stopped subscriber: publish, p99.9", p999_s, "s", at_most=SLOWEST_S)
    table.value(
        "beside a stopped subscriber: grown in a minute of seven channels",
        *(grown_mib, "MiB"),
        at_most=GROWN_MIB,
    )


def main() -> None:
    table = Table("The bus (ratio to a bare ZeroMQ send of the same bytes)")
    with tempfile.TemporaryDirectory(prefix="eas-bench-") as name:
        bench_publish(table, Path(name))
        bench_stopped(table, Path(name))
    bench_frames(table)
    table.show()


if __name__ == "__main__":
    main()
