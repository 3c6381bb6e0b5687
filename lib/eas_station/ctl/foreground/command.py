"""`eas-ctl run`: the whole station in the foreground, for development and for a first look."""

from __future__ import annotations

import argparse
import errno
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from eas_station import tables
from eas_station.bus.unit_lock import LONGEST_PATH, lock_unit, make_directory
from eas_station.config.embedded import demo_dir, embedded, to_toml
from eas_station.config.key_types import LONGEST_NAME
from eas_station.config.load import load
from eas_station.config.model import Config
from eas_station.config.units import WEBD, units
from eas_station.ctl.demo.area import draw_area
from eas_station.ctl.foreground.children import Command, environment_of_children
from eas_station.ctl.foreground.log_lines import LogStream
from eas_station.ctl.foreground.supervisor import Foreground
from eas_station.errors import BusError, OutsideError

OURSELVES = "eas-ctl run"
FIRST_PORT, LAST_PORT = 8080, 8099
LONGEST_UNIT = len("eas-audiod@.notify") + LONGEST_NAME
ABSENT_FAMILY = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)  # a machine without IPv6
EVERYWHERE = ("", "*", "0.0.0.0", "::")  # noqa: S104 - compared with, not bound to
HEAD = """\
# Written by `eas-ctl run` at every start. To change something, copy it and say
# eas-ctl run --config COPY
"""


def add_parser(commands: Any) -> None:
    """Add `run` to the commands of eas-ctl."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "run",
        help="run the whole station in the foreground, without systemd",
        description="Runs the four daemons until Ctrl-C. Without --config it is a demonstration:"
        " a recorded radio, the National Weather Service and a folder of CAP documents.",
    )
    parser.add_argument(
        "--var",
        type=Path,
        default=Path("var"),
        metavar="DIR",
        help="where the demonstration keeps its state (default: ./var)",
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="run this configuration")
    parser.add_argument("--json", action="store_true", help="one JSON object per log line")
    parser.set_defaults(func=run)


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What is to be run."""

    config: Config
    path: Path  # of the configuration, as the daemons are told it
    var_dir: Path | None  # where the demonstration's material is to be made


def run(args: argparse.Namespace) -> int:
    """Run the station until a signal; gives the exit status."""
    for number in (signal.SIGTERM, signal.SIGHUP):  # as Ctrl-C, until the daemons are started
        signal.signal(number, signal.default_int_handler)
    with ExitStack() as stack:
        if args.config:
            plan = RunPlan(load(args.config), args.config, None)
            _check_port(plan.config)
        else:
            plan = stack.enter_context(_demonstration(args.var.absolute()))
        as_json = args.json or os.environ.get("EAS_LOG") == "json"
        return _run(plan, _stream(units(plan.config), as_json))


def _stream(names: tuple[str, ...], as_json: bool) -> LogStream:
    return LogStream(
        sys.stdout,
        colour=sys.stdout.isatty(),
        as_json=as_json,
        local_now=lambda: datetime.now().astimezone(),
        width=max(len(name) for name in (*names, OURSELVES)),
    )


def _run(plan: RunPlan, stream: LogStream) -> int:
    names = units(plan.config)
    notify_dir = plan.config.paths.runtime_dir
    make_directory(notify_dir)
    environment = environment_of_children(os.environ)
    stream.say(OURSELVES, f"starting {', '.join(names)}; Ctrl-C ends them all")
    _make_schema(plan, environment, stream)
    greeting = _Greeting(plan.config, stream)
    status = Foreground(_commands(plan), environment, notify_dir, stream, greeting).run()
    stream.say(OURSELVES, "everything has ended")
    return status


class _Greeting:
    """Says where the page is, and when everything runs."""

    def __init__(self, config: Config, stream: LogStream) -> None:
        self._web = config.web
        self._stream = stream
        self._waiting = set(units(config))

    def __call__(self, unit: str) -> None:
        """A daemon is ready."""
        if unit == WEBD and self._web.port:  # else the daemon itself says which it got
            page = f"http://{_for_url(self._web.host)}:{self._web.port}/"
            self._stream.say(OURSELVES, f"the page is at {page}")
        if unit in self._waiting:
            self._waiting.remove(unit)
            if not self._waiting:
                self._stream.say(OURSELVES, "all daemons are ready")


