"""The package with eas-station-sqlite, and its way to PostgreSQL later."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from nspawn import Machine

INSTALL = "apt-get install -q -y"
CAP = """\
[station]
clock = "trusted"

[[feed]]
name = "folder"
kind = "folder"
path = "/var/lib/eas-station/cap"
interval_s = 1.0
"""


@pytest.fixture(scope="module")
def station(machine: Machine, deb: Path, sqlite_deb: Path) -> Machine:
    """The machine with the station and its embedded database."""
    machine.put("/root/eas-station.deb", deb)
    machine.put("/root/eas-station-sqlite.deb", sqlite_deb)
    machine.sh(f"{INSTALL} /root/eas-station.deb /root/eas-station-sqlite.deb")
    machine.wait("systemctl is-active eas-capd eas-webd eas-station-schema", 20)
    machine.put("/etc/eas-station/station.d/bench.toml", CAP)
    machine.sh("eas-ctl apply")
    return machine


def test_no_server_is_installed_and_the_choice_is_written_down(station: Machine) -> None:
    assert station.sh("dpkg -s postgresql", check=False).returncode != 0
    choice = station.ask("cat /etc/eas-station/station.d/database.toml")
    assert "sqlite:////var/lib/eas-station/station.sqlite" in choice


def test_daemons_share_the_file_through_their_group(station: Machine) -> None:
    station.sh("eas-ctl demo make --help >/dev/null")
    header = "ZCZC-WXR-RWT-039173+0030-3261200-BENCH   -"
    station.sh(f"eas-ctl inject '{header}' || eas-ctl inject --same '{header}' || true")
    assert station.ask("stat -c '%a %G' /var/lib/eas-station/station.sqlite") == "660 eas-station"
    report = json.loads(station.sh("eas-ctl status --json", check=False).stdout)
    assert "offline" not in json.dumps(report)


def test_moving_to_postgresql_loses_no_row(station: Machine) -> None:
    station.sh(f"{INSTALL} postgresql")
    assert "sqlite" in station.ask("cat /etc/eas-station/station.d/database.toml")
    first = json.loads(station.ask("eas-ctl backup --json"))["manifest"]["rows"]
    url = "postgresql+psycopg2:///eas_station"
    station.sh(f"eas-ctl db init --url {url}")
    said = station.ask(f"eas-ctl db move {url}")
    assert "rows moved" in said
    station.wait("systemctl is-active eas-capd eas-webd eas-station-schema", 20)
    second = json.loads(station.ask("eas-ctl backup --json"))["manifest"]["rows"]
    for table in ("alerts", "receptions", "changes", "alert_keys"):
        assert second[table] >= first[table]
    station.wait("! eas-ctl status --json | grep -q offline", 20)


def test_purge_saves_the_embedded_record(station: Machine) -> None:
    station.sh("apt-get purge -q -y eas-station eas-station-sqlite")
    dumps = station.ask("ls /var/backups | grep ^eas-station-").splitlines()
    assert any(name.endswith(".sqlite.tar.gz") for name in dumps)
    assert station.sh("ls /var/lib/eas-station", check=False).returncode != 0
