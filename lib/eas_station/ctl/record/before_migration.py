"""Before a migration: check that the database responds, and dump it.

The dump is a native one (pg_dump, or a copy of the SQLite file), because the tables are still
those of the older version.
"""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path

from eas_station.clock import utc_now
from eas_station.config.model import Config
from eas_station.errors import OutsideError
from eas_station.store.database.database import Database
from eas_station.store.database.engines import parse_url

ANSWER_S = 2
KEPT = 3  # dumps
FOLDER = "backups"  # under the state directory
PREFIX = "before-migration"
DEADLINE_S = 3600


def exists(url: str) -> bool:
    """Whether the SQLite file exists; always true of a server, which `demand_answer` checks."""
    parsed = parse_url(url)
    return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").exists()


def demand_answer(url: str) -> None:
    """Raise StoreError within two seconds if the database does not respond."""
    if not exists(url):
        return  # the migration creates it
    database = Database(url, connect_timeout_s=ANSWER_S, application_name="eas-ctl")
    try:
        with database.read() as connection:
            connection.exec_driver_sql("SELECT 1")
    finally:
        database.close()


def dump_before_migration(config: Config, revision: str) -> Path:
    """Dump the database to the folder of backups; gives the file. Raises OutsideError."""
    parsed = parse_url(config.database.url)
    embedded = parsed.get_backend_name() == "sqlite"
    folder = config.paths.state_dir / FOLDER
    stem = f"{PREFIX}-from-{revision}-{utc_now():%Y%m%dT%H%M%SZ}"
    target = folder / f"{stem}{'.sqlite' if embedded else '.dump'}"
    part = target.with_name(f".{target.name}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if embedded:
            _copy_sqlite(Path(parsed.database or ""), part)
        else:
            _dump_postgresql(config.database.url, part)
        part.replace(target)
        for old in sorted(folder.glob(f"{PREFIX}-*"), key=_modified)[:-KEPT]:
            old.unlink()
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise OutsideError(
            f"not migrated, because the database cannot be dumped to {target}: {error}"
        ) from error
    return target


def _copy_sqlite(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _dump_postgresql(url: str, target: Path) -> None:
    server = "postgresql://" + url.partition("://")[2]
    command = ("pg_dump", "--format=custom", "--no-password", f"--file={target}", server)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=DEADLINE_S, check=False
        )
    except FileNotFoundError as error:
        raise OSError("pg_dump is missing: sudo apt install postgresql-client") from error
    except subprocess.TimeoutExpired as error:
        raise OSError(f"pg_dump took more than {DEADLINE_S} s") from error
    if done.returncode != 0:
        raise OSError(" ".join(done.stderr.split()))


def _modified(path: Path) -> float:
    return path.stat().st_mtime
