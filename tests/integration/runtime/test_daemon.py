"""The life of a daemon, as a real process: started, ready, watched, reloaded, stopped."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eas_station.bus.messages import Status
from eas_station.bus.subscriber import Subscriber

StartToy = Callable[..., Any]
UNIT = "eas-sdrd@wx"


def comms(pid: int) -> set[str]:
    return {path.read_text().strip() for path in Path(f"/proc/{pid}/task").glob("*/comm")}


def statuses(folder: Path) -> Subscriber:
    return Subscriber(folder / "run", [UNIT], [f"status.{UNIT}"])


def next_status(subscriber: Subscriber) -> Status:
    message = subscriber.receive(10)
    assert message is not None
    assert isinstance(message.body, Status)
    return message.body


def test_it_is_ready_within_five_seconds_and_named_as_the_operator_looks_for_it(
    toy: StartToy,
) -> None:
    process = toy()
    assert process.await_told("STATUS=", 5.0).startswith("STATUS=this is Toledo")
    process.await_told("READY=1", 5.0)
    cmdline = Path(f"/proc/{process.pid}/cmdline").read_bytes().rstrip(b"\0")
    assert cmdline == b"eas-sdrd: wx"
    assert Path(f"/proc/{process.pid}/comm").read_text() == "eas-sdrd\n"
    assert {"loop", "bus"} <= comms(process.pid)
    found = subprocess.run(["pgrep", "-x", "eas-sdrd"], capture_output=True, text=True)
    assert str(process.pid) in found.stdout.split()


def test_it_stops_on_sigterm_with_its_work_finished_and_nothing_left_behind(
    toy: StartToy, folder: Path
) -> None:
    process = toy()
    process.await_told("READY=1")
    assert {path.name for path in (folder / "run").iterdir()} == {f"{UNIT}.pub", f"{UNIT}.lock"}
    began_s = time.monotonic()
    process.signal(signal.SIGTERM)
    process.await_told("STOPPING=1")
    assert process.wait() == 0
    assert time.monotonic() - began_s < 4.0
    assert (folder / "finished").exists()
    assert (folder / "closed").exists()
    assert list((folder / "run").iterdir()) == []


def test_it_runs_the_same_without_systemd(toy: StartToy) -> None:
    process = toy(NOTIFY_SOCKET="")
    with statuses(process.folder) as subscriber:
        assert next_status(subscriber).unit == UNIT
    process.signal(signal.SIGINT)
    assert process.wait() == 0


def test_a_hanging_thread_is_named_and_the_process_ends(toy: StartToy, folder: Path) -> None:
    (folder / "hang").touch()
    process = toy()
    process.await_told("READY=1")
    began_s = time.monotonic()
    process.signal(signal.SIGTERM)
    assert process.wait() == 0
    assert 3.5 < time.monotonic() - began_s < 10.0
    assert "thread loop did not end within 4.0 s" in process.log()
    assert list((folder / "run").iterdir()) == []


def test_the_watchdog_is_fed_by_the_work_and_starves_with_it(toy: StartToy, folder: Path) -> None:
    process = toy(WATCHDOG_USEC="900000")
    for _ in range(3):
        process.await_told("WATCHDOG=1", 2.0)
    (folder / "stall").touch()
    process.await_log("no progress in loop: not feeding the watchdog")
    while process.tells_within("WATCHDOG=1", 0.02):
        pass  # what was sent before
    assert not process.tells_within("WATCHDOG=1", 1.0)
    (folder / "stall").unlink()
    process.await_told("WATCHDOG=1", 2.0)


def test_a_stopped_process_does_not_feed_the_watchdog(toy: StartToy) -> None:
    process = toy(WATCHDOG_USEC="600000")
    process.await_told("WATCHDOG=1", 2.0)
    process.signal(signal.SIGSTOP)
    while process.tells_within("WATCHDOG=1", 0.1):
        pass
    assert not process.tells_within("WATCHDOG=1", 0.8)


def test_a_crash_of_a_thread_ends_the_process_with_its_traceback(
    toy: StartToy, folder: Path
) -> None:
    process = toy(EAS_LOG="json")
    process.await_told("READY=1")
    (folder / "crash").touch()
    assert process.wait() == 1
    records = [json.loads(line) for line in process.log().splitlines()]
    assert records[0]["text"] == "thread loop crashed"
    assert records[0]["unit"] == UNIT
    assert records[0]["traceback"].splitlines()[-1] == "ValueError: a bug of ours"
    assert records[-1]["text"] == "exiting: thread loop crashed"
    assert list((folder / "run").iterdir()) == []


def test_sighup_reads_the_configuration_again(toy: StartToy, config_path: Path) -> None:
    process = toy()
    process.await_told("READY=1")
    config_path.write_text(config_path.read_text().replace("Toledo", "Lima"))
    process.signal(signal.SIGHUP)
    usec = process.await_told("RELOADING=1").partition("MONOTONIC_USEC=")[2]
    assert abs(int(usec) - time.monotonic_ns() // 1000) < 5_000_000
    assert process.await_told("STATUS=").startswith("STATUS=this is Lima")
    process.await_told("READY=1")


def test_a_bad_file_keeps_the_old_configuration_and_is_reported(
    toy: StartToy, config_path: Path, folder: Path
) -> None:
    process = toy()
    process.await_told("READY=1")
    good = config_path.read_text()
    config_path.write_text(good.replace("Toledo", "Lima") + '[web]\nport = "x"\nhots = 1\n')
    with statuses(folder) as subscriber:
        assert next_status(subscriber).state == "running"
        process.signal(signal.SIGHUP)
        process.await_told("RELOADING=1")
        told = process.await_told("STATUS=")
        process.await_told("READY=1")
        while next_status(subscriber).state != "degraded":
            pass
    assert "this is Toledo" in told
    assert "reload refused, keeping the old configuration" in told
    assert "TOML: Cannot declare" in process.log()
    config_path.write_text(good.replace("Toledo", "Lima"))
    process.signal(signal.SIGHUP)
    process.await_told("STATUS=this is Lima")
    assert "refused" not in process.told[-1]


def test_a_daemon_can_refuse_a_configuration(toy: StartToy, config_path: Path) -> None:
    process = toy()
    process.await_told("READY=1")
    text = config_path.read_text()
    config_path.write_text(text.replace("[station]", '[station]\ncallsign = "REFUSED"'))
    process.signal(signal.SIGHUP)
    assert "not this one" in process.await_told("STATUS=this is Toledo; reload refused")
    process.await_told("READY=1")


def test_a_second_process_of_a_unit_exits_with_the_pid_of_the_first(toy: StartToy) -> None:
    first = toy()
    first.await_told("READY=1")
    second = toy()
    assert second.wait() == 1
    assert f"{UNIT} is already running with pid {first.pid}" in second.log()
    first.signal(signal.SIGTERM)
    assert first.wait() == 0


def test_a_killed_daemon_can_be_started_again_at_once(toy: StartToy) -> None:
    first = toy()
    first.await_told("READY=1")
    first.signal(signal.SIGKILL)
    first.wait()
    toy().await_told("READY=1", 5.0)


def test_a_late_subscriber_receives_the_status_at_once(toy: StartToy, folder: Path) -> None:
    process = toy()
    process.await_told("READY=1")
    with statuses(folder) as subscriber:
        message = subscriber.receive(10)
    assert message is not None
    assert message.repeated  # not the next one, which may be seconds away
    status = message.body
    assert isinstance(status, Status)
    assert status.unit == UNIT
    assert status.pid == process.pid
    assert status.state == "running"
    assert status.sentence.startswith("this is Toledo")
    assert status.counters["polls"] == 3
    assert status.memory_bytes > 5 << 20
    assert status.cpu_s > 0


def test_a_configuration_at_fault_is_exit_78(toy: StartToy, config_path: Path) -> None:
    config_path.write_text(config_path.read_text() + "[wep]\n")
    process = toy()
    assert process.wait() == 78
    assert "wep: no such table; did you mean web?" in process.log()
