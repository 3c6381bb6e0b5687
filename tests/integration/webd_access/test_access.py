"""Logging in and changing something: a real eas-webd, real eas-ctl, real news, real sockets."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eas_station.bus import topics
from eas_station.bus.subscriber import Subscriber
from eas_station.store.records import clips, desired_states

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = "<script>alert(1)</script>\"'&"
FLOOD = 1000  # logins from one address


def test_a_stop_reaches_the_daemon_and_holds_and_the_login_survives_a_restart(
    up: Any, until_true: Any
) -> None:
    up.ctl("passwd", "ann", "--stdin", stdin="another, of the shell\n")
    ann = up.visitor()
    assert ann.log_in() == 403
    assert ann.log_in("another, of the shell") == 303
    topic = topics.control("eas-audiod@wx")
    with Subscriber(up.runtime_dir, ["eas-webd"], [topic]) as news:
        told: list[Any] = []
        # It is told once only, and a subscriber that comes late is told the last one.
        assert ann.form("/api/v1/sources/wx/stop", csrf=ann.csrf())[0] == 303
        until_true(lambda: told.append(news.receive(0.5)) or told[-1] is not None)
        assert told[-1].body.what == "source wx"
    with up.database.read() as connection:
        assert desired_states.desired(connection, "source", "wx") == "stopped"
    until_true(lambda: up.json("/api/v1/sources")["sources"][0]["desired"] == "stopped")
    assert b"Start source wx" in ann.ask("GET", "/listening")[2]
    assert b"source wx</button>" not in up.get("/listening")[2]

    assert up.stop() == 0
    up.start()
    assert ann.session()["name"] == "ann"
    assert ann.form("/logout", csrf=ann.csrf())[0] == 303
    assert ann.session()["name"] is None
    until_true(lambda: len(up.audited()) == 5)
    assert [(row[0], row[1], row[3]) for row in up.audited()] == [
        ("cli", "set password", "done"), ("ann", "log in", "failed"), ("ann", "log in", "done"),
        ("ann", "set_desired", "done"), ("ann", "log out", "done"),
    ]  # fmt: skip
    assert {row[4] for row in up.audited()[1:]} == {"127.0.0.1"}


def test_a_daemon_obeys_what_is_said_on_the_page(town: Any, until_true: Any) -> None:
    town.voices["eas-capd"].publisher.close()  # the real one takes its place
    town.start()
    with (town.folder / "capd.log").open("wb") as log:
        capd = subprocess.Popen(
            [
                *(sys.executable, str(ROOT / "daemons" / "eas-capd")),
                *("--config", str(town.folder / "station.toml")),
            ],
            stdout=log,
            stderr=log,
        )

    def state() -> str:
        feeds = town.json("/api/v1/status")["feeds"]
        return str(next((one["state"] for one in feeds if one["name"] == "folder"), ""))

    try:
        until_true(lambda: state() == "running")
        ann = town.visitor()
        ann.log_in()
        for word, then in (("stop", "stopped"), ("start", "running")):
            assert ann.form(f"/api/v1/feeds/folder/{word}", csrf=ann.csrf())[0] == 303
            until_true(lambda then=then: state() == then)
    finally:
        capd.terminate()
        capd.wait(30)


def test_a_flood_of_logins_costs_ten_hashes_and_lets_others_in(up: Any, until_true: Any) -> None:
    thief, ann = up.visitor("127.0.0.2"), up.visitor("127.0.0.3")
    token = thief.load_form()
    thief.keeps_cookies = False  # every answer has a new form; the old one is as good
    statuses: list[int] = []
    begun = threading.Event()

    def flood() -> None:
        for n in range(FLOOD):
            statuses.append(thief.log_in(f"guess number {n}", token=token))
            if n == 50:
                begun.set()

    flooding = threading.Thread(target=flood)
    flooding.start()
    assert begun.wait(60)
    assert ann.log_in() == 303
    flooding.join(120)
    assert not flooding.is_alive()
    hashed = statuses.count(403)
    assert len(statuses) == FLOOD
    assert statuses[:10] == [403] * 10
    assert 10 <= hashed <= 20, "ten a minute, and the flood may last two"
    assert statuses.count(429) == FLOOD - hashed
    assert thief.log_in(token=token) == 429, "with the right password too"
    until_true(lambda: any(row[0] == "ann" and row[3] == "done" for row in up.audited()[1:]))
    rows = [row for row in up.audited() if row[4] == "127.0.0.2"]
    assert len([row for row in rows if row[3] == "failed"]) == hashed
    assert 1 <= len([row for row in rows if row[3] == "refused"]) <= 30


def test_a_script_uses_its_token_until_it_is_revoked(up: Any) -> None:
    token = up.ctl("tokens", "add", "robot", "--scope", "write").strip()
    said = {"Authorization": f"Bearer {token}", "Content_Type": "application/json"}
    script = up.visitor()
    status, fields, body = script.ask("POST", "/api/v1/receivers/wx/stop", b"{}", **said)
    assert (status, fields["content-type"]) == (200, "application/json")
    assert json.loads(body)["who"] == "token robot"
    assert ("token robot", "set_desired", "receiver wx", "done", "127.0.0.1") in up.audited()
    up.ctl("tokens", "revoke", "robot")
    assert script.ask("POST", "/api/v1/receivers/wx/start", b"{}", **said)[0] == 401
    assert token not in up.log.read_text()


def test_an_alert_is_acknowledged_and_noted_and_a_script_in_it_is_text(
    town: Any, bad_night: Callable[[Any], Any], until_true: Any
) -> None:
    heard = bad_night(town)
    clip_id = town.record_clip(heard.reception_id, "2025/11/22/tor.flac")
    town.start()
    until_true(lambda: town.json("/api/v1/status")["alerts"]["active"] == 7)
    alerts = town.json("/api/v1/alerts")["alerts"]
    tornado = next(one for one in alerts if one["event_code"] == "TOR")
    path = f"/alerts/{tornado['alert_id']}"
    town.ctl("passwd", SCRIPT, "--stdin", stdin="a password of a strange name\n")
    eve = town.visitor()
    assert eve.log_in("a password of a strange name", SCRIPT) == 303
    csrf = eve.csrf()
    status, fields, _ = eve.form(f"/api/v1{path}/acknowledge", csrf=csrf)
    assert (status, fields["location"]) == (303, path)
    assert eve.form(f"/api/v1{path}/note", csrf=csrf, note=SCRIPT)[0] == 303
    assert eve.form(f"/api/v1/clips/{clip_id}/keep", csrf=csrf, back=path)[0] == 303
    with town.database.read() as connection:
        clip = clips.by_id(connection, clip_id)
    assert clip is not None
    assert clip.keep
    for reader in (eve, town.visitor()):
        page = reader.ask("GET", path)[2].decode()
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "<script>alert" not in page
    assert "Keep the alert permanently" in eve.ask("GET", path)[2].decode()
    assert "<script>alert" not in eve.ask("GET", "/system")[2].decode()


def test_hostile_requests_are_refused_and_change_nothing(up: Any) -> None:
    ann = up.visitor()
    assert ann.log_in() == 303
    long = {"Content_Type": "application/x-www-form-urlencoded"}
    assert ann.ask("POST", "/login", b"x", **long, Content_Length="2000000")[0] == 413
    assert ann.ask("POST", "/login", b"x" * 100_000, **long)[0] == 413
    assert ann.ask("POST", "/api/v1/sources/wx/stop", b"csrf=%ff%fe", **long)[0] in (400, 403)
    assert ann.ask("GET", "/", X_Long="x" * 20_000)[0] == 431
    ann.cookies.clear()
    assert ann.ask("GET", "/", Cookie="eas_session=" + "x" * 20_000)[0] == 431
    assert ann.ask("GET", "/api/v1/session?name=%ff")[0] in (200, 400)
    for cookie in ("eas_session", "=;;;=", 'eas_session="', "a=b; " * 2000):
        status, _, body = ann.ask("GET", "/api/v1/session", Cookie=cookie)
        assert (status, json.loads(body)["name"]) == (200, None), cookie
    for sent in ("/login", "/api/v1/sources/wx/stop"):
        for kind in ("text/plain", "multipart/form-data; boundary=x", "application/xml", ""):
            assert ann.ask("POST", sent, b"csrf=x&password=y", Content_Type=kind)[0] == 403, kind
    assert up.get("/healthz")[0] == 200
    with up.database.read() as connection:
        assert desired_states.all_desired(connection) == ()


def test_a_thousand_requests_in_one_breath_do_no_harm(up: Any) -> None:
    request = b"GET /api/v1/session HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", up.port), timeout=60) as client:
        client.sendall(request * 1000)
        client.shutdown(socket.SHUT_WR)
        answered = b""
        while chunk := client.recv(1 << 16):
            answered += chunk
    assert 1 <= answered.count(b"HTTP/1.1 200 OK") <= 1000
    assert b" 500 " not in answered
    assert up.get("/healthz")[0] == 200


def test_the_workers_tell_how_they_are(up: Any) -> None:
    said = up.json("/api/v1/workers")
    assert (said["state"], said["threads"], said["streams_most"]) == ("pass", 88, 64)
    assert said["busy"] >= 1
    assert said["connections"] >= 1
    assert said["requests"]["2xx"] >= 1
    health = json.loads(up.get("/healthz")[2])
    assert health["status"] == "pass"
    assert set(health["checks"]) == {"newsroom", "workers"}


def test_a_database_that_is_locked_makes_a_change_wait_no_longer_than_the_deadline(
    town: Any, until_true: Any
) -> None:
    text = town.configuration().replace("[web]\n", "[web]\ndeadline_s = 1.0\n")
    town.configuration = lambda: text
    town.start()
    ann = town.visitor()
    assert ann.log_in() == 303
    csrf = ann.csrf()
    with town.database.write():
        status, _, page = ann.form("/api/v1/sources/wx/stop", csrf=csrf)
    assert status in (503, 504)
    assert b"nothing was changed" in page or b"was cancelled" in page
    assert ann.form("/api/v1/sources/wx/stop", csrf=csrf)[0] == 303


@pytest.mark.parametrize("path", ["/clips/..%2f..%2fetc%2fpasswd", "/clips/../../etc/passwd"])
def test_a_path_is_no_clip(up: Any, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", up.port, timeout=30)
    connection.putrequest("GET", path, skip_host=False)
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 404
    assert b"root:" not in answer.read()
    connection.close()


def test_a_clip_that_is_a_link_or_a_fifo_is_not_there(
    town: Any, bad_night: Callable[[Any], Any], until_true: Any
) -> None:
    heard = bad_night(town)
    folder = town.state_dir / "clips"
    (folder / "in").mkdir(parents=True)
    secret = town.folder / "secret.wav"
    secret.write_bytes(b"secret")
    (folder / "link.wav").symlink_to(secret)
    (folder / "linked").symlink_to(town.folder)
    os.mkfifo(folder / "fifo.wav")
    (folder / "in" / "good.wav").write_bytes(b"good")
    named = {
        name: town.record_clip(heard.reception_id, name)
        for name in ("link.wav", "linked/secret.wav", "fifo.wav", "in", "../secret.wav",
                     str(secret), "in/good.wav", "in/../link.wav")
    }  # fmt: skip
    town.start()
    for name, clip_id in named.items():
        status, _, body = town.get(f"/clips/{clip_id}")
        assert (status, b"secret" in body) == (200 if name == "in/good.wav" else 404, False), name
