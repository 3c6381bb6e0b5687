"""eas-ctl status: every daemon's word about itself, and whether the station is well."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from eas_station.bus import topics
from eas_station.bus.messages import BusMessage, Status
from eas_station.clock import utc_now
from eas_station.config.model import Config
from eas_station.config.units import units
from eas_station.ctl.console import invocation
from eas_station.errors import EXIT_DEGRADED, EXIT_FAILED, EXIT_FINE

STALE_S = 40.0  # a status comes every 5 s

Verdict = Literal["fine", "degraded", "failed"]
EXIT_OF: dict[Verdict, int] = {
    "fine": EXIT_FINE,
    "degraded": EXIT_DEGRADED,
    "failed": EXIT_FAILED,
}


@dataclass(frozen=True, slots=True)
class UnitReport:
    """One daemon as heard, or as missed."""

    unit: str
    heard_at: datetime | None  # None: it does not answer
    status: Status | None
    stale: bool


@dataclass(frozen=True, slots=True)
class StationReport:
    """The station as its daemons tell of it."""

    verdict: Verdict
    sentence: str
    units: tuple[UnitReport, ...]


def add_parser(subparsers: Any) -> None:
    """`eas-ctl status [--config FILE] [--json]`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "status", help="is the station well: each daemon's state and sentence"
    )
    invocation.add_config(parser)
    invocation.add_json(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 fine, 1 degraded, 2 failed."""
    config = invocation.load_config(args.config)
    expected = units(config)

    def all_answered(heard: list[BusMessage]) -> bool:
        return {message.sender for message in heard} >= set(expected)

    heard = invocation.hear(config, [topics.status(unit) for unit in expected], all_answered)
    report = judge(config, heard, utc_now())
    if args.json:
        invocation.print_json(report)
    else:
        _print(report, utc_now())
    return EXIT_OF[report.verdict]


def judge(config: Config, heard: list[BusMessage], now: datetime) -> StationReport:
    """The station's state from the last word of each unit."""
    latest = {message.sender: message for message in heard}
    reports = tuple(_unit(unit, latest.get(unit), now) for unit in units(config))
    silent = [report.unit for report in reports if report.status is None or report.stale]
    degraded = [r.unit for r in reports if r.status is not None and r.status.state != "running"]
    if len(silent) == len(reports):
        return StationReport("failed", "The station is not running.", reports)
    if silent:
        return StationReport("failed", f"Not heard: {', '.join(silent)}.", reports)
    if degraded:
        return StationReport("degraded", f"Degraded: {', '.join(degraded)}.", reports)
    return StationReport("fine", f"All {len(reports)} daemons are well.", reports)


def _unit(unit: str, message: BusMessage | None, now: datetime) -> UnitReport:
    if message is None or not isinstance(message.body, Status):
        return UnitReport(unit, None, None, stale=False)
    stale = (now - message.sent_at).total_seconds() > STALE_S
    return UnitReport(unit, message.sent_at, message.body, stale)


def _print(report: StationReport, now: datetime) -> None:
    print(report.sentence)
    width = max(len(unit.unit) for unit in report.units)
    for unit in report.units:
        status = unit.status
        if status is None or unit.heard_at is None:
            print(f"  {unit.unit:{width}}  not heard")
            continue
        state = (
            f"not heard for {invocation.age(unit.heard_at, now)}" if unit.stale else status.state
        )
        print(
            f"  {unit.unit:{width}}  {state:8}  {status.sentence}"
            f"  ({status.cpu_s:.0f} s CPU, {status.memory_bytes / 2**20:.0f} MiB)"
        )
        for item in status.items:
            if item.state != "running":
                print(f"  {'':{width}}    {item.kind} {item.name}: {item.state}: {item.sentence}")
