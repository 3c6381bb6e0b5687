"""Who may change something on the page, in the booted machine: passwords, tokens, keys."""

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
    """What the form to log in, or the session, wants to be sent back."""
    found = re.search(r'name="csrf" value="([^"]+)"', station.ask(f"{BROWSER} {PAGE}/login"))
    assert found is not None
    return found[1]


def session(station: Machine, field: str) -> str:
    """A field of what the page knows of us."""
    reader = f"python3 -c 'import json, sys; print(json.load(sys.stdin)[\"{field}\"])'"
    return station.ask(f"{BROWSER} {PAGE}/api/v1/session | {reader}")


def test_nobody_changes_anything_without_a_login(station: Machine) -> None:
    for path in ("sources/wx/stop", "receivers/wx/stop", "feeds/folder/stop", "settings"):
        said = station.ask(f"{CURL} {CODE} -X POST {PAGE}/api/v1/{path}")
        assert said in ("401", "403"), path


def test_password_is_set_by_root_and_kept_for_the_page_alone(station: Machine) -> None:
    said = station.sh("eas-ctl passwd --stdin", text=f"{PASSWORD}\n")
    assert "is set" in said.stdout
    assert said.stderr == ""  # it is in the audit
    modes = station.ask(f"stat -c '%a %U' {KEYRING} {KEYRING}/keys.sqlite")
    assert modes == "700 eas-webd\n600 eas-webd"
    for other in ("eas-capd", "eas-audiod", "eas-station", "nobody"):
        reading = READABLE.format(other, f"{KEYRING}/keys.sqlite")
        assert station.sh(reading, check=False).returncode != 0, other
    assert station.sh(f"grep -qa '{PASSWORD}' {KEYRING}/*", check=False).returncode == 1


def test_operator_logs_in_and_stops_and_starts_a_source(station: Machine) -> None:
    form = f"--data-urlencode 'password={PASSWORD}' -d name=operator -d csrf={csrf(station)}"
    assert station.ask(f"{BROWSER} {CODE} {form} {PAGE}/login") == "303"
    assert session(station, "name") == "operator"
    pid = station.show("eas-audiod@wx", "MainPID")
    for word, state in (("stop", "stopped"), ("start", "running")):
        token = f"--data-urlencode 'csrf={session(station, 'csrf')}'"
        assert station.ask(f"{BROWSER} {CODE} {token} {PAGE}/api/v1/sources/wx/{word}") == "303"
        station.wait(f"eas-ctl sources | grep -q '^wx: {state}'", 20)
    assert station.show("eas-audiod@wx", "MainPID") == pid  # stopping is no end of the process


def test_what_was_done_is_in_the_record(station: Machine) -> None:
    rows = station.ask(psql("SELECT who, action, subject, outcome FROM audit ORDER BY at"))
    assert "cli|set password|operator|done" in rows
    assert "operator|log in" in rows
    assert rows.count("operator|") >= 3


def test_session_outlives_the_page_and_a_visit_starts_the_page(station: Machine) -> None:
    station.sh("systemctl stop eas-webd.service")
    assert station.show("eas-webd.socket", "ActiveState") == "active"
    assert session(station, "name") == "operator"
    assert station.show("eas-webd.service", "ActiveState") == "active"


def test_token_lets_a_script_in_until_it_is_revoked(station: Machine) -> None:
    secret = station.ask("eas-ctl tokens add backup-script --scope write")
    asked = f"{CURL} {CODE} -H 'Authorization: Bearer {secret}' -X POST -d '{{}}'"
    asked += f" -H 'Content-Type: application/json' {PAGE}/api/v1/sources/wx/start"
    assert station.ask(asked) == "200"
    assert "backup-script" in station.ask("eas-ctl tokens list")
    station.sh("eas-ctl tokens revoke backup-script")
    assert station.ask(asked) == "401"


def test_keys_are_for_the_daemons_and_for_nobody_else(station: Machine) -> None:
    first = station.ask("eas-ctl keys")
    file = "/var/lib/eas-station/bus.keys"
    assert station.ask(f"stat -c '%a %U %G' {file}") == "640 root eas-station"
    secret = station.ask(f"sed -n 's/^secret = \"\\(.*\\)\"/\\1/p' {file}")
    assert len(secret) == 40
    assert secret not in first
    for daemon in ("eas-sdrd", "eas-audiod"):
        assert station.sh(READABLE.format(daemon, file)).returncode == 0
    assert station.sh(READABLE.format("nobody", file), check=False).returncode != 0
    assert "just made" in first
    assert "just made" not in station.ask("eas-ctl keys show")
