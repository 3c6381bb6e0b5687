"""Creates and migrates the schema, by Alembic without a settings file.

All in one transaction under an advisory lock: completely, once, or not at all.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from eas_station.errors import StoreError
from eas_station.store.database import revision as revisions
from eas_station.store.database.database import Database
from eas_station.store.database.engines import parse_url
from eas_station.store.database.schema import REVISION
from eas_station.store.upkeep import grants

MIGRATIONS = Path(__file__).parents[1] / "migrations"
MIGRATION_TIMEOUT_S = 600.0  # a large table may be rewritten
WAL_TIMEOUT_S = 5.0
SHARED_MODE = 0o660  # each daemon has its own user, all have one group


def upgrade(url: str) -> str:
    """Migrate the schema to the revision of this version, and return it.

    Raises StoreError; then the schema is unchanged.
    """
    _prepare_file(url)
    database = Database(
        url,
        statement_timeout_s=MIGRATION_TIMEOUT_S,
        slow_query_s=MIGRATION_TIMEOUT_S,
        application_name="eas-ctl db upgrade",
        create=True,
    )
    try:
        with database.write() as connection:
            _migrate(connection)
            if database.dialect == "postgresql":
                grants.grant_all(connection)
    finally:
        database.close()
    return REVISION


def revision(url: str) -> str | None:
    """The database's revision; None: it has no schema. Raises StoreError."""
    database = Database(url, application_name="eas-ctl db status")
    try:
        with database.read() as connection:
            return revisions.revision(connection)
    finally:
        database.close()


def _migrate(connection: Connection) -> None:
    found = revisions.revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(
            f"the database has schema {found} of a newer version: install that version"
        )
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _prepare_file(url: str) -> None:
    """Create a SQLite file in WAL mode: the mode is stored in the file, outside transactions."""
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return
    path = Path(parsed.database or "")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _touch(path)
        _set_wal(path, time.monotonic() + WAL_TIMEOUT_S)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"cannot create the database file {path}: {error}") from error


def _touch(path: Path) -> None:
    """Create the file for the group of the daemons; SQLite would create it for its owner only."""
    with suppress(FileExistsError):
        path.touch(SHARED_MODE, exist_ok=False)
        path.chmod(SHARED_MODE)  # whatever the umask is


def _set_wal(path: Path, deadline_s: float) -> None:
    connection = sqlite3.connect(path, timeout=WAL_TIMEOUT_S)
    try:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.05)
    finally:
        connection.close()
