"""`eas-ctl db init`: create the roles and the database in PostgreSQL on this machine.

Each daemon connects by peer authentication, as the role named like its user; there is no password.
"""

from __future__ import annotations

import argparse
import os
import pwd
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from eas_station.config.model import Config
from eas_station.ctl.console import arguments
from eas_station.errors import EXIT_FINE, OutsideError

ADMINISTRATOR = "postgres"
OWNER = "eas-station"  # of the database: it migrates, maintains and backs up
DAEMONS = ("eas-capd", "eas-sdrd", "eas-audiod", "eas-webd")
CREATED = "postgresql-database"  # in the state directory: the database that purge may drop
RUNUSER = "/usr/sbin/runuser"
DEADLINE_S = 30


def run(args: argparse.Namespace) -> int:
    """Create what is missing."""
    config = arguments.load_config(args.config)
    url = args.url or config.database.url
    database = local_database(url)
    if database is None:
        if args.if_local:
            return EXIT_FINE
        raise OutsideError(
            "the database is not PostgreSQL on this machine: create the roles and the"
            " database there, then run: sudo eas-ctl db upgrade"
        )
    if os.geteuid() != 0:
        raise OutsideError("only root can create a database in PostgreSQL: use sudo")
    run_as_administrator(statements(database))
    _remember(config, database)
    print(f"the database {database} exists; the roles of the daemons: {', '.join(DAEMONS)}")
    return EXIT_FINE


def local_database(url: str) -> str | None:
    """The name of the database, if it is on this machine and uses peer authentication."""
    parts = urlsplit(url)
    if parts.scheme != "postgresql+psycopg2" or parts.netloc or parts.query:
        return None
    return parts.path.strip("/") or None


def statements(database: str) -> str:
    """The script for psql; it can be run again."""
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
        # After a checkpoint, the first change of a page logs the whole page. That is most of what
        # an idle station writes; compression reduces it to a fifth, which spares the flash.
        f"ALTER DATABASE {_name(database)} SET wal_compression = on;",
        f"REVOKE ALL ON DATABASE {_name(database)} FROM PUBLIC;",
        f"GRANT CONNECT ON DATABASE {_name(database)} TO {', '.join(map(_name, DAEMONS))};",
    ]
    return "\n".join(lines) + "\n"


def run_as_administrator(script: str) -> None:
    """Run a script as the administrator. Raises OutsideError with the message of psql."""
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
        raise OutsideError(f"cannot run psql: {error}") from error
    if done.returncode != 0:
        message = " ".join(done.stderr.split())
        raise OutsideError(f"PostgreSQL refuses: {message}")


def _remember(config: Config, database: str) -> None:
    """Note the name, so a purge of the package drops this database and no other."""
    path: Path = config.paths.state_dir / CREATED
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(database + "\n", encoding="utf-8")
    except OSError as error:
        raise OutsideError(f"{path} cannot be written: {error.strerror}") from error


def _unless(known: str, statement: str) -> str:
    """psql executes the result of the query: the statement, or nothing."""
    return f"SELECT {_text(statement)} WHERE NOT EXISTS (SELECT FROM {known}) \\gexec"  # noqa: S608


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
