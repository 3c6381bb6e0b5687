"""`eas-ctl decode`: decode the SAME messages of recordings, a pipe or a radio capture.

Each message is one line, printed as soon as it is known: the header as it was sent, or NNNN.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from eas_station.ctl.console import arguments
from eas_station.ctl.console.progress import ProgressBar
from eas_station.ctl.decode.audio_files import STANDARD_INPUT
from eas_station.ctl.decode.burst_plot import BurstPlot
from eas_station.ctl.decode.decoding import IQ_FORMATS, OnProgress, Options, decode
from eas_station.ctl.decode.many_files import decode_many, sound_files
from eas_station.ctl.decode.rows import json_row, text_row
from eas_station.decoder.combining.burst_group import Policy
from eas_station.errors import EXIT_FINE, SourceError


def add_parser(commands: arguments.Commands) -> None:
    """Add `decode` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "decode",
        description="Decode the SAME messages of a recording, a pipe or a radio capture, and print"
        " each as one line as soon as it is known. Exit status: 0 decoded, 2 a file could not be"
        " read.",
        epilog=(
            "Example, a live receiver: rtl_fm -f 162.55M -M fm -s 22050 -E deemp | "
            "eas-ctl decode --rate 22050 -"
        ),
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a WAV, FLAC, Ogg or raw file, or a folder of them; - is standard input",
    )
    parser.add_argument(
        "--rate",
        type=float,
        metavar="HZ",
        help="sample rate of raw samples (s16le mono) or of a capture",
    )
    parser.add_argument(
        "--json", action="store_true", help="print JSON, one object per line, with the evidence"
    )
    parser.add_argument("--iq", choices=sorted(IQ_FORMATS), help="the file is a radio capture")
    parser.add_argument(
        "--center", type=float, metavar="HZ", help="center frequency of the capture"
    )
    parser.add_argument(
        "--min-posterior",
        type=_probability,
        default=Policy().usual,
        metavar="P",
        help="print only headers of at least this probability (default: %(default)s)",
    )
    parser.add_argument(
        "--jobs",
        type=_jobs,
        default=len(os.sched_getaffinity(0)),
        metavar="N",
        help="decode N files in parallel (default: %(default)s, the number of processors)",
    )
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE.svg|png",
        help="draw the bursts of the first header: audio, soft bits, repaired characters",
    )
    parser.set_defaults(func=run)


def _probability(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("a probability is between 0 and 1")
    return value


def _jobs(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 256:
        raise argparse.ArgumentTypeError("must be 1 to 256")
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
            raise SourceError("--plot works with one file only")
        files = list(_all_files(args.files, options))
        return decode_many(files, options, args.json, args.jobs, progress)
    finally:
        progress.clear()


def _all_files(names: list[str], options: Options) -> Iterator[str]:
    for name in names:
        if name == STANDARD_INPUT:
            raise SourceError("standard input cannot be combined with other files")
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
    on_block = None if plot is None else plot.feed
    for finding in decode(name, options, on_block, _on_progress(progress)):
        line = row(finding, None)
        if line is not None:
            progress.clear()
            print(line, flush=True)
        if plot is not None:
            plot.take(finding)
    if plot is not None:
        plot.draw()


def _on_progress(progress: ProgressBar) -> OnProgress:
    def show(decoded_s: float, length_s: float | None) -> None:
        if length_s:
            progress.show(decoded_s / length_s, f"of {length_s / 60:.0f} min")

    return show
