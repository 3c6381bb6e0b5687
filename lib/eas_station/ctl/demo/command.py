"""eas-ctl demo: the material that `eas-ctl run` demonstrates the station with.

An IQ capture of seven weather radio channels and a folder of CAP documents, drawn anew each time.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from eas_station import tables
from eas_station.clock import utc_now
from eas_station.config.embedded import capture_path
from eas_station.config.load import load
from eas_station.ctl.console import invocation
from eas_station.ctl.demo import capture, script
from eas_station.ctl.demo.area import draw_area
from eas_station.ctl.demo.script import Script
from eas_station.errors import EXIT_FINE, OutsideError

SECONDS = 100.0
LEAD_S = 15.0  # of the capture are there before it is shown
CAPTURE, CAP_FOLDER = "capture.cu8", "cap"


@dataclass(frozen=True, slots=True)
class DemoScript:
    """What the demonstration sends, and where it lies."""

    capture: Path  # cu8
    cap_folder: Path
    rate_hz: int
    center_hz: int
    seconds: float  # of the capture, which is meant to be played in a loop
    script: Script

    @property
    def same_codes(self) -> tuple[str, ...]:
        """The area it is about: PSSCCC, for the station's configuration."""
        return self.script.same_codes


def draw_demo(
    directory: Path,
    now: datetime,
    rng: np.random.Generator,
    known: tables.Tables,
    seconds: float = SECONDS,
    same_codes: tuple[str, ...] | None = None,
) -> DemoScript:
    """Decide what the demonstration in `directory` will send; nothing is written yet.

    Args:
        same_codes: the area it is about; None: drawn too.
    """
    if same_codes is None:
        same_codes = draw_area(known, random.Random(int(rng.integers(1 << 62)))).same_codes  # noqa: S311
    return DemoScript(
        capture=directory / CAPTURE,
        cap_folder=directory / CAP_FOLDER,
        rate_hz=capture.RATE_HZ,
        center_hz=capture.CENTER_HZ,
        seconds=seconds,
        script=script.draw(now, rng, known, same_codes),
    )


def write_demo(demo: DemoScript, rng: np.random.Generator) -> None:
    """Write the documents and the capture.

    The folder appears at once and whole, in place of an older one, as soon as `LEAD_S` of the
    capture are in it. The file has its full length then, and is filled faster than it plays: who
    plays it need not wait for the end. Raises OutsideError.
    """
    directory = demo.capture.parent
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        try:
            _write(demo, rng, new)
        finally:
            shutil.rmtree(new, ignore_errors=True)  # gone already, unless something failed
    except OSError as error:
        raise OutsideError(f"the demonstration cannot be written: {error}") from error


def make_demo(
    directory: Path,
    now: datetime,
    rng: np.random.Generator,
    known: tables.Tables,
    seconds: float = SECONDS,
    same_codes: tuple[str, ...] | None = None,
) -> DemoScript:
    """Draw a demonstration and write it into `directory`. Raises OutsideError."""
    demo = draw_demo(directory, now, rng, known, seconds, same_codes)
    write_demo(demo, rng)
    return demo


def _write(demo: DemoScript, rng: np.random.Generator, new: Path) -> None:
    new.chmod(0o755)
    folder = new / CAP_FOLDER
    folder.mkdir()
    for document in demo.script.documents:
        (folder / document.name).write_text(document.text, encoding="utf-8")
    shown = False
    written_s = 0.0
    with (new / CAPTURE).open("wb") as file:
        for block in capture.blocks(demo.script.sendings, demo.seconds, rng):
            file.write(block)
            written_s += len(block) / 2 / demo.rate_hz
            if not shown and written_s >= min(LEAD_S, demo.seconds):
                file.flush()
                file.truncate(2 * round(demo.seconds * demo.rate_hz))
                _show(new, demo.capture.parent)
                shown = True


def _show(new: Path, directory: Path) -> None:
    """Put the new folder in the place of the old one."""
    if directory.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        directory.rename(old / "old")
        new.rename(directory)
        shutil.rmtree(old)
    else:
        new.rename(directory)


def add_parser(subparsers: Any) -> None:
    """`eas-ctl demo capture DIRECTORY` and `eas-ctl demo make --var DIR`."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "demo", help="make the material of the demonstration"
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    capture = commands.add_parser(
        "capture", help=f"write {CAPTURE} and the folder {CAP_FOLDER} with CAP documents"
    )
    capture.add_argument("directory", type=Path, help="replaced if it exists")
    capture.set_defaults(func=run_capture)
    make = commands.add_parser("make", help="the same for the station of `eas-ctl run`")
    make.add_argument("--var", type=Path, required=True, help="its folder, with station.toml")
    make.set_defaults(func=run_make)
    for command in (capture, make):
        command.add_argument("--seconds", type=float, default=SECONDS, help="default: %(default)s")
        command.add_argument("--seed", type=int, help="draw the same again; default: anew")
        invocation.add_json(command)


def run_capture(args: argparse.Namespace) -> int:
    """Write the material, about an area that is drawn, and say what it sends."""
    return _run(args, args.directory.absolute(), None)


def run_make(args: argparse.Namespace) -> int:
    """Write the material where the embedded configuration looks for it, about its area."""
    var_dir = args.var.absolute()
    config = load(var_dir / "station.toml")
    return _run(args, capture_path(var_dir).parent, config.station.same_codes or None)


def _run(args: argparse.Namespace, directory: Path, same_codes: tuple[str, ...] | None) -> int:
    rng = np.random.default_rng(args.seed)
    known = tables.load()
    demo = make_demo(directory, utc_now(), rng, known, args.seconds, same_codes)
    if args.json:
        invocation.print_json(_summary(demo))
    else:
        _print(demo, known)
    return EXIT_FINE


def _print(demo: DemoScript, known: tables.Tables) -> None:
    print(f"{demo.capture}: {demo.seconds:g} s at {demo.rate_hz} S/s round {demo.center_hz} Hz")
    for sending in demo.script.sendings:
        print(f"{sending.start_s:6.1f} s  {sending.channel_hz / 1e6:.3f}  {sending.header}")
    for document in demo.script.documents:
        print(demo.cap_folder / document.name)
    area = ", ".join(known.location_name(code) for code in demo.same_codes)
    print(f"{demo.script.alert_count} alerts; the area: {area}")


def _summary(demo: DemoScript) -> dict[str, object]:
    return {
        "capture": str(demo.capture),
        "cap_folder": str(demo.cap_folder),
        "rate_hz": demo.rate_hz,
        "center_hz": demo.center_hz,
        "seconds": demo.seconds,
        "same_codes": demo.same_codes,
        "alert_count": demo.script.alert_count,
        "sendings": demo.script.sendings,
        "documents": tuple(document.name for document in demo.script.documents),
    }
