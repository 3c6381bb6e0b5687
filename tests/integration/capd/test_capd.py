"""eas-capd as a process, polling a scripted server, on SQLite."""

from __future__ import annotations

import gzip
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eas_station.bus import topics
from eas_station.bus.subscriber import Subscriber
from eas_station.clock import utc_now
from eas_station.ctl.main import main
from eas_station.store.alerts import alert_queries
from eas_station.store.records import jobs

SETS = Path(__file__).resolve().parents[4] / "shared" / "cap" / "nws_geojson_sets"

Answer = Callable[..., bytes]
Feed = Callable[..., str]
StationOf = Callable[..., Any]
WaitFor = Callable[..., Any]


def identifiers_in(body: bytes) -> set[str]:
    return {f["properties"]["id"] for f in json.loads(body)["features"]}


@pytest.mark.shared
@pytest.mark.skipif(not SETS.is_dir(), reason=f"{SETS} is not there")
def test_nationwide_sets_are_stored_and_nothing_a_server_does_changes_them(
    server: Any, station_of: StationOf, page_of: Any, feed: Feed, wait_for: WaitFor
) -> None:
    nationwide = (SETS / "weathergov__air-quality-alerts.json").read_bytes()
    other = (SETS / "weathergov__testing.json").read_bytes()
    expected = identifiers_in(nationwide) | identifiers_in(other)
    server.serve("/nws", nationwide)
    server.serve("/other", other)
    station = station_of(
        feed("nws", "nws", f"{server.url}/nws", 3600)
        + feed("other", "nws", f"{server.url}/other", 3600)
    )
    station.start()
    page = page_of(station)
    page.poll(station, "nws")
    page.poll(station, "other")
    wait_for(lambda: station.reception_count() >= len(expected))
    assert station.identifiers() == expected
    wait_for(station.is_settled)
    before = station.record()
    assert len(before["receptions"]) == len(expected) > 420

    assert page.poll(station, "nws").state == "running"  # the same again
    assert station.record() == before

    packed = gzip.compress(bytes(64 << 20))
    for body, status, headers, said in (
        (b"{}", 503, {"Retry_After": "1"}, "HTTP 503"),
        (b"<html>back soon</html>", 200, {"Content_Type": "text/html"}, "HTML"),
        (nationwide[: len(nationwide) // 2], 200, {}, "not JSON"),
        (b"", 200, {}, "empty document"),
        (packed, 200, {"Content_Encoding": "gzip"}, "after decompression"),
    ):
        server.serve("/nws", body, status, **headers)
        failing = page.poll(station, "nws")
        assert failing.state == "reconnecting"
        assert said in failing.sentence
        assert failing.last_good_at is not None
        assert station.record() == before
        server.serve("/nws", nationwide)
        assert page.poll(station, "nws").state == "running"
    assert station.record() == before

    loaded = (station.folder / "modules").read_text().split()
    assert not {"numpy", "bottle", "zmq.green"} & set(loaded)
    assert "lxml.etree" in loaded
    assert station.stop() < 4.0
    with station.database.read() as connection:
        runs = jobs.last_runs(connection, limit=100, job="poll nws")["poll nws"]
    assert {run.outcome for run in runs} == {"changed", "unchanged", "failed"}
    assert any(run.error is not None and "HTTP 503" in run.error for run in runs)
    assert "Traceback" not in station.log()

    station.start()  # a new life knows what the old one took
    again = page_of(station)
    again.poll(station, "nws")
    again.poll(station, "other")
    assert station.record() == before
    assert station.stop() < 4.0


def test_a_folder_is_read_and_a_reload_brings_another_feed(
    server: Any, station_of: StationOf, feed: Feed, answer: Answer, wait_for: WaitFor
) -> None:
    station = station_of("")
    folder = station.folder / "cap"
    text = station.config.read_text()
    station.config.write_text(text + feed("folder", "folder", str(folder)))
    station.start()
    (folder / "a.json").write_bytes(answer("a"))
    wait_for(lambda: station.identifiers() == {"a"})
    (folder / "b.json").write_bytes(answer("b")[:40])
    (folder / "c.json").write_bytes(answer("c", "d").replace(b'"Actual"', b'"Maybe"', 1))
    wait_for(lambda: station.identifiers() == {"a", "d"})
    (folder / "b.json").write_bytes(answer("b"))
    wait_for(lambda: station.identifiers() == {"a", "b", "d"})

    server.serve("/nws", answer("e"))
    assert station.process is not None
    station.config.write_text(text + feed("nws", "nws", f"{server.url}/nws"))
    station.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "e" in station.identifiers())
    (folder / "f.json").write_bytes(answer("f"))
    server.await_polls("/nws", 2)
    assert "f" not in station.identifiers()
    assert station.stop() < 4.0
    assert "rejected: status 'Maybe'" in station.log()


def test_an_update_and_a_cancel_end_what_they_should(
    server: Any, station_of: StationOf, feed: Feed, answer: Answer, wait_for: WaitFor
) -> None:
    server.serve("/nws", answer("a", "b"))
    station = station_of(feed("nws", "nws", f"{server.url}/nws"))
    station.start()
    wait_for(lambda: station.identifiers() == {"a", "b"})

    def active() -> int:
        with station.database.read() as connection:
            return len(alert_queries.active(connection, utc_now()))

    wait_for(lambda: active() == 2)
    reference = {
        "sender": "w-nws.webmaster@noaa.gov",
        "identifier": "a",
        "sent": "2026-04-20T11:05:00-04:00",
    }
    later = "2026-04-20T11:20:00-04:00"
    server.serve("/nws", answer("c", messageType="Cancel", references=[reference], sent=later))
    wait_for(lambda: active() == 1)  # b is missing from the answer, and has not ended
    server.await_polls("/nws", 2)
    assert active() == 1
    assert station.stop() < 4.0


def test_a_station_without_a_database_takes_alerts_and_stores_them_later(
    server: Any, station_of: StationOf, feed: Feed, answer: Answer, wait_for: WaitFor
) -> None:
    server.serve("/nws", answer("a"))
    station = station_of(feed("nws", "nws", f"{server.url}/nws"))
    database = Path(station.url.removeprefix("sqlite:///"))
    station.database.close()
    away = database.with_suffix(".away")
    database.rename(away)
    station.start()
    with Subscriber(station.runtime_dir, ["eas-capd"], [topics.RECEPTION_NEW]) as subscriber:
        heard = wait_for(lambda: subscriber.receive(0.1))
    assert heard.body.reception.statement.message.identifier == "a"
    assert (heard.body.stored, heard.body.durable) == (False, True)
    away.rename(database)
    wait_for(lambda: station.identifiers() == {"a"})
    assert station.stop() < 4.0


def test_the_operator_has_a_feed_polled_at_once(
    server: Any,
    station_of: StationOf,
    feed: Feed,
    answer: Answer,
    wait_for: WaitFor,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.serve("/nws", answer("a"))
    station = station_of(feed("nws", "nws", f"{server.url}/nws", 3600))
    station.start()
    wait_for(lambda: station.identifiers() == {"a"})
    server.serve("/nws", answer("a", "b"))
    polled = main(["feeds", "poll", "nws", "--config", str(station.config)])
    assert polled == 0, capsys.readouterr().err
    assert "nws: running: poll 2, as asked: 2 alerts in the last answer, 1 new" in (
        capsys.readouterr().out
    )
    wait_for(lambda: station.identifiers() == {"a", "b"})
    server.serve("/nws", b"", 503)
    assert main(["feeds", "poll", "nws", "--config", str(station.config)]) == 1
    assert "reconnecting" in capsys.readouterr().out
    assert station.stop() < 4.0
