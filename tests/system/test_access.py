"""Access to the status page in the booted machine: passwords, tokens, keys."""

from __future__ import annotations

import re

from kit import psql
from nspawn import Machine

PASSWORD = "a horse of another colour"
PAGE = "http://localhost:8080"
CURL = "curl -s -m 15"
BROWSER = f"{CURL} -b /root/jar -c /root/jar"
CODE = "-o /dev/null -w '%{http_code}'"
KEYRING = "/var/lib/eas-station/webd"
READABLE = "runuser -u {} -- cat {}"


def csrf(station: Machine) -> str:
    """The CSRF token of the login form."""
    found = re.search(r'name="csrf" value="([^"]+)"', station.ask(f"{BROWSER} {PAGE}/login"))
    assert found is not None
    return found[1]


def session(station: Machine, field: str) -> str:
    """A field of the session."""
    reader = f"python3 -c 'import json, sys; print(json.load(sys.stdin)[\"{field}\"])'"
    return station.ask(f"{BROWSER} {PAGE}/api/v1/session | {reader}")


def test_changes_need_a_login(station: Machine) -> None:
    for path in ("sources/wx/stop", "receivers/wx/stop", "feeds/folder/stop", "settings"):
        status = station.ask(f"{CURL} {CODE} -X POST {PAGE}/api/v1/{path}")
        assert status in ("401", "403"), path


def test_a_password_is_set_by_root_and_readable_by_eas_webd_only(station: Machine) -> None:
    done = station.sh("eas-ctl passwd --stdin", text=f"{PASSWORD}\n")
    assert "is set" in done.stdout
    assert done.stderr == ""  # no warning about the audit log
    modes = station.ask(f"stat -c '%a %U' {KEYRING} {KEYRING}/keys.sqlite")
    assert modes == "700 eas-webd\n600 eas-webd"
    for other in ("eas-capd", "eas-audiod", "eas-station", "nobody"):
        reading = READABLE.format(other, f"{KEYRING}/keys.sqlite")
        assert station.sh(reading, check=False).returncode != 0, other
    assert station.sh(f"grep -qa '{PASSWORD}' {KEYRING}/*", check=False).returncode == 1


def test_an_operator_logs_in_and_stops_and_starts_a_source(station: Machine) -> None:
    form = f"--data-urlencode 'password={PASSWORD}' -d name=operator -d csrf={csrf(station)}"
    assert station.ask(f"{BROWSER} {CODE} {form} {PAGE}/login") == "303"
    assert session(station, "name") == "operator"
    pid = station.show("eas-audiod@wx", "MainPID")
    for word, state in (("stop", "stopped"), ("start", "running")):
        token = f"--data-urlencode 'csrf={session(station, 'csrf')}'"
        assert station.ask(f"{BROWSER} {CODE} {token} {PAGE}/api/v1/sources/wx/{word}") == "303"
        station.wait(f"eas-ctl sources | grep -q '^wx: {state}'", 20)
    assert station.show("eas-audiod@wx", "MainPID") == pid  # a stopped source keeps its process


def test_actions_are_in_the_audit_log(station: Machine) -> None:
    rows = station.ask(psql("SELECT who, action, subject, outcome FROM audit ORDER BY at"))
    assert "cli|set password|operator|done" in rows
    assert "operator|log in" in rows
    assert rows.count("operator|") >= 3


def test_a_session_survives_a_stop_and_a_request_starts_the_daemon(station: Machine) -> None:
    station.sh("systemctl stop eas-webd.service")
    assert station.show("eas-webd.socket", "ActiveState") == "active"
    assert session(station, "name") == "operator"
    assert station.show("eas-webd.service", "ActiveState") == "active"


def test_a_token_is_valid_until_it_is_revoked(station: Machine) -> None:
    secret = station.ask("eas-ctl tokens add backup-script --scope write")
    asked = f"{CURL} {CODE} -H 'Authorization: Bearer {secret}' -X POST -d '{{}}'"
    asked += f" -H 'Content-Type: application/json' {PAGE}/api/v1/sources/wx/start"
    assert station.ask(asked) == "200"
    assert "backup-script" in station.ask("eas-ctl tokens list")
    station.sh("eas-ctl tokens revoke backup-script")
    assert station.ask(asked) == "401"


def test_only_the_daemons_can_read_the_keys(station: Machine) -> None:
    first = station.ask("eas-ctl keys")
    file = "/var/lib/eas-station/bus.keys"
    assert station.ask(f"stat -c '%a %U %G' {file}") == "640 root eas-station"
    secret = station.ask(f"sed -n 's/^secret = \"\\(.*\\)\"/\\1/p' {file}")
    assert len(secret) == 40
    assert secret not in first
    for daemon in ("eas-sdrd", "eas-audiod"):
        assert station.sh(READABLE.format(daemon, file)).returncode == 0
    assert station.sh(READABLE.format("nobody", file), check=False).returncode != 0
    assert "just created" in first
    assert "just created" not in station.ask("eas-ctl keys show")
