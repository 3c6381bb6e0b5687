"""Logging: journal fields under systemd, JSON lines, or lines of text.

The fields of a record are the keys of its `extra` in capitals: {"EAS_ALERT_ID": …}.
"""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import struct
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

from eas_station.wire import time_to_text

JOURNAL_SOCKET = "/run/systemd/journal/socket"
FIELD = re.compile(r"[A-Z][A-Z0-9_]*\Z")  # the journal's rule for the name of a field
LONGEST_TEXT = 48_000  # characters; a datagram has a maximum size
CHATTY = ("alembic", "urllib3", "waitress", "sqlalchemy")
PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3}
COLOURS = {"WARNING": "33", "ERROR": "31", "CRITICAL": "1;31", "DEBUG": "2"}


def set_up(unit: str, environment: Mapping[str, str], stream: TextIO | None = None) -> None:
    """Send the log of this process to `stream`, by default standard error.

    EAS_LOG=json: JSON lines. Otherwise, under systemd: the journal. Otherwise lines of text,
    coloured if `stream` is a terminal.
    """
    stream = stream or sys.stderr
    handler: logging.Handler
    if environment.get("EAS_LOG") == "json":
        handler = logging.StreamHandler(stream)
        handler.setFormatter(JsonFormatter(unit))
    elif is_journal(environment.get("JOURNAL_STREAM"), stream):
        handler = JournalHandler(unit, stream)
    else:
        handler = logging.StreamHandler(stream)
        handler.setFormatter(LineFormatter(unit, colour=stream.isatty()))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def is_journal(journal_stream: str | None, stream: TextIO) -> bool:
    """Whether `stream` is the pipe to the journal that JOURNAL_STREAM names."""
    if journal_stream is None:
        return False
    try:
        status = os.fstat(stream.fileno())
    except OSError:
        return False
    return journal_stream == f"{status.st_dev}:{status.st_ino}"


def fields_of(record: logging.LogRecord) -> dict[str, str]:
    """The fields of the record: the attributes whose names are in capitals."""
    return {k: str(v) for k, v in vars(record).items() if FIELD.match(k) and v is not None}


def one_line(
    unit: str, level: str, text: str, fields: Mapping[str, str], colour: bool = False
) -> str:
    """A record as a line of text: the process, the message, the fields."""
    shown = text if level == "INFO" else f"{level}: {text}"
    extra = "".join(f" {name.removeprefix('EAS_').lower()}={fields[name]}" for name in fields)
    if not colour:
        return f"{unit}: {shown}{extra}"
    shade = COLOURS.get(level)
    shown = f"\x1b[{shade}m{shown}\x1b[0m" if shade else shown
    extra = f"\x1b[2m{extra}\x1b[0m" if extra else ""
    return f"\x1b[{unit_colour(unit)}m{unit}\x1b[0m: {shown}{extra}"


def unit_colour(unit: str) -> str:
    """One colour per program, the same in every run."""
    program = unit.partition("@")[0]
    return {"eas-capd": "34", "eas-sdrd": "35", "eas-audiod": "36", "eas-webd": "32"}.get(
        program, "1"
    )


class LineFormatter(logging.Formatter):
    """One line of text; a traceback follows on lines of its own."""

    def __init__(self, unit: str, colour: bool) -> None:
        super().__init__()
        self._unit = unit
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        text, fields = record.getMessage(), fields_of(record)
        line = one_line(self._unit, record.levelname, text, fields, self._colour)
        trace = traceback_of(self, record)
        return f"{line}\n{trace}" if trace else line


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        line = {
            "at": time_to_text(datetime.fromtimestamp(record.created, UTC)),
            "unit": self._unit,
            "level": record.levelname,
            "logger": record.name,
            "text": record.getMessage(),
            **fields_of(record),
        }
        trace = traceback_of(self, record)
        if trace:
            line["traceback"] = trace
        return json.dumps(line, ensure_ascii=False)


class JournalHandler(logging.Handler):
    """Sends structured records to the journal; if that fails, `<N>` lines to stderr."""

    def __init__(self, unit: str, stream: TextIO, path: str = JOURNAL_SOCKET) -> None:
        super().__init__()
        self._program = unit.partition("@")[0]
        self._stream = stream
        self._path = path
        self._formatter = logging.Formatter()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(1.0)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        trace = traceback_of(self._formatter, record)
        text = record.getMessage() + (f"\n{trace}" if trace else "")
        text = text[:LONGEST_TEXT]
        priority = PRIORITIES.get(record.levelno, 2)
        fields = {
            **fields_of(record),
            "MESSAGE": text,
            "PRIORITY": str(priority),
            "SYSLOG_IDENTIFIER": self._program,
            "LOGGER": record.name,
            "THREAD_NAME": str(record.threadName),
            "CODE_FILE": record.pathname,
            "CODE_LINE": str(record.lineno),
            "CODE_FUNC": record.funcName or "",
        }
        try:
            self._socket.sendto(journal_datagram(fields), self._path)
        except OSError:
            lines = (f"<{priority}>{line}\n" for line in text.splitlines() or [""])
            self._stream.write("".join(lines))
            self._stream.flush()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        super().close()


def journal_datagram(fields: Mapping[str, str]) -> bytes:
    """The fields in the journal's native protocol: a value of several lines follows its length."""
    parts = []
    for name, value in fields.items():
        encoded = value.encode("utf-8", "replace")
        if b"\n" in encoded:
            parts.append(name.encode() + b"\n" + struct.pack("<Q", len(encoded)) + encoded)
        else:
            parts.append(name.encode() + b"=" + encoded)
    return b"\n".join(parts) + b"\n"


def traceback_of(formatter: logging.Formatter, record: logging.LogRecord) -> str | None:
    """The record's traceback as text."""
    if record.exc_info and record.exc_info[0] is not None:
        return formatter.formatException(record.exc_info)
    return None
