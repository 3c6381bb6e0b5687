"""Real child processes: their output, their restarts and how they ended."""

from __future__ import annotations

import io
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eas_station.ctl.foreground.log_lines import LogStream
from eas_station.ctl.foreground.supervisor import (
    Command,
    Supervisor,
    child_environment,
    exit_text,
)
from eas_station.errors import EXIT_CONFIG

READY = """
import os, socket
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
    notify.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\\0"))
    notify.send(b"STATUS=1 feed")
    notify.send(b"READY=1")
raise SystemExit(78)
"""


def run(*commands: Command) -> tuple[int, list[str], list[str]]:
    """Run until all processes have ended; gives the status, the log and the ready units."""
    out, ready = io.StringIO(), list[str]()
    stream = LogStream(out, False, False, lambda: datetime(2026, 4, 27, tzinfo=UTC), width=0)
    status = Supervisor(list(commands), child_environment(os.environ), stream, ready.append).run()
    return status, out.getvalue().replace(" 00:00:00", "").splitlines(), ready


def python(unit: str, code: str, once: bool = False) -> Command:
    return Command(unit, (sys.executable, "-c", code), once)


def test_both_outputs_of_a_process_are_in_the_log() -> None:
    code = "import sys; print('out'); sys.exit('err')"
    status, lines, _ = run(python("demo", code, once=True))
    assert status == EXIT_CONFIG
    assert lines == [
        "demo out",
        "demo err",
        "demo ERROR: ended with exit status 1 (err)",
        "eas-ctl run ERROR: no process is left",
    ]


def test_an_invalid_configuration_is_not_tried_again() -> None:
    _, lines, ready = run(python("eas-capd", READY))
    assert ready == ["eas-capd"]
    assert sorted(lines) == [
        "eas-capd ERROR: ended with exit status 78: invalid configuration; not restarted",
        "eas-capd ready: 1 feed",
        "eas-ctl run ERROR: no process is left",
    ]


def test_what_a_process_leaves_behind_is_killed() -> None:
    code = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid)"
    _, lines, _ = run(python("demo", code, once=True))
    stat = Path(f"/proc/{lines[0].removeprefix('demo ')}/stat")
    deadline_s = time.monotonic() + 10.0
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline_s


def test_children_do_not_inherit_the_variables_of_systemd() -> None:
    environment = {"PATH": "/bin", "NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "1", "EAS_LOG": "text"}
    inherited = child_environment(environment)
    assert inherited["PATH"] == "/bin"
    assert inherited["EAS_LOG"] == "json"
    assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC"} & inherited.keys()


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (0, "ended with exit status 0"),
        (78, "ended with exit status 78"),
        (-9, "was ended by SIGKILL"),
        (-99, "was ended by signal 99"),
    ],
)
def test_an_exit_status_in_words(status: int, text: str) -> None:
    assert exit_text(status) == text
