"""`eas-ctl status`: the state of the station and of each daemon."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from eas_station.bus import topics
from eas_station.bus.messages import BusMessage, Status
from eas_station.clock import utc_now
from eas_station.config.model import Config
from eas_station.config.units import units
from eas_station.ctl.console import arguments, bus_query, output
from eas_station.ctl.console.bus_query import STATUS_STALE_S
from eas_station.errors import EXIT_DEGRADED, EXIT_FAILED, EXIT_FINE

Verdict = Literal["fine", "degraded", "failed"]
EXIT_OF: dict[Verdict, int] = {
    "fine": EXIT_FINE,
    "degraded": EXIT_DEGRADED,
    "failed": EXIT_FAILED,
}


@dataclass(frozen=True, slots=True)
class UnitReport:
    """The last status of one daemon."""

    unit: str
    heard_at: datetime | None  # None: it does not respond
    status: Status | None
    stale: bool


@dataclass(frozen=True, slots=True)
class StationReport:
    """The state of the station, from the status of its daemons."""

    verdict: Verdict
    sentence: str
    units: tuple[UnitReport, ...]


def add_parser(commands: arguments.Commands) -> None:
    """Add `status` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "status",
        description="Show the state of the station and of each daemon."
        " Exit status: 0 all daemons run, 1 degraded, 2 a daemon does not respond.",
    )
    arguments.finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 fine, 1 degraded, 2 failed."""
    config = arguments.load_config(args.config)
    expected = units(config)

    def complete(received: list[BusMessage]) -> bool:
        return {message.sender for message in received} >= set(expected)

    wanted = [topics.status(unit) for unit in expected]
    report = judge(config, bus_query.last_messages(config, wanted, complete), utc_now())
    if args.json:
        output.print_json(report)
    else:
        _print(report, utc_now())
    return EXIT_OF[report.verdict]


def judge(config: Config, messages: list[BusMessage], now: datetime) -> StationReport:
    """The state of the station, from the last status of each daemon."""
    latest = {message.sender: message for message in messages}
    reports = tuple(_unit(unit, latest.get(unit), now) for unit in units(config))
    missing = [report.unit for report in reports if report.status is None or report.stale]
    degraded = [r.unit for r in reports if r.status is not None and r.status.state != "running"]
    if len(missing) == len(reports):
        return StationReport("failed", "The station is not running.", reports)
    if missing:
        return StationReport("failed", f"Not responding: {', '.join(missing)}.", reports)
    if degraded:
        return StationReport("degraded", f"Degraded: {', '.join(degraded)}.", reports)
    return StationReport("fine", f"All {len(reports)} daemons are running.", reports)


def _unit(unit: str, message: BusMessage | None, now: datetime) -> UnitReport:
    if message is None or not isinstance(message.body, Status):
        return UnitReport(unit, None, None, stale=False)
    stale = (now - message.sent_at).total_seconds() > STATUS_STALE_S
    return UnitReport(unit, message.sent_at, message.body, stale)


def _print(report: StationReport, now: datetime) -> None:
    print(report.sentence)
    width = max(len(unit.unit) for unit in report.units)
    for unit in report.units:
        status = unit.status
        if status is None or unit.heard_at is None:
            print(f"  {unit.unit:{width}}  not responding")
            continue
        age = output.age(unit.heard_at, now)
        state = f"no status for {age}" if unit.stale else status.state
        print(
            f"  {unit.unit:{width}}  {state:8}  {status.sentence}"
            f"  ({status.cpu_s:.0f} s CPU, {status.memory_bytes / 2**20:.0f} MiB)"
        )
        for item in status.items:
            if item.state != "running":
                print(f"  {'':{width}}    {item.kind} {item.name}: {item.state}: {item.sentence}")
