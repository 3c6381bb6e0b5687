"""`eas-ctl db init`: the roles and the database in the PostgreSQL of this machine.

By peer authentication: who a daemon is, its user says, and there is no password.
"""

from __future__ import annotations

import argparse
import os
import pwd
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from eas_station.config.model import Config
from eas_station.ctl.console import invocation
from eas_station.errors import EXIT_FINE, OutsideError

ADMINISTRATOR = "postgres"
OWNER = "eas-station"  # of the database: it migrates, maintains and backs up
DAEMONS = ("eas-capd", "eas-sdrd", "eas-audiod", "eas-webd")
MADE = "postgresql-database"  # under the state directory: what purge may drop
RUNUSER = "/usr/sbin/runuser"
DEADLINE_S = 30


def run(args: argparse.Namespace) -> int:
    """Make what is missing; it is no fault if all is there."""
    config = invocation.load_config(args.config)
    url = args.url or config.database.url
    database = local_database(url)
    if database is None:
        if args.if_local:
            return EXIT_FINE
        raise OutsideError(
            f"{url.partition(':')[0]} is not the PostgreSQL of this machine: roles"
            " and database are to be made there by hand, then: sudo eas-ctl db upgrade"
        )
    if os.geteuid() != 0:
        raise OutsideError("only root may become the administrator of PostgreSQL: use sudo")
    ask_postgresql(statements(database))
    _remember(config, database)
    print(f"the database {database} is there; the daemons' roles are {', '.join(DAEMONS)}")
    return EXIT_FINE


def local_database(url: str) -> str | None:
    """The database's name, if it is one of this machine that is reached by peer authentication."""
    parts = urlsplit(url)
    if parts.scheme != "postgresql+psycopg2" or parts.netloc or parts.query:
        return None
    return parts.path.strip("/") or None


def statements(database: str) -> str:
    """The script for psql; run again, it changes nothing."""
    lines = []
    for role in (OWNER, *DAEMONS):
        known = f"pg_roles WHERE rolname = {_text(role)}"
        lines.append(_unless(known, f"CREATE ROLE {_name(role)} LOGIN"))
    create = (
        f"CREATE DATABASE {_name(database)} OWNER {_name(OWNER)}"
        " TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
    )
    lines += [
        _unless(f"pg_database WHERE datname = {_text(database)}", create),
        # What is touched first after a checkpoint is logged as a whole page, and nearly all that an
        # idle station writes is that; compressed it is a fifth, which spares the flash.
        f"ALTER DATABASE {_name(database)} SET wal_compression = on;",
        f"REVOKE ALL ON DATABASE {_name(database)} FROM PUBLIC;",
        f"GRANT CONNECT ON DATABASE {_name(database)} TO {', '.join(map(_name, DAEMONS))};",
    ]
    return "\n".join(lines) + "\n"


def ask_postgresql(script: str) -> None:
    """Run a script as the administrator. Raises OutsideError, with PostgreSQL's own words."""
    try:
        pwd.getpwnam(ADMINISTRATOR)
    except KeyError:
        raise OutsideError(
            "PostgreSQL is not installed on this machine: sudo apt install postgresql"
        ) from None
    command = ("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", "postgres")
    try:
        done = subprocess.run(
            (RUNUSER, "-u", ADMINISTRATOR, "--", *command),
            input=script,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            cwd="/",
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OutsideError(f"PostgreSQL cannot be asked: {error}") from error
    if done.returncode != 0:
        said = " ".join(done.stderr.split())
        raise OutsideError(f"PostgreSQL refuses: {said}")


def _remember(config: Config, database: str) -> None:
    """So that a purge of the package drops this database, and never another."""
    path: Path = config.paths.state_dir / MADE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(database + "\n", encoding="utf-8")
    except OSError as error:
        raise OutsideError(f"{path} cannot be written: {error.strerror}") from error


def _unless(known: str, statement: str) -> str:
    """psql executes what the query gives: the statement, or nothing."""
    return f"SELECT {_text(statement)} WHERE NOT EXISTS (SELECT FROM {known}) \\gexec"  # noqa: S608


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
