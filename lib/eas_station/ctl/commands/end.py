"""`eas-ctl end`: end or hide an alert."""

from __future__ import annotations

import argparse
import uuid

from eas_station.clock import utc_now
from eas_station.ctl.commands.alerts import by_id_or_prefix
from eas_station.ctl.console import arguments, output
from eas_station.ctl.console.open_record import open_record
from eas_station.ctl.console.page_access import CLI, user
from eas_station.errors import EXIT_FINE
from eas_station.store.alerts import alert_queries
from eas_station.store.records import operator_action
from eas_station.store.records.operator_action import Action


def add_parser(commands: arguments.Commands) -> None:
    """Add `end` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "end",
        description="End an alert that is in force, or hide it from the status page. A message that"
        " renews it brings it back. The reason is written to the audit log. Exit status: 0 done,"
        " 2 no such alert.",
    )
    parser.add_argument("alert_id", metavar="ID", help="the ID, or its first characters")
    parser.add_argument("--why", required=True, metavar="TEXT", help="the reason")
    parser.add_argument(
        "--hide", action="store_true", help="only hide it from the status page; it stays in force"
    )
    arguments.finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """End or hide one alert."""
    with open_record(arguments.load_config(args.config)) as database:
        with database.read() as connection:
            alert = by_id_or_prefix(connection, args.alert_id)
        action = Action(
            action_id=str(uuid.uuid4()),
            at=utc_now(),
            who=f"{CLI} ({user()})",
            kind="hide_alert" if args.hide else "end_alert",
            subject=alert.alert_id,
            value=args.why,
        )
        with database.write() as connection:
            operator_action.perform(connection, action)
            alert = alert_queries.by_id(connection, alert.alert_id) or alert
    if args.json:
        output.print_json(alert)
    elif args.hide:
        print(f"{alert.event_name} is hidden from the status page until a message renews it.")
    else:
        print(f"{alert.event_name}: {alert.end_reason or 'over'}.")
    return EXIT_FINE
