"""`eas-ctl config check`: is the configuration usable, and what does it amount to."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from eas_station.config.units import units
from eas_station.ctl.console import invocation
from eas_station.errors import EXIT_CONFIG, EXIT_FINE, ConfigError, Fault
from eas_station.wire import to_plain

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(commands: Commands) -> None:
    """Add `config` to the commands of eas-ctl."""
    parser = commands.add_parser("config", help="check the configuration")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="every fault of the configuration, or what it amounts to",
        description="Exit status: 0 usable, 78 at fault.",
    )
    check.add_argument("file", nargs="?", type=Path, help="the same as --config FILE")
    invocation.add_config(check)
    invocation.add_json(check)
    check.set_defaults(func=run_check)


def run_check(args: argparse.Namespace) -> int:
    """Check one configuration and say how it is."""
    try:
        config = invocation.load_config(args.file or args.config)
    except ConfigError as error:
        _show_faults(error.faults, as_json=args.json)
        return EXIT_CONFIG
    if args.json:
        print(json.dumps({"usable": True, "faults": [], "units": list(units(config))}, indent=2))
    else:
        print(f"{', '.join(config.files) or 'no file: the defaults'}: fine")
        for unit in units(config):
            print(f"  {unit}")
    return EXIT_FINE


def _show_faults(faults: tuple[Fault, ...], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"usable": False, "faults": to_plain(list(faults))}, indent=2))
        return
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(faults)} fault{'s' if len(faults) != 1 else ''}", file=sys.stderr)
