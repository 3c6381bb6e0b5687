"""`eas-ctl restore`: replace the contents of the database by a backup."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO

from sqlalchemy import Table

from eas_station.config.load import INSTALLED
from eas_station.config.model import Config
from eas_station.ctl.console import arguments
from eas_station.ctl.console.open_record import open_for_long_work
from eas_station.ctl.console.privileges import act_as_station
from eas_station.ctl.record.archive import Backup, BackupError
from eas_station.ctl.record.backup import CLIPS
from eas_station.errors import EXIT_FINE, OutsideError
from eas_station.store.database.schema import REVISION
from eas_station.store.upkeep import migrate, transfer

RowsOf = Callable[[Table], Iterable[transfer.Row]]

DATABASE_CHOICE = "station.d/database.toml"  # names the database of this machine: not restored
SAVED_SUFFIX = ".before-restore"


def add_parser(commands: arguments.Commands) -> None:
    """Add `restore` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "restore",
        description="Replace the contents of the database by those of a backup. If this fails,"
        " the database is unchanged. Exit status: 0 restored, 2 failed.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a file written by eas-ctl backup")
    parser.add_argument(
        "--replace", action="store_true", help="delete the alerts that the database contains"
    )
    parser.add_argument(
        "--configuration",
        action="store_true",
        help=f"also restore the configuration, except {DATABASE_CHOICE}; then run eas-ctl apply",
    )
    arguments.finish(parser, run, json=False)


def run(args: argparse.Namespace) -> int:
    """Verify the whole backup, then restore it."""
    with Backup(args.file) as backup:
        if backup.manifest.revision != REVISION:
            raise BackupError(
                f"{args.file} has schema {backup.manifest.revision}, but this version needs"
                f" {REVISION}: restore it with version {backup.manifest.version}, then upgrade"
            )
        backup.verify()
        if args.configuration:
            for path in restore_configuration(backup, (args.config or INSTALLED).parent):
                print(f"{path}: restored")
        act_as_station(args.config)
        config = arguments.load_config(args.config)
        rows = fill_database(config.database.url, backup.rows, args.replace)
        clips = restore_clips(config, backup)
    print(f"restored {sum(rows.values())} rows and {clips} recordings from {args.file}")
    return EXIT_FINE


def fill_database(
    url: str, rows_of: RowsOf, replace: bool, same_record: str | None = None
) -> Mapping[str, int]:
    """Replace the contents of a database; gives the number of rows, by table.

    Raises StoreError, OutsideError.

    Args:
        rows_of: gives the rows of a table.
        replace: delete alerts that are there.
        same_record: the database_id of an unfinished copy, which may be overwritten.
    """
    migrate.upgrade(url)
    with (
        open_for_long_work(url, "eas-ctl restore") as database,
        database.write() as connection,
    ):
        known = transfer.alert_count(connection)
        copied = same_record is not None and transfer.database_id(connection) == same_record
        if known and not replace and not copied:
            raise OutsideError(
                f"the database {database.shown_url} contains {known} alerts, which would be"
                " deleted: make a backup, then use --replace"
            )
        transfer.clear(connection)
        return transfer.fill(connection, rows_of)


def restore_configuration(backup: Backup, folder: Path) -> Iterable[Path]:
    """Write station.toml and station.d; existing files are kept as *.before-restore."""
    for name, content in backup.files("config/"):
        if name == DATABASE_CHOICE:
            continue
        path = folder / name
        try:
            if path.exists():
                path.replace(path.with_name(path.name + SAVED_SUFFIX))
            _write(path, content)
        except OSError as error:
            raise OutsideError(f"{path} cannot be written: {error.strerror}") from error
        yield path


def restore_clips(config: Config, backup: Backup) -> int:
    """Write the recordings that are missing; gives how many."""
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
