"""The package with eas-station-sqlite, and the move to PostgreSQL."""

from __future__ import annotations

import json
import time

import pytest
from kit import INSTALL, OURS
from nspawn import Machine

CAP = """\
[station]
clock = "trusted"

[[feed]]
name = "folder"
kind = "folder"
path = "/var/lib/eas-station/cap"
interval_s = 1.0
"""


@pytest.fixture(scope="module", autouse=True)
def configured(embedded: Machine) -> None:
    """Configure a folder as feed."""
    embedded.wait("systemctl is-active eas-capd eas-webd eas-station-schema", 20)
    embedded.put(OURS, CAP)
    embedded.sh("eas-ctl apply")


def test_no_server_is_installed_and_the_choice_is_written(embedded: Machine) -> None:
    assert embedded.sh("dpkg -s postgresql", check=False).returncode != 0
    choice = embedded.ask("cat /etc/eas-station/station.d/database.toml")
    assert "sqlite:////var/lib/eas-station/station.sqlite" in choice


def test_the_daemons_share_the_file_through_their_group(embedded: Machine) -> None:
    sent = time.strftime("%j%H%M", time.gmtime())
    printed = embedded.ask(f"eas-ctl inject 'ZCZC-WXR-RWT-039173+0030-{sent}-BENCH   -'")
    assert "RWT" in printed
    alert = printed.split()[2].rstrip(":")
    embedded.wait(f"curl -s -m 5 http://localhost:8080/api/v1/alerts/{alert} | grep -q RWT", 20)
    assert embedded.ask("stat -c '%a %G' /var/lib/eas-station/station.sqlite") == "660 eas-station"
    report = json.loads(embedded.sh("eas-ctl status --json", check=False).stdout)
    assert "offline" not in json.dumps(report)


def test_moving_to_postgresql_loses_no_row(embedded: Machine) -> None:
    embedded.sh(f"{INSTALL} postgresql")
    assert "sqlite" in embedded.ask("cat /etc/eas-station/station.d/database.toml")
    first = json.loads(embedded.ask("eas-ctl backup --json"))["manifest"]["rows"]
    url = "postgresql+psycopg2:///eas_station"
    embedded.sh(f"eas-ctl db init --url {url}")
    printed = embedded.ask(f"eas-ctl db move {url}")
    assert printed.startswith("moved ")
    embedded.wait("systemctl is-active eas-capd eas-webd eas-station-schema", 20)
    second = json.loads(embedded.ask("eas-ctl backup --json"))["manifest"]["rows"]
    for table in ("alerts", "receptions", "changes", "alert_keys"):
        assert second[table] >= first[table]
    embedded.wait("! eas-ctl status --json | grep -q offline", 20)


def test_purge_saves_the_embedded_database(embedded: Machine) -> None:
    embedded.sh("apt-get purge -q -y eas-station eas-station-sqlite")
    dumps = embedded.ask("ls /var/backups | grep ^eas-station-").splitlines()
    assert any(name.endswith(".sqlite.tar.gz") for name in dumps)
    assert embedded.sh("ls /var/lib/eas-station", check=False).returncode != 0
