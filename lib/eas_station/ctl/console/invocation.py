"""What several commands share: the configuration, the output, hearing the daemons."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from pathlib import Path

from eas_station.bus.messages import BusMessage
from eas_station.bus.subscriber import Subscriber
from eas_station.config.load import INSTALLED, load
from eas_station.config.model import Config
from eas_station.config.units import heard_units
from eas_station.service.remote_units import remote_unit
from eas_station.wire import to_plain

DEVELOPMENT = Path("var/station.toml")  # what `eas-ctl run` writes
HEARING_S = 1.5  # last values come at once; a daemon that says nothing by then is not there


def add_config(parser: argparse.ArgumentParser) -> None:
    """`--config FILE`."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"default: {INSTALLED}, or {DEVELOPMENT} where that is not installed",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def load_config(path: Path | None) -> Config:
    """The configuration that was named, the installed one, or that of `eas-ctl run`.

    Raises ConfigError.
    """
    if path is None and not INSTALLED.exists() and DEVELOPMENT.exists():
        return load(DEVELOPMENT)
    return load(path)


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    json.dump(to_plain(value), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def hear(
    config: Config,
    topics: Iterable[str],
    enough: Callable[[list[BusMessage]], bool],
    longest_s: float = HEARING_S,
) -> list[BusMessage]:
    """What the daemons say on these topics now, until it is enough or the time is over.

    Daemons repeat their last word to whoever comes late, so a healthy station answers at once.
    """
    heard: list[BusMessage] = []
    until_s = time.monotonic() + longest_s
    where = partial(remote_unit, config)
    units = heard_units(config)
    with Subscriber(config.paths.runtime_dir, units, topics, remote=where) as subscriber:
        while not enough(heard):
            left_s = until_s - time.monotonic()
            message = subscriber.receive(left_s) if left_s > 0 else None
            if message is None:
                break
            heard.append(message)
    return heard


def local(moment: datetime | None) -> str:
    """A time as the operator's clock shows it; "-" if there is none."""
    return "-" if moment is None else moment.astimezone().strftime("%a %d %b %H:%M:%S")


def age(moment: datetime, now: datetime) -> str:
    """How long ago, in words: "12 s", "4 min", "3 h", "2 days"."""
    seconds = max(0, int((now - moment).total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 2 * 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} days"
