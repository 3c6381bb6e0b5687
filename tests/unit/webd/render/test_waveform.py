"""The waveform of a recording."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.store.records.clips import Clip
from eas_station.webd.render.waveform import HEIGHT, waveform

CLIP = Clip(
    *("clip-1", ("reception-1",), "wx", "162.550", datetime(2025, 11, 22, tzinfo=UTC), 20.0),
    path="a.flac", attention="wxr", attention_s=8.0, attention_at_s=6.0, header_at_s=1.0,
    header_s=4.0, eom_at_s=19.0, peaks="00ff80" + "40" * 17,
)  # fmt: skip


def test_each_part_is_a_bar_and_the_loudest_fills_the_drawing() -> None:
    found = waveform(CLIP)
    assert found is not None
    bars = re.findall(r"M(\d+) (\d+)h2v(\d+)h-2z", found.path)
    assert len(bars) == 20
    assert bars[:3] == [("0", "31", "1"), ("3", "1", "62"), ("6", "16", "31")]
    assert (found.width, found.height) == (60, HEIGHT)


def test_header_attention_signal_and_eom_are_marked() -> None:
    found = waveform(CLIP)
    assert found is not None
    assert [(m.kind, m.left, m.width) for m in found.marks] == [
        ("header", 3.0, 12.0),
        ("attention", 18.0, 24.0),
        ("eom", 57.0, 0.0),
    ]
    assert found.sentence == (
        "20 s: header at 1 s, 1050 Hz attention signal at 6 s for 8 s, end of message at 19 s."
    )


def test_what_is_missing_is_named() -> None:
    clip = replace(
        CLIP, attention=None, attention_s=None, attention_at_s=None, eom_at_s=None, peaks="0102"
    )
    found = waveform(clip)
    assert found is not None
    assert found.sentence == (
        "20 s: header at 1 s, no attention signal, no end of message, very quiet."
    )
    unknown = waveform(replace(clip, header_at_s=None))
    assert unknown is not None
    assert unknown.marks == ()


def test_a_quiet_recording_is_drawn_quiet() -> None:
    found = waveform(replace(CLIP, peaks="02" * 4))
    assert found is not None
    assert {int(tall) for tall in re.findall(r"v(\d+)", found.path)} == {5}


@pytest.mark.parametrize("peaks", [None, "", "no hex", "abc", "<script>"])
def test_an_invalid_outline_is_not_drawn(peaks: str | None) -> None:
    assert waveform(replace(CLIP, peaks=peaks)) is None


@given(st.floats(), st.floats(), st.floats(), st.text(max_size=8))
def test_marks_stay_inside_the_drawing(
    at_s: float, length_s: float, whole: float, kind: str
) -> None:
    clip = replace(
        CLIP, duration_s=whole, header_at_s=at_s, header_s=length_s, eom_at_s=at_s,
        attention_at_s=at_s, attention_s=length_s, attention=kind,
    )  # fmt: skip
    found = waveform(clip)
    for mark in () if found is None else found.marks:
        assert 0 <= mark.left <= 60.1
        assert 0 <= mark.width <= 60.1
