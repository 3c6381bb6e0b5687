"""`eas-ctl db init|upgrade|status|move`: the database and its schema."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from eas_station.ctl.console import arguments, output
from eas_station.ctl.console.privileges import act_as_station
from eas_station.ctl.record import db_init, db_move
from eas_station.ctl.record.before_migration import demand_answer, dump_before_migration, exists
from eas_station.errors import EXIT_DEGRADED, EXIT_FINE
from eas_station.store.database.engines import parse_url
from eas_station.store.database.schema import REVISION
from eas_station.store.upkeep import migrate


@dataclass(frozen=True, slots=True)
class SchemaState:
    """The schema that the database has, and the one that this version needs."""

    database: str  # its URL, without a password
    revision: str | None  # None: it has no schema
    needed: str
    current: bool


def add_parser(commands: arguments.Commands) -> None:
    """Add `db` to the commands of eas-ctl."""
    parser = commands.add_parser("db", description="Create, migrate or move the database.")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    init = actions.add_parser(
        "init",
        help="create the roles and the database in PostgreSQL on this machine",
        description="Create the roles and the database in PostgreSQL on this machine, unless they"
        " exist. Exit status: 0 they exist, 2 PostgreSQL does not respond or refuses.",
    )
    init.add_argument(
        "--if-local",
        action="store_true",
        help="do nothing if the database is not PostgreSQL on this machine",
    )
    init.add_argument(
        "--url", help="use this database instead of the configured one; for a later db move"
    )
    arguments.finish(init, db_init.run, json=False)
    move = actions.add_parser(
        "move",
        help="move all rows to another database, and use that from then on",
        description="Move all rows to another database, and use that from then on. What the daemons"
        " receive meanwhile waits in their spools. Exit status: 0 moved, 2 failed; the old database"
        " remains in use.",
    )
    move.add_argument("url", metavar="URL", help='"postgresql+psycopg2:///eas_station"')
    arguments.finish(move, db_move.run, json=False)
    upgrade = actions.add_parser(
        "upgrade",
        help="create the schema or migrate it to this version",
        description="Create the schema or migrate it to this version, after a dump. If this fails,"
        " the schema is unchanged. Exit status: 0 the schema is current, 2 failed.",
    )
    status = actions.add_parser(
        "status",
        help="show the schema version of the database",
        description="Show the schema version of the database. Exit status: 0 it is current, 1 it is"
        " another or there is none, 2 the database does not respond.",
    )
    arguments.finish(upgrade, run_upgrade)
    arguments.finish(status, run_status)


def run_upgrade(args: argparse.Namespace) -> int:
    """Create or migrate the schema; an existing one is dumped first."""
    act_as_station(args.config)
    config = arguments.load_config(args.config)
    url = config.database.url
    demand_answer(url)
    found = migrate.revision(url) if exists(url) else None
    if found not in (None, REVISION):
        print(f"dumped to {dump_before_migration(config, found)}")
    return _show(_state(url, migrate.upgrade(url)), args.json)


def run_status(args: argparse.Namespace) -> int:
    """Print the schema version."""
    act_as_station(args.config)
    url = arguments.load_config(args.config).database.url
    return _show(_state(url, migrate.revision(url)), args.json)


def _state(url: str, revision: str | None) -> SchemaState:
    shown_url = parse_url(url).render_as_string(hide_password=True)
    return SchemaState(shown_url, revision, REVISION, revision == REVISION)


def _show(state: SchemaState, as_json: bool) -> int:
    if as_json:
        output.print_json(state)
    elif state.current:
        print(f"{state.database}: schema {state.revision}, current")
    else:
        found = "no schema" if state.revision is None else f"schema {state.revision}"
        needed = f"this version needs {state.needed}: run eas-ctl db upgrade"
        print(f"{state.database}: {found}, {needed}")
    return EXIT_FINE if state.current else EXIT_DEGRADED
