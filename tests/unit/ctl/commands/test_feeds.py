"""`eas-ctl feeds`: the state that eas-capd reports, the totals of the database, and a test poll."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eas_station.bus import topics
from eas_station.bus.messages import ItemState, Status
from eas_station.bus.publisher import Publisher
from eas_station.config.load import load
from eas_station.config.units import CAPD
from eas_station.ctl.commands import feeds
from eas_station.ctl.main import main
from eas_station.store.database.database import Database
from eas_station.store.records import jobs

NOW = datetime.now(UTC).replace(microsecond=0)
FEATURE = {
    "type": "Feature",
    "properties": {
        "id": "urn:oid:1",
        "sender": "w-nws.webmaster@noaa.gov",
        "sent": "2026-04-20T11:05:00-04:00",
        "expires": "2026-04-20T11:45:00-04:00",
        "status": "Actual",
        "messageType": "Alert",
        "event": "Tornado Warning",
        "geocode": {"SAME": ["039173"]},
        "eventCode": {"SAME": ["TOR"]},
    },
}


@pytest.fixture
def config(tmp_path: Path, new_database: Callable[[Path], str]) -> Path:
    """A station with two folders as feeds, and its database."""
    path = tmp_path / "station.toml"
    (tmp_path / "cap").mkdir()
    url = new_database(tmp_path / "station.sqlite")
    path.write_text(
        f'[station]\nsame_codes = ["039173"]\n[database]\nurl = "{url}"\n'
        f'[paths]\nstate_dir = "{tmp_path}"\nruntime_dir = "{tmp_path}/run"\n'
        '[[feed]]\nname = "drop"\nkind = "folder"\npath = "cap"\n'
        '[[feed]]\nname = "gone"\nkind = "folder"\npath = "nowhere"\n',
        encoding="utf-8",
    )
    database = Database(url)
    with database.write() as connection:
        jobs.record_unchanged(connection, "poll drop", NOW - timedelta(seconds=30), 7)
    database.close()
    return path


@pytest.fixture
def publish_status(config: Path) -> Iterator[Callable[..., None]]:
    """Publish a status of eas-capd with the feed `drop`."""
    publisher = Publisher(CAPD, load(config).paths.runtime_dir)

    def publish() -> None:
        state = ItemState(
            "drop", "feed.folder", "running", "1 alerts in the last answer, 0 new",
            NOW, last_good_at=NOW, counters={"polls": 3, "alerts": 9},
        )  # fmt: skip
        status = Status(
            unit=CAPD, state="running", sentence="2 feeds", started_at=NOW, pid=1, version="1",
            clock_trusted=True, cpu_s=1.0, memory_bytes=1, items=(state,),
        )  # fmt: skip
        publisher.publish(topics.status(CAPD), status)

    yield publish
    publisher.close()


def test_each_feed_is_listed_with_its_age_and_its_counters(
    config: Path, publish_status: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    publish_status()
    assert main(["feeds", "--config", str(config)]) == 1
    drop, ages, counters, _, _ = capsys.readouterr().out.splitlines()
    assert drop == "drop (folder): running: 1 alerts in the last answer, 0 new"
    assert ages.startswith("  last good answer ")
    assert ages.endswith(" ago; 7 polls in total, 0 failed")
    assert counters == "  since the start of eas-capd: 3 polls, 9 alerts"
    assert main(["feeds", "--json", "--config", str(config)]) == 1
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["feeds"]}
    assert rows["drop"]["counters"] == {"polls": 3, "alerts": 9}
    assert rows["drop"]["polls_ever"] == 7
    assert re.match(r"\d+ (s|min|h)", rows["drop"]["age"])
    assert rows["gone"]["state"] == "not heard"
    assert rows["gone"]["last_good_at"] is None


def test_without_eas_capd_the_database_still_gives_the_totals(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["feeds", "--config", str(config)]) == 2
    out = capsys.readouterr().out
    assert "drop (folder): not heard: eas-capd is not responding" in out
    assert "7 polls in total, 0 failed" in out
    assert "no good answer yet" in out  # the other feed


def test_a_tested_feed_is_explained_and_nothing_is_stored(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = {**FEATURE["properties"], "id": "urn:oid:2", "geocode": {"SAME": ["001001"]}}  # type: ignore[dict-item]
    bad = {**FEATURE["properties"], "id": "urn:oid:3", "status": "Maybe"}  # type: ignore[dict-item]
    features = [FEATURE, *({"type": "Feature", "properties": one} for one in (elsewhere, bad))]
    page = {"type": "FeatureCollection", "features": features}
    (config.parent / "cap" / "a.json").write_text(json.dumps(page), encoding="utf-8")
    before = sorted(path.name for path in config.parent.rglob("*"))
    assert main(["feeds", "test", "drop", "--config", str(config)]) == 1
    out = capsys.readouterr().out
    assert "Alert TOR Tornado Warning: urn:oid:1\n  relevant here (same-code): 039173 Wood" in out
    assert "urn:oid:2\n  not relevant here (nowhere): no place of this alert" in out
    assert "rejected: status 'Maybe' is not one of" in out
    assert "2 alerts, 1 of them relevant here, 1 rejected; nothing was stored" in out
    assert sorted(path.name for path in config.parent.rglob("*")) == before


def test_a_tested_feed_that_does_not_answer_gives_the_reason(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["feeds", "test", "gone", "--config", str(config)]) == 2
    assert "nowhere cannot be read: No such file or directory" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["test", "drip"], "no feed drip; configured: drop, gone"),
        (["poll"], "the name of a feed is missing; configured: drop, gone"),
        (["poll", "drop"], "eas-capd does not report the feed drop: is it running?"),
    ],
)
def test_an_impossible_request_is_one_sentence(
    config: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    message: str,
) -> None:
    monkeypatch.setattr(feeds, "CONNECT_S", 0.1)  # nobody connects, however long it waits
    assert main(["feeds", *words, "--config", str(config)]) == 2
    assert message in capsys.readouterr().err
