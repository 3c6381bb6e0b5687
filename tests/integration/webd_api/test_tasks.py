"""Long work on a real eas-webd: a recording decoded again by a real eas-ctl, and exports."""

from __future__ import annotations

import csv
import http.client
import io
import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eas_station.dsp.audio.modulate import message
from eas_station.webd.api.exports import COLUMNS
from eas_station.webd.records.tasks import FILE, LOST

RATE_HZ = 22_050


class Script:
    """A program with a token."""

    def __init__(self, town: Any) -> None:
        self._town, self._token = town, town.token()

    def ask(self, method: str, path: str, value: Any = None) -> tuple[int, dict[str, str], Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._town.port, timeout=30)
        fields = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            body = None if value is None else json.dumps(value)
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            headers = {name.lower(): text for name, text in answer.getheaders()}
            said = answer.read()
        finally:
            connection.close()
        is_json = "json" in headers.get("content-type", "")
        return answer.status, headers, json.loads(said) if is_json else said

    def ended(self, task_id: str) -> Any:
        """The task, once it is over."""
        found: dict[str, Any] = {}

        def over() -> bool:
            found.update(self.ask("GET", f"/api/v1/tasks/{task_id}")[2])
            return found["state"] in ("done", "failed", "cancelled")

        self._town.until(over, 90.0)
        return found


def record_sound(path: Path, header: str) -> None:
    """The alert as a receiver would have recorded it."""
    sound = 0.6 * message(header, RATE_HZ)
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((np.clip(sound, -1, 1) * 30_000).astype("<i2").tobytes())


@pytest.fixture
def script(up: Any, until_true: Any) -> Script:
    up.until = until_true
    return Script(up)


def the_tornado(up: Any) -> Any:
    listed = up.json("/api/v1/alerts?state=all&event=TOR")["alerts"]
    return up.json(f"/api/v1/alerts/{listed[0]['alert_id']}")


def with_recording(up: Any, said: str) -> Any:
    """The tornado with a recording that says this; gives the alert."""
    tornado = the_tornado(up)
    heard = next(one for one in tornado["receptions"] if one["via"] == "same")
    if not tornado["clips"]:
        up.record_clip(heard["reception_id"], "2026/tor.wav")
    record_sound(up.state_dir / "clips" / "2026" / "tor.wav", said or heard["raw"])
    return tornado


def test_a_recording_is_decoded_again_by_a_child_and_agrees(up: Any, script: Script) -> None:
    tornado = with_recording(up, "")
    path = f"/api/v1/alerts/{tornado['alert_id']}/verify"
    status, fields, task = script.ask("POST", path, {})
    assert (status, task["kind"]) == (202, "verify")
    assert fields["location"] == f"/api/v1/tasks/{task['task_id']}"
    done = script.ended(task["task_id"])
    assert (done["state"], done["error"]) == ("done", None)
    found = done["verification"]
    assert found["agrees"], found
    assert found["sentence"] == "The recording confirms the reception."
    heard = [one["raw"] for one in tornado["receptions"] if one["via"] == "same"]
    assert found["clips"][0]["headers"] == [heard[0]]
    assert found["clips"][0]["ends"] is True
    said = " ".join(found["agreements"])
    assert "wx, 162.550 received the same header, character for character." in said
    assert "CAP (nws) and the recording agree on the event: TOR." in said
    page = up.get(f"/alerts/{tornado['alert_id']}")[2].decode()
    assert "The recording confirms the reception." in page


def test_a_recording_that_says_something_else_is_told(up: Any, script: Script) -> None:
    raw = next(one["raw"] for one in the_tornado(up)["receptions"] if one["via"] == "same")
    tornado = with_recording(up, raw.replace("-TOR-", "-SVR-").replace("039095", "039051"))
    task = script.ask("POST", f"/api/v1/alerts/{tornado['alert_id']}/verify", {})[2]
    found = script.ended(task["task_id"])["verification"]
    assert found["agrees"] is False
    said = " ".join(found["differences"])
    assert "CAP (nws) and the recording differ in the event: CAP TOR, the recording SVR." in said
    assert "only CAP names Lucas, OH" in said
    assert "only the recording names Fulton, OH" in said


def test_an_alert_without_a_recording_cannot_be_verified(up: Any, script: Script) -> None:
    other = up.json("/api/v1/alerts?state=all&event=FFW")["alerts"][0]
    path = f"/api/v1/alerts/{other['alert_id']}/verify"
    status, _, problem = script.ask("POST", path, {})
    assert (status, problem["status"]) == (409, 409)
    assert script.ask("POST", "/api/v1/alerts/none/verify", {})[0] == 404


def test_the_log_is_exported_at_once_and_as_a_task(up: Any, script: Script) -> None:
    status, fields, said = script.ask("GET", "/api/v1/export.csv?kind=real")
    assert (status, fields["content-type"]) == (200, "text/csv; charset=utf-8")
    rows = list(csv.reader(io.StringIO(said.decode())))
    assert rows[0] == list(COLUMNS)
    listed = up.json("/api/v1/alerts?state=all&kind=real")["alerts"]
    assert [row[0] for row in rows[1:]] == [one["alert_id"] for one in listed]
    status, _, whole = script.ask("GET", "/api/v1/export.json?kind=real")
    assert whole["alerts"] == listed
    status, _, task = script.ask("POST", "/api/v1/exports", {"form": "csv", "kind": "real"})
    assert status == 202
    done = script.ended(task["task_id"])
    assert (done["state"], done["exported"]["alerts"]) == ("done", len(listed))
    assert script.ask("GET", done["exported"]["path"])[2] == said
    assert task["task_id"] in [one["task_id"] for one in up.json("/api/v1/tasks")["tasks"]]
    assert script.ask("DELETE", f"/api/v1/tasks/{task['task_id']}")[0] == 200
    assert script.ask("GET", done["exported"]["path"])[0] == 404
    assert script.ask("GET", f"/api/v1/tasks/{task['task_id']}")[0] == 404


def test_a_restart_says_what_was_lost_by_it(up: Any, script: Script) -> None:
    task = script.ask("POST", "/api/v1/exports", {"form": "json"})[2]
    script.ended(task["task_id"])
    assert up.stop() == 0
    file = up.state_dir / "webd" / FILE
    kept = json.loads(file.read_text())
    kept["tasks"].append({**task, "task_id": "half-done", "state": "running"})
    file.write_text(json.dumps(kept))
    up.start()
    told = {one["task_id"]: one for one in up.json("/api/v1/tasks")["tasks"]}
    assert told[task["task_id"]]["state"] == "done"
    assert (told["half-done"]["state"], told["half-done"]["error"]) == ("failed", LOST)
