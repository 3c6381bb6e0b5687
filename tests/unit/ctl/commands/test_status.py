"""The state of the station, from the status messages of its daemons on real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eas_station.bus import topics
from eas_station.bus.messages import BusMessage, ItemState, Status
from eas_station.bus.publisher import Publisher
from eas_station.config.model import Config
from eas_station.ctl.commands import status
from eas_station.ctl.main import main

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
UNITS = ("eas-capd", "eas-sdrd@wx", "eas-audiod@wx", "eas-webd")


def body(unit: str, state: str = "running", items: tuple[ItemState, ...] = ()) -> Status:
    return Status(
        unit=unit,
        state=state,  # type: ignore[arg-type]
        sentence="7 channels",
        started_at=NOW,
        pid=1,
        version="0",
        clock_trusted=True,
        cpu_s=1.0,
        memory_bytes=2**20,
        items=items,
    )


def message(unit: str, state: str = "running", ago_s: float = 0.0) -> BusMessage:
    sent_at = NOW - timedelta(seconds=ago_s)
    return BusMessage(topics.status(unit), unit, 1, sent_at, body(unit, state))


@contextmanager
def publishing(config: Config, units: tuple[str, ...]) -> Iterator[None]:
    with ExitStack() as stack:
        for unit in units:
            publisher = stack.enter_context(closing(Publisher(unit, config.paths.runtime_dir)))
            publisher.publish(topics.status(unit), body(unit))
        yield


def test_all_running_is_fine(config: Config) -> None:
    report = status.judge(config, [message(unit) for unit in UNITS], NOW)
    assert (report.verdict, report.sentence) == ("fine", "All 4 daemons are running.")


def test_one_degraded_daemon_degrades_the_station(config: Config) -> None:
    messages = [message(unit, "degraded" if unit == "eas-capd" else "running") for unit in UNITS]
    report = status.judge(config, messages, NOW)
    assert (report.verdict, report.sentence) == ("degraded", "Degraded: eas-capd.")


def test_a_daemon_that_does_not_respond_is_a_failure(config: Config) -> None:
    report = status.judge(config, [message(unit) for unit in UNITS[1:]], NOW)
    assert (report.verdict, report.sentence) == ("failed", "Not responding: eas-capd.")


def test_an_old_status_does_not_count(config: Config) -> None:
    messages = [message(unit, ago_s=41 if unit == "eas-webd" else 39) for unit in UNITS]
    report = status.judge(config, messages, NOW)
    assert (report.verdict, report.sentence) == ("failed", "Not responding: eas-webd.")


def test_the_last_status_counts(config: Config) -> None:
    messages = [message("eas-capd", "degraded", ago_s=5), *(message(unit) for unit in UNITS)]
    assert status.judge(config, messages, NOW).verdict == "fine"


def test_the_command_reads_the_bus_and_exits_0(
    config: Config, station_toml: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with publishing(config, UNITS):
        assert main(["status", "--config", str(station_toml), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["verdict"] == "fine"
    assert [unit["unit"] for unit in printed["units"]] == list(UNITS)


def test_the_command_exits_2_if_no_daemon_responds(
    config: Config,
    station_toml: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("eas_station.ctl.console.bus_query.last_messages", _no_messages)
    assert main(["status", "--config", str(station_toml)]) == 2
    assert capsys.readouterr().out.startswith("The station is not running.")


def _no_messages(config: Config, names: list[str], enough: object) -> list[BusMessage]:
    return []
