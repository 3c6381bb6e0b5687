"""`eas-ctl db move`: the record goes to another database, and no row is lost.

While the rows are copied nobody else writes to the old database, and afterwards nobody can: it is
marked as moved, so the daemons spool until they are started with the new one.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from eas_station.config.load import INSTALLED
from eas_station.config.model import Config
from eas_station.ctl.console import invocation
from eas_station.ctl.console.privileges import act_as_station
from eas_station.ctl.record.backup import STATEMENT_TIMEOUT_S
from eas_station.ctl.record.restore import put_record
from eas_station.ctl.units.systemd import BOOTED, Systemd, UnitPlan
from eas_station.errors import EXIT_FINE, OutsideError
from eas_station.store.database.database import Database
from eas_station.store.database.engines import parse_url
from eas_station.store.database.revision import demand_current
from eas_station.store.upkeep import transfer

CHOICE = Path("station.d/database.toml")  # beside station.toml
HEAD = """\
# Which database holds the record: chosen when the station was installed, and never changed by an
# upgrade. To move the record to another database: sudo eas-ctl db move URL
"""
UNITS = tuple(
    f"eas-{name}.service" for name in ("station-schema", "capd", "sdrd", "audiod", "webd")
)


def run(args: argparse.Namespace) -> int:
    """Copy, switch, restart."""
    path = args.config or INSTALLED
    config = invocation.load_config(args.config)
    choice = path.parent / CHOICE
    _demand_way(config, args.url, choice)
    copied = _copied_as_station(args.config, config.database.url, args.url)
    try:
        write_choice(choice, args.url)
    except OSError as error:
        raise OutsideError(
            f"the record is copied, but {choice} cannot be written: {error.strerror}. Write there:"
            f' [database] url = "{args.url}"'
        ) from error
    print(f"{copied} rows moved to {_shown(args.url)}; {choice} says so")
    if BOOTED.is_dir() and os.geteuid() == 0 and path == INSTALLED:
        systemd = Systemd()
        systemd.read_units()
        systemd.do(UnitPlan(restart=UNITS), wait=False)
        print("the daemons are restarted")
    else:
        print("now restart the daemons: until then they spool")
    return EXIT_FINE


def copy(old_url: str, new_url: str) -> int:
    """Copy every row, then close the old database for good; gives how many rows."""
    old = Database(
        old_url,
        statement_timeout_s=STATEMENT_TIMEOUT_S,
        slow_query_s=STATEMENT_TIMEOUT_S,
        pool_size=1,
        application_name="eas-ctl db move",
    )
    try:
        with old.write() as connection:
            demand_current(connection)
            identity = transfer.database_id(connection)
            rows = put_record(
                new_url, lambda table: transfer.rows(connection, table), False, identity
            )
            for table in transfer.TABLES:
                if transfer.count(connection, table) != rows[table.name]:
                    raise OutsideError(f"not all rows of {table.name} arrived: not moved")
            transfer.close_for_good(connection)
    finally:
        old.close()
    return sum(rows.values())


def write_choice(path: Path, url: str) -> None:
    """Say in the configuration which database it is now."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(f'{HEAD}[database]\nurl = "{url}"\n', encoding="utf-8")
    fresh.chmod(0o644)
    fresh.replace(path)


def _copied_as_station(config_path: Path | None, old_url: str, new_url: str) -> int:
    """Copy in a child that is the station's user; this process stays root, to write /etc."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            act_as_station(config_path)
            os.write(writer, str(copy(old_url, new_url)).encode())
            status = 0
        except Exception as error:  # noqa: BLE001 - told to the parent by the exit status
            print(f"eas-ctl: {error}", file=sys.stderr)
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        said = answer.read()
    if os.waitpid(child, 0)[1] != 0:
        raise OutsideError("not moved: the old database serves on")
    return int(said)


def _demand_way(config: Config, url: str, choice: Path) -> None:
    parse_url(url)
    if url == config.database.url:
        raise OutsideError(f"the record is in {_shown(url)} already")
    spoken = [name for name in config.files if name != str(choice) and _names_database(name)]
    if spoken:
        raise OutsideError(f"{spoken[0]} has a database.url of its own: take it out, then move")


def _names_database(name: str) -> bool:
    lines = Path(name).read_text(encoding="utf-8").splitlines()
    return any(
        line.replace(" ", "").startswith(('url="postgresql', 'url="sqlite')) for line in lines
    )


def _shown(url: str) -> str:
    return parse_url(url).render_as_string(hide_password=True)
