"""Backup, restart, upgrade, a failed migration, removal and purge; in this order, at the end."""

from __future__ import annotations

import gzip
import json
import tarfile
import time
from pathlib import Path

from kit import CONFIGURATION, DAEMONS, INSTALL, active_again, cap_document, figure, newer, psql
from nspawn import Machine

BROKEN = """\
from alembic import op

revision, down_revision = "0003", "0002"


def upgrade():
    op.execute("CREATE TABLE half_done (number integer)")
    op.execute("SELECT 1 / 0")
"""


def test_maintenance_is_recorded_and_a_backup_restores_every_row(station: Machine) -> None:
    station.sh("systemctl start eas-station-maintenance")
    jobs = json.loads(station.ask("curl -s -m 5 http://localhost:8080/api/v1/jobs"))
    assert any(job.get("job") == "maintenance" for job in jobs["jobs"]), jobs
    station.sh("systemctl stop eas-audiod eas-capd")
    first = json.loads(station.ask("eas-ctl backup --json"))["path"]
    before = rows(station.root, first)
    assert len(before["alerts"]) > 3
    station.sh("runuser -u postgres -- dropdb --force eas_station")
    station.sh("eas-ctl db init")
    assert station.sh(f"eas-ctl restore {first}").returncode == 0
    second = json.loads(station.ask("sleep 1; eas-ctl backup --json"))["path"]
    assert rows(station.root, second) == before
    refused = station.sh(f"eas-ctl restore {first}", check=False)
    assert refused.returncode == 2
    assert "--replace" in refused.stderr
    station.sh("systemctl start eas-audiod eas-capd")


def test_a_reboot_starts_all_units(station: Machine) -> None:
    count = station.ask("eas-ctl alerts --all --limit 500 --json | grep -c event_name")
    took = station.reboot()
    for daemon in DAEMONS:
        station.wait(f"systemctl is-active -q {daemon}", 20)
    figure("reboot to all units, s", round(took, 1))
    station.wait("systemctl is-active -q eas-station-schema", 20)
    again = station.ask("eas-ctl alerts --all --limit 500 --json | grep -c event_name")
    assert int(again) >= int(count)


def test_an_upgrade_loses_no_row_and_asks_nothing(
    station: Machine, deb: Path, tmp_path: Path
) -> None:
    many = (
        "INSERT INTO alerts SELECT (jsonb_populate_record(NULL::alerts, to_jsonb(a) ||"
        " jsonb_build_object('alert_id', gen_random_uuid()::text, 'number', 1000000 + g))).*"
        " FROM (SELECT * FROM alerts LIMIT 1) a, generate_series(1, 10000) g"
    )
    station.sh(f'runuser -u postgres -- psql -q eas_station -c "{many}"')
    count = psql("SELECT count(*) FROM alerts")
    before = int(station.ask(count))
    assert before > 10_000
    station.sh("echo '# edited by hand' >>/etc/eas-station/station.toml")
    station.put("/root/newer.deb", newer(deb, tmp_path))
    station.sh("systemctl stop postgresql")  # dpkg must not fail
    pid = station.show("eas-audiod@wx", "MainPID")
    began = time.monotonic()
    station.sh(f"{INSTALL} -o Dpkg::Options::=--force-confold /root/newer.deb")
    figure("upgrade, s", round(time.monotonic() - began, 1))
    active_again(station, "eas-audiod@wx", pid, 10)
    station.sh("systemctl start postgresql")
    station.wait("systemctl is-active -q eas-station-schema", 70)
    assert int(station.ask(count)) >= before
    station.sh("grep -q 'edited by hand' /etc/eas-station/station.toml")
    gap = "SELECT max(extract(epoch FROM ended_at - began_at)) FROM deaf_intervals WHERE why"
    asked = psql(f"{gap} = 'eas-audiod was restarted'")
    station.wait(f'[ -n "$({asked})" ]', 30)
    lost_s = float(station.ask(asked))
    figure("capture gap of an upgrade, s", lost_s)
    assert lost_s <= 10


