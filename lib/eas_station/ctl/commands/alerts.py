"""`eas-ctl alerts` and `eas-ctl show`: alerts from the database."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from eas_station import tables
from eas_station.alerts.model import Alert, Change, Reception
from eas_station.alerts.vtec.ends import end_text
from eas_station.clock import ClockTrust, utc_now
from eas_station.ctl.console import arguments, output
from eas_station.ctl.console.open_record import open_record
from eas_station.errors import EXIT_FINE, InputError
from eas_station.store.alerts import alert_queries
from eas_station.store.alerts.receptions import ReceptionRow
from eas_station.store.records.clips import Clip
from eas_station.store.records.clips import of_alert as clips_of_alert

MOST = 500
SHOWN_LOCATIONS = 6
WIDTH = 100


@dataclass(frozen=True, slots=True)
class Listed:
    """An alert in a list, with its receptions."""

    alert: Alert
    receptions: tuple[ReceptionRow, ...]


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """One alert with its receptions, changes and recordings."""

    alert: Alert
    receptions: tuple[Reception, ...]
    changes: tuple[Change, ...]
    clips: tuple[Clip, ...]


def add_parser(commands: arguments.Commands) -> None:
    """Add `alerts` and `show` to the commands of eas-ctl."""
    listing = commands.add_parser(
        "alerts",
        description="List the alerts that are in force, those for this station's area first.",
    )
    listing.add_argument("--all", action="store_true", help="include alerts that have ended")
    listing.add_argument(
        "--limit", type=_limit, default=50, metavar="N", help="at most N alerts (default: 50)"
    )
    arguments.finish(listing, run_alerts)
    showing = commands.add_parser(
        "show",
        description="Show one alert with its receptions, its changes and its recordings, and why"
        " it is relevant here or not. Exit status: 0 shown, 2 no such alert.",
    )
    showing.add_argument("alert_id", metavar="ID", help="the ID, or its first characters")
    arguments.finish(showing, run_show)


def run_alerts(args: argparse.Namespace) -> int:
    """Print the list."""
    config = arguments.load_config(args.config)
    trusted = ClockTrust(always=config.station.clock == "trusted").trusted()
    now = utc_now() if trusted else None
    with open_record(config) as record, record.read() as connection:
        if args.all:
            found = alert_queries.page(connection, "all", args.limit).alerts
        else:
            found = alert_queries.active(connection, now, args.limit)
        hearings = alert_queries.reception_rows_of(connection, [alert.alert_id for alert in found])
    listed = tuple(Listed(alert, hearings.get(alert.alert_id, ())) for alert in found)
    if args.json:
        output.print_json({"alerts": listed})
    else:
        _print_list(listed)
    return EXIT_FINE


def run_show(args: argparse.Namespace) -> int:
    """Print one alert."""
    config = arguments.load_config(args.config)
    with open_record(config) as record, record.read() as connection:
        alert = by_id_or_prefix(connection, args.alert_id)
        shown = AlertRecord(
            alert,
            alert_queries.receptions_of(connection, [alert.alert_id]).get(alert.alert_id, ()),
            alert_queries.changes_of(connection, alert.alert_id),
            clips_of_alert(connection, alert.alert_id),
        )
    if args.json:
        output.print_json(shown)
        return EXIT_FINE
    names = tables.load()
    for line in _lines(shown, names):
        print(line)
    return EXIT_FINE


def by_id_or_prefix(connection: Connection, text: str) -> Alert:
    """The alert with this ID, or the recent alert whose ID begins with it."""
    alert = alert_queries.by_id(connection, text)
    if alert is not None:
        return alert
    return _by_prefix(text, alert_queries.page(connection, "all", MOST).alerts)


def _limit(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= MOST:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MOST}")


def _by_prefix(text: str, recent: tuple[Alert, ...]) -> Alert:
    found = [alert for alert in recent if text and alert.alert_id.startswith(text)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{len(found)} IDs begin with {text!r}: give more characters", text)
    raise InputError(f"no alert has the ID {text!r}: eas-ctl alerts --all lists them", text)


def _print_list(listed: tuple[Listed, ...]) -> None:
    if not listed:
        print("No alerts.")
    for entry in listed:
        alert = entry.alert
        mark = "test " if alert.is_test else "" if alert.relevance.relevant else "elsewhere "
        inputs = ", ".join(dict.fromkeys(_input_of(one) for one in entry.receptions))
        print(f"{alert.alert_id[:8]}  {mark}{alert.event_name}  {_until(alert)}")
        print(f"          {alert.area_text or ', '.join(alert.same_codes[:SHOWN_LOCATIONS])}")
        print(f"          receptions: {alert.reception_count} ({inputs})")


def _input_of(row: ReceptionRow) -> str:
    return row.origin if row.channel is None else f"{row.origin} {row.channel}"


def _until(alert: Alert) -> str:
    """The end of an alert, in words."""
    text = _ends(alert)
    return text if text.startswith(("until", "no end", "end not")) else f"until {text}"


def _ends(alert: Alert) -> str:
    if alert.ended_at is not None:
        return (
            f"{output.local_time(alert.ends_at or alert.ended_at)} ({alert.end_reason or 'over'})"
        )
    return end_text(alert, utc_now(), output.local_time) or output.local_time(alert.ends_at)


def _lines(shown: AlertRecord, names: tables.Tables) -> Iterator[str]:
    alert = shown.alert
    yield f"{alert.event_name}{' (test)' if alert.is_test else ''}  {alert.alert_id}"
    yield f"  issued {output.local_time(alert.issued_at)}, {_until(alert)}"
    if alert.headline:
        yield f"  {alert.headline}"
    places = [names.location_name(code) for code in alert.same_codes]
    yield from _folded("Area", "; ".join(places) or alert.area_text)
    yield from _folded("Description", alert.description)
    yield from _folded("Instruction", alert.instruction)
    yield f"Relevant here: {'yes' if alert.relevance.relevant else 'no'} ({alert.relevance.rule})"
    for step in alert.relevance.trace:
        yield f"  {'+' if step.passed else '-'} {step.rule}: {step.why}"
    yield f"Receptions ({len(shown.receptions)}):"
    for reception in shown.receptions:
        yield from _reception_lines(reception)
    yield "Changes:"
    for change in shown.changes:
        yield f"  {change.change_id}  {output.local_time(change.at)}  {change.kind}: {change.why}"
    for clip in shown.clips:
        content = clip.fault or f"{clip.path} ({clip.duration_s:.0f} s)"
        yield f"Recording: {output.local_time(clip.started_at)}  {content}"


def _reception_lines(reception: Reception) -> Iterator[str]:
    channel = f" {reception.channel}" if reception.channel else ""
    received = output.local_time(reception.received_at)
    yield f"  {received}  {reception.via}  {reception.origin}{channel}"
    if reception.statement.same_header:
        yield f"    {reception.statement.same_header}"
    elif reception.statement.same_refusal:
        yield f"    no SAME header: {reception.statement.same_refusal}"
    if reception.evidence is not None:
        evidence = reception.evidence
        snr = "" if evidence.snr_db is None else f", {evidence.snr_db:.0f} dB"
        agreed = "two bursts identical" if evidence.agreed else "reconstructed"
        yield f"    {evidence.bursts} bursts{snr}, {agreed}, probability {evidence.posterior:.4f}"
    if reception.signature is not None:
        yield f"    signature {reception.signature}"


def _folded(title: str, text: str | None) -> Iterator[str]:
    if text:
        yield f"{title}:"
        for paragraph in text.splitlines():
            yield from textwrap.wrap(
                paragraph, WIDTH, initial_indent="  ", subsequent_indent="  "
            ) or [""]
