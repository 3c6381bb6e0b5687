"""Where the log goes, and in which form."""

from __future__ import annotations

import io
import json
import logging
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from eas_station.service import logs

log = logging.getLogger("eas_station.capd.loop")
FIELDS = {"EAS_ALERT_ID": "a-1", "EAS_EVENT_CODE": "TOR", "lower": "not a field"}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(False)


def crash() -> None:
    try:
        raise ValueError("a bug of ours")
    except ValueError:
        log.exception("document dropped", extra={"EAS_FEED": "nws"})


def test_a_line_for_a_person_has_the_process_in_front_and_the_fields_behind() -> None:
    stream = io.StringIO()
    logs.set_up("eas-capd", {}, stream)
    log.info("alert stored", extra=FIELDS)
    log.warning("feed %s does not answer", "nws")
    log.debug("nothing")
    assert stream.getvalue() == (
        "eas-capd: alert stored alert_id=a-1 event_code=TOR\n"
        "eas-capd: WARNING: feed nws does not answer\n"
    )


def test_a_terminal_gets_colours() -> None:
    stream = Terminal()
    logs.set_up("eas-sdrd@wx", {}, stream)
    log.error("no dongle")
    assert stream.getvalue() == "\x1b[35meas-sdrd@wx\x1b[0m: \x1b[31mERROR: no dongle\x1b[0m\n"


def test_json_lines_have_everything() -> None:
    stream = io.StringIO()
    logs.set_up("eas-capd", {"EAS_LOG": "json"}, stream)
    log.info("alert stored", extra=FIELDS)
    crash()
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first.pop("at").endswith("Z")
    assert first == {
        "unit": "eas-capd",
        "level": "INFO",
        "logger": "eas_station.capd.loop",
        "text": "alert stored",
        "EAS_ALERT_ID": "a-1",
        "EAS_EVENT_CODE": "TOR",
    }
    assert second["EAS_FEED"] == "nws"
    assert second["traceback"].splitlines()[-1] == "ValueError: a bug of ours"


def test_the_journal_gets_fields() -> None:
    with (
        TemporaryDirectory(prefix="eas-") as name,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal,
    ):
        path = str(Path(name) / "journal")
        journal.bind(path)
        handler = logs.JournalHandler("eas-sdrd@wx", io.StringIO(), path)
        logging.getLogger().addHandler(handler)
        log.warning("two\nlines", extra=FIELDS)
        fields = journal_fields(journal.recv(100_000))
        handler.close()
    assert fields["MESSAGE"] == "two\nlines"
    assert fields["PRIORITY"] == "4"
    assert fields["SYSLOG_IDENTIFIER"] == "eas-sdrd"
    assert fields["EAS_ALERT_ID"] == "a-1"
    assert fields["CODE_FUNC"] == "test_the_journal_gets_fields"
    assert "lower" not in fields


def test_a_journal_that_does_not_answer_is_replaced_by_prefixed_lines(tmp_path: Path) -> None:
    stream = io.StringIO()
    handler = logs.JournalHandler("eas-capd", stream, str(tmp_path / "absent"))
    logging.getLogger().addHandler(handler)
    crash()
    lines = stream.getvalue().splitlines()
    assert lines[0] == "<3>document dropped"
    assert lines[-1] == "<3>ValueError: a bug of ours"
    handler.close()


def test_the_journal_is_known_by_its_pipe(tmp_path: Path) -> None:
    with (tmp_path / "pipe").open("w") as pipe, (tmp_path / "other").open("w") as other:
        status = os.fstat(pipe.fileno())
        journal_stream = f"{status.st_dev}:{status.st_ino}"
        assert logs.is_journal(journal_stream, pipe)
        assert not logs.is_journal(journal_stream, other)
        assert not logs.is_journal(None, pipe)
    assert not logs.is_journal(journal_stream, io.StringIO())


def test_only_warnings_of_verbose_libraries_are_logged() -> None:
    stream = io.StringIO()
    logs.set_up("eas-capd", {}, stream)
    logging.getLogger("alembic.runtime.migration").info("context impl")
    logging.getLogger("urllib3.connectionpool").warning("pool is full")
    assert stream.getvalue() == "eas-capd: WARNING: pool is full\n"


def journal_fields(datagram: bytes) -> dict[str, str]:
    """The journal's native protocol, read as its documentation says."""
    fields: dict[str, str] = {}
    rest = datagram
    while rest:
        line, _, after = rest.partition(b"\n")
        if b"=" in line:
            name, _, value = line.partition(b"=")
            rest = after
        else:
            name = line
            (length,) = struct.unpack("<Q", after[:8])
            value, rest = after[8 : 8 + length], after[8 + length + 1 :]
        fields[name.decode()] = value.decode()
    return fields
