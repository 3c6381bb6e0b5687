"""`eas-ctl backup`: write the database and the configuration to one file."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from eas_station.clock import utc_now
from eas_station.config.model import Config
from eas_station.ctl.console import arguments, output
from eas_station.ctl.console.open_record import open_for_long_work
from eas_station.ctl.console.privileges import act_as_station
from eas_station.ctl.record import archive
from eas_station.ctl.record.archive import Backup, Manifest
from eas_station.errors import EXIT_FINE
from eas_station.store.database.revision import demand_current

FOLDER = "backups"  # under the state directory
CLIPS = "clips"  # under the state directory, and in the backup


def add_parser(commands: arguments.Commands) -> None:
    """Add `backup` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "backup",
        description="Write the database and the configuration to one tar file, and read it back."
        " The daemons continue to run. Exit status: 0 written and verified, 2 failed.",
    )
    parser.add_argument(
        "folder",
        nargs="?",
        metavar="FOLDER",
        help="the folder of the file (default: backups in the state directory of the station);"
        " - is standard output, as in: sudo eas-ctl backup - >/mnt/usb/station.tar",
    )
    parser.add_argument("--clips", action="store_true", help="include the recordings")
    arguments.finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Write one backup and verify it."""
    act_as_station(args.config)
    config = arguments.load_config(args.config)
    folder = config.paths.state_dir / FOLDER
    if args.folder == "-":
        return _stream(config, folder, args.clips)
    folder = Path(args.folder) if args.folder else folder
    path, manifest = back_up(config, folder, utc_now(), with_clips=args.clips)
    if args.json:
        output.print_json({"path": str(path), "bytes": path.stat().st_size, "manifest": manifest})
    else:
        rows = sum(manifest.rows.values())
        print(f"{path}: {rows} rows, {path.stat().st_size / 1e6:.1f} MB")
    return EXIT_FINE


def back_up(
    config: Config, folder: Path, now: datetime, with_clips: bool = False
) -> tuple[Path, Manifest]:
    """Write a backup and verify it. Raises StoreError, OutsideError, BackupError."""
    path = folder / f"eas-station-{now:%Y%m%dT%H%M%SZ}.tar"
    with (
        open_for_long_work(config.database.url, "eas-ctl backup") as database,
        database.read() as connection,
    ):
        demand_current(connection)
        files = [*_configuration(config), *(_clips(config) if with_clips else ())]
        manifest = archive.write(path, connection, now, files)
    with Backup(path) as backup:
        backup.verify()
    return path, manifest


def _stream(config: Config, folder: Path, with_clips: bool) -> int:
    path, _ = back_up(config, folder, utc_now(), with_clips)
    try:
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.flush()
    finally:
        path.unlink()
    return EXIT_FINE


def _configuration(config: Config) -> Iterator[tuple[str, Path]]:
    for name in config.files:
        path = Path(name)
        folder = "station.d/" if path.parent.name == "station.d" else ""
        yield f"config/{folder}{path.name}", path


def _clips(config: Config) -> Iterator[tuple[str, Path]]:
    root = config.paths.state_dir / CLIPS
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink() and not _is_unfinished(path, root):
            yield f"{CLIPS}/{path.relative_to(root)}", path


def _is_unfinished(path: Path, root: Path) -> bool:
    return any(part.startswith(".") or part == "part" for part in path.relative_to(root).parts)
