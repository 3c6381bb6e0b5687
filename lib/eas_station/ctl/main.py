"""The composition root of eas-ctl: one module per command, loaded only when it is used."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from eas_station import __version__
from eas_station.ctl.console.privileges import WEBD_USER, act_as_station
from eas_station.errors import EXIT_CONFIG, EXIT_FAILED, ConfigError, InputError, OutsideError

# Command → its module and its summary.
COMMANDS = {
    "run": ("foreground.command", "run the whole station in the foreground, without systemd"),
    "status": ("commands.status", "show the state of the station and its daemons"),
    "alerts": ("commands.alerts", "list alerts"),
    "show": ("commands.alerts", "show one alert"),
    "end": ("commands.end", "end or hide an alert"),
    "sources": ("commands.inputs", "show the audio sources"),
    "receivers": ("commands.inputs", "show the radio receivers"),
    "feeds": ("commands.feeds", "show, poll or test the feeds"),
    "inject": ("commands.inject", "submit an alert as if it had been received"),
    "decode": ("decode.command", "decode the SAME messages of a recording or a capture"),
    "encode": ("decode.encode", "write a SAME message as a WAV file"),
    "cap": ("commands.cap", "explain a CAP document"),
    "replay": ("commands.replay", "play recorded receptions through the rules"),
    "config": ("commands.config", "check the configuration"),
    "apply": ("units.apply", "apply the configuration to the running station"),
    "backup": ("record.backup", "write the database and the configuration to a file"),
    "restore": ("record.restore", "restore a backup"),
    "maintenance": ("record.maintenance", "run the daily maintenance: retention, vacuum, backup"),
    "db": ("record.db", "create, migrate or move the database"),
    "passwd": ("commands.passwd", "set, remove or list the passwords of the status page"),
    "tokens": ("commands.tokens", "manage API tokens"),
    "keys": ("commands.bus_keys", "show the keys for sharing receivers between machines"),
    "units": ("units.command", "start the configured instances; used by systemd"),
    "demo": ("demo.command", "generate the material of the demonstration"),
}
AS_STATION = frozenset({"alerts", "show", "end", "feeds", "inject", "maintenance"})  # not as root
AS_WEBD = frozenset({"passwd", "tokens"})  # as eas-webd, if started by root
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as in a shell


def main(argv: list[str]) -> int:
    """Run one command; gives the exit status."""
    parser = argparse.ArgumentParser(
        prog="eas-ctl",
        description="Control an EAS station.",
        epilog="\n".join(f"  {name:<11}  {summary}" for name, (_, summary) in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True, title="commands")
    name = argv[0] if argv else ""
    if name in COMMANDS:
        # Imported by name, so that `decode` does not load SQLAlchemy and `status` no numpy.
        module = importlib.import_module(f"eas_station.ctl.{COMMANDS[name][0]}")
        module.add_parser(commands)
    elif name and not name.startswith("-"):
        parser.error(f"no such command: {name}; the commands are {', '.join(COMMANDS)}")
    args = parser.parse_args(argv)
    if name in AS_STATION:
        act_as_station(args.config)
    elif name in AS_WEBD:
        act_as_station(args.config, WEBD_USER)
    return _run(args)


def _run(args: argparse.Namespace) -> int:
    try:
        status: int = args.func(args)
        sys.stdout.flush()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EXIT_CONFIG
    except (InputError, OutsideError) as error:
        print(f"eas-ctl: {error}", file=sys.stderr)
        return EXIT_FAILED
    except BrokenPipeError:  # as in `eas-ctl alerts | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return status
