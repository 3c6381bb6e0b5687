"""Every scripted sequence of polls over HTTP, against eas-capd as a process.

They lie in the past, and the daemon lives now: so their days are moved into the future, all by as
many, and the state after each step is asked for the time of that step.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from eas_station.alerts.lifecycle import lifecycle
from eas_station.alerts.lifecycle.lifecycle import Course
from eas_station.alerts.model import Alert
from eas_station.clock import utc_now
from eas_station.store.alerts import alert_queries

SEQUENCES = Path(__file__).resolve().parents[4] / "shared" / "cap" / "sequences"
# The expectations call it 001097 Mobile, which none of the documents names: it is 001099 Monroe.
MISNAMED = {"001097": "001099"}
DAY = re.compile(r"\b([0-9]{4}-[0-9]{2}-[0-9]{2})(?=T[0-9]{2}:)")
VTEC_DAY = re.compile(r"(?<=[-.])([0-9]{6})(?=T[0-9]{4}Z)")
API = "https://api.weather.gov"
PATH = "/alerts/active"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SEQUENCES.exists(), reason=f"{SEQUENCES} is absent"),
]


class Sequence:
    """The steps of one, with their days moved."""

    def __init__(self, name: str) -> None:
        self._folder = SEQUENCES / name
        text = (self._folder / "sequence.json").read_text(encoding="utf-8")
        first_at = datetime.fromisoformat(json.loads(text)["steps"][0]["at"])
        self._days = (utc_now() - first_at).days + 30
        self.steps: list[dict[str, Any]] = json.loads(self._moved(text))["steps"]

    def body(self, step: dict[str, Any], url: str) -> bytes:
        text = (self._folder / step["body_file"]).read_text(encoding="utf-8")
        return self._moved(text).replace(API, url).encode()

    def _moved(self, text: str) -> str:
        more = timedelta(days=self._days)

        def day(found: re.Match[str]) -> str:
            return (date.fromisoformat(found[1]) + more).isoformat()

        def vtec_day(found: re.Match[str]) -> str:
            if found[1] == "000000":
                return found[1]
            moved = date(2000 + int(found[1][:2]), int(found[1][2:4]), int(found[1][4:])) + more
            return f"{moved:%y%m%d}"

        return VTEC_DAY.sub(vtec_day, DAY.sub(day, text))


class Record:
    """What the station's database says."""

    def __init__(self, station: Any) -> None:
        self._station = station
        self.known: set[str] = set()
        self.before: set[str] = set()  # alerts

    def new(self) -> list[str]:
        """The identifiers that came since the last call."""
        found = self._station.identifiers()
        new, self.known = sorted(found - self.known), found
        return new

    def announced(self) -> set[str]:
        """VTEC keys without their year of the alerts that were made since the last call."""
        with self._station.database.read() as connection:
            page = alert_queries.page(connection, "all", 500)
            new = [a.alert_id for a in page.alerts if a.alert_id not in self.before]
            heard = alert_queries.receptions_of(connection, new)
        self.before.update(new)
        firsts = [receptions[0].statement for receptions in heard.values()]
        return {_without_year(event.key) for said in firsts for event in said.events}

    def active(self, at: datetime) -> list[tuple[Alert, Course]]:
        """What is in force at a time."""
        with self._station.database.read() as connection:
            found = alert_queries.active(connection, at)
            heard = alert_queries.receptions_of(connection, [alert.alert_id for alert in found])
        return [(alert, lifecycle.fold(heard[alert.alert_id])) for alert in found]


def _without_year(key: str) -> str:
    return key.rpartition(".")[0]


def check(expect: dict[str, Any], at: datetime, record: Record) -> None:
    where = f"at {at}: {expect.get('why')}"
    new, announced, active = record.new(), record.announced(), record.active(at)
    if "new" in expect:
        assert new == sorted(expect["new"]), where
    if "new_count" in expect:
        assert len(new) == expect["new_count"], where
    holders = [said for _, course in active for said in course.holders(at)]
    messages = {said.message.identifier for said in holders if said.message is not None}
    if "active" in expect:
        assert messages == set(expect["active"]), where
    assert not messages & {*expect.get("superseded", []), *expect.get("cancelled", [])}, where
    holds = [hold for _, course in active for hold in course.holding(at)]
    events = {_without_year(hold.event) for hold in holds if hold.event is not None}
    if "active_events" in expect:
        assert events == set(expect["active_events"]), where
    lasting = {*expect.get("continuing_events", []), *expect.get("new_events", [])}
    assert lasting <= events, where
    assert not events & set(expect.get("ended_events", [])), where
    assert not announced & set(expect.get("continuing_events", [])), where
    counties = {code for alert, _ in active for code in alert.same_codes}
    for county, expected in expect.get("county", {}).items():
        code = MISNAMED.get(county[:6], county[:6])
        assert (code in counties) == (expected != "clear"), f"{county} {where}"


def play(sequence: Sequence, kind: str, server: Any, station: Any, page_of: Any) -> list[str]:
    """Poll step by step; gives what was announced to the page, in order."""
    record, page = Record(station), None
    for step in sequence.steps:
        headers = {
            name.replace("-", "_").title(): value
            for name, value in step["headers"].items()
            if name.lower() in ("etag", "last-modified", "cache-control")
        }
        server.serve(PATH, sequence.body(step, server.url), step["status"], **headers)
        if page is None:
            station.start()
            page = page_of(station)
        item = page.poll(station, "feed")
        assert item.state == ("running" if step["status"] < 400 else "reconnecting"), item.sentence
        if step["status"] == 304:
            assert "If-None-Match" in server.headers[-1]
        check(step["expect"], datetime.fromisoformat(step["at"]), record)
    assert page is not None
    assert station.stop() < 4.0
    assert "Traceback" not in station.log()
    heard: list[str] = page.heard
    return heard


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("toa641_new_con_partial_cancel", "nws"),
        ("stale_cdn_flicker", "nws"),
        ("ipaws_overlapping_polls_v1", "cap"),
        ("bulk_air_quality_alerts", "nws"),
    ],
)
def test_every_poll_leaves_the_state_that_is_right(
    name: str, kind: str, server: Any, station_of: Any, page_of: Any, feed: Callable[..., str]
) -> None:
    station = station_of(feed("feed", kind, f"{server.url}{PATH}", 600))
    heard = play(Sequence(name), kind, server, station, page_of)
    assert len(heard) == len(set(heard)), "nothing is announced twice"


@pytest.mark.postgresql
def test_the_record_of_a_server_says_the_same(
    migrated_postgresql_url: str,
    server: Any,
    station_of: Any,
    page_of: Any,
    feed: Callable[..., str],
) -> None:
    station = station_of(feed("feed", "nws", f"{server.url}{PATH}", 600), migrated_postgresql_url)
    play(Sequence("toa641_new_con_partial_cancel"), "nws", server, station, page_of)


def test_pages_that_overlap_are_one_answer(
    server: Any, station_of: Any, page_of: Any, feed: Callable[..., str]
) -> None:
    sequence = Sequence("cursor_pages_with_overlap")
    for step in sequence.steps:
        server.serve(step["request"]["path"], sequence.body(step, server.url))
    station = station_of(feed("feed", "nws", f"{server.url}/alerts?limit=60", 3600))
    station.start()
    page = page_of(station)
    page.poll(station, "feed")
    assert len(station.identifiers()) == sequence.steps[-1]["expect"]["total_after"]
    page.poll(station, "feed")
    assert station.reception_count() == sequence.steps[-1]["expect"]["total_after"]
    assert station.stop() < 4.0
