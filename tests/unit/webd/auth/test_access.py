"""Who may change something, asked as a browser, as a script, and as somebody else's page."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from eas_station.errors import StoreError
from eas_station.store.alerts import alert_queries as stored_alerts
from eas_station.store.alerts.flags import of as flags_of
from eas_station.store.alerts.rows import alert_row
from eas_station.store.database.alert_tables import alerts as alerts_table
from eas_station.store.database.database import Database
from eas_station.store.records import audit, desired_states
from eas_station.webd.http.routes import Route
from eas_station.webd.records.queries import RecordQueries

ELSEWHERE = {"HTTP_SEC_FETCH_SITE": "cross-site"}


@pytest.fixture
def station(station_with: Any, with_password: Any) -> Any:
    """A station with an operator, whose database is away."""
    return with_password(station_with(None))


def waiting(station: Any) -> list[tuple[str, str, str]]:
    """What is to be written into the audit."""
    return [(row.who, row.action, row.outcome) for row in station.audit_log._waiting]


def writing(application: Any) -> Iterator[tuple[str, str]]:
    """Every route that Bottle has and that is not only read, with values for its address."""
    for route in application.routes:
        if route.method != "GET":
            yield route.method, re.sub(r"<\w+>", "wx", route.rule)


def test_every_route_comes_from_the_registry_and_changes_nothing_for_everybody(
    station: Any,
) -> None:
    application = station.bottle()
    assert len(application.routes) >= 33
    for mounted in application.routes:
        route = mounted.config["registered"]
        assert isinstance(route, Route)
        assert (mounted.method, mounted.rule) == (route.method, route.path)
        assert mounted.method == "GET" or route.role in ("write", "login")
    assert len(list(writing(application))) >= 16


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_route_that_changes_something_for_everybody_cannot_be_made(method: Any) -> None:
    with pytest.raises(ValueError, match="changes something without a login"):
        Route(method, "/api/v1/alerts", lambda call: None, "Nothing.")


def test_nothing_changes_without_a_login_whatever_is_asked(station: Any) -> None:
    for n, (method, path) in enumerate(writing(station.bottle())):
        stranger = station.visitor(address=f"192.0.2.{n}")
        for more in ({}, {"HTTP_COOKIE": "eas_session=guessed"}, ELSEWHERE):
            assert stranger.ask(path, method, **more)[0] == 403, path
        fields = {"csrf": "x", "password": "x", "name": "x"}
        assert stranger.form(path, fields, REQUEST_METHOD=method)[0] == 403, path
    assert station.told == []


def test_nothing_changes_for_a_session_from_another_site_or_without_its_token(
    station: Any,
) -> None:
    ann = station.visitor()
    assert ann.log_in() == 303
    token = ann.csrf()
    foreign = (
        {"HTTP_SEC_FETCH_SITE": "cross-site"}, {"HTTP_SEC_FETCH_SITE": "same-site"},
        {"HTTP_SEC_FETCH_SITE": "none"}, {"HTTP_ORIGIN": "http://evil.example"},
        {"HTTP_ORIGIN": "null"}, {"HTTP_ORIGIN": "http://station.lan:8081"},
        {"HTTP_REFERER": "http://evil.example/station.lan:8080"}, {"HTTP_ORIGIN": "http://[x"},
    )  # fmt: skip
    for n, (method, path) in enumerate(writing(station.bottle())):
        ann.address = f"192.0.2.{n}"
        for more in foreign:
            answer = ann.form(path, {"csrf": token}, REQUEST_METHOD=method, **more)
            assert answer[0] == 403, (path, more)
        for wrong in ("", "x", token[:-1], token + "x", "ä"):
            answer = ann.form(path, {"csrf": wrong}, REQUEST_METHOD=method)
            assert answer[0] == 403, (path, wrong)
            assert ann.ask(path, method)[0] == 403
    assert station.told == []
    assert ann.ask("/api/v1/session")[0] == 200
    assert json.loads(ann.ask("/api/v1/session")[2])["name"] == "ann"


def test_without_a_password_the_refusal_says_how_to_set_one(station_with: Any) -> None:
    station = station_with(None)
    status, fields, body = station.visitor().json("/api/v1/sources/wx/stop")
    assert (status, fields["content-type"]) == (403, "application/problem+json")
    assert "Run: sudo eas-ctl passwd" in json.loads(body)["detail"]
    status, fields, body = station.visitor().form("/api/v1/sources/wx/stop", {})
    assert (status, fields["content-type"]) == (403, "text/html; charset=utf-8")
    assert b"sudo eas-ctl passwd" in body
    assert b"sudo eas-ctl passwd" in station.get("/login")[2]
    assert station.visitor().log_in() == 403
    assert json.loads(station.get("/api/v1/session")[2])["password_set"] is False


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(station: Any) -> None:
    ann = station.visitor()
    assert ann.log_in(back="/alerts/7") == 303
    assert ann.fields["location"] == "/alerts/7"
    cookie = next(value for name, value in ann.raw_cookies if name == "eas_session")
    for attribute in ("HttpOnly", "SameSite=strict", "Path=/"):
        assert attribute.lower() in cookie.lower()
    assert "secure" not in cookie.lower()
    assert "domain" not in cookie.lower()


@pytest.mark.parametrize(
    "back",
    ["//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nSet-Cookie: x=y", ""],
)
def test_a_login_leads_nowhere_else(station: Any, back: str) -> None:
    ann = station.visitor()
    assert ann.log_in(back=back) == 303
    assert ann.fields["location"] == "/"


def test_a_session_that_was_planted_is_not_the_one_that_is_used(station: Any) -> None:
    ann = station.visitor()
    ann.cookies["eas_session"] = "planted-by-somebody"
    assert ann.log_in() == 303
    assert ann.cookies["eas_session"] != "planted-by-somebody"
    planted = station.visitor()
    planted.cookies["eas_session"] = "planted-by-somebody"
    assert json.loads(planted.ask("/api/v1/session")[2])["name"] is None


def test_a_cookie_that_was_changed_is_none(station: Any) -> None:
    ann = station.visitor()
    ann.log_in()
    good = ann.cookies["eas_session"]
    for wrong in (good[:-1], good + "A", good[::-1], good.swapcase(), "", "\xff\xfe", "'--", '"a'):
        ann.cookies["eas_session"] = wrong
        assert json.loads(ann.ask("/api/v1/session")[2])["name"] is None, wrong
    ann.cookies["eas_session"] = good
    assert json.loads(ann.ask("/api/v1/session")[2])["name"] == "ann"


def test_a_logout_ends_the_session_for_whoever_has_its_cookie(station: Any) -> None:
    ann, thief = station.visitor(), station.visitor()
    ann.log_in()
    thief.cookies.update(ann.cookies)
    assert thief.csrf() == ann.csrf()
    assert ann.form("/logout", {"csrf": ann.csrf()})[0] == 303
    assert "eas_session" not in ann.cookies
    assert json.loads(thief.ask("/api/v1/session")[2])["name"] is None


def test_a_session_ends_when_nobody_uses_it(station: Any, clocks: Any) -> None:
    ann = station.visitor()
    ann.log_in()
    clocks.move(11 * 3600)
    assert json.loads(ann.ask("/api/v1/session")[2])["name"] == "ann"
    clocks.move(13 * 3600)
    assert json.loads(ann.ask("/api/v1/session")[2])["name"] is None


def test_a_login_from_another_site_is_none(station: Any) -> None:
    ann = station.visitor(HTTP_SEC_FETCH_SITE="cross-site")
    assert ann.log_in() == 403
    assert "eas_session" not in ann.cookies
    fields = {"name": "ann", "password": "correct horse battery staple", "csrf": "x"}
    assert station.visitor().form("/login", fields)[0] == 403, "the form was never loaded"


def test_ten_passwords_a_minute_from_one_address_and_another_is_let_in(
    station: Any, clocks: Any
) -> None:
    thief, ann = station.visitor(address="2001:db8::1"), station.visitor(address="192.0.2.9")
    tried = [thief.log_in(f"guess number {n}") for n in range(50)]
    assert tried == [403] * 10 + [429] * 40
    assert 1 <= int(thief.fields["retry-after"]) <= 60
    assert b"Too many requests." in thief.page
    thief.address = "2001:db8::ffff"  # the same network
    assert thief.log_in() == 429, "even the right one"
    assert ann.log_in() == 303
    clocks.move(61)
    assert thief.log_in() == 303
    outcomes = [row[2] for row in waiting(station) if row[1] == "log in"]
    assert outcomes.count("failed") == 10
    assert 1 <= outcomes.count("refused") <= 10, "one row each would fill the disk"
    assert outcomes.count("done") == 2


def test_an_unknown_name_costs_the_same_hash_as_a_wrong_password(
    station: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    real = hashlib.scrypt

    def counted(password: bytes, **how: Any) -> bytes:
        asked.append({name: value for name, value in how.items() if name != "salt"})
        return real(password, **how)

    monkeypatch.setattr(hashlib, "scrypt", counted)
    assert station.services.login_throttle.log_in("ann", "a wrong password", "192.0.2.1") is None
    assert station.services.login_throttle.log_in("nobody", "a wrong password", "192.0.2.1") is None
    assert len(asked) == 2
    assert asked[0] == asked[1]
    assert (asked[0]["n"], asked[0]["r"], asked[0]["p"]) == (2**14, 8, 1)


def test_one_password_is_hashed_at_a_time_and_a_long_line_is_sent_away(
    station: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, most, go = [0], [0], threading.Event()

    def slow(kept: str, password: str) -> bool:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        go.wait(30)
        inside[0] -= 1
        return False

    monkeypatch.setattr("eas_station.store.keys.passwords.matches", slow)
    statuses: list[int] = []
    threads = [
        threading.Thread(
            target=lambda n=n: statuses.append(station.visitor(address=f"192.0.2.{n}").log_in())
        )
        for n in range(9)
    ]
    for thread in threads:
        thread.start()
    deadline_s = time.monotonic() + 30
    while statuses.count(503) < 5 and time.monotonic() < deadline_s:
        time.sleep(0.01)
    go.set()
    for thread in threads:
        thread.join(30)
    assert sorted(statuses) == [403] * 4 + [503] * 5
    assert most[0] == 1


def test_a_token_writes_if_it_may_without_any_form(
    station: Any, with_token: Any, station_with: Any
) -> None:
    reads, writes = with_token(station, "read"), with_token(station, "write")
    script = station.visitor()
    path = "/api/v1/sources/wx/stop"
    status, _, body = script.json(path, HTTP_AUTHORIZATION=reads)
    assert (status, json.loads(body)["detail"]) == (403, "This token can only read.")
    status, _, body = script.json(path, HTTP_AUTHORIZATION=writes)
    assert (status, "nothing was changed" in json.loads(body)["detail"]) == (503, True)
    status, fields, _ = script.ask("/api/v1/status", HTTP_AUTHORIZATION="Bearer eas_wrong")
    assert status == 401
    assert fields["www-authenticate"].startswith("Bearer")
    assert script.ask("/api/v1/status", HTTP_AUTHORIZATION=reads)[0] == 200


def test_tokens_cannot_be_guessed_for_long(station: Any) -> None:
    script = station.visitor()
    tried = [
        script.ask("/api/v1/status", HTTP_AUTHORIZATION=f"Bearer eas_{n}")[0] for n in range(15)
    ]
    assert tried == [401] * 10 + [429] * 5
    assert station.visitor(address="192.0.2.8").ask("/api/v1/status")[0] == 200


def test_writes_have_a_limit_and_reads_a_generous_one(station: Any) -> None:
    script = station.visitor()
    tried = [script.json("/api/v1/sources/wx/stop")[0] for _ in range(130)]
    assert set(tried[:120]) == {403}
    assert set(tried[120:]) == {429}
    assert {script.ask("/api/v1/status")[0] for _ in range(1000)} == {200}


def test_a_keyring_that_is_gone_hides_no_alert(station: Any, tmp_path: Any) -> None:
    station.keyring.close()
    path = tmp_path / "webd" / "keys.sqlite"
    path.write_bytes(b"broken " * 1000)
    assert station.get("/")[0] == 200
    assert station.get("/api/v1/alerts")[0] == 200
    assert station.visitor().json("/api/v1/sources/wx/stop")[0] == 503


def test_no_secret_of_an_address_or_a_body_is_logged(
    station: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ann = station.visitor()
    ann.log_in()
    ann.log_in("wrong word 77")
    ann.ask("/api/v1/status?token=eas_inTheAddress")
    ann.ask("/api/v1/jobs?token=eas_inTheAddress")  # internal error: there is no database
    ann.json("/api/v1/sources/wx/stop?token=eas_inTheAddress", HTTP_AUTHORIZATION="Bearer eas_x1")
    assert "internal error" in caplog.text
    for secret in (
        *("correct horse", "wrong word 77", "eas_inTheAddress", "eas_x1"),
        ann.cookies["eas_session"],
    ):
        assert secret not in caplog.text


# With a record


@pytest.fixture
def recorded(
    station_with: Any, with_password: Any, make: Any, new_database: Any, tmp_path: Any
) -> Iterator[Any]:
    """A station with a record, one alert in it, and an operator who is logged in."""
    database = Database(new_database(tmp_path / "record.sqlite"))
    queries = RecordQueries(database, lambda: True, lambda: make.now)
    station = with_password(station_with(queries, database))
    with database.write() as connection:
        connection.execute(alerts_table.insert(), [alert_row(make.alert(), 1)])
        assert stored_alerts.last_change_id(connection) == 0
    station.ann = station.visitor()
    assert station.ann.log_in() == 303
    station.said = {"HTTP_X_CSRF_TOKEN": station.ann.csrf()}
    yield station
    database.close()


def audited(station: Any) -> list[tuple[str, str, str | None, str | None, str]]:
    assert station.audit_log.write_some()
    with station.database.read() as connection:
        rows = audit.page(connection, 100).entries
    return [(one.who, one.action, one.subject, one.detail, one.outcome) for one in rows]


def test_a_stop_is_desired_audited_and_told_to_the_daemon(recorded: Any) -> None:
    status, _, body = recorded.ann.json("/api/v1/sources/wx/stop", {}, **recorded.said)
    done = json.loads(body)
    assert (status, done["subject"], done["value"]) == (200, "source wx", "stopped")
    with recorded.database.read() as connection:
        assert desired_states.desired(connection, "source", "wx") == "stopped"
    topics = [news[0] for news in recorded.told if news != "changed"]
    assert topics == ["control.eas-audiod@wx"]
    assert ("ann", "set_desired", "source wx", "stopped", "done") in audited(recorded)
    for path, topic in (("receivers/wx", "control.eas-sdrd@wx"), ("feeds/nws", "control.eas-capd")):
        assert recorded.ann.json(f"/api/v1/{path}/start", {}, **recorded.said)[0] == 200
        assert topic in [news[0] for news in recorded.told]
    assert recorded.ann.json("/api/v1/sources/none/stop", {}, **recorded.said)[0] == 404


def test_an_alert_is_ended_and_hidden_by_form_and_by_json(recorded: Any) -> None:
    ann, fields = recorded.ann, {"csrf": recorded.said["HTTP_X_CSRF_TOKEN"]}
    status, said, _ = ann.form("/api/v1/alerts/alert-1/hide", {**fields, "back": "/"})
    assert (status, said["location"]) == (303, "/")
    path = "/api/v1/alerts/alert-1/end"
    assert ann.json(path, {}, **recorded.said)[0] == 400
    assert ann.json(path, {"why": " "}, **recorded.said)[0] == 400
    status, said, _ = ann.form(path, {**fields, "why": "cancelled by telephone"})
    assert (status, said["location"]) == (303, "/alerts/alert-1")
    with recorded.database.read() as connection:
        alert = stored_alerts.by_id(connection, "alert-1")
        (change,) = stored_alerts.changes_of(connection, "alert-1")
        flags = flags_of(connection, ["alert-1"])["alert-1"]
    assert alert is not None
    assert alert.end_reason == "ended by operator"
    assert (change.kind, change.why) == ("ended", "ended by ann: cancelled by telephone")
    assert flags.hidden_by == "ann"
    assert ("ann", "end_alert", "alert-1", "cancelled by telephone", "done") in audited(recorded)
    assert ann.json("/api/v1/alerts/none/end", {"why": "x"}, **recorded.said)[0] == 404


def test_an_alert_is_acknowledged_kept_and_noted_by_form_and_by_json(recorded: Any) -> None:
    ann, fields = recorded.ann, {"csrf": recorded.said["HTTP_X_CSRF_TOKEN"]}
    status, said, _ = ann.form("/api/v1/alerts/alert-1/acknowledge", fields)
    assert (status, said["location"]) == (303, "/alerts/alert-1")
    status, said, _ = ann.form("/api/v1/alerts/alert-1/keep", {**fields, "back": "/log"})
    assert (status, said["location"]) == (303, "/log")
    note = {"note": "<script>alert(1)</script>"}
    assert ann.json("/api/v1/alerts/alert-1/note", note, **recorded.said)[0] == 200
    with recorded.database.read() as connection:
        flags = flags_of(connection, ["alert-1"])["alert-1"]
    assert (flags.acknowledged_by, flags.keep, flags.note) == ("ann", True, note["note"])
    assert ann.json("/api/v1/alerts/alert-1/keep", {"keep": False}, **recorded.said)[0] == 200
    assert ann.json("/api/v1/alerts/alert-1/note", {"note": ""}, **recorded.said)[0] == 200
    with recorded.database.read() as connection:
        flags = flags_of(connection, ["alert-1"])["alert-1"]
    assert (flags.keep, flags.note) == (False, None)
    assert ann.json("/api/v1/alerts/none/keep", {}, **recorded.said)[0] == 404
    assert ann.json("/api/v1/clips/none/keep", {}, **recorded.said)[0] == 404
    actions = [row[1] for row in audited(recorded)]
    assert actions.count("keep_alert") == 3  # the one that failed too


def test_what_is_sent_must_be_what_is_asked_for(recorded: Any) -> None:
    ann, path = recorded.ann, "/api/v1/alerts/alert-1/note"
    asked = (
        (400, {"note": "x" * 2001}, {}), (400, {"note": 7}, {}), (400, [], {}),
        (415, {"note": "x"}, {"CONTENT_TYPE": "text/plain"}), (413, {"note": "x" * 70_000}, {}),
        (413, {"note": "x" * 70_000}, {"CONTENT_TYPE": "application/x-www-form-urlencoded"}),
    )  # fmt: skip
    for status, body, more in asked:
        answer = ann.json(path, body, **{**recorded.said, **more})
        assert answer[0] == status, (body, answer[2])
    assert ann.ask(path, "POST", b"{", CONTENT_TYPE="application/json", **recorded.said)[0] == 400


def test_a_setting_is_set_and_read(recorded: Any) -> None:
    ann = recorded.ann
    assert ann.json("/api/v1/settings", {"chime": "here"}, **recorded.said)[0] == 200
    assert ("ann", "change_setting", "chime", "here", "done") in audited(recorded)
    assert ann.json("/api/v1/settings", {"chime": "loud"}, **recorded.said)[0] == 400
    assert ann.json("/api/v1/settings", {"colour": "red"}, **recorded.said)[0] == 400


def test_the_audit_has_every_login_and_refusal_even_if_the_database_came_later(
    station_with: Any, with_password: Any, clocks: Any
) -> None:
    station = with_password(station_with(None))
    station.visitor().log_in("a wrong one")
    station.visitor().json("/api/v1/sources/wx/stop", HTTP_SEC_FETCH_SITE="cross-site")
    assert not station.audit_log.write_some()
    assert waiting(station) == [("ann", "log in", "failed"), ("nobody", "request", "refused")]


def test_a_page_made_for_an_operator_is_kept_for_nobody_else(recorded: Any) -> None:
    _, fields, page = recorded.ann.ask("/system")
    assert fields["cache-control"] == "private, no-cache"
    assert b"Log out" in page
    _, fields, page = recorded.get("/system")
    assert fields["cache-control"] == "no-cache"
    assert "Cookie" in fields["vary"]
    assert b"Log out" not in page


# How long


def test_what_takes_longer_than_the_deadline_is_504(station_with: Any, clocks: Any) -> None:
    class Slow:
        def jobs(self) -> Any:
            clocks.move(11)
            raise StoreError("statement timeout")

        def log_page(self, *_asked: Any) -> Any:
            clocks.move(3)
            raise StoreError("no route")

    station = station_with(Slow())
    status, fields, body = station.get("/api/v1/jobs")
    assert (status, fields["retry-after"]) == (504, "5")
    assert json.loads(body)["detail"] == "The request took longer than 10 s and was cancelled."
    assert station.get("/api/v1/alerts?state=all")[0] == 503


def test_nothing_is_begun_when_the_time_is_over(station_with: Any, clocks: Any) -> None:
    class Late:
        deadlines: Any = None

        def jobs(self) -> Any:
            clocks.move(11)
            self.deadlines.left_s()
            raise AssertionError("it went on")

    late = Late()
    station = station_with(late)
    late.deadlines = station.services.deadlines
    assert station.get("/api/v1/jobs")[0] == 504
    assert station.services.deadlines.left_s() is None


def test_https_by_a_trusted_proxy_makes_the_cookie_secure(
    station_with: Any, with_password: Any
) -> None:
    config = station_with(None).config
    behind = replace(config, web=replace(config.web, trusted_proxies=("127.0.0.1",)))
    station = with_password(station_with(None, config=behind))
    said = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": "198.51.100.7"}
    ann = station.visitor(address="127.0.0.1", **said)
    assert ann.log_in() == 303
    assert any(n == "eas_session" and "secure" in v.lower() for n, v in ann.raw_cookies)
    assert waiting(station) == [("ann", "log in", "done")]
    assert [row.address for row in station.audit_log._waiting] == ["198.51.100.7"]
    forger = station.visitor(address="203.0.113.5", **said)
    forger.log_in("a wrong one")
    assert station.audit_log._waiting[-1].address == "203.0.113.5"
    assert timedelta(hours=168) == station.services.access.lifetimes.longest
