"""`eas-ctl demo`: generate the material of the demonstration of `eas-ctl run`.

That is an IQ capture of seven weather radio channels and a folder of CAP documents, different each
time.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
from pathlib import Path

import numpy as np

from eas_station import tables
from eas_station.clock import utc_now
from eas_station.config.embedded import capture_path
from eas_station.config.load import load
from eas_station.ctl.console import arguments, output
from eas_station.ctl.demo import capture, script
from eas_station.ctl.demo.area import draw_area
from eas_station.ctl.demo.script import Script
from eas_station.errors import EXIT_FINE, OutsideError

SECONDS = 100.0
LEAD_S = 15.0  # of the capture are written before it appears
CAPTURE, CAP_FOLDER = "capture.cu8", "cap"


def add_parser(commands: arguments.Commands) -> None:
    """Add `demo` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "demo",
        description="Generate the material of the demonstration: an IQ capture of seven weather"
        " radio channels and a folder of CAP documents.",
    )
    actions = parser.add_subparsers(metavar="COMMAND", required=True)
    to_folder = actions.add_parser("capture", help=f"write {CAPTURE} and the folder {CAP_FOLDER}")
    to_folder.add_argument("directory", type=Path, help="the folder; an existing one is replaced")
    to_folder.set_defaults(func=run_capture)
    for_run = actions.add_parser("make", help="write them for the station of eas-ctl run")
    for_run.add_argument(
        "--var", type=Path, required=True, help="the folder of that station, with station.toml"
    )
    for_run.set_defaults(func=run_make)
    for action in (to_folder, for_run):
        action.add_argument("--seconds", type=float, default=SECONDS, help="default: %(default)s")
        action.add_argument("--seed", type=int, help="repeat an earlier result (default: random)")
        arguments.add_json(action)


def run_capture(args: argparse.Namespace) -> int:
    """Write the material for a random area, and print what it contains."""
    return _run(args, args.directory.absolute(), None)


def run_make(args: argparse.Namespace) -> int:
    """Write the material for the area of the embedded configuration, where that expects it."""
    var_dir = args.var.absolute()
    config = load(var_dir / "station.toml")
    return _run(args, capture_path(var_dir).parent, config.station.same_codes or None)


def _run(args: argparse.Namespace, directory: Path, same_codes: tuple[str, ...] | None) -> int:
    rng = np.random.default_rng(args.seed)
    known = tables.load()
    if same_codes is None:
        same_codes = draw_area(known, random.Random(int(rng.integers(1 << 62)))).same_codes  # noqa: S311
    drawn = script.draw(utc_now(), rng, known, same_codes)
    write(directory, drawn, rng, args.seconds)
    if args.json:
        output.print_json(_summary(directory, drawn, args.seconds))
    else:
        _print(directory, drawn, args.seconds, known)
    return EXIT_FINE


def write(
    directory: Path, drawn: Script, rng: np.random.Generator, seconds: float = SECONDS
) -> None:
    """Write the documents and the capture. Raises OutsideError.

    The folder replaces an older one as soon as it contains `LEAD_S` of the capture. The file then
    has its full length and is filled faster than it is played, so it can be played at once.
    """
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        try:
            _write(drawn, rng, seconds, new, directory)
        finally:
            shutil.rmtree(new, ignore_errors=True)  # still there if something failed
    except OSError as error:
        raise OutsideError(f"the demonstration cannot be written: {error}") from error


def _write(
    drawn: Script, rng: np.random.Generator, seconds: float, new: Path, directory: Path
) -> None:
    new.chmod(0o755)
    (new / CAP_FOLDER).mkdir()
    for document in drawn.documents:
        (new / CAP_FOLDER / document.name).write_text(document.text, encoding="utf-8")
    visible = False
    written_s = 0.0
    with (new / CAPTURE).open("wb") as file:
        for block in capture.blocks(drawn.transmissions, seconds, rng):
            file.write(block)
            written_s += len(block) / 2 / capture.RATE_HZ
            if not visible and written_s >= min(LEAD_S, seconds):
                file.flush()
                file.truncate(2 * round(seconds * capture.RATE_HZ))
                _replace(directory, new)
                visible = True


def _replace(directory: Path, new: Path) -> None:
    if directory.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        directory.rename(old / "old")
        new.rename(directory)
        shutil.rmtree(old)
    else:
        new.rename(directory)


def _print(directory: Path, drawn: Script, seconds: float, known: tables.Tables) -> None:
    rate_hz, center_hz = capture.RATE_HZ, capture.CENTER_HZ
    print(f"{directory / CAPTURE}: {seconds:g} s at {rate_hz} S/s, center {center_hz} Hz")
    for one in drawn.transmissions:
        print(f"{one.start_s:6.1f} s  {one.channel_hz / 1e6:.3f}  {one.header}")
    for document in drawn.documents:
        print(directory / CAP_FOLDER / document.name)
    area = ", ".join(known.location_name(code) for code in drawn.same_codes)
    print(f"{drawn.alert_count} alerts; area: {area}")


def _summary(directory: Path, drawn: Script, seconds: float) -> dict[str, object]:
    return {
        "capture": str(directory / CAPTURE),
        "cap_folder": str(directory / CAP_FOLDER),
        "rate_hz": capture.RATE_HZ,
        "center_hz": capture.CENTER_HZ,
        "seconds": seconds,
        "same_codes": drawn.same_codes,
        "alert_count": drawn.alert_count,
        "sendings": drawn.transmissions,
        "documents": tuple(document.name for document in drawn.documents),
    }