def test_a_failed_migration_leaves_the_old_schema_in_use(
    station: Machine, deb: Path, tmp_path: Path
) -> None:
    held = station.ask(psql("SELECT count(*) FROM alerts"))
    station.put("/root/broken.deb", newer(deb, tmp_path, 2, break_migration))
    station.sh(f"{INSTALL} /root/broken.deb")
    schema = "journalctl -b -u eas-station-schema --no-pager"
    station.wait(f"{schema} | grep -q 'division by zero'", 30)
    assert station.ask(psql("SELECT version_num FROM alembic_version")) == "0002"
    assert station.ask(psql("SELECT to_regclass('half_done')")) == ""
    dumps = station.ask("ls /var/lib/eas-station/backups | grep before-migration")
    assert "before-migration-from-0002" in dumps
    for daemon in DAEMONS:
        station.wait(f"systemctl is-active -q {daemon}", 20)
    assert "pass" in station.ask("curl -s -m 10 http://localhost:8080/healthz")
    station.put("/var/lib/eas-station/cap/waiting.xml", cap_document("waiting"))
    station.wait("eas-ctl status --json | grep -q '\"spool_depth\": [1-9]'", 30)
    shown = "curl -s -m 10 http://localhost:8080/api/v1/alerts?state=active"
    station.wait(f"{shown} | grep -q waiting", 30)  # received, though not in the database yet
    assert station.ask(psql("SELECT count(*) FROM alerts")) == held
    station.put("/root/repaired.deb", newer(deb, tmp_path, 3))
    station.sh(f"{INSTALL} /root/repaired.deb")
    station.wait("systemctl is-active -q eas-station-schema", 70)
    station.wait("eas-ctl alerts --all --limit 500 | grep -q waiting", 40)


def break_migration(tree: Path) -> None:
    """Add a migration that fails halfway."""
    store = tree / "usr/share/eas-station/eas_station/store"
    schema = store / "database/schema.py"
    text = schema.read_text()
    schema.write_text(text.replace('REVISION = "0002"', 'REVISION = "0003"'))
    assert schema.read_text() != text
    (store / "migrations/versions/v0003_broken.py").write_text(BROKEN)


def test_remove_stops_all_daemons_and_keeps_the_database(station: Machine) -> None:
    station.sh("apt-get remove -q -y eas-station")
    assert station.ask("pgrep -c 'eas-(capd|sdrd|audiod|webd)' || true") == "0"
    assert station.ask("ls /var/lib/eas-station") != ""
    station.sh(f"{INSTALL} /root/repaired.deb")
    station.wait("systemctl is-active -q eas-audiod@wx", 20)


def test_purge_leaves_only_a_dump(station: Machine) -> None:
    print(station.sh("apt-get purge -q -y eas-station 2>&1").stdout)
    dumps = station.ask("ls /var/backups | grep ^eas-station-").splitlines()
    assert len(dumps) == 1
    assert dumps[0].endswith(".sql.gz")
    held = station.ask(f"zcat /var/backups/{dumps[0]} | grep -c '^[0-9]*.*WXR' || true")
    assert int(held) > 0
    places = "/etc /usr /var/lib /run /var/cache"
    ours = "-name '*eas-station*' -o -name 'eas-*' -o -name 'eas_station*'"
    left = station.ask(
        f"find {places} -xdev \\( {ours} \\)"
        " ! -path '/var/cache/apt/*' ! -path '/run/systemd/*' ! -path '/usr/share/doc/*'"
    )
    assert left == ""
    assert station.ask("getent passwd | grep -c ^eas- || true") == "0"
    assert station.ask("getent group | grep -c ^eas- || true") == "0"
    psql = "runuser -u postgres -- psql -At postgres -c"
    assert station.ask(f"{psql} \"SELECT rolname FROM pg_roles WHERE rolname LIKE 'eas-%'\"") == ""
    assert "eas_station" not in station.ask(f"{psql} 'SELECT datname FROM pg_database'")


def test_a_reinstallation_after_purge_starts_with_an_empty_database(station: Machine) -> None:
    station.sh(f"{INSTALL} /root/eas-station.deb")
    station.wait("systemctl is-active eas-capd eas-webd eas-station-schema", 20)
    assert "pass" in station.ask("curl -s -m 10 http://localhost:8080/healthz")


def test_a_refused_purge_keeps_the_database(station: Machine) -> None:
    station.put("/var/lib/eas-station/cap/kept.xml", cap_document("kept"))
    station.put("/etc/eas-station/station.d/bench.toml", CONFIGURATION)
    station.sh("eas-ctl apply", check=False)
    station.wait("eas-ctl alerts --all | grep -q kept", 40)
    dumps = station.ask("ls /var/backups")
    answer = "eas-station eas-station/purge-database boolean false"
    station.sh("debconf-set-selections", text=f"{answer}\n")
    printed = station.sh("apt-get purge -q -y eas-station 2>&1").stdout
    assert "kept the database" in printed
    assert station.ask("ls /var/backups") == dumps
    assert "kept" in station.ask(psql("SELECT headline FROM alerts"))
    station.sh(f"{INSTALL} /root/eas-station.deb")
    station.wait("eas-ctl alerts --all | grep -q kept", 30)


def rows(root: Path, path: str) -> dict[str, list[dict[str, object]]]:
    """The rows of a backup in the machine, by table."""
    found = {}
    with tarfile.open(root / path.lstrip("/")) as tar:
        for member in tar.getmembers():
            packed = tar.extractfile(member)
            if member.name.startswith("record/") and packed is not None:
                name = Path(member.name).name.partition(".")[0]
                lines = gzip.decompress(packed.read()).splitlines()
                found[name] = [json.loads(line) for line in lines]
    return found
