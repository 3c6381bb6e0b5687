"""An injected message is recorded like a received one, listed and shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eas_station.config.load import load
from eas_station.config.model import Config
from eas_station.ctl.main import main
from eas_station.store.upkeep import migrate


@pytest.fixture(autouse=True)
def _no_lingering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eas_station.ctl.commands.inject.LINGER_S", 0.0)


def header(event_code: str, place: str = "039173") -> str:
    now = datetime.now(UTC)
    return f"ZCZC-WXR-{event_code}-{place}+0100-{now:%j%H%M}-KCLE/NWS-"


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    status = main(list(argv))
    return status, capsys.readouterr().out


def test_an_injected_test_is_an_active_alert_of_our_area(
    config: Config, station_toml: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--config", str(station_toml), "--json")
    status, out = run(capsys, "inject", header("DMO"), *options)
    assert status == 0
    changes = json.loads(out)["changes"]
    assert [(c["kind"], c["event_code"]) for c in changes] == [("new", "DMO")]
    status, out = run(capsys, "alerts", *options)
    (listed,) = json.loads(out)["alerts"]
    assert status == 0
    assert listed["alert"]["alert_id"] == changes[0]["alert_id"]
    assert listed["alert"]["is_test"] is True
    assert listed["alert"]["relevance"]["relevant"] is True
    assert [reception["origin"] for reception in listed["receptions"]] == ["inject"]


def test_the_same_message_twice_is_one_alert_with_two_receptions(
    config: Config, station_toml: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--config", str(station_toml), "--json")
    text = header("RWT")
    _, first = run(capsys, "inject", text, *options)
    _, second = run(capsys, "inject", text.replace("KCLE/NWS", "WXYZ/FM "), *options)
    (before,) = json.loads(first)["changes"]
    (after,) = json.loads(second)["changes"]
    assert (after["alert_id"], after["kind"]) == (before["alert_id"], "updated")


def test_show_explains_why_an_alert_is_relevant(
    config: Config, station_toml: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--config", str(station_toml))
    _, out = run(capsys, "inject", header("DMO"), *options, "--json")
    alert_id = json.loads(out)["changes"][0]["alert_id"]
    status, out = run(capsys, "show", alert_id[:8], *options)
    assert status == 0
    assert "Relevant here: yes" in out
    assert "Wood, OH" in out
    assert header("DMO")[:20] in out


def test_a_message_that_is_not_a_test_needs_the_option_real(
    config: Config, station_toml: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--config", str(station_toml), "--json")
    assert main(["inject", header("TOR"), *options]) == 2
    assert "use --real" in capsys.readouterr().err
    status, out = run(capsys, "inject", header("TOR"), "--real", *options)
    assert (status, json.loads(out)["changes"][0]["event_code"]) == (0, "TOR")


def test_an_invalid_header_is_rejected(
    config: Config, station_toml: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inject", "ZCZC-WXR", "--config", str(station_toml)]) == 2
    assert "not a SAME header" in capsys.readouterr().err


def test_a_missing_file_is_named(
    config: Config, station_toml: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inject", "nowhere.xml", "--config", str(station_toml)]) == 2
    assert "nowhere.xml: No such file" in capsys.readouterr().err


def test_an_unknown_id_is_an_error(
    config: Config, station_toml: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "feedbeef", "--config", str(station_toml)]) == 2
    assert "no alert has the ID 'feedbeef'" in capsys.readouterr().err


def test_without_a_database_the_message_is_spooled_and_recorded_later(
    station_toml: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--config", str(station_toml))
    assert main(["inject", header("DMO"), *options]) == 1
    assert capsys.readouterr().out.startswith("spooled")
    migrate.upgrade(load(station_toml).database.url)
    _, out = run(capsys, "inject", header("RWT"), *options, "--json")
    assert [c["event_code"] for c in json.loads(out)["changes"]] == ["DMO", "RWT"]
