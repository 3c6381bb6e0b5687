"""Many processes, one log: each line with its process in front."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from eas_station.service.logs import COLOURS, unit_colour
from eas_station.wire import time_to_text

LONGEST_LINE = 1 << 20  # bytes; a process that writes no line end cannot fill the memory


class LogStream:
    """Where all lines come together."""

    def __init__(
        self,
        out: TextIO,
        colour: bool,
        as_json: bool,
        local_now: Callable[[], datetime],
        width: int,
    ) -> None:
        """`width`: of the longest process name."""
        self._out = out
        self._colour = colour
        self._as_json = as_json
        self._local_now = local_now
        self._width = width

    def say(self, unit: str, text: str, level: str = "INFO") -> None:
        """One line of our own about `unit`."""
        if self._as_json:
            at = time_to_text(self._local_now())
            record = {"at": at, "unit": unit, "level": level, "text": text}
            self._write(json.dumps(record, ensure_ascii=False))
        else:
            self._write(self._line(unit, level, text, ""))

    def pass_on(self, unit: str, line: str) -> str:
        """One line as `unit` wrote it; gives what a person would call its text."""
        record = _record(line)
        if record is None:
            self.say(unit, line)
            return line
        text = str(record.pop("text"))
        level = str(record.pop("level", "INFO"))
        trace = record.pop("traceback", None)
        if self._as_json:
            self._write(line)
            return text
        fields = "".join(
            f" {name.removeprefix('EAS_').lower()}={value}"
            for name, value in record.items()
            if name.isupper()
        )
        self._write(self._line(unit, level, text, fields))
        for traced in str(trace).splitlines() if trace else ():
            self._write(self._line(unit, level, f"  {traced}", ""))
        return text

    def _line(self, unit: str, level: str, text: str, fields: str) -> str:
        name = unit.ljust(self._width)
        at = f"{self._local_now():%H:%M:%S}"
        if level not in ("INFO", "DEBUG"):
            text = f"{level}: {text}"
        if not self._colour:
            return f"{name} {at} {text}{fields}"
        shade = COLOURS.get(level)
        text = f"\x1b[{shade}m{text}\x1b[0m" if shade else text
        name = f"\x1b[{unit_colour(unit)}m{name}\x1b[0m"
        return f"{name} \x1b[2m{at}\x1b[0m {text}\x1b[2m{fields}\x1b[0m"

    def _write(self, line: str) -> None:
        self._out.write(line + "\n")
        self._out.flush()


class Lines:
    """What a process writes into its pipe, line by line."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._rest = b""
        os.set_blocking(descriptor, False)

    def read(self) -> list[str] | None:
        """The lines that are complete by now; None: the pipe has ended."""
        try:
            block = os.read(self.descriptor, 65536)
        except BlockingIOError:
            return []
        if not block:
            return None
        *lines, self._rest = (self._rest + block).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            lines, self._rest = [*lines, self._rest], b""
        return [line.decode("utf-8", "replace") for line in lines]

    def last(self) -> str:
        """What was written after the last line end."""
        return self._rest.decode("utf-8", "replace")


def _record(line: str) -> dict[str, object] | None:
    """The record of a JSON line as `service.logs` writes it."""
    if not line.startswith("{"):
        return None
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and "text" in record else None
