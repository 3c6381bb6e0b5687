"""On which CPUs a source runs."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime

from eas_station.audiod.cpu_affinity import restrict_to, status_item

NOON = datetime(2025, 11, 22, 12, tzinfo=UTC)
SCRIPT = """
import os, sys, threading
from eas_station.audiod.cpu_affinity import restrict_to
waiting = threading.Event()
thread = threading.Thread(target=waiting.wait)
thread.start()
restrict_to([int(cpu) for cpu in sys.argv[1].split(",")])
print(os.sched_getaffinity(0), os.sched_getaffinity(thread.native_id))
waiting.set()
"""


def kept(cpus: str) -> str:
    """The affinity of a child process before and after the restriction."""
    command = [sys.executable, "-c", SCRIPT, cpus]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_all_threads_are_restricted_to_the_configured_cpus() -> None:
    cpu = max(os.sched_getaffinity(0))
    assert kept(str(cpu)) == f"{{{cpu}}} {{{cpu}}}"


def test_a_missing_cpu_changes_nothing_and_is_reported() -> None:
    here = os.sched_getaffinity(0)
    assert kept("1000") == f"{here} {here}"
    item = status_item((1000,), NOON)
    assert item.state == "failed"
    assert item.sentence.endswith("but CPU 1000 is configured")


def test_the_status_shows_where_it_runs() -> None:
    here = sorted(os.sched_getaffinity(0))
    restrict_to(())
    assert sorted(os.sched_getaffinity(0)) == here
    item = status_item(here, NOON)
    assert (item.kind, item.state) == ("cpu", "running")
    assert item.sentence == f"runs on CPU {', '.join(map(str, here))}, as configured"
