"""`eas-ctl decode` as a child process, bounded in time, output and memory."""

from __future__ import annotations

import logging
import os
import selectors
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from eas_station.errors import OutsideError

OUTPUT_MOST_BYTES = 262_144  # an hour of headers is less
LONGEST_S = 60.0  # for one recording of two minutes; longer ones get more
SPEED_LEAST = 2.0  # of decoding, in seconds of audio per second
POLL_S = 0.2
OOM_SCORE = "1000"  # if memory runs out, the kernel ends the child and not eas-webd

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChildDecoder:
    """Decodes recordings, niced, one child for each."""

    command: tuple[str, ...] = ("eas-ctl",)
    nice: tuple[str, ...] = ("nice", "-n", "10")
    environment: dict[str, str] = field(default_factory=dict)

    def decode(self, path: Path, length_s: float, cancelled: Callable[[], bool]) -> str:
        """The output: JSON lines. Raises OutsideError."""
        longest_s = max(LONGEST_S, length_s / SPEED_LEAST)
        with subprocess.Popen(
            [*self.nice, *self.command, "decode", "--json", "--jobs", "1", "--", str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**self.environment, "OPENBLAS_NUM_THREADS": "1", "EAS_LOG": "json"},
            start_new_session=True,
        ) as child:
            _prefer_for_oom_kill(child.pid)
            try:
                output = _read(child, time.monotonic() + longest_s, cancelled)
                if child.wait(LONGEST_S) != 0:
                    raise OutsideError("the recording cannot be read")
            finally:
                child.kill()
        return output.decode("utf-8", "replace")


def _prefer_for_oom_kill(pid: int) -> None:
    try:
        Path(f"/proc/{pid}/oom_score_adj").write_text(OOM_SCORE)
    except OSError as error:
        log.debug("cannot set oom_score_adj of the child: %s", error)


def _read(
    child: subprocess.Popen[bytes], until_mono: float, cancelled: Callable[[], bool]
) -> bytes:
    """All output, within bounds. Raises OutsideError."""
    if child.stdout is None:
        raise OutsideError("the child has no output")
    output = b""
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            if cancelled():
                raise OutsideError("cancelled")
            if time.monotonic() > until_mono:
                raise OutsideError("decoding took too long and was cancelled")
            if not selector.select(POLL_S):
                continue
            block = os.read(child.stdout.fileno(), 65536)
            if not block:
                return output
            output += block
            if len(output) > OUTPUT_MOST_BYTES:
                raise OutsideError("the decoder wrote too much")
