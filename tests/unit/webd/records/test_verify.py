"""A recording decoded again: what the child may do, and the comparison."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from eas_station.errors import FrameError, OutsideError
from eas_station.store.records.clips import Clip
from eas_station.webd.records.child_decoder import OUTPUT_MOST_BYTES, ChildDecoder
from eas_station.webd.records.tasks import ClipHeard
from eas_station.webd.records.verify import compared, heard_on

HEADER = "ZCZC-WXR-TOR-039173+0045-3260812-KCLE/NWS-"


def child(tmp_path: Path, text: str) -> ChildDecoder:
    program = tmp_path / "child.py"
    program.write_text(text)
    return ChildDecoder((sys.executable, str(program)))


def named(codes: Any) -> str:
    return ", ".join(sorted(codes))


def a_clip(make: Any) -> Clip:
    return Clip("clip", ("r",), "wx", "162.550", make.now, 40.0, "a.wav")


def test_a_child_is_given_the_file_and_its_output_is_read(tmp_path: Path) -> None:
    decoder = child(tmp_path, "import sys; print(sys.argv[1:])")
    said = decoder.decode(Path("/x/a.wav"), 40.0, lambda: False)
    assert said.strip() == "['decode', '--json', '--jobs', '1', '--', '/x/a.wav']"


def test_a_child_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutsideError, match="cannot be read"):
        child(tmp_path, "raise SystemExit(1)").decode(Path("a"), 1.0, lambda: False)
    endless = f"import sys\nwhile True: sys.stdout.write('x' * {OUTPUT_MOST_BYTES // 4})"
    with pytest.raises(OutsideError, match="wrote too much"):
        child(tmp_path, endless).decode(Path("a"), 1.0, lambda: False)
    hanging = child(tmp_path, "import time; time.sleep(600)")
    with pytest.raises(OutsideError, match="cancelled"):
        hanging.decode(Path("a"), 1.0, lambda: True)
    monkeypatch.setattr("eas_station.webd.records.child_decoder.LONGEST_S", 0.2)
    with pytest.raises(OutsideError, match="took too long"):
        hanging.decode(Path("a"), 0.0, lambda: False)


def test_the_childs_words_are_read_with_care(make: Any) -> None:
    rows = f'{{"text": "{HEADER}", "eom": false}}\n[]\n{{"attention": "wxr"}}\n'
    rows += f'{{"text": "{HEADER}"}}\n{{"text": "NNNN", "eom": true}}\n'
    assert heard_on(a_clip(make), rows) == ClipHeard("clip", (HEADER,), True)
    with pytest.raises(FrameError):
        heard_on(a_clip(make), "{")


def test_what_agrees_and_what_differs_is_told_in_sentences(make: Any) -> None:
    air = replace(make.reception(), raw=HEADER)
    said = replace(air.statement, expires_at=make.now + timedelta(hours=3), event_code="SVR")
    cap = replace(air, via="cap", origin="nws", channel=None, statement=said)
    found = compared(make.alert(), (air, cap), [ClipHeard("clip", (HEADER,), True)], named)
    assert found.agrees is False
    assert found.agreements == (
        "wx, 162.550 received the same header, character for character.",
        "CAP (nws) and the recording agree on the places: 039173.",
        "The end of the message is in the recording.",
    )
    assert found.differences == (
        "CAP (nws) and the recording differ in the event: CAP SVR, the recording TOR.",
        "CAP (nws) and the recording differ in when it ends: the header 135 min earlier.",
    )
    other = compared(make.alert(), (air,), [ClipHeard("c", (HEADER.replace("R", "X"),), 0)], named)
    assert "2 characters differ" in other.differences[0]


def test_a_recording_without_a_header_confirms_nothing(make: Any) -> None:
    empty = [ClipHeard("clip", (), False, "the recording cannot be read")]
    found = compared(make.alert(), (make.reception(),), empty, named)
    assert found.sentence == "The recording cannot confirm the reception."
    assert found.differences == (
        "A recording could not be decoded: the recording cannot be read.",
        "No header could be decoded from the recording.",
    )
