"""`eas-ctl db upgrade` and `eas-ctl db status`: the schema of the record."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eas_station.ctl import common
from eas_station.errors import EXIT_DEGRADED, EXIT_FINE
from eas_station.store import migrate
from eas_station.store.engines import parse_url
from eas_station.store.schema import REVISION

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


@dataclass(frozen=True, slots=True)
class SchemaState:
    """What schema the database has, and which one this version needs."""

    database: str  # its URL, without a password
    revision: str | None  # None: it has no schema
    needed: str
    current: bool


def add_parser(commands: Commands) -> None:
    """Add `db` to the commands of eas-ctl."""
    parser = commands.add_parser("db", help="make and migrate the schema")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    upgrade = actions.add_parser(
        "upgrade",
        help="bring the schema to this version; all of it or, on a failure, nothing",
        description="Exit status: 0 the schema is this version's, 2 it could not be made.",
    )
    status = actions.add_parser(
        "status",
        help="which schema the database has",
        description="Exit status: 0 this version's, 1 another or none, 2 no answer.",
    )
    for action, run in ((upgrade, run_upgrade), (status, run_status)):
        common.add_config(action)
        common.add_json(action)
        action.set_defaults(func=run)


def run_upgrade(args: argparse.Namespace) -> int:
    """Make or migrate the schema."""
    url = common.load_config(args.config).database.url
    return _show(_state(url, migrate.upgrade(url)), args.json)


def run_status(args: argparse.Namespace) -> int:
    """Say which schema there is."""
    url = common.load_config(args.config).database.url
    return _show(_state(url, migrate.revision(url)), args.json)


def _state(url: str, revision: str | None) -> SchemaState:
    shown_url = parse_url(url).render_as_string(hide_password=True)
    return SchemaState(shown_url, revision, REVISION, revision == REVISION)


def _show(state: SchemaState, as_json: bool) -> int:
    if as_json:
        common.print_json(state)
    elif state.current:
        print(f"{state.database}: schema {state.revision}, as this version needs it")
    else:
        found = "no schema" if state.revision is None else f"schema {state.revision}"
        print(f"{state.database}: {found}, this version needs {state.needed}:", end=" ")
        print("run 'eas-ctl db upgrade'")
    return EXIT_FINE if state.current else EXIT_DEGRADED
