"""`eas-ctl units`: the work of the umbrella units eas-sdrd.service and eas-audiod.service."""

from __future__ import annotations

import argparse
from contextlib import suppress

from eas_station.ctl.console import arguments
from eas_station.ctl.units.applied import mark_at_boot
from eas_station.ctl.units.generator import UMBRELLAS
from eas_station.ctl.units.systemd import Systemd, UnitPlan, configured, demand_systemd, plan
from eas_station.errors import EXIT_FINE


def add_parser(commands: arguments.Commands) -> None:
    """Add `units` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "units",
        description="Start the configured instances and stop the others. Used by systemd; to do"
        " the same by hand, run eas-ctl apply or systemctl reload eas-sdrd.",
    )
    parser.add_argument("action", choices=("start", "reload"))
    parser.add_argument("umbrella", choices=UMBRELLAS)
    arguments.finish(parser, run, json=False)


def run(args: argparse.Namespace) -> int:
    """Queue the jobs that start and stop instances; does not wait for them."""
    demand_systemd()
    config = arguments.load_config(args.config)
    wanted = configured(config, args.umbrella)
    systemd = Systemd()
    changed = systemd.read_units() if args.action == "reload" else ()
    todo = plan(wanted, systemd.states(f"{args.umbrella}@*.service"), changed)
    if args.action == "start":
        todo = UnitPlan(start=todo.start, stop=todo.stop)
        with suppress(OSError):  # then the next `eas-ctl apply` restarts more than needed
            mark_at_boot(config)
    systemd.do(todo, wait=False)
    return EXIT_FINE
