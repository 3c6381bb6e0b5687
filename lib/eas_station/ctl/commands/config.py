"""`eas-ctl config check`: the errors of the configuration, or the units it results in."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from eas_station import tables
from eas_station.clock import utc_now
from eas_station.config.units import units
from eas_station.ctl.console import arguments, output
from eas_station.errors import EXIT_CONFIG, EXIT_FINE, ConfigError, Fault


def add_parser(commands: arguments.Commands) -> None:
    """Add `config` to the commands of eas-ctl."""
    parser = commands.add_parser("config", description="Check the configuration.")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="list the errors of the configuration, or the units it results in",
        description="List all errors of the configuration, or the units it results in."
        " Exit status: 0 valid, 78 invalid.",
    )
    check.add_argument("file", nargs="?", type=Path, help="the same as --config FILE")
    arguments.finish(check, run_check)


def run_check(args: argparse.Namespace) -> int:
    """Check one configuration and print the result."""
    try:
        config = arguments.load_config(args.file or args.config)
    except ConfigError as error:
        _show_faults(error.faults, as_json=args.json)
        return EXIT_CONFIG
    old = tables.outdated(utc_now().date())
    if args.json:
        found = {"usable": True, "faults": [], "units": units(config), "outdated_tables": old}
        output.print_json(found)
    else:
        print(f"{', '.join(config.files) or 'no file, the defaults'}: valid")
        for unit in units(config):
            print(f"  {unit}")
        if old:
            names = ", ".join(old)
            print(f"More than a year old: the tables of {names}. Install a newer version.")
    return EXIT_FINE


def _show_faults(faults: tuple[Fault, ...], as_json: bool) -> None:
    if as_json:
        output.print_json({"usable": False, "faults": faults})
        return
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(faults)} error{'s' if len(faults) != 1 else ''}", file=sys.stderr)
