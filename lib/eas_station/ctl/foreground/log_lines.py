"""One log of many processes: each line begins with the name of its process."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import IO, TextIO

from eas_station.service.logs import COLOURS, unit_colour
from eas_station.wire import time_to_text

LONGEST_LINE = 1 << 20  # bytes; a longer line is split, so it cannot fill the memory


class LogStream:
    """Writes the lines of all processes, as text or as JSON. Safe for several threads."""

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
        self._lock = threading.Lock()

    def write(self, unit: str, text: str, level: str = "INFO") -> None:
        """Write one line about `unit`."""
        if self._as_json:
            at = time_to_text(self._local_now())
            record = {"at": at, "unit": unit, "level": level, "text": text}
            self._print(json.dumps(record, ensure_ascii=False))
        else:
            self._print(self._line(unit, level, text))

    def forward(self, unit: str, line: str) -> str:
        """Write one line that `unit` has printed; gives its text."""
        record = _record(line)
        if record is None:
            self.write(unit, line)
            return line
        text, level = str(record["text"]), str(record.get("level", "INFO"))
        trace = str(record.get("traceback") or "").splitlines()
        if self._as_json:
            self._print(line)
        else:
            traced = [self._line(unit, level, f"  {one}") for one in trace]
            self._print("\n".join([self._line(unit, level, text, record), *traced]))
        return text

    def _line(
        self, unit: str, level: str, text: str, record: Mapping[str, object] | None = None
    ) -> str:
        fields = "".join(
            f" {name.removeprefix('EAS_').lower()}={value}"
            for name, value in (record or {}).items()
            if name.isupper()
        )
        name, at = unit.ljust(self._width), f"{self._local_now():%H:%M:%S}"
        text = text if level in ("INFO", "DEBUG") else f"{level}: {text}"
        if not self._colour:
            return f"{name} {at} {text}{fields}"
        shade = COLOURS.get(level)
        text = f"\x1b[{shade}m{text}\x1b[0m" if shade else text
        name = f"\x1b[{unit_colour(unit)}m{name}\x1b[0m"
        return f"{name} \x1b[2m{at}\x1b[0m {text}\x1b[2m{fields}\x1b[0m"

    def _print(self, text: str) -> None:
        try:
            with self._lock:
                self._out.write(text + "\n")
                self._out.flush()
        except BrokenPipeError:  # as in `eas-ctl run | head`
            os.kill(os.getpid(), signal.SIGTERM)


def read_lines(pipe: IO[bytes]) -> Iterator[str]:
    """The lines that a process writes, until it closes the pipe."""
    for line in iter(lambda: pipe.readline(LONGEST_LINE), b""):
        yield line.removesuffix(b"\n").decode("utf-8", "replace")


def _record(line: str) -> dict[str, object] | None:
    """The record of a JSON line of `service.logs`; None if it is not one."""
    if not line.startswith("{"):
        return None
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and "text" in record else None
