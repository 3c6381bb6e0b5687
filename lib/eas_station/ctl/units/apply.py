"""`eas-ctl apply`: apply the configuration to the running station."""

from __future__ import annotations

import argparse
from pathlib import Path

from eas_station.config.load import INSTALLED
from eas_station.config.model import Config
from eas_station.config.units import CAPD, WEBD
from eas_station.ctl.console import arguments
from eas_station.ctl.units.applied import is_applied, mark_applied
from eas_station.ctl.units.generator import SOCKET, UMBRELLAS, is_listenable
from eas_station.ctl.units.systemd import Systemd, UnitPlan, configured, demand_systemd, plan
from eas_station.errors import EXIT_FINE, ConfigError, Fault

SCHEMA = "eas-station-schema.service"
CREDENTIALS = INSTALLED.parent / "credentials"
LOADED = Path(f"/run/credentials/{CAPD}.service")  # copies, see LoadCredential=


def add_parser(commands: arguments.Commands) -> None:
    """Add `apply` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "apply",
        description="Check the configuration, then start, stop, restart and reload the units that"
        " it changes. Exit status: 0 done, 2 systemd refused, 78 the configuration is invalid and"
        " nothing was changed.",
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Check, then change the units; prints the changes."""
    demand_systemd()
    config = arguments.load_config(None)
    _check_address(config)
    systemd = Systemd()
    changed = systemd.read_units()
    if credentials_changed(CREDENTIALS, LOADED):
        changed = (*changed, f"{CAPD}.service")
    restart_all = not is_applied(config)
    todo = whole_plan(config, systemd, changed, restart_all)
    if restart_all:
        systemd.do(UnitPlan(restart=(SCHEMA,)), wait=False)
    systemd.do(todo, wait=True)
    mark_applied(config)
    for line in summary(todo):
        print(line)
    return EXIT_FINE


def whole_plan(
    config: Config, systemd: Systemd, changed: tuple[str, ...], restart_all: bool
) -> UnitPlan:
    """The plan for all units.

    Args:
        restart_all: settings have changed that every daemon reads only when it starts.
    """
    wanted = [f"{CAPD}.service", f"{WEBD}.service"]
    for umbrella in UMBRELLAS:
        wanted += configured(config, umbrella)
    states = systemd.states("eas-*.service")
    known = {u: s for u, s in states.items() if u in wanted or u.startswith(_INSTANCES)}
    todo = plan(wanted, known, wanted if restart_all else changed)
    if SOCKET in changed:
        page = (SOCKET, f"{WEBD}.service")
        return UnitPlan(
            start=_without(todo.start, page),
            stop=todo.stop,
            reload=_without(todo.reload, page),
            restart=(*page, *_without(todo.restart, page)),
        )
    return todo


_INSTANCES = tuple(f"{umbrella}@" for umbrella in UMBRELLAS)


def credentials_changed(folder: Path, loaded: Path) -> bool:
    """Whether eas-capd was started with other credentials than those in the folder.

    Args:
        loaded: where systemd keeps the copies, each as "credentials_NAME".
    """
    return _files(folder, "") != _files(loaded, f"{folder.name}_")


def _files(folder: Path, prefix: str) -> dict[str, bytes]:
    try:
        files = [path for path in folder.iterdir() if path.is_file()]
        return {path.name.removeprefix(prefix): path.read_bytes() for path in files}
    except OSError:
        return {}


def summary(todo: UnitPlan) -> list[str]:
    """The plan in words."""
    done = (
        ("stopped", todo.stop),
        ("started", todo.start),
        ("restarted", todo.restart),
        ("reloaded", todo.reload),
    )
    return [f"{word} {', '.join(units)}" for word, units in done if units] or ["nothing changed"]


def _without(units: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(unit for unit in units if unit not in others)


def _check_address(config: Config) -> None:
    """systemd opens the socket of the page before names can be resolved. Raises ConfigError."""
    if is_listenable(config.web.host):
        return
    message = 'must be "localhost", "*" or an IP address of this machine'
    place = config.files[0] if config.files else str(INSTALLED)
    raise ConfigError((Fault(place, None, "web.host", f'"{config.web.host}"', message),))
