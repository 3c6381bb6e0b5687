"""`eas-ctl replay`: the states that it prints, and the errors of invalid files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eas_station.ctl import main as dispatch

CAP = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
 <identifier>{identifier}</identifier><sender>w-nws.webmaster@noaa.gov</sender>
 <sent>2026-05-01T20:04:00-00:00</sent><status>Actual</status><msgType>Alert</msgType>
 <scope>Public</scope>
 <info><category>Met</category><event>Tornado Warning</event><urgency>Immediate</urgency>
  <severity>Extreme</severity><certainty>Observed</certainty>
  <eventCode><valueName>SAME</valueName><value>TOR</value></eventCode>
  <expires>2026-05-01T20:45:00-00:00</expires>
  <parameter><valueName>EAS-ORG</valueName><value>WXR</value></parameter>
  <area><areaDesc>Lucas, OH</areaDesc>
   <geocode><valueName>SAME</valueName><value>039095</value></geocode></area>
 </info>
</alert>"""
AIR = "ZCZC-WXR-TOR-039095+0045-1212004-KCLE/NWS-"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "station.toml"
    path.write_text('[station]\nsame_codes = ["039095"]\n')
    return path


def played(
    folder: Path, config: Path, capsys: pytest.CaptureFixture[str], *lines: dict[str, Any]
) -> list[dict[str, Any]]:
    path = folder / "play.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert dispatch.main(["replay", str(path), "--config", str(config)]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_cap_message_and_its_header_off_the_air_are_one_alert_until_its_end(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.xml").write_text(CAP.format(identifier="one"))
    during, after = played(
        *(tmp_path, config, capsys),
        {"at": "2026-05-01T20:05:00Z", "feed": "cap", "file": "a.xml"},
        {"at": "2026-05-01T20:05:30Z", "air": AIR, "channel": "162.550"},
        {"at": "2026-05-01T20:06:00Z", "show": True},
        {"at": "2026-05-01T21:00:00Z", "show": True},
    )
    assert during["at"] == "2026-05-01T20:06:00Z"
    (alert,) = during["in_force"]
    assert (alert["event_code"], alert["event_name"]) == ("TOR", "Tornado Warning")
    assert alert["same_codes"] == ["039095"]
    assert alert["ends_at"] == "2026-05-01T20:45:00Z"
    assert (alert["relevant"], alert["reception_count"], alert["is_test"]) == (True, 2, False)
    assert during["ended"] == during["rejected"] == []
    assert after["in_force"] == []
    assert [ended["alert_id"] for ended in after["ended"]] == [alert["alert_id"]]


def test_a_document_that_is_not_a_message_is_rejected_with_a_reason(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page.html").write_text("<html><body>Not found</body></html>")
    (state,) = played(
        *(tmp_path, config, capsys),
        {"at": "2026-05-01T20:05:00Z", "feed": "cap", "file": "page.html"},
        {"at": "2026-05-01T20:06:00Z", "show": True},
    )
    assert state["in_force"] == []
    (rejected,) = state["rejected"]
    assert (rejected["source"], rejected["file"]) == ("cap", "page.html")
    assert rejected["reason"]


def test_the_same_file_gives_the_same_output_twice(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (
        {"at": "2026-05-01T20:05:30Z", "air": AIR, "channel": "162.550"},
        {"at": "2026-05-01T20:06:00Z", "show": True},
    )
    assert played(tmp_path, config, capsys, *lines) == played(tmp_path, config, capsys, *lines)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "play.jsonl:1: not JSON"),
        ('{"show": true}', "play.jsonl:1: at: "),
        ('{"at": "2026-05-01T20:06:00Z"}', 'needs either "feed" and "file", or "air", or "show"'),
        ('{"at": "2026-05-01T20:06:00Z", "feed": "fax", "file": "a"}', "play.jsonl:1: feed: "),
        ('{"at": "2026-05-01T20:06:00Z", "feed": "cap", "file": "gone.xml"}', "gone.xml: No such"),
    ],
)
def test_an_invalid_line_is_refused_with_its_number(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str], line: str, expected: str
) -> None:
    path = tmp_path / "play.jsonl"
    path.write_text(f"{line}\n")
    assert dispatch.main(["replay", str(path), "--config", str(config)]) == 2
    assert expected in capsys.readouterr().err
