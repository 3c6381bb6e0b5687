"""`eas-ctl units`: what the umbrella units run, eas-sdrd.service and eas-audiod.service."""

from __future__ import annotations

import argparse
from contextlib import suppress
from typing import TYPE_CHECKING

from eas_station.ctl.console import invocation
from eas_station.ctl.units.applied import mark_at_boot
from eas_station.ctl.units.generator import UMBRELLAS
from eas_station.ctl.units.systemd import Systemd, UnitPlan, configured, demand_systemd, plan
from eas_station.errors import EXIT_FINE

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(commands: Commands) -> None:
    """Add `units` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "units",
        help="start the configured instances, stop the others",
        description="For systemd; by hand, say `systemctl reload eas-sdrd` or `eas-ctl apply`.",
    )
    parser.add_argument("action", choices=("start", "reload"))
    parser.add_argument("umbrella", choices=UMBRELLAS)
    invocation.add_config(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Queue what makes the instances those that are configured; waits for none of them."""
    demand_systemd()
    config = invocation.load_config(args.config)
    wanted = configured(config, args.umbrella)
    systemd = Systemd()
    changed = systemd.read_units() if args.action == "reload" else ()
    todo = plan(wanted, systemd.states(f"{args.umbrella}@*.service"), changed)
    if args.action == "start":
        todo = UnitPlan(start=todo.start, stop=todo.stop)
        with suppress(OSError):  # then the next `eas-ctl apply` restarts more than it has to
            mark_at_boot(config)
    systemd.do(todo, wait=False)
    return EXIT_FINE
