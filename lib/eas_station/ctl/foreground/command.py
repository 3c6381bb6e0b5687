"""`eas-ctl run`: the whole station in the foreground, for development and demonstration."""

from __future__ import annotations

import argparse
import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from eas_station.bus.unit_lock import make_directory
from eas_station.config.load import load
from eas_station.config.model import Config
from eas_station.config.units import WEBD, units
from eas_station.ctl.console import arguments
from eas_station.ctl.foreground.demonstration import demonstration
from eas_station.ctl.foreground.log_lines import LogStream
from eas_station.ctl.foreground.supervisor import Command, Supervisor, child_environment
from eas_station.errors import OutsideError

PROGRAM = "eas-ctl run"
FIRST_PORT, LAST_PORT = 8080, 8099
NO_SUCH_FAMILY = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)  # a machine without IPv6
EVERYWHERE = ("", "*", "0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


def add_parser(commands: arguments.Commands) -> None:
    """Add `run` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "run",
        description="Run all daemons in the foreground until Ctrl-C. Without --config, run a"
        " demonstration: a recorded radio, the feed of the National Weather Service and a folder"
        " of CAP documents.",
    )
    parser.add_argument(
        "--var",
        type=Path,
        default=Path("var"),
        metavar="DIR",
        help="the folder of the demonstration (default: ./var)",
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="run this configuration")
    parser.add_argument("--json", action="store_true", help="print each log line as JSON")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Run the station until a signal; gives the exit status."""
    for number in (signal.SIGTERM, signal.SIGHUP):  # like Ctrl-C, until the daemons are started
        signal.signal(number, signal.default_int_handler)
    as_json = args.json or os.environ.get("EAS_LOG") == "json"
    if args.config:
        config = load(args.config)
        _check_port(config)
        return _run(config, args.config, [], as_json)
    var_dir = args.var.absolute()
    port = free_port("localhost")
    with demonstration(var_dir, port) as path:
        if port != FIRST_PORT:
            print(f"port {FIRST_PORT} is in use: using {port} for the page", file=sys.stderr)
        material = (*_program("eas-ctl"), "demo", "make", "--var", str(var_dir))
        return _run(load(path), path, [Command("demo", material, once=True)], as_json)


def _run(config: Config, path: Path, first: list[Command], as_json: bool) -> int:
    """Run the daemons of the configuration at `path`, after the commands in `first`."""
    names = units(config)
    stream = LogStream(
        sys.stdout,
        colour=sys.stdout.isatty(),
        as_json=as_json,
        local_now=lambda: datetime.now().astimezone(),
        width=max(len(name) for name in (*names, PROGRAM)),
    )
    make_directory(config.paths.runtime_dir)
    environment = child_environment(os.environ)
    stream.write(PROGRAM, f"starting {', '.join(names)}; stop them with Ctrl-C")
    _migrate(path, environment, stream)
    commands = [*first, *(_daemon(unit, path) for unit in names)]
    status = Supervisor(commands, environment, stream, _greeting(config, stream)).run()
    stream.write(PROGRAM, "all processes have ended")
    return status


def _greeting(config: Config, stream: LogStream) -> Callable[[str], None]:
    """What to do when a daemon is ready: log the URL of the page, and when all are ready."""
    waiting = set(units(config))

    def ready(unit: str) -> None:
        if unit == WEBD and config.web.port:  # else eas-webd logs the port that it got
            page = f"http://{_for_url(config.web.host)}:{config.web.port}/"
            stream.write(PROGRAM, f"the page is at {page}")
        if unit in waiting:
            waiting.remove(unit)
            if not waiting:
                stream.write(PROGRAM, "all daemons are ready")

    return ready


def free_port(host: str) -> int:
    """The first free port from 8080 to 8099. Raises OutsideError."""
    for port in range(FIRST_PORT, LAST_PORT + 1):
        if port_is_free(host, port):
            return port
    raise OutsideError(
        f"ports {FIRST_PORT} to {LAST_PORT} of {host} are in use: stop one of the programs that"
        " use them, or run a configuration with another web.port"
    )


def port_is_free(host: str, port: int) -> bool:
    """Whether the page can listen there."""
    name = None if host in EVERYWHERE else host
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        return True  # eas-webd reports it
    for family, _, _, _, address in found:
        try:
            socket.create_server(address[:2], family=family).close()
        except OSError as error:
            if error.errno not in NO_SUCH_FAMILY:
                return False
    return True


def _check_port(config: Config) -> None:
    web = config.web
    if not port_is_free(web.host, web.port):
        raise OutsideError(
            f"port {web.port} of {web.host} is in use: stop the program that uses it, or set"
            f" another web.port in {config.files[0]}"
        )


def _migrate(path: Path, environment: Mapping[str, str], stream: LogStream) -> None:
    """Migrate the database; without it the daemons spool and the page shows why."""
    done = subprocess.run(
        (*_program("eas-ctl"), "db", "upgrade", "--config", str(path)),
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        for line in (done.stdout + done.stderr).splitlines():
            stream.forward("eas-ctl db", line)
        stream.write("eas-ctl db", "the database is not usable; continuing without it", "ERROR")


def _daemon(unit: str, path: Path) -> Command:
    program, _, name = unit.partition("@")
    argv = (*_program(program), "--config", str(path))
    return Command(unit, (*argv, "--name", name) if name else argv)


def _program(name: str) -> tuple[str, str]:
    """The command of a program beside this one, with this interpreter."""
    for folder in (Path(sys.argv[0]).absolute().parent, Path(sys.executable).parent):
        if (folder / name).is_file():
            return sys.executable, str(folder / name)
    found = shutil.which(name)
    if found is None:
        raise OutsideError(f"{name} is not installed: run make venv")
    return sys.executable, found


def _for_url(host: str) -> str:
    if host in EVERYWHERE:
        return "localhost"
    return f"[{host}]" if ":" in host else host
