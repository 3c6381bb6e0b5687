"""Decode many files in parallel; print the findings in the order of the file names."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from eas_station.ctl.console.progress import ProgressBar
from eas_station.ctl.decode.decoding import Options, decode
from eas_station.ctl.decode.rows import json_row, text_row
from eas_station.errors import EXIT_FAILED, EXIT_FINE, SourceError

SOUND = {".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aac", ".aif", ".aiff", ".wma"}
RAW = {".raw", ".bin", ".pcm", ".s16", ".s16le", ".cu8", ".cs16"}
POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Decoded:
    """The lines of one file; `failed` is the error that ended it, if any."""

    lines: tuple[str, ...]
    failed: str | None


def sound_files(folder: Path, raw: bool) -> list[Path]:
    """The audio files below a folder. Raises SourceError if there are none.

    Args:
        raw: include files of raw samples.
    """
    endings = SOUND | RAW if raw else SOUND
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in endings and p.is_file())
    if not found:
        raise SourceError(f"no audio files in {folder}")
    return found


def decode_many(
    files: Sequence[str], options: Options, as_json: bool, jobs: int, progress: ProgressBar
) -> int:
    """Decode and print all files, also after errors; gives the exit status."""
    failures = 0
    for done, decoded in enumerate(_decoded(files, options, as_json, jobs, progress), start=1):
        progress.clear()
        for line in decoded.lines:
            print(line)
        sys.stdout.flush()
        if decoded.failed is not None:
            failures += 1
            print(f"eas-ctl: {decoded.failed}", file=sys.stderr)
        progress.show(done / len(files), f"{done} of {len(files)} files")
    return EXIT_FAILED if failures else EXIT_FINE


def _decoded(
    files: Sequence[str], options: Options, as_json: bool, jobs: int, progress: ProgressBar
) -> Iterator[Decoded]:
    if jobs == 1 or len(files) == 1:
        yield from (decode_file(file, options, as_json) for file in files)
        return
    context = multiprocessing.get_context("fork")  # this process has no threads
    with ProcessPoolExecutor(min(jobs, len(files)), context, _end_on_interrupt) as pool:
        pending = [pool.submit(decode_file, file, options, as_json) for file in files]
        try:
            for number, (file, future) in enumerate(zip(files, pending, strict=True)):
                yield _result(file, future, number, pending, progress)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _result(
    file: str,
    future: Future[Decoded],
    number: int,
    pending: Sequence[Future[Decoded]],
    progress: ProgressBar,
) -> Decoded:
    while True:
        try:
            return future.result(timeout=POLL_S)
        except TimeoutError:
            done = number + sum(later.done() for later in pending[number:])
            progress.show(done / len(pending), f"{done} of {len(pending)} files")
        except BrokenProcessPool:
            return Decoded((), f"{file}: the process that decoded it was killed")


def _end_on_interrupt() -> None:
    """Let Ctrl-C end the worker processes without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def decode_file(file: str, options: Options, as_json: bool) -> Decoded:
    """Decode one file."""
    row = json_row if as_json else text_row
    lines: list[str] = []
    try:
        for finding in decode(file, options):
            line = row(finding, file)
            if line is not None:
                lines.append(line)
    except SourceError as error:
        return Decoded(tuple(lines), str(error))
    return Decoded(tuple(lines), None)
