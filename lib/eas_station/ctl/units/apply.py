"""`eas-ctl apply`: make the running station that of station.toml."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from eas_station.config.load import INSTALLED
from eas_station.config.model import Config
from eas_station.config.units import CAPD, WEBD
from eas_station.ctl.console import invocation
from eas_station.ctl.units.applied import is_applied, mark_applied
from eas_station.ctl.units.generator import SOCKET, UMBRELLAS, is_listenable
from eas_station.ctl.units.systemd import Systemd, UnitPlan, configured, demand_systemd, plan
from eas_station.errors import EXIT_FINE, ConfigError, Fault

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

SCHEMA = "eas-station-schema.service"
SECRETS = INSTALLED.parent / "credentials"
HANDED = Path(f"/run/credentials/{CAPD}.service")


def add_parser(commands: Commands) -> None:
    """Add `apply` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "apply",
        help="make the running station that of station.toml",
        description="Checks the configuration, then starts, stops and reloads what changed."
        " Exit status: 0 done, 2 systemd refused, 78 the configuration is at fault and nothing"
        " was touched.",
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Check, then change what runs; prints what it did."""
    demand_systemd()
    config = invocation.load_config(None)
    _demand_address(config)
    systemd = Systemd()
    changed = systemd.read_units()
    if has_new_secrets(SECRETS, HANDED):
        changed = (*changed, f"{CAPD}.service")
    anew = not is_applied(config)
    todo = whole_plan(config, systemd, changed, anew)
    if anew:
        systemd.do(UnitPlan(restart=(SCHEMA,)), wait=False)
    systemd.do(todo, wait=True)
    mark_applied(config)
    for line in said(todo):
        print(line)
    return EXIT_FINE


def whole_plan(config: Config, systemd: Systemd, changed: tuple[str, ...], anew: bool) -> UnitPlan:
    """What is to be done to every unit.

    Args:
        anew: the database, the paths or the station have changed, which every daemon reads at its
            start.
    """
    wanted = [f"{CAPD}.service", f"{WEBD}.service"]
    for umbrella in UMBRELLAS:
        wanted += configured(config, umbrella)
    states = systemd.states("eas-*.service")
    ours = {u: s for u, s in states.items() if u in wanted or u.startswith(_INSTANCES)}
    todo = plan(wanted, ours, wanted if anew else changed)
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


def has_new_secrets(folder: Path, handed: Path) -> bool:
    """Whether eas-capd was started with other secrets than those there are: it has copies.

    Args:
        handed: where systemd keeps the copies, "credentials_NAME" each; see the unit.
    """
    return _secrets(folder, "") != _secrets(handed, f"{folder.name}_")


def _secrets(folder: Path, prefix: str) -> dict[str, bytes]:
    try:
        files = [path for path in folder.iterdir() if path.is_file()]
        return {path.name.removeprefix(prefix): path.read_bytes() for path in files}
    except OSError:
        return {}


def said(todo: UnitPlan) -> list[str]:
    """The plan as lines for a person."""
    done = (
        ("stopped", todo.stop),
        ("started", todo.start),
        ("restarted", todo.restart),
        ("reloaded", todo.reload),
    )
    return [f"{word} {', '.join(units)}" for word, units in done if units] or ["nothing to do"]


def _without(units: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(unit for unit in units if unit not in others)


def _demand_address(config: Config) -> None:
    """systemd opens the page's socket before there is a network to look names up in."""
    if is_listenable(config.web.host):
        return
    message = 'must be "localhost", "*" or an address of this machine: systemd knows no names'
    place = config.files[0] if config.files else str(INSTALLED)
    raise ConfigError((Fault(place, None, "web.host", f'"{config.web.host}"', message),))
