"""Many processes, one log."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from eas_station.ctl.foreground.log_lines import LONGEST_LINE, Lines, LogStream

AT = datetime(2026, 4, 27, 12, 34, 56, tzinfo=UTC)


def stream_of(out: io.StringIO, colour: bool = False, as_json: bool = False) -> LogStream:
    return LogStream(out, colour, as_json, lambda: AT, width=8)


@pytest.fixture
def pipe() -> Iterator[tuple[Lines, int]]:
    reading, writing = os.pipe()
    yield Lines(reading), writing
    os.close(reading)


def test_a_record_becomes_a_line_with_its_fields() -> None:
    out = io.StringIO()
    record = {"at": "x", "unit": "eas-capd", "level": "WARNING", "logger": "y", "text": "no answer"}
    said = stream_of(out).pass_on("eas-capd", json.dumps({**record, "EAS_FEED": "nws"}))
    assert said == "no answer"
    assert out.getvalue() == "eas-capd 12:34:56 WARNING: no answer feed=nws\n"


def test_a_traceback_keeps_its_lines() -> None:
    out = io.StringIO()
    record = {"level": "ERROR", "text": "crashed", "traceback": "Traceback:\n  ValueError: x"}
    stream_of(out).pass_on("eas-capd", json.dumps(record))
    assert out.getvalue().splitlines() == [
        "eas-capd 12:34:56 ERROR: crashed",
        "eas-capd 12:34:56 ERROR:   Traceback:",
        "eas-capd 12:34:56 ERROR:     ValueError: x",
    ]


@pytest.mark.parametrize("line", ["plain words", "{not json", '{"no": "text"}', "[1]", "{" * 5000])
def test_what_is_no_record_is_passed_on_as_it_is(line: str) -> None:
    out = io.StringIO()
    assert stream_of(out).pass_on("demo", line) == line
    assert out.getvalue() == f"demo     12:34:56 {line}\n"


def test_a_terminal_gets_colours() -> None:
    out = io.StringIO()
    stream_of(out, colour=True).say("eas-webd", "ready")
    assert out.getvalue() == "\x1b[32meas-webd\x1b[0m \x1b[2m12:34:56\x1b[0m ready\x1b[2m\x1b[0m\n"


def test_json_stays_json() -> None:
    out = io.StringIO()
    stream = stream_of(out, as_json=True)
    line = json.dumps({"unit": "eas-capd", "text": "alert stored"})
    stream.pass_on("eas-capd", line)
    stream.pass_on("demo", "plain words")
    assert out.getvalue().splitlines()[0] == line
    assert json.loads(out.getvalue().splitlines()[1])["text"] == "plain words"


def test_lines_are_put_together_however_they_come(pipe: tuple[Lines, int]) -> None:
    lines, writing = pipe
    assert lines.read() == []
    os.write(writing, b"one\ntw")
    assert lines.read() == ["one"]
    os.write(writing, b"o\nZ\xc3")
    assert lines.read() == ["two"]
    os.write(writing, b"\xbc\nthe rest")
    assert lines.read() == ["Zü"]
    os.close(writing)
    assert lines.read() is None
    assert lines.last() == "the rest"


def test_a_line_without_end_does_not_fill_the_memory(pipe: tuple[Lines, int]) -> None:
    lines, writing = pipe
    heard = 0
    for _ in range(LONGEST_LINE // 32768 + 2):
        os.write(writing, b"x" * 32768)
        heard += sum(len(line) for line in lines.read() or [])
    assert heard > LONGEST_LINE
    os.close(writing)
