"""Decode many files, several at once; print what is in them in the order of their names."""

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
from eas_station.ctl.decode.listening import Options, listen
from eas_station.ctl.decode.rows import json_row, text_row
from eas_station.errors import EXIT_FAILED, EXIT_FINE, SourceError

SOUND = {".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aac", ".aif", ".aiff", ".wma"}
RAW = {".raw", ".bin", ".pcm", ".s16", ".s16le", ".cu8", ".cs16"}
POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Decoded:
    """The lines of one file; `failed` is the sentence why there are not all of them."""

    lines: tuple[str, ...]
    failed: str | None


def sound_files(folder: Path, raw: bool) -> list[Path]:
    """The files of a directory and below that may hold sound. Raises SourceError if none do.

    Args:
        raw: with raw samples, whose rate is known.
    """
    endings = SOUND | RAW if raw else SOUND
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in endings and p.is_file())
    if not found:
        raise SourceError(f"no sound file is in {folder}")
    return found


def decode_many(
    files: Sequence[str], options: Options, as_json: bool, jobs: int, progress: ProgressBar
) -> int:
    """Decode and print; a file that cannot be read does not stop the rest. The exit status."""
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
    context = multiprocessing.get_context("fork")  # nothing of ours runs in threads here
    with ProcessPoolExecutor(min(jobs, len(files)), context, _die_quietly) as pool:
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


def _die_quietly() -> None:
    """Ctrl-C reaches every process of the terminal: those that decode end without a word."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def decode_file(file: str, options: Options, as_json: bool) -> Decoded:
    """What one file says."""
    row = json_row if as_json else text_row
    lines: list[str] = []
    try:
        for heard in listen(file, options):
            line = row(heard, file)
            if line is not None:
                lines.append(line)
    except SourceError as error:
        return Decoded(tuple(lines), str(error))
    return Decoded(tuple(lines), None)
