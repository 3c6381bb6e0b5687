"""One log of many processes."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from eas_station.ctl.foreground.log_lines import LONGEST_LINE, LogStream, read_lines

AT = datetime(2026, 4, 27, 12, 34, 56, tzinfo=UTC)


def stream_of(out: io.StringIO, colour: bool = False, as_json: bool = False) -> LogStream:
    return LogStream(out, colour, as_json, lambda: AT, width=8)


@pytest.fixture
def pipe() -> Iterator[tuple[Iterator[str], int]]:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream:
        yield read_lines(stream), writing


def test_a_json_record_becomes_a_line_with_its_fields() -> None:
    out = io.StringIO()
    record = {"at": "x", "unit": "eas-capd", "level": "WARNING", "logger": "y", "text": "no answer"}
    text = stream_of(out).forward("eas-capd", json.dumps({**record, "EAS_FEED": "nws"}))
    assert text == "no answer"
    assert out.getvalue() == "eas-capd 12:34:56 WARNING: no answer feed=nws\n"


def test_a_traceback_keeps_its_lines() -> None:
    out = io.StringIO()
    record = {"level": "ERROR", "text": "crashed", "traceback": "Traceback:\n  ValueError: x"}
    stream_of(out).forward("eas-capd", json.dumps(record))
    assert out.getvalue().splitlines() == [
        "eas-capd 12:34:56 ERROR: crashed",
        "eas-capd 12:34:56 ERROR:   Traceback:",
        "eas-capd 12:34:56 ERROR:     ValueError: x",
    ]


@pytest.mark.parametrize("line", ["plain words", "{not json", '{"no": "text"}', "[1]", "{" * 5000])
def test_a_line_that_is_not_a_record_is_forwarded_unchanged(line: str) -> None:
    out = io.StringIO()
    assert stream_of(out).forward("demo", line) == line
    assert out.getvalue() == f"demo     12:34:56 {line}\n"


def test_a_terminal_gets_colours() -> None:
    out = io.StringIO()
    stream_of(out, colour=True).write("eas-webd", "ready")
    assert out.getvalue() == "\x1b[32meas-webd\x1b[0m \x1b[2m12:34:56\x1b[0m ready\x1b[2m\x1b[0m\n"


def test_json_stays_json() -> None:
    out = io.StringIO()
    stream = stream_of(out, as_json=True)
    line = json.dumps({"unit": "eas-capd", "text": "alert stored"})
    stream.forward("eas-capd", line)
    stream.forward("demo", "plain words")
    assert out.getvalue().splitlines()[0] == line
    assert json.loads(out.getvalue().splitlines()[1])["text"] == "plain words"


def test_lines_are_joined_from_any_pieces(pipe: tuple[Iterator[str], int]) -> None:
    lines, writing = pipe
    for piece in (b"one\ntw", b"o\nZ\xc3", b"\xbc\nthe rest"):
        os.write(writing, piece)
    assert [next(lines), next(lines), next(lines)] == ["one", "two", "Zü"]
    os.close(writing)
    assert list(lines) == ["the rest"]


def test_a_line_without_an_end_is_split() -> None:
    lines = list(read_lines(io.BytesIO(b"x" * (LONGEST_LINE + 5))))
    assert [len(line) for line in lines] == [LONGEST_LINE, 5]
