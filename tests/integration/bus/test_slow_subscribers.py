"""Subscribers that stop, come late or drown: others are unharmed, and each notices what it lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from eas_station.bus import topics
from eas_station.bus.messages import AudioPcm, Control, Status
from eas_station.bus.publisher import Publisher
from eas_station.bus.subscriber import Subscriber
from eas_station.clock import utc_now

UNIT = "eas-sdrd@wx"
CHANNELS = [f"audio.pcm.wx.162.{mhz}" for mhz in (400, 425, 450, 475, 500, 525, 550)]
FRAMES = 11  # a second and channel
FRAME = bytes(4608)  # s16le of 2304 samples
PATIENCE_S = 60.0
MOST_GROWN_BYTES = 8 << 20

# Counts what it hears and what it is told that it missed, until a status says "end".
LISTENER = """
import sys
from pathlib import Path
from eas_station.bus.messages import Status
from eas_station.bus.subscriber import Subscriber
heard = missed = 0
with Subscriber(Path(sys.argv[1]), ["eas-sdrd@wx"], sys.argv[2:]) as subscriber:
    while True:
        message = subscriber.receive(60)
        if message is None:
            sys.exit("nothing more")
        missed += sum(count for _, topic, count in subscriber.missed() if topic in sys.argv[4:])
        if isinstance(message.body, Status):
            if message.body.sentence == "end":
                break
        elif message.topic == "control.start":
            print("hears", flush=True)
        else:
            heard += 1
print(heard, missed, flush=True)
"""


class Listener:
    """A process that subscribes."""

    def __init__(self, run_dir: Path, *wanted: str) -> None:
        always = ("control.start", topics.status(UNIT))
        argv = [sys.executable, "-c", LISTENER, str(run_dir), *always, *wanted]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def counts(self) -> tuple[int, int]:
        """Heard and missed."""
        heard, missed = self.line().split()
        assert self.process.wait(PATIENCE_S) == 0
        return int(heard), int(missed)


@pytest.fixture
def run_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="eas-") as name:
        yield Path(name)


@pytest.fixture
def publisher(run_dir: Path) -> Iterator[Publisher]:
    publishing = Publisher(UNIT, run_dir)
    publishing.publish("control.start", Control("start"))
    yield publishing
    publishing.close()


@pytest.fixture
def listen(run_dir: Path) -> Iterator[Callable[..., Listener]]:
    with ExitStack() as stack:

        def start(*wanted: str) -> Listener:
            listener = Listener(run_dir, *wanted)
            stack.callback(listener.process.wait)
            stack.callback(listener.process.kill)
            assert listener.line() == "hears"
            return listener

        yield start


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def end(publisher: Publisher, listener: Listener) -> tuple[int, int]:
    """Say the end until it is heard, for a queue may still be full; gives heard and missed."""
    until_s = time.monotonic() + PATIENCE_S
    while listener.process.poll() is None:
        assert time.monotonic() < until_s, "the end is never heard"
        status = Status(
            unit=UNIT,
            state="running",
            sentence="end",
            started_at=utc_now(),
            pid=os.getpid(),
            version="0",
            clock_trusted=True,
            cpu_s=0.0,
            memory_bytes=0,
            last_seq=publisher.last_seq(),
        )
        publisher.publish(topics.status(UNIT), status, keep_last=False)
        threading.Event().wait(0.05)
    return listener.counts()


def test_a_subscriber_stopped_for_a_minute_blocks_nobody_and_notices_every_gap(
    publisher: Publisher, listen: Callable[..., Listener], run_dir: Path
) -> None:
    stopped = listen(*CHANNELS)
    with Subscriber(run_dir, [UNIT], ["audio.pcm.wx.", "control.start"]) as other:
        assert other.receive(PATIENCE_S) is not None
        stopped.process.send_signal(signal.SIGSTOP)
        sent = heard = 0
        grown, before = 0, resident_bytes()
        for frame in range(60 * FRAMES):
            for topic in CHANNELS:
                publisher.publish(topic, AudioPcm(25_000, frame * 2304, 0), FRAME)
                sent += 1
            while heard < sent and other.receive(PATIENCE_S) is not None:
                heard += 1
            grown = max(grown, resident_bytes() - before)
        assert heard == sent == 60 * FRAMES * len(CHANNELS)
        assert other.missed() == ()
    assert publisher.dropped > 0, "the queue of the stopped one is full"
    assert grown <= MOST_GROWN_BYTES
    stopped.process.send_signal(signal.SIGCONT)
    heard_late, missed_late = end(publisher, stopped)
    assert missed_late > 0
    assert heard_late + missed_late == sent, "every frame is either heard or known to be missed"


def test_a_late_subscriber_receives_the_last_value_without_a_gap(
    publisher: Publisher, listen: Callable[..., Listener]
) -> None:
    for number in range(5000):
        publisher.publish("control.x", Control(str(number)))
        publisher.publish(CHANNELS[0], AudioPcm(25_000, number, 0), FRAME)
    late = listen("control.x", CHANNELS[0])
    assert end(publisher, late) == (1, 0)


def test_the_lost_tail_of_a_burst_is_noticed_by_the_next_status(
    publisher: Publisher, listen: Callable[..., Listener]
) -> None:
    drowned = listen("control.x")
    drowned.process.send_signal(signal.SIGSTOP)
    for number in range(20_000):
        publisher.publish("control.x", Control(str(number)), keep_last=False)
    assert publisher.dropped > 0
    drowned.process.send_signal(signal.SIGCONT)
    heard, missed = end(publisher, drowned)
    assert missed > 0
    assert heard + missed == 20_000
