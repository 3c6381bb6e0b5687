"""`eas-ctl run`: all daemons in the foreground, nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from eas_station.bus.unit_lock import lock_unit

DAEMON_LOG = re.compile(r"^(eas-ctl run|eas-\S+) +\d\d:\d\d:\d\d (.*)$", re.MULTILINE)


@pytest.fixture
def port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def small(folder: Path, port: int) -> Path:
    """A configuration with two daemons: eas-capd and eas-webd, on SQLite."""
    path = folder / "small.toml"
    (folder / "state").mkdir()
    path.write_text(
        f'[paths]\nstate_dir = "{folder}/state"\nruntime_dir = "{folder}/run"\n'
        f'[database]\nurl = "sqlite:///{folder}/state/station.sqlite"\n'
        f'[web]\nhost = "127.0.0.1"\nport = {port}\n'
    )
    return path


@pytest.fixture
def running(start: Callable[..., Any], small: Path) -> Iterator[Any]:
    process = start("eas-ctl", "run", "--config", small)
    process.await_log("all daemons are ready")
    yield process


def children_of(pid: int) -> dict[str, int]:
    """The living children by their comm."""
    found = {}
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            found[Path(f"/proc/{child}/comm").read_text().strip()] = int(child)
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition: Callable[[], bool], longest_s: float) -> None:
    deadline_s = time.monotonic() + longest_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_the_page_responds_at_its_address_and_every_line_starts_with_its_process(
    running: Any, port: int
) -> None:
    assert f"the page is at http://127.0.0.1:{port}/" in running.log()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
        assert answer.status == 200
    assert {name for name, _ in DAEMON_LOG.findall(running.log())} >= {"eas-capd", "eas-webd"}
    assert all(DAEMON_LOG.match(line) for line in running.log().splitlines() if line[:4] == "eas-")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_within_five_seconds(
    running: Any, folder: Path, number: signal.Signals
) -> None:
    pids = children_of(running.pid)
    assert set(pids) == {"eas-capd", "eas-webd"}
    began_s = time.monotonic()
    running.signal(number)
    assert running.wait() == 0
    assert time.monotonic() - began_s < 5.0
    assert not any(alive(pid) for pid in pids.values())
    assert list((folder / "run").iterdir()) == []
    assert "Traceback" not in running.log()


def test_a_daemon_that_dies_is_started_again_and_the_reason_shown(running: Any) -> None:
    first = children_of(running.pid)["eas-capd"]
    os.kill(first, signal.SIGKILL)
    running.await_log("was ended by SIGKILL")
    running.await_log("restarting in 2 s")
    until(lambda: children_of(running.pid).get("eas-capd", first) != first, 10.0)
    until(lambda: running.log().count("eas-capd") and running.log().count("ready:") == 3, 10.0)


def test_killed_itself_it_takes_its_daemons_along(running: Any) -> None:
    pids = children_of(running.pid).values()
    running.signal(signal.SIGKILL)
    running.wait()
    until(lambda: not any(alive(pid) for pid in pids), 5.0)


def test_a_stopped_daemon_is_killed_after_five_seconds_at_most(running: Any) -> None:
    pids = children_of(running.pid)
    os.kill(pids["eas-webd"], signal.SIGSTOP)
    began_s = time.monotonic()
    running.signal(signal.SIGTERM)
    assert running.wait() == 0
    assert time.monotonic() - began_s < 5.5
    assert "did not stop within 4.5 s: killing it" in running.log()
    assert not any(alive(pid) for pid in pids.values())


def test_a_port_that_is_taken_is_one_sentence(
    start: Callable[..., Any], small: Path, port: int
) -> None:
    with closing(socket.create_server(("127.0.0.1", port))):
        process = start("eas-ctl", "run", "--config", small)
        assert process.wait() == 2
    assert process.log() == (
        f"eas-ctl: port {port} of 127.0.0.1 is in use: stop the program that uses it, or set"
        f" another web.port in {small}\n"
    )


def test_a_second_run_from_the_same_folder_is_one_sentence(
    start: Callable[..., Any], folder: Path
) -> None:
    with lock_unit(folder / "var", "eas-ctl-run"):
        process = start("eas-ctl", "run", "--var", folder / "var")
        assert process.wait() == 2
    assert process.log() == (
        f"eas-ctl: eas-ctl-run is already running with pid {os.getpid()} in {folder}/var: stop that"
        " station first, or use another folder with --var\n"
    )


def test_a_configuration_at_fault_starts_nothing(start: Callable[..., Any], small: Path) -> None:
    small.write_text(small.read_text() + "[wep]\n")
    process = start("eas-ctl", "run", "--config", small)
    assert process.wait() == 78
    assert "wep: no such table; did you mean web?" in process.log()


def test_the_demonstration_is_received_and_leaves_only_its_state(
    start: Callable[..., Any], folder: Path
) -> None:
    process = start("eas-ctl", "run", "--var", folder / "var")
    process.await_log("all daemons are ready", 30.0)
    process.await_log("heard ZCZC-", 60.0)
    process.signal(signal.SIGINT)
    assert process.wait() == 0
    assert {path.name for path in (folder / "var").iterdir()} == {"demo", "state", "station.toml"}
    assert "Traceback" not in process.log()


def test_the_log_can_be_asked_for_as_json_lines(start: Callable[..., Any], small: Path) -> None:
    process = start("eas-ctl", "run", "--json", "--config", small)
    process.await_log("all daemons are ready")
    process.signal(signal.SIGINT)
    assert process.wait() == 0
    lines = [json.loads(line) for line in process.log().splitlines()]
    assert {line["unit"] for line in lines} >= {"eas-ctl run", "eas-capd", "eas-webd"}
    assert all(line["at"].endswith("Z") for line in lines)
    assert lines[-1]["text"] == "all processes have ended"
