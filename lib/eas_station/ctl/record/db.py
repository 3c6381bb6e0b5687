"""`eas-ctl db init|upgrade|status|move`: where the record is, and its schema."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eas_station.ctl.console import invocation
from eas_station.ctl.console.privileges import act_as_station
from eas_station.ctl.record import db_init, db_move
from eas_station.ctl.record.before_migration import demand_answer, dump_before_migration, exists
from eas_station.errors import EXIT_DEGRADED, EXIT_FINE
from eas_station.store.database.engines import parse_url
from eas_station.store.database.schema import REVISION
from eas_station.store.upkeep import migrate

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
    parser = commands.add_parser("db", help="make, migrate and move the database")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    init = actions.add_parser(
        "init",
        help="make the roles and the database in the PostgreSQL of this machine",
        description="Exit status: 0 all is there, 2 PostgreSQL does not answer or refuses.",
    )
    init.add_argument("--if-local", action="store_true", help="do nothing for another database")
    init.add_argument("--url", help="another database than the configured one, before db move")
    invocation.add_config(init)
    init.set_defaults(func=db_init.run)
    move = actions.add_parser(
        "move",
        help="move the record to another database, and use that from now on",
        description="No row is lost: what is heard meanwhile waits in the daemons' spools."
        " Exit status: 0 moved, 2 not moved, and the old database serves on.",
    )
    move.add_argument("url", metavar="URL", help='"postgresql+psycopg2:///eas_station"')
    invocation.add_config(move)
    move.set_defaults(func=db_move.run)
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
        invocation.add_config(action)
        invocation.add_json(action)
        action.set_defaults(func=run)


def run_upgrade(args: argparse.Namespace) -> int:
    """Make or migrate the schema; what there is, is dumped before."""
    act_as_station(args.config)
    config = invocation.load_config(args.config)
    url = config.database.url
    demand_answer(url)
    found = migrate.revision(url) if exists(url) else None
    if found not in (None, REVISION):
        print(f"dumped to {dump_before_migration(config, found)}")
    return _show(_state(url, migrate.upgrade(url)), args.json)


def run_status(args: argparse.Namespace) -> int:
    """Say which schema there is."""
    act_as_station(args.config)
    url = invocation.load_config(args.config).database.url
    return _show(_state(url, migrate.revision(url)), args.json)


def _state(url: str, revision: str | None) -> SchemaState:
    shown_url = parse_url(url).render_as_string(hide_password=True)
    return SchemaState(shown_url, revision, REVISION, revision == REVISION)


def _show(state: SchemaState, as_json: bool) -> int:
    if as_json:
        invocation.print_json(state)
    elif state.current:
        print(f"{state.database}: schema {state.revision}, as this version needs it")
    else:
        found = "no schema" if state.revision is None else f"schema {state.revision}"
        print(f"{state.database}: {found}, this version needs {state.needed}:", end=" ")
        print("run 'eas-ctl db upgrade'")
    return EXIT_FINE if state.current else EXIT_DEGRADED
