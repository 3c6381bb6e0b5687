"""eas-ctl alerts and eas-ctl show: what the record says."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from eas_station import tables
from eas_station.alerts.model import Alert, Change, Reception
from eas_station.clock import ClockTrust, utc_now
from eas_station.ctl.console import invocation
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
    """An alert in a list, with who heard it."""

    alert: Alert
    receptions: tuple[ReceptionRow, ...]


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """All that the record has of one alert."""

    alert: Alert
    receptions: tuple[Reception, ...]
    changes: tuple[Change, ...]
    clips: tuple[Clip, ...]


def add_parser(subparsers: Any) -> None:
    """`eas-ctl alerts [--all] [--limit N]` and `eas-ctl show ID`."""
    listing: argparse.ArgumentParser = subparsers.add_parser(
        "alerts", help="what is in force, or all that was received"
    )
    listing.add_argument("--all", action="store_true", help="those that have ended too")
    listing.add_argument("--limit", type=_limit, default=50, metavar="N", help="at most N (50)")
    listing.set_defaults(func=run_alerts)
    showing: argparse.ArgumentParser = subparsers.add_parser(
        "show", help="one alert with its receptions, its changes and why it concerns us"
    )
    showing.add_argument("alert_id", metavar="ID", help="the id, or its beginning")
    showing.set_defaults(func=run_show)
    for parser in (listing, showing):
        invocation.add_config(parser)
        invocation.add_json(parser)


def run_alerts(args: argparse.Namespace) -> int:
    """Print the list, our area first."""
    config = invocation.load_config(args.config)
    trusted = ClockTrust(always=config.station.clock == "trusted").trusted()
    now = utc_now() if trusted else None
    with open_record(config).read() as connection:
        if args.all:
            found = alert_queries.page(connection, "all", args.limit).alerts
        else:
            found = alert_queries.active(connection, now, args.limit)
        hearings = alert_queries.reception_rows_of(connection, [alert.alert_id for alert in found])
    listed = tuple(Listed(alert, hearings.get(alert.alert_id, ())) for alert in found)
    if args.json:
        invocation.print_json({"alerts": listed})
    else:
        _print_list(listed)
    return EXIT_FINE


def run_show(args: argparse.Namespace) -> int:
    """Print one alert; 2 if there is none of that id."""
    config = invocation.load_config(args.config)
    with open_record(config).read() as connection:
        alert = alert_queries.by_id(connection, args.alert_id)
        if alert is None:
            recent = alert_queries.page(connection, "all", MOST).alerts
            alert = _by_beginning(args.alert_id, recent)
        shown = AlertRecord(
            alert,
            alert_queries.receptions_of(connection, [alert.alert_id]).get(alert.alert_id, ()),
            alert_queries.changes_of(connection, alert.alert_id),
            clips_of_alert(connection, alert.alert_id),
        )
    if args.json:
        invocation.print_json(shown)
        return EXIT_FINE
    names = tables.load()
    for line in _lines(shown, names):
        print(line)
    return EXIT_FINE


def _limit(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= MOST:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MOST}")


def _by_beginning(text: str, recent: tuple[Alert, ...]) -> Alert:
    found = [alert for alert in recent if text and alert.alert_id.startswith(text)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{len(found)} alerts begin with {text!r}: give more of the id", text)
    raise InputError(f"no alert has the id {text!r}: `eas-ctl alerts --all` lists them", text)


def _print_list(listed: tuple[Listed, ...]) -> None:
    if not listed:
        print("No alerts.")
    for entry in listed:
        alert = entry.alert
        mark = "test " if alert.is_test else "" if alert.relevance.relevant else "elsewhere "
        heard = ", ".join(dict.fromkeys(_heard_on(one) for one in entry.receptions))
        print(f"{alert.alert_id[:8]}  {mark}{alert.event_name}  until {_ends(alert)}")
        print(f"          {alert.area_text or ', '.join(alert.same_codes[:SHOWN_LOCATIONS])}")
        print(f"          {alert.reception_count} heard: {heard}")


def _heard_on(hearing: ReceptionRow) -> str:
    return hearing.origin if hearing.channel is None else f"{hearing.origin} {hearing.channel}"


def _ends(alert: Alert) -> str:
    if alert.ended_at is not None:
        return f"{invocation.local(alert.ends_at or alert.ended_at)} ({alert.end_reason or 'over'})"
    return invocation.local(alert.ends_at)


def _lines(shown: AlertRecord, names: tables.Tables) -> Iterator[str]:
    alert = shown.alert
    yield f"{alert.event_name}{' (test)' if alert.is_test else ''}  {alert.alert_id}"
    yield f"  issued {invocation.local(alert.issued_at)}, until {_ends(alert)}"
    if alert.headline:
        yield f"  {alert.headline}"
    places = [names.location_name(code) for code in alert.same_codes]
    yield from _folded("Places", "; ".join(places) or alert.area_text)
    yield from _folded("What", alert.description)
    yield from _folded("What to do", alert.instruction)
    yield f"Concerns us: {'yes' if alert.relevance.relevant else 'no'} ({alert.relevance.rule})"
    for step in alert.relevance.trace:
        yield f"  {'+' if step.passed else '-'} {step.rule}: {step.why}"
    yield f"Receptions ({len(shown.receptions)}):"
    for reception in shown.receptions:
        yield from _reception_lines(reception)
    yield "Changes:"
    for change in shown.changes:
        yield f"  {change.change_id}  {invocation.local(change.at)}  {change.kind}: {change.why}"
    for clip in shown.clips:
        said = clip.fault or f"{clip.path} ({clip.duration_s:.0f} s)"
        yield f"Clip: {invocation.local(clip.started_at)}  {said}"


def _reception_lines(reception: Reception) -> Iterator[str]:
    on = f" {reception.channel}" if reception.channel else ""
    yield f"  {invocation.local(reception.received_at)}  {reception.via}  {reception.origin}{on}"
    if reception.statement.same_header:
        yield f"    {reception.statement.same_header}"
    elif reception.statement.same_refusal:
        yield f"    no SAME header: {reception.statement.same_refusal}"
    if reception.evidence is not None:
        evidence = reception.evidence
        snr = "" if evidence.snr_db is None else f", {evidence.snr_db:.0f} dB"
        agreed = "two agreed bit by bit" if evidence.agreed else "reconstructed"
        yield f"    {evidence.bursts} bursts{snr}, {agreed}, certain to {evidence.posterior:.4f}"
    if reception.signature is not None:
        yield f"    signature {reception.signature}"


def _folded(title: str, text: str | None) -> Iterator[str]:
    if text:
        yield f"{title}:"
        for paragraph in text.splitlines():
            yield from textwrap.wrap(
                paragraph, WIDTH, initial_indent="  ", subsequent_indent="  "
            ) or [""]
