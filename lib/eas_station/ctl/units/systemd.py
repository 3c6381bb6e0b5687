"""The state of the units, and starting, stopping and reloading them by systemctl."""

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
    """The jobs after which exactly the configured units run."""

    start: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    reload: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()


def plan(wanted: Iterable[str], states: dict[str, str], changed: Iterable[str]) -> UnitPlan:
    """Compare the configured units with those that run.

    Args:
        wanted: the configured units.
        states: the ActiveState of each unit that systemd knows.
        changed: units whose settings have changed.
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
    """The service manager of the system, by systemctl."""

    def __init__(self, run: Run | None = None, generated: Path = GENERATED) -> None:
        self._run = run or _systemctl
        self._generated = generated

    def states(self, pattern: str) -> dict[str, str]:
        """The ActiveState of each unit that matches the pattern."""
        listed = self._run(("list-units", "--all", "--plain", "--no-legend", "--full", pattern))
        rows = (line.split() for line in listed.splitlines())
        return {row[0]: row[2] for row in rows if len(row) > 3}

    def read_units(self) -> tuple[str, ...]:
        """Run the generator again; gives the units whose settings have changed."""
        before = self._settings()
        self._run(("daemon-reload",))
        after = self._settings()
        return tuple(
            sorted(u for u in before.keys() | after.keys() if before.get(u) != after.get(u))
        )

    def do(self, todo: UnitPlan, wait: bool) -> None:
        """Carry out the plan; `wait`: return when all jobs are done."""
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
        """The drop-ins of the generator, by unit."""
        found = {}
        for path in self._generated.glob(f"eas-*.d/{DROP_IN}"):
            found[path.parent.name.removesuffix(".d")] = path.read_text(encoding="utf-8")
        return found


def demand_systemd() -> None:
    """Raise OutsideError unless systemd runs this machine and this process is root."""
    if not BOOTED.is_dir():
        raise OutsideError("this machine does not run systemd")
    if os.geteuid() != 0:
        raise OutsideError("only root can change units: use sudo")


def _systemctl(arguments: Sequence[str]) -> str:
    try:
        done = subprocess.run((SYSTEMCTL, *arguments), capture_output=True, text=True, check=False)
    except OSError as error:
        raise OutsideError(f"cannot run systemctl: {error.strerror}") from error
    if done.returncode != 0:
        message = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        raise OutsideError(f"systemctl {' '.join(arguments)}: {message}")
    return done.stdout
