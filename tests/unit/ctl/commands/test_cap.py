from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from eas_station import tables
from eas_station.config.model import Config, StationConfig
from eas_station.ctl.commands import cap
from eas_station.ctl.main import main

FEATURE: dict[str, Any] = {
    "type": "Feature",
    "properties": {
        "id": "urn:oid:1",
        "sender": "w-nws.webmaster@noaa.gov",
        "sent": "2026-04-20T11:05:00-04:00",
        "expires": "2026-04-20T11:45:00-04:00",
        "ends": "2026-04-20T12:00:00-04:00",
        "status": "Actual",
        "messageType": "Update",
        "scope": "Public",
        "event": "Tornado Warning",
        "geocode": {"SAME": ["039173", "039095"], "UGC": ["OHC173", "OHC095"]},
        "eventCode": {"SAME": ["TOR"]},
        "references": [
            {
                "identifier": "urn:oid:0",
                "sender": "w-nws.webmaster@noaa.gov",
                "sent": "2026-04-20T10:55:00-04:00",
            }
        ],
        "parameters": {
            "EAS-ORG": ["WXR"],
            "VTEC": ["/O.CON.KCLE.TO.W.0007.000000T0000Z-260420T1600Z/"],
        },
    },
}


@pytest.fixture(scope="module")
def known() -> tables.Tables:
    return tables.load()


def explained_feature(
    known: tables.Tables, *same_codes: str, **changed: Any
) -> tuple[dict[str, Any], int]:
    """Explain the feature with changed properties, for a station of these codes."""
    feature = {"type": "Feature", "properties": {**FEATURE["properties"], **changed}}
    config = Config(station=StationConfig(callsign="EASTATN", same_codes=same_codes))
    result, status = cap.explain(json.dumps(feature).encode(), config, known)
    return result, status


def test_an_alert_is_explained_in_full(known: tables.Tables) -> None:
    result, status = explained_feature(known, "039173")
    assert status == 0
    (alert,) = result["alerts"]
    assert (alert["identifier"], alert["status"]) == ("urn:oid:1", "Actual")
    assert (alert["msgType"], alert["scope"]) == ("Update", "Public")
    assert alert["references"][0]["identifier"] == "urn:oid:0"
    assert (alert["event"], alert["event_code"]) == ("Tornado Warning", "TOR")
    assert alert["same_codes"] == ["039173", "039095"]
    assert alert["places"] == ["Wood, OH", "Lucas, OH"]
    assert alert["ugc_codes"] == ["OHC173", "OHC095"]
    assert alert["vtec"] == ["/O.CON.KCLE.TO.W.0007.000000T0000Z-260420T1600Z/"]
    assert alert["same_header"] == "ZCZC-WXR-TOR-039173-039095+0045-1101505-EASTATN -"
    assert alert["same_refusal"] is None
    assert (alert["concerns_us"], alert["rule"]) == (True, "same-code")
    assert alert["trace"][-1]["passed"]


def test_an_irrelevant_alert_without_a_header_is_explained(known: tables.Tables) -> None:
    result, _ = explained_feature(known, "048029", eventCode={"SAME": ["NWS"]})
    (alert,) = result["alerts"]
    assert (alert["same_header"], alert["same_outcome"]) == (None, "ignored")
    assert alert["same_refusal"] == "placeholder eventCode NWS"
    assert alert["concerns_us"] is False
    assert alert["trace"]


def test_an_acknowledgement_is_shown_but_is_not_a_warning(known: tables.Tables) -> None:
    result, status = explained_feature(known, messageType="Ack")
    (alert,) = result["alerts"]
    assert (alert["warns"], alert["why"]) == (False, "msgType Ack warns of nothing")
    assert status == 0


def test_a_rejected_message_has_a_reason(known: tables.Tables) -> None:
    result, status = explained_feature(known, status="Maybe")
    assert (result["alerts"], status) == ([], 1)
    assert result["rejected"][0]["reason"].startswith("status 'Maybe' is not one of")
    result, status = cap.explain(b"<html/>", Config(), known)
    assert (result["alerts"], status) == ([], 2)
    assert result["rejected"][0]["reason"] == "an HTML page, not an alert"


def test_the_command_reads_a_file_and_standard_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "station.toml"
    config.write_text('[station]\nsame_codes = ["039173"]\n')
    path = tmp_path / "alert.json"
    path.write_text(json.dumps(FEATURE))
    assert main(["cap", str(path), "--config", str(config)]) == 0
    from_file = json.loads(capsys.readouterr().out)
    assert from_file["file"] == str(path)
    assert from_file["alerts"][0]["sent"] == "2026-04-20T15:05:00Z"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    assert main(["cap", "-", "--config", str(config)]) == 0
    assert json.loads(capsys.readouterr().out)["alerts"] == from_file["alerts"]
    assert main(["cap", str(tmp_path / "absent"), "--config", str(config)]) == 2
    assert "No such file" in capsys.readouterr().err


def test_a_folder_is_explained_file_by_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], station_toml: Path
) -> None:
    folder = tmp_path / "documents"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.json").write_text(json.dumps(FEATURE), encoding="utf-8")
    (folder / "deep" / "b.xml").write_text("<html>", encoding="utf-8")
    assert main(["cap", str(folder), "--config", str(station_toml)]) == 1
    printed = capsys.readouterr()
    explained = json.loads(printed.out)
    assert [Path(one["file"]).name for one in explained] == ["a.json", "b.xml"]
    assert [len(one["alerts"]) for one in explained] == [1, 0]
    assert "an HTML page" in explained[1]["rejected"][0]["reason"]
    assert printed.err == "", "no progress bar without a terminal"
    (folder / "a.json").unlink()
    assert main(["cap", str(folder), "--config", str(station_toml)]) == 2
    capsys.readouterr()
    (folder / "deep" / "b.xml").unlink()
    assert main(["cap", str(folder), "--config", str(station_toml)]) == 0
    assert json.loads(capsys.readouterr().out) == []
