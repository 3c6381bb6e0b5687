"""The plan that makes the running units those that are configured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eas_station.ctl.units.systemd import Systemd, UnitPlan, plan

LISTED = """\
eas-audiod@tape.service loaded inactive dead    EAS Station: source tape
eas-audiod@wx.service   loaded active   running EAS Station: source wx
"""


class Recorder:
    """A systemctl that records its arguments."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []

    def __call__(self, arguments: Sequence[str]) -> str:
        self.calls.append(tuple(arguments))
        return LISTED if arguments[0] == "list-units" else ""


def test_states_are_read_from_list_units() -> None:
    states = Systemd(Recorder()).states("eas-audiod@*.service")
    assert states == {"eas-audiod@tape.service": "inactive", "eas-audiod@wx.service": "active"}


def test_a_plan_starts_missing_units_and_stops_unconfigured_ones() -> None:
    states = {"a@1": "active", "a@2": "failed", "a@3": "active", "a@5": "activating"}
    found = plan(("a@1", "a@2", "a@4", "a@5"), states, ())
    assert found == UnitPlan(start=("a@2", "a@4"), stop=("a@3",), reload=("a@1",))


def test_a_unit_with_changed_settings_is_restarted() -> None:
    found = plan(("a@1", "a@2"), {"a@1": "active", "a@2": "active"}, ("a@2",))
    assert found == UnitPlan(reload=("a@1",), restart=("a@2",))


def test_jobs_are_queued_without_waiting() -> None:
    recorder = Recorder()
    Systemd(recorder).do(UnitPlan(start=("a@1",), stop=("a@2",)), wait=False)
    assert recorder.calls == [("stop", "--no-block", "a@2"), ("start", "--no-block", "a@1")]


def test_changed_drop_ins_are_found(tmp_path: Path) -> None:
    drop_in = tmp_path / "eas-sdrd@wx.service.d" / "50-station.conf"
    drop_in.parent.mkdir()

    def run(arguments: Sequence[str]) -> str:
        drop_in.write_text("[Service]\n")
        return ""

    assert Systemd(run, tmp_path).read_units() == ("eas-sdrd@wx.service",)
