"""The common main function of the daemons: arguments, configuration, log, exit status.

Exit status: 0 stopped; 1 a bug, or a name or an address in use; 78 a fault of the configuration.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from eas_station import __version__
from eas_station.config.load import load
from eas_station.config.model import Config
from eas_station.errors import EXIT_CONFIG, ConfigError, Fault, OutsideError
from eas_station.service import logs
from eas_station.service.daemon import Daemon

log = logging.getLogger(__name__)

EXIT_REFUSED = 1
InstanceOf = Literal["receiver", "source"]


def run(
    program: str,
    argv: list[str],
    compose: Callable[[Daemon], None],
    instance_of: InstanceOf | None = None,
) -> int:
    """Run one daemon until it is stopped.

    Args:
        program: "eas-capd"; with an instance the unit is "eas-sdrd@wx".
        compose: builds the daemon's parts from `daemon.config` and spawns its threads; quick, and
            without waiting for anything outside. Raises ConfigError or OutsideError.
        instance_of: the kind of table that `--name` selects from; None: there is one daemon.
    """
    args = _arguments(program, argv, instance_of)
    instance: str | None = args.name if instance_of else None
    unit = program if instance is None else f"{program}@{instance}"
    logs.set_up(unit, os.environ)
    try:
        return _run(unit, args.config, instance, instance_of, compose)
    except ConfigError as error:
        for fault in error.faults:
            log.error("%s", fault)
        log.error("the configuration has %s; not starting", _count(error.faults))
        return EXIT_CONFIG
    except OutsideError as error:
        log.error("%s", error)
        return EXIT_REFUSED
    except Exception:
        log.exception("%s crashed", unit)
        return 1


def _run(
    unit: str,
    path: Path | None,
    instance: str | None,
    instance_of: InstanceOf | None,
    compose: Callable[[Daemon], None],
) -> int:
    def read() -> Config:
        config = load(path)
        _check_instance(config, instance, instance_of)
        return config

    watchdog = os.environ.get("WATCHDOG_USEC")
    daemon = Daemon(unit, read(), reload=read, watchdog_usec=watchdog, instance=instance)
    with daemon:
        compose(daemon)
        _write_modules(os.environ.get("EAS_DEBUG_MODULES"))
        status = daemon.run()
    if daemon.hung:
        logging.shutdown()
        os._exit(status)  # the interpreter would wait for the thread
    return status


def _arguments(program: str, argv: list[str], instance_of: InstanceOf | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=program)
    parser.add_argument("--config", type=Path, metavar="FILE", help="default: the installed one")
    if instance_of:
        parser.add_argument("--name", required=True, help=f"name of the [[{instance_of}]]")
    parser.add_argument("--version", action="version", version=__version__)
    return parser.parse_args(argv)


def _check_instance(config: Config, name: str | None, instance_of: InstanceOf | None) -> None:
    if instance_of is None:
        return
    tables = config.receivers if instance_of == "receiver" else config.sources
    known = [table.name for table in tables]
    if name not in known:
        known_names = f"the configuration has {', '.join(known)}" if known else "there is none"
        raise ConfigError(
            (
                Fault(
                    file=config.files[0] if config.files else "(no configuration file)",
                    line=None,
                    key=f"{instance_of}.name",
                    value=f'"{name}"',
                    message=f"no [[{instance_of}]] of this name: {known_names}",
                ),
            )
        )


def _count(faults: tuple[Fault, ...]) -> str:
    return "1 fault" if len(faults) == 1 else f"{len(faults)} faults"


def _write_modules(path: str | None) -> None:
    """For tests: the modules that the daemon has loaded when it is ready."""
    if path is not None:
        Path(path).write_text("\n".join(sorted(sys.modules)) + "\n", encoding="utf-8")
