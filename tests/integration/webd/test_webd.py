"""eas-webd as a process: a real store, real news, real sockets."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from eas_station.alerts.model import Reception
from eas_station.store.alerts.alert_queries import last_change_id

HOSTILE = "<script>alert(1)</script>\"'&"
PAGES = ("/", "/log", "/listening", "/system")


def until(true: Any, timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.02)


def bad_night(town: Any) -> Reception:
    return sys.modules[type(town).__module__].tell_a_bad_night(town)  # type: ignore[no-any-return]


class Events:
    """A client of the event stream, on a bare socket."""

    def __init__(self, port: int, path: str = "/api/v1/events", **headers: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        lines = [f"GET {path} HTTP/1.1", "Host: x", *(f"{k}: {v}" for k, v in headers.items())]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers: dict[str, str] = {}
        while (line := self.file.readline().strip()) != b"":
            name, _, value = line.decode().partition(": ")
            self.headers[name.lower()] = value

    def next(self, *kinds: str) -> dict[str, Any]:
        """The next event of one of these kinds."""
        while True:
            event: dict[str, Any] = {}
            while (line := self._line()) != "":
                name, _, value = line.partition(": ")
                event[name] = value
            if event.get("event") in kinds:
                event["data"] = json.loads(event["data"])
                return event

    def _line(self) -> str:
        """One line; the sizes of the chunks are left out."""
        while True:
            raw = self.file.readline()
            assert raw, "the stream has ended"
            line = raw.decode().rstrip("\r\n")
            if re.fullmatch("[0-9A-F]+", line) and raw.endswith(b"\r\n"):
                continue
            if raw == b"\r\n":
                continue
            return line

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def night(town: Any) -> Any:
    """A town in a bad night, eas-webd up."""
    bad_night(town)
    town.start()
    town.say_all_well()
    until(town.well)
    return town


def test_a_warning_heard_three_ways_is_one_alert_with_three_receptions(night: Any) -> None:
    alerts = night.json("/api/v1/alerts?state=active")["alerts"]
    tornado = [alert for alert in alerts if alert["event_code"] == "TOR"]
    assert len(tornado) == 1
    heard = [(one["via"], one["channel"]) for one in tornado[0]["receptions"]]
    assert heard == [("same", "162.550"), ("same", "162.525"), ("cap", None)]
    assert tornado[0]["severity"] == "Extreme"
    assert tornado[0]["relevance"]["relevant"] is True
    assert {alert["state"] for alert in alerts} == {"active"}


def test_the_status_tells_of_alerts_daemons_and_the_database(night: Any) -> None:
    until(lambda: "7 channels" in night.json("/api/v1/status")["sentence"])
    status = night.json("/api/v1/status")
    assert status["verdict"] == (
        "2 alerts in force for Wood and Lucas, OH: Tornado Warning, Flood Watch."
    )
    assert status["alerts"] == {
        "active": 7, "here": 2, "elsewhere": 3, "tests": 2, "not_stored": 0, "left_out": 0,
    }  # fmt: skip
    assert status["state"] == "fine"
    assert status["sentence"] == "Listening on 7 channels (4 with a signal) and 2 feeds."
    assert status["database"]["state"] == "online"
    units = {unit["unit"]: unit for unit in status["units"]}
    assert set(units) == {"eas-capd", "eas-sdrd@wx", "eas-audiod@wx", "eas-webd"}
    assert units["eas-capd"]["memory_bytes"] == 61 << 20
    assert units["eas-webd"]["memory_bytes"] > 10 << 20
    assert [feed["name"] for feed in status["feeds"]] == ["folder", "nws"]
    assert status["last_change_id"] > 0


def test_every_page_is_complete_without_a_script(night: Any) -> None:
    until(lambda: b"61 MiB" in night.get("/")[2])
    status, fields, body = night.get("/")
    page = body.decode()
    assert status == 200
    assert fields["content-type"] == "text/html; charset=utf-8"
    for said in (
        *("Tornado Warning", "TAKE COVER NOW!", "Off the air: wx, 162.550 MHz", "CAP: nws"),
        *("Test, not an alert", "Required Weekly Test", "Winter Weather Advisory"),
        *("eas-sdrd@wx", "eas-audiod@wx", "41 alerts, 2 new", "EST", "UTC"),
    ):
        assert said in page, said
    assert page.index("Tornado Warning</a>") < page.index("Flood Watch</a>")
    for path in PAGES:
        assert night.get(path)[0] == 200, path
    assert "the backup&#039;s disk is full" in night.get("/system")[2].decode()
    assert "162.525 MHz" in night.get("/listening")[2].decode()


def test_an_alert_shows_its_receptions_its_rule_trace_and_the_raw_texts(night: Any) -> None:
    alerts = night.json("/api/v1/alerts")["alerts"]
    tornado = next(alert for alert in alerts if alert["event_code"] == "TOR")
    page = night.get(f"/alerts/{tornado['alert_id']}")[2].decode()
    assert "039173 Wood, OH is in our area" in page
    assert tornado["same_header"] in page
    assert "2 of 3, reconstructed, never relayed" in page
    assert "&lt;alert&gt;" in page
    assert "first received by wx" in page
    full = night.json(f"/api/v1/alerts/{tornado['alert_id']}")
    assert full["receptions"][0]["raw"] == tornado["same_header"]
    assert full["receptions"][2]["statement"]["headline"].startswith("Tornado Warning issued")


def test_a_reception_is_shown_at_once_and_merged_away_when_it_is_stored(running: Any) -> None:
    stream = Events(running.port)
    stream.next("hello")
    tornado = running.off_air("TOR")
    running.hear(tornado, stored=False)
    event = stream.next("reception")
    assert event["data"]["same_header"] == tornado.raw
    assert "id" not in event
    alerts = running.json("/api/v1/alerts")["alerts"]
    assert [(a["alert_id"], a["stored"], a["event_code"]) for a in alerts] == [
        (tornado.reception_id, False, "TOR")
    ]
    page = running.get("/")[2].decode()
    assert "In force for Wood and Lucas, OH: Tornado Warning." in page
    assert "Not in the database yet." in page

    running.flush()
    event = stream.next("alert")
    assert event["data"]["kind"] == "new"
    assert event["data"]["event_name"] == "Tornado Warning"
    alerts = running.json("/api/v1/alerts")["alerts"]
    assert len(alerts) == 1
    assert alerts[0]["stored"] is True
    assert alerts[0]["alert_id"] == event["data"]["alert_id"]
    assert int(event["id"]) == running.json("/api/v1/status")["last_change_id"]
    # The address that was shown meanwhile still leads to it.
    assert (
        running.json(f"/api/v1/alerts/{tornado.reception_id}")["alert_id"]
        == (alerts[0]["alert_id"])
    )
    stream.close()


def test_a_second_hearing_that_waits_in_a_spool_joins_the_alert_that_is_stored(
    running: Any,
) -> None:
    running.hear(running.off_air("TOR", channel="162.550"))
    until(lambda: running.json("/api/v1/alerts")["alerts"])
    running.hear(running.off_air("TOR", channel="162.525"), stored=False)
    until(lambda: len(running.json("/api/v1/alerts")["alerts"][0]["receptions"]) == 2)
    alerts = running.json("/api/v1/alerts")["alerts"]
    assert len(alerts) == 1
    assert alerts[0]["stored"] is False


def test_without_a_database_the_page_says_so_and_shows_what_is_spooled(empty_town: Any) -> None:
    empty_town.start()
    empty_town.say_all_well()
    assert "Cannot tell what is in force" in empty_town.get("/")[2].decode()
    empty_town.hear(empty_town.off_air("TOR"), stored=False)
    until(lambda: b"Tornado Warning" in empty_town.get("/")[2])
    until(lambda: b"Database offline since" in empty_town.get("/")[2], timeout_s=20)
    assert empty_town.json("/api/v1/status")["database"]["state"] == "offline"
    assert empty_town.json("/api/v1/alerts")["alerts"][0]["event_code"] == "TOR"
    for path in ("/log", "/system"):
        assert empty_town.get(path)[0] == 200, path
    status, fields, body = empty_town.get("/api/v1/alerts?state=all")
    assert (status, fields["content-type"]) == (503, "application/problem+json")
    assert "retry-after" in fields
    assert json.loads(body)["status"] == 503

    empty_town.migrate()
    empty_town.flush()
    until(lambda: empty_town.json("/api/v1/status")["database"]["state"] == "online", 30)
    until(lambda: empty_town.json("/api/v1/alerts")["alerts"][0]["stored"])
    assert b"Database offline" not in empty_town.get("/")[2]


def test_news_that_was_lost_is_found_by_the_number_in_a_status(running: Any) -> None:
    running.flusher._on_change = lambda change: None
    running.hear(running.off_air("TOR"))
    with running.database.read() as connection:
        number = last_change_id(connection)
    assert running.json("/api/v1/status")["last_change_id"] < number
    running.voices["eas-capd"].say("2 feeds", last_change_id=number)
    until(lambda: running.json("/api/v1/status")["last_change_id"] == number, timeout_s=12)


def test_a_client_that_comes_back_is_given_what_it_missed(running: Any) -> None:
    stream = Events(running.port)
    before = stream.next("hello")["id"]
    stream.close()
    running.hear(running.off_air("TOR"), running.off_air("SVR"))
    until(lambda: len(running.json("/api/v1/alerts")["alerts"]) == 2)
    again = Events(running.port, **{"Last-Event-ID": before})
    missed = [again.next("alert"), again.next("alert")]
    assert [event["data"]["event_code"] for event in missed] == ["TOR", "SVR"]
    assert int(missed[0]["id"]) < int(missed[1]["id"])
    again.close()
    by_address = Events(running.port, f"/api/v1/events?after={before}")
    assert by_address.next("alert")["id"] == missed[0]["id"]
    by_address.close()


def test_places_for_live_updates_are_bounded_and_freed(running: Any) -> None:
    streams = [Events(running.port) for _ in range(64)]
    assert {stream.status for stream in streams} == {200}
    refused = Events(running.port)
    assert refused.status == 503
    assert int(refused.headers["retry-after"]) > 0
    refused.close()
    assert running.get("/")[0] == 200  # workers are left for pages
    for stream in streams[:20]:
        stream.close()
    fresh: list[Events] = []

    def one_more() -> bool:
        stream = Events(running.port)
        if stream.status == 200:
            fresh.append(stream)
        else:
            stream.close()
        return len(fresh) == 20

    until(one_more, timeout_s=20)
    for stream in (*streams[20:], *fresh):
        stream.close()


def test_a_quiet_stream_has_a_heartbeat_within_fifteen_seconds(running: Any) -> None:
    stream = Events(running.port, "/api/v1/events?kinds=record")
    stream.next("hello")
    began = time.monotonic()
    beat = stream.next("heartbeat")
    assert time.monotonic() - began < 15
    assert beat["data"]["at"].endswith("Z")
    stream.close()


def test_levels_come_to_those_who_ask_for_them(running: Any) -> None:
    stream = Events(running.port, "/api/v1/events?kinds=levels")
    stream.next("hello")
    running.say_levels()
    time.sleep(0.6)
    running.say_levels()
    levels = {one["key"]: one for one in stream.next("levels")["data"]}
    assert levels["wx/162.550"]["rms_dbfs"] == -25.0
    assert levels["wx/162.425"]["carrier_present"] is False
    stream.close()


def test_sources_and_receivers_come_with_their_channels(running: Any) -> None:
    source = running.json("/api/v1/sources")["sources"][0]
    assert (source["name"], source["state"], source["stale"]) == ("wx", "running", False)
    assert {channel["channel"] for channel in source["channels"]} == {
        "162.400", "162.425", "162.450", "162.475", "162.500", "162.525", "162.550",
    }  # fmt: skip
    receiver = running.json("/api/v1/receivers")["receivers"][0]
    assert receiver["ppm"] == 1.8
    assert receiver["channels"][6]["snr_db"] == 31.4


def test_jobs_tell_of_their_last_run(night: Any) -> None:
    jobs = {job["job"]: job for job in night.json("/api/v1/jobs")["jobs"]}
    assert jobs["maintenance"]["outcome"] == "failed"
    assert jobs["maintenance"]["error"] == "the backup's disk is full: make room on it"
    assert jobs["poll nws"]["runs"] == 190


def test_the_log_comes_in_pages_that_hold_together(night: Any) -> None:
    seen: list[str] = []
    cursor = ""
    while True:
        page = night.json(f"/api/v1/alerts?state=all&limit=4{cursor}")
        assert len(page["alerts"]) <= 4
        seen += [alert["alert_id"] for alert in page["alerts"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == len(set(seen)) == 11
    active: list[str] = []
    cursor = ""
    while True:
        page = night.json(f"/api/v1/alerts?state=active&limit=3{cursor}")
        active += [alert["alert_id"] for alert in page["alerts"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(active) == len(set(active)) == 7
    assert set(active) <= set(seen)


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=501", "limit=x", "limit=-1", "limit=1e3", "limit=%D9%A1", "limit=" * 2),
        *("state=gone", "cursor=nonsense", "cursor=%00", "state=all&cursor=eyJ9", "cursor=4pyT"),
        f"state=all&cursor={'A' * 5000}",
    ],
)
def test_a_bad_question_is_answered_400_as_a_problem(running: Any, query: str) -> None:
    status, fields, body = running.get(f"/api/v1/alerts?{query}")
    assert (status, fields["content-type"]) == (400, "application/problem+json")
    problem = json.loads(body)
    assert problem["status"] == 400
    assert problem["detail"]


@pytest.mark.parametrize("path", ["/api/v1/alerts/nope", "/api/v1/alerts/%00", "/api/v1/nope"])
def test_an_unknown_id_is_answered_404_as_a_problem(running: Any, path: str) -> None:
    status, fields, body = running.get(path)
    assert (status, fields["content-type"]) == (404, "application/problem+json")
    assert json.loads(body)["title"] == "Not Found"


def test_people_get_a_page_for_an_error(running: Any) -> None:
    status, fields, body = running.get("/alerts/nope")
    assert (status, fields["content-type"]) == (404, "text/html; charset=utf-8")
    assert b"There is no alert of this id." in body
    status, _, body = running.get("/%3Cscript%3E")
    assert status == 404
    assert b"<script>" not in body.replace(b"<script src=", b"")


def test_what_the_client_has_is_not_sent_again(night: Any) -> None:
    for path in ("/api/v1/alerts", "/api/v1/jobs", "/static/page.css"):
        status, fields, body = night.get(path)
        assert status == 200
        status, _, again = night.get(path, If_None_Match=fields["etag"])
        assert (status, again) == (304, b""), path
        assert night.get(path, If_None_Match='"another"')[2] == body


def test_every_answer_carries_the_security_headers(night: Any) -> None:
    for path in (*PAGES, "/nope", "/api/v1/status", "/api/v1/nope", "/metrics", "/static/page.js"):
        fields = night.get(path)[1]
        policy = fields["content-security-policy"]
        assert policy.startswith("default-src 'self'"), path
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert fields["x-content-type-options"] == "nosniff"
    for path in PAGES:
        page = night.get(path)[2].decode()
        assert not re.search(r"<script(?! src=)|\son[a-z]+=|style=|<style|javascript:", page), path
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page), path


def test_a_script_in_every_stored_field_is_shown_as_text(running: Any) -> None:
    said = {
        "headline": HOSTILE, "description": HOSTILE, "instruction": HOSTILE,
        "area_text": HOSTILE, "sender_name": HOSTILE, "severity": HOSTILE, "urgency": HOSTILE,
        "certainty": HOSTILE, "originator": HOSTILE, "same_refusal": HOSTILE,
        "ugc_codes": (HOSTILE,), "web": HOSTILE,
    }  # fmt: skip
    warning = running.by_cap(HOSTILE, HOSTILE, (HOSTILE,), **said)
    hostile = type(warning)(
        reception_id=warning.reception_id, via="cap", origin=HOSTILE, channel=HOSTILE,
        received_at=warning.received_at, raw=HOSTILE, statement=warning.statement,
        signature=HOSTILE,
    )  # fmt: skip
    running.hear(hostile)
    running.say_burst(HOSTILE)
    running.voices["eas-capd"].say(HOSTILE, counters={HOSTILE: 1})
    until(lambda: running.json("/api/v1/alerts")["alerts"])
    for path in ("/listening", "/system"):
        until(lambda path=path: b"alert(1)" in running.get(path)[2])
    alert_id = running.json("/api/v1/alerts")["alerts"][0]["alert_id"]
    for path in (*PAGES, f"/alerts/{alert_id}"):
        page = running.get(path)[2].decode()
        assert "<script>alert" not in page, path
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page, path
    metrics = running.get("/metrics")[2].decode()
    assert all(line.startswith(("#", "eas_")) for line in metrics.splitlines())


def test_metrics_have_the_form_that_prometheus_reads(night: Any) -> None:
    until(lambda: b'eas_unit_up{unit="eas-capd"} 1' in night.get("/metrics")[2])
    text = night.get("/metrics")[2].decode()
    sample = re.compile(r'eas_[a-z_]+(\{([a-z]+="[^"]*",?)+\})? -?[0-9.e+-]+$')
    kinds = dict(re.findall(r"# TYPE (\S+) (\S+)", text))
    for line in text.splitlines():
        if not line.startswith("#"):
            assert sample.fullmatch(line), line
            name = re.split(r"[{ ]", line)[0]
            assert (kinds[name] == "counter") == name.endswith("_total"), line
    assert 'eas_alerts_active{test="false",where="here"} 2' in text
    assert 'eas_receiver_snr_db{channel="162.550",receiver="wx"} 31.4' in text
    assert "eas_database_up 1" in text


def test_a_clip_is_played_by_its_id_and_in_pieces(night: Any) -> None:
    folder = night.state_dir / "clips" / "2025"
    folder.mkdir(parents=True)
    sound = bytes(range(256)) * 16
    (folder / "a.wav").write_bytes(sound)
    alerts = night.json("/api/v1/alerts")["alerts"]
    tornado = next(alert for alert in alerts if alert["event_code"] == "TOR")
    clip_id = night.record_clip(tornado["receptions"][0]["reception_id"], "2025/a.wav")
    status, fields, body = night.get(f"/clips/{clip_id}")
    assert (status, fields["content-type"], body) == (200, "audio/wav", sound)
    status, fields, body = night.get(f"/clips/{clip_id}", Range="bytes=100-199")
    assert (status, body) == (206, sound[100:200])
    assert fields["content-range"] == "bytes 100-199/4096"
    assert night.get(f"/clips/{clip_id}", Range="bytes=-6")[2] == sound[-6:]
    assert night.get(f"/clips/{clip_id}", Range="bytes=9999-")[0] == 416
    assert f"/clips/{clip_id}" in night.get(f"/alerts/{tornado['alert_id']}")[2].decode()


def test_nothing_outside_the_folder_of_clips_is_given(night: Any) -> None:
    folder = night.state_dir / "clips"
    folder.mkdir()
    (night.state_dir / "secret.wav").write_bytes(b"secret")
    (folder / "link.wav").symlink_to(night.state_dir / "secret.wav")
    (folder / "out").symlink_to(night.state_dir)
    os.mkfifo(folder / "pipe.wav")
    reception = night.json("/api/v1/alerts")["alerts"][0]["receptions"][0]["reception_id"]
    paths = (
        *("../secret.wav", "link.wav", "out/secret.wav", "pipe.wav", "gone.wav", "", "/etc/passwd"),
        *("./../secret.wav", "a\n/../../secret.wav", str(night.state_dir / "secret.wav")),
    )
    for path in paths:
        clip_id = night.record_clip(reception, path)
        status, _, body = night.get(f"/clips/{clip_id}")
        assert status == 404, path
        assert b"secret" not in body, path
    for path in ("../secret.wav", "%2e%2e%2fsecret.wav", "..%5csecret.wav", "%00", "link.wav"):
        assert night.get(f"/clips/{path}")[0] == 404, path


def test_oversized_requests_are_refused(running: Any) -> None:
    status, _, _ = running.get("/", X_Long="x" * 20_000)
    assert status == 431
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(2 << 20))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_slow_clients_do_not_keep_others_waiting(running: Any) -> None:
    drips = []
    for _ in range(300):
        client = socket.create_connection(("127.0.0.1", running.port))
        client.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        drips.append(client)
    for _ in range(20):
        began = time.monotonic()
        assert running.get("/")[0] == 200
        assert time.monotonic() - began < 5  # a slow client is given up after 20
        for client in drips:
            client.sendall(b"x")
    for client in drips:
        client.close()


def test_a_unit_that_is_not_heard_is_shown_as_old_news(town: Any) -> None:
    """A value sent again to a late subscriber is as old as it says, not as its arrival."""
    voice = town.voices["eas-capd"]
    voice.publisher._now = lambda: real() - timedelta(seconds=90)
    real = sys.modules[type(town).__module__].utc_now
    voice.say("2 feeds, 47 alerts")
    town.start()
    until(lambda: town.json("/api/v1/status")["units"][0]["heard_at"] is not None)
    unit = town.json("/api/v1/status")["units"][0]
    assert (unit["unit"], unit["state"], unit["stale"]) == ("eas-capd", "not heard", True)
    assert re.search(r"no report for 1 min; last: 2 feeds, 47 alerts", town.get("/")[2].decode())


def test_it_says_where_the_page_is_and_ends_in_time(running: Any) -> None:
    assert f"http://127.0.0.1:{running.port}/" in running.log.read_text()
    stream = Events(running.port)
    stream.next("hello")
    began = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - began < 4
    assert "Traceback" not in running.log.read_text()
    stream.close()


def test_a_port_in_use_is_one_sentence_that_says_what_to_do(town: Any) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", town.port))
        other.listen()
        town.start(wait=False)
        assert town.process.wait(timeout=60) == 1
    said = town.log.read_text()
    assert "Traceback" not in said
    assert re.search(rf"cannot listen on 127.0.0.1 port {town.port}: .*change web.port", said)


def test_the_socket_that_systemd_passes_is_used(town: Any) -> None:
    """A passed socket answers although the configuration names another port."""
    with socket.socket() as passed:
        passed.bind(("127.0.0.1", 0))
        passed.listen()
        configured, town.port = town.port, passed.getsockname()[1]
        config = town.folder / "station.toml"
        config.write_text(town.configuration().replace(str(town.port), str(configured)))
        start = (
            "import os, runpy, sys\n"
            "os.dup2(int(sys.argv[1]), 3); os.set_inheritable(3, True)\n"
            "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()))\n"
            "os.execv(sys.executable, [sys.executable, *sys.argv[2:]])\n"
        )
        program = Path(__file__).resolve().parents[3] / "daemons" / "eas-webd"
        with town.log.open("wb") as log:
            town.process = subprocess.Popen(
                [sys.executable, "-c", start, str(passed.fileno()), program, "--config", config],
                pass_fds=[passed.fileno()],
                stdout=log,
                stderr=log,
            )
        until(town.answers)
        assert town.get("/")[0] == 200


def test_it_loads_neither_numpy_nor_a_radio_nor_a_client(town: Any) -> None:
    modules = town.folder / "modules"
    town.start(EAS_DEBUG_MODULES=str(modules))
    until(modules.exists)
    loaded = set(modules.read_text().split())
    for name in ("numpy", "rtlsdr", "pyaudio", "requests", "alembic"):
        assert not {one for one in loaded if one.split(".")[0] == name}, name
    assert not {one for one in loaded if one.startswith(("eas_station.capd", "eas_station.dsp"))}
    assert "eas_station.webd.live.bus_listener" in loaded


def test_a_reload_takes_the_new_name_and_area(running: Any) -> None:
    text = running.configuration().replace('name = "EAS Station"', 'name = "Harbour Watch"')
    (running.folder / "station.toml").write_text(text.replace('"039173", "039095"', '"039063"'))
    os.kill(running.process.pid, 1)
    until(lambda: b"Harbour Watch" in running.get("/")[2])
    until(lambda: b"Nothing in force for Hancock, OH." in running.get("/")[2])


@pytest.mark.postgresql
def test_a_postgresql_that_stops_is_told_hides_nothing_and_comes_back(
    own_cluster: Any, town_on: Any
) -> None:
    town = town_on(own_cluster.url())
    town.migrate()
    bad_night(town)
    town.start()
    town.say_all_well()
    until(lambda: town.json("/api/v1/status")["database"]["state"] == "online")
    until(lambda: town.json("/api/v1/status")["alerts"]["here"] == 2)
    own_cluster.stop()
    until(lambda: b"Database offline since" in town.get("/")[2], 25)
    page = town.get("/")[2].decode()
    assert "The last known state is shown" in page
    assert "TAKE COVER NOW!" in page
    town.hear(town.off_air("SVR"), stored=False)
    until(lambda: town.json("/api/v1/status")["alerts"]["here"] == 3)
    assert town.get("/log")[0] == 200
    own_cluster.start()
    until(lambda: town.json("/api/v1/status")["database"]["state"] == "online", 25)
    town.flush()
    until(lambda: town.json("/api/v1/status")["alerts"]["not_stored"] == 0)
    assert town.json("/api/v1/status")["alerts"]["here"] == 3


def test_a_page_that_starts_while_the_database_is_away_shows_all_that_is_spooled(
    empty_town: Any,
) -> None:
    codes = ("TOR", "SVR", "FFW")
    empty_town.hear(*map(empty_town.off_air, codes), stored=False)
    empty_town.start()
    until(
        lambda: (
            {one["event_code"] for one in empty_town.json("/api/v1/alerts")["alerts"]} == set(codes)
        ),
        timeout_s=10,
    )
