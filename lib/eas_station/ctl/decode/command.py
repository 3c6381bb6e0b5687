"""`eas-ctl decode`: the SAME messages of recordings, a pipe or a radio capture.

One line per message as soon as it is known: the header exactly as sent, or NNNN.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from eas_station.ctl.console.progress import ProgressBar
from eas_station.ctl.decode.audio_files import STANDARD_INPUT
from eas_station.ctl.decode.burst_plot import BurstPlot
from eas_station.ctl.decode.listening import IQ_FORMATS, Options, listen
from eas_station.ctl.decode.many_files import decode_many, sound_files
from eas_station.ctl.decode.rows import json_row, text_row
from eas_station.decoder.combining.burst_group import Policy
from eas_station.errors import EXIT_FINE, SourceError


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `decode` to the commands."""
    parser = subparsers.add_parser(
        "decode",
        help="SAME messages of a recording, a pipe or a radio capture",
        description="Prints one line per SAME message as soon as it is known.",
        epilog=(
            "A live receiver: rtl_fm -f 162.55M -M fm -s 22050 -E deemp | "
            "eas-ctl decode --rate 22050 -"
        ),
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help='WAV, FLAC, OGG, raw samples; a directory of them; "-": stdin',
    )
    parser.add_argument(
        "--rate", type=float, metavar="HZ", help="of raw samples: s16le mono, or IQ"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line, with evidence")
    parser.add_argument("--iq", choices=sorted(IQ_FORMATS), help="FILE is a radio capture")
    parser.add_argument("--center", type=float, metavar="HZ", help="centre frequency of a capture")
    parser.add_argument(
        "--min-posterior",
        type=_probability,
        default=Policy().usual,
        metavar="P",
        help="how probable a header must be to be printed (default %(default)s)",
    )
    parser.add_argument(
        "--jobs",
        type=_jobs,
        default=len(os.sched_getaffinity(0)),
        metavar="N",
        help="files that are decoded at once (default: one a processor, %(default)s)",
    )
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE.svg|png",
        help="draw the bursts of the first header: sound, soft bits, repaired characters",
    )
    parser.set_defaults(func=run)


def _probability(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("a probability lies between 0 and 1")
    return value


def _jobs(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 256:
        raise argparse.ArgumentTypeError("from 1 to 256 files at once")
    return value


def run(args: argparse.Namespace) -> int:
    """Decode and print. Raises SourceError."""
    options = Options(args.min_posterior, args.rate, args.iq, args.center)
    progress = ProgressBar(sys.stderr)
    try:
        if len(args.files) == 1 and not Path(args.files[0]).is_dir():
            _decode_one(args.files[0], options, args, progress)
            return EXIT_FINE
        if args.plot is not None:
            raise SourceError("--plot draws the message of one file, not of many")
        files = list(_all_files(args.files, options))
        return decode_many(files, options, args.json, args.jobs, progress)
    finally:
        progress.clear()


def _all_files(names: list[str], options: Options) -> Iterator[str]:
    for name in names:
        if name == STANDARD_INPUT:
            raise SourceError("standard input cannot be decoded together with files")
        if Path(name).is_dir():
            raw = options.raw_rate_hz is not None
            yield from (str(path) for path in sound_files(Path(name), raw))
        else:
            yield name


def _decode_one(
    name: str, options: Options, args: argparse.Namespace, progress: ProgressBar
) -> None:
    plot = None if args.plot is None else BurstPlot(args.plot)
    row = json_row if args.json else text_row
    for heard in listen(name, options, None if plot is None else plot.ear, _told(progress)):
        line = row(heard, None)
        if line is not None:
            progress.clear()
            print(line, flush=True)
        if plot is not None:
            plot.take(heard)
    if plot is not None:
        plot.draw()


def _told(progress: ProgressBar) -> Callable[[float, float | None], None]:
    def told(heard_s: float, length_s: float | None) -> None:
        if length_s:
            progress.show(heard_s / length_s, f"of {length_s / 60:.0f} min")

    return told
