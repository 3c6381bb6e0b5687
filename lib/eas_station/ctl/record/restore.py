"""`eas-ctl restore`: a backup becomes the record."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sqlalchemy import Table

from eas_station.config.load import INSTALLED
from eas_station.config.model import Config
from eas_station.ctl.console import invocation
from eas_station.ctl.console.privileges import act_as_station
from eas_station.ctl.record.archive import Backup, BackupError
from eas_station.ctl.record.backup import CLIPS, STATEMENT_TIMEOUT_S
from eas_station.errors import EXIT_FINE, OutsideError
from eas_station.store.database.database import Database
from eas_station.store.database.schema import REVISION
from eas_station.store.upkeep import migrate, transfer

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

RowsOf = Callable[[Table], Iterable[transfer.Row]]

OF_THIS_MACHINE = "station.d/database.toml"  # not taken from a backup: it says where to put it
BEFORE = ".before-restore"


def add_parser(commands: Commands) -> None:
    """Add `restore` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "restore",
        help="put a backup back",
        description="The record becomes that of the backup, all of it or, on a failure, nothing."
        " Exit status: 0 restored, 2 not.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="what eas-ctl backup wrote")
    parser.add_argument(
        "--replace", action="store_true", help="although there are alerts, which are then gone"
    )
    parser.add_argument(
        "--configuration",
        action="store_true",
        help=f"station.toml too, except {OF_THIS_MACHINE}; afterwards: eas-ctl apply",
    )
    invocation.add_config(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Check the whole backup, then put it back."""
    with Backup(args.file) as backup:
        if backup.manifest.revision != REVISION:
            raise BackupError(
                f"{args.file} has schema {backup.manifest.revision}, this version {REVISION}:"
                f" restore it with version {backup.manifest.version}, then upgrade"
            )
        backup.verify()
        if args.configuration:
            for path in put_configuration(backup, (args.config or INSTALLED).parent):
                print(f"{path}: restored")
        act_as_station(args.config)
        config = invocation.load_config(args.config)
        rows = put_record(config.database.url, backup.rows, args.replace)
        clips = put_clips(config, backup)
    print(f"{sum(rows.values())} rows and {clips} recordings of {args.file} are back")
    return EXIT_FINE


def put_record(
    url: str, rows_of: RowsOf, replace: bool, same_record: str | None = None
) -> Mapping[str, int]:
    """Fill the database with rows; gives how many, by table. Raises StoreError, OutsideError.

    Args:
        rows_of: the rows of a table.
        replace: although there are alerts.
        same_record: the database_id of a record that may be overwritten: an unfinished copy.
    """
    migrate.upgrade(url)
    database = Database(
        url,
        statement_timeout_s=STATEMENT_TIMEOUT_S,
        slow_query_s=STATEMENT_TIMEOUT_S,
        pool_size=1,
        application_name="eas-ctl restore",
    )
    try:
        with database.write() as connection:
            known = transfer.alert_count(connection)
            copied = same_record is not None and transfer.database_id(connection) == same_record
            if known and not replace and not copied:
                raise OutsideError(
                    f"the database {database.shown_url} has {known} alerts already, which would be"
                    " gone: say --replace if they may, and make a backup before"
                )
            transfer.clear(connection)
            return transfer.fill(connection, rows_of)
    finally:
        database.close()


def put_configuration(backup: Backup, folder: Path) -> Iterable[Path]:
    """Write station.toml and station.d; what there was stays beside as *.before-restore."""
    for name, content in backup.files("config/"):
        if name == OF_THIS_MACHINE:
            continue
        path = folder / name
        try:
            if path.exists():
                path.replace(path.with_name(path.name + BEFORE))
            _write(path, content)
        except OSError as error:
            raise OutsideError(f"{path} cannot be written: {error.strerror}") from error
        yield path


def put_clips(config: Config, backup: Backup) -> int:
    """Put recordings back that are not there; gives how many."""
    written = 0
    for name, content in backup.files(f"{CLIPS}/"):
        path = config.paths.state_dir / CLIPS / name
        if not path.exists():
            try:
                _write(path, content)
            except OSError as error:
                raise OutsideError(f"{path} cannot be written: {error.strerror}") from error
            written += 1
    return written


def _write(path: Path, content: IO[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    with fresh.open("wb") as file:
        shutil.copyfileobj(content, file)
    fresh.replace(path)