@contextmanager
def _demonstration(var_dir: Path) -> Iterator[RunPlan]:
    """The embedded configuration, written where the daemons read it; alone in its folder."""
    try:
        var_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutsideError(f"{var_dir} cannot be made: {error.strerror}") from error
    try:
        lock = lock_unit(var_dir, "eas-ctl-run")
    except BusError as error:
        raise OutsideError(
            f"{error}: end that station first (Ctrl-C where it runs), or give this one a folder of"
            " its own with --var"
        ) from error
    with lock, _runtime_dir(var_dir) as runtime_dir:
        shutil.rmtree(demo_dir(var_dir), ignore_errors=True)
        area = draw_area(tables.load(), random.SystemRandom())
        port = free_port("localhost")
        config = embedded(var_dir, runtime_dir, port, area.same_codes, area.point, (area.state,))
        path = var_dir / "station.toml"
        path.write_text(HEAD + to_toml(config), encoding="utf-8")
        config.paths.state_dir.mkdir(exist_ok=True)
        if config.web.port != FIRST_PORT:
            said = (
                f"port {FIRST_PORT} is taken by another program: the page takes {config.web.port}"
            )
            print(said, file=sys.stderr)
        yield RunPlan(load(path), path, var_dir)


@contextmanager
def _runtime_dir(var_dir: Path) -> Iterator[Path]:
    """A fresh folder for sockets and locks, gone afterwards: var/run, or, where that makes paths
    too long for a socket, one under the folder for temporary files."""
    folder = var_dir / "run"
    if len(os.fsencode(folder)) + 1 + LONGEST_UNIT > LONGEST_PATH:
        folder = Path(tempfile.mkdtemp(prefix="eas-station-"))
    shutil.rmtree(folder, ignore_errors=True)  # of a station that was ended by kill -9
    make_directory(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port(host: str) -> int:
    """The first port from 8080 on that nobody listens on. Raises OutsideError."""
    for port in range(FIRST_PORT, LAST_PORT + 1):
        if port_is_free(host, port):
            return port
    raise OutsideError(
        f"ports {FIRST_PORT} to {LAST_PORT} of {host} are all taken: end one of the programs that"
        " listen there, or run your own configuration with another web.port"
    )


def port_is_free(host: str, port: int) -> bool:
    """Whether the page could listen there."""
    try:
        found = socket.getaddrinfo(
            None if host in EVERYWHERE else host,
            port,
            type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE,
        )
    except OSError:
        return True  # the daemon has a better sentence for that
    for family, kind, protocol, _, address in found:
        try:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind(address)
        except OSError as error:
            if error.errno not in ABSENT_FAMILY:
                return False
    return True


def _check_port(config: Config) -> None:
    web = config.web
    if not port_is_free(web.host, web.port):
        raise OutsideError(
            f"port {web.port} of {web.host} is taken by another program: end it, or choose another"
            f" web.port in {config.files[0]}"
        )


def _make_schema(plan: RunPlan, environment: Mapping[str, str], stream: LogStream) -> None:
    """Bring the database to this version; without it the daemons spool and the page says so."""
    argv = (*_program("eas-ctl"), "db", "upgrade", "--config", str(plan.path))
    done = subprocess.run(
        argv, env=dict(environment), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode != 0:
        for line in (done.stdout + done.stderr).splitlines():
            stream.pass_on("eas-ctl db", line)
        stream.say("eas-ctl db", "the schema could not be made; going on without", "ERROR")


def _commands(plan: RunPlan) -> list[Command]:
    commands = []
    for unit in units(plan.config):
        program, _, name = unit.partition("@")
        argv = (*_program(program), "--config", str(plan.path))
        commands.append(Command(unit, (*argv, "--name", name) if name else argv))
    if plan.var_dir is not None:
        make = (*_program("eas-ctl"), "demo", "make", "--var", str(plan.var_dir))
        commands.insert(0, Command("demo", make, once=True))
    return commands


def _program(name: str) -> tuple[str, str]:
    """How to start a program of ours: with this interpreter, from beside this program."""
    for folder in (Path(sys.argv[0]).absolute().parent, Path(sys.executable).parent):
        if (folder / name).is_file():
            return sys.executable, str(folder / name)
    found = shutil.which(name)
    if found is None:
        raise OutsideError(f"{name} is not installed beside eas-ctl: run `make venv`")
    return sys.executable, found


def _for_url(host: str) -> str:
    if host in EVERYWHERE:
        return "localhost"
    return f"[{host}]" if ":" in host else host
