"""Talking to systemd: which instances run, and starting, stopping and reloading them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eas_station.config.model import Config
from eas_station.ctl.units.generator import DROP_IN, instances
from eas_station.errors import OutsideError

BOOTED = Path("/run/systemd/system")  # sd_booted(3)
GENERATED = Path("/run/systemd/generator")
SYSTEMCTL = "/usr/bin/systemctl"
RUNNING = frozenset({"active", "activating", "reloading", "deactivating"})

Run = Callable[[Sequence[str]], str]


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """What is to be done so that those units run that are configured."""

    start: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    reload: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()


def plan(wanted: Iterable[str], states: dict[str, str], changed: Iterable[str]) -> UnitPlan:
    """Compare what is configured with what there is.

    Args:
        wanted: units that are configured.
        states: ActiveState of every unit that systemd knows.
        changed: units whose own settings have changed.
    """
    listed, other = tuple(wanted), set(changed)
    active = [unit for unit in listed if states.get(unit) in ("active", "reloading")]
    return UnitPlan(
        start=tuple(unit for unit in listed if states.get(unit) not in RUNNING),
        stop=tuple(sorted(u for u, s in states.items() if u not in listed and s != "inactive")),
        reload=tuple(unit for unit in active if unit not in other),
        restart=tuple(unit for unit in active if unit in other),
    )


def configured(config: Config, umbrella: str) -> tuple[str, ...]:
    """The instances of one umbrella: "eas-sdrd@wx.service"."""
    return tuple(f"{unit}.service" for of, unit in instances(config) if of == umbrella)


class Systemd:
    """The system's service manager, by systemctl."""

    def __init__(self, run: Run | None = None, generated: Path = GENERATED) -> None:
        self._run = run or _systemctl
        self._generated = generated

    def states(self, pattern: str) -> dict[str, str]:
        """The ActiveState of every unit of that pattern which systemd knows."""
        listed = self._run(("list-units", "--all", "--plain", "--no-legend", "--full", pattern))
        rows = (line.split() for line in listed.splitlines())
        return {row[0]: row[2] for row in rows if len(row) > 3}

    def read_units(self) -> tuple[str, ...]:
        """Have the generator run again; gives the units whose settings changed by it."""
        before = self._settings()
        self._run(("daemon-reload",))
        after = self._settings()
        return tuple(
            sorted(u for u in before.keys() | after.keys() if before.get(u) != after.get(u))
        )

    def do(self, todo: UnitPlan, wait: bool) -> None:
        """Carry the plan out; `wait`: until all of it is done."""
        block = () if wait else ("--no-block",)
        for verb, units in (
            ("stop", todo.stop),
            ("start", todo.start),
            ("restart", todo.restart),
            ("reload", todo.reload),
        ):
            if units:
                self._run((verb, *block, *units))

    def _settings(self) -> dict[str, str]:
        """What the generator has written, by unit."""
        found = {}
        for path in self._generated.glob(f"eas-*.d/{DROP_IN}"):
            found[path.parent.name.removesuffix(".d")] = path.read_text(encoding="utf-8")
        return found


def demand_systemd() -> None:
    """Raise OutsideError unless this can be asked of systemd, by root."""
    if not BOOTED.is_dir():
        raise OutsideError("systemd does not run this machine: there are no units to command")
    if os.geteuid() != 0:
        raise OutsideError("only root may do that: say it with sudo")


def _systemctl(arguments: Sequence[str]) -> str:
    try:
        done = subprocess.run((SYSTEMCTL, *arguments), capture_output=True, text=True, check=False)
    except OSError as error:
        raise OutsideError(f"systemctl cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        said = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        raise OutsideError(f"systemctl {' '.join(arguments)}: {said}")
    return done.stdout
