"""`eas-ctl db move`: move all rows to another database.

The rows are copied under the write lock of the old database, which is then marked as moved: the
daemons spool until they are started with the new one, so no row is lost.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from eas_station.config.load import INSTALLED
from eas_station.config.model import Config
from eas_station.ctl.console import arguments
from eas_station.ctl.console.open_record import open_for_long_work
from eas_station.ctl.console.privileges import act_as_station
from eas_station.ctl.record.restore import fill_database
from eas_station.ctl.units.systemd import BOOTED, Systemd, UnitPlan
from eas_station.errors import EXIT_FINE, OutsideError
from eas_station.store.database.engines import parse_url
from eas_station.store.database.revision import demand_current
from eas_station.store.upkeep import transfer

CHOICE = Path("station.d/database.toml")  # beside station.toml
HEAD = """\
# The database of the station, chosen at installation. Upgrades do not change this file.
# To move to another database: sudo eas-ctl db move URL
"""
UNITS = tuple(
    f"eas-{name}.service" for name in ("station-schema", "capd", "sdrd", "audiod", "webd")
)


def run(args: argparse.Namespace) -> int:
    """Copy the rows, change the configuration, restart the daemons."""
    path = args.config or INSTALLED
    config = arguments.load_config(args.config)
    choice = path.parent / CHOICE
    _check_target(config, args.url, choice)
    copied = _copied_as_station(args.config, config.database.url, args.url)
    try:
        write_choice(choice, args.url)
    except OSError as error:
        raise OutsideError(
            f"the rows are copied, but {choice} cannot be written: {error.strerror}. Write to it:"
            f' [database] url = "{args.url}"'
        ) from error
    print(f"moved {copied} rows to {_shown(args.url)}, which {choice} now names")
    if BOOTED.is_dir() and os.geteuid() == 0 and path == INSTALLED:
        systemd = Systemd()
        systemd.read_units()
        systemd.do(UnitPlan(restart=UNITS), wait=False)
        print("restarting the daemons")
    else:
        print("restart the daemons now: until then, they keep what they receive in their spools")
    return EXIT_FINE


def copy(old_url: str, new_url: str) -> int:
    """Copy all rows, then mark the old database as moved; gives the number of rows."""
    with open_for_long_work(old_url, "eas-ctl db move") as old, old.write() as connection:
        demand_current(connection)
        identity = transfer.database_id(connection)
        rows = fill_database(
            new_url, lambda table: transfer.rows(connection, table), False, identity
        )
        for table in transfer.TABLES:
            if transfer.count(connection, table) != rows[table.name]:
                raise OutsideError(f"not all rows of {table.name} were copied: not moved")
        transfer.close_for_good(connection)
    return sum(rows.values())


def write_choice(path: Path, url: str) -> None:
    """Write the URL of the database to the configuration."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(f'{HEAD}[database]\nurl = "{url}"\n', encoding="utf-8")
    fresh.chmod(0o644)
    fresh.replace(path)


def _copied_as_station(config_path: Path | None, old_url: str, new_url: str) -> int:
    """Copy in a child process as the station's user; this process stays root, to write /etc."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            act_as_station(config_path)
            os.write(writer, str(copy(old_url, new_url)).encode())
            status = 0
        except Exception as error:  # noqa: BLE001 - the exit status reports it to the parent
            print(f"eas-ctl: {error}", file=sys.stderr)
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        rows = answer.read()
    if os.waitpid(child, 0)[1] != 0:
        raise OutsideError("not moved: the old database remains in use")
    return int(rows)


def _check_target(config: Config, url: str, choice: Path) -> None:
    parse_url(url)
    if url == config.database.url:
        raise OutsideError(f"{_shown(url)} is the database in use")
    others = [name for name in config.files if name != str(choice) and _names_database(name)]
    if others:
        raise OutsideError(f"{others[0]} sets database.url: remove it, then move")


def _names_database(name: str) -> bool:
    lines = Path(name).read_text(encoding="utf-8").splitlines()
    return any(
        line.replace(" ", "").startswith(('url="postgresql', 'url="sqlite')) for line in lines
    )


def _shown(url: str) -> str:
    return parse_url(url).render_as_string(hide_password=True)
