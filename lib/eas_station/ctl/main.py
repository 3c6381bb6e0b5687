"""The composition root of eas-ctl: one module per command, loaded only when it is asked for."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from eas_station import __version__
from eas_station.ctl.console.privileges import WEBD_USER, act_as_station
from eas_station.errors import EXIT_CONFIG, EXIT_FAILED, ConfigError, InputError, OutsideError

# Command → its module and what it does.
COMMANDS = {
    "run": ("foreground.command", "run the whole station in the foreground, without systemd"),
    "status": ("commands.status", "how the station and its daemons are"),
    "alerts": ("commands.alerts", "the alerts, active or all"),
    "show": ("commands.alerts", "everything known of one alert"),
    "sources": ("commands.parts", "what is listened to, and how well"),
    "receivers": ("commands.parts", "the radios, and what they hear"),
    "feeds": ("commands.feeds", "how the feeds are; poll or try one"),
    "inject": ("commands.inject", "put an alert in, as if it had been received"),
    "decode": ("decode.command", "SAME messages of a recording or a capture"),
    "encode": ("decode.encode", "make the sound of a SAME message"),
    "cap": ("commands.cap", "explain a CAP document"),
    "replay": ("commands.replay", "play recorded receptions through the rules"),
    "config": ("commands.config", "check the configuration"),
    "apply": ("units.apply", "make the running station that of station.toml"),
    "backup": ("record.backup", "write the record and the configuration into one file"),
    "restore": ("record.restore", "put a backup back"),
    "maintenance": ("record.maintenance", "the daily work: retention, backup, vacuum"),
    "db": ("record.db", "make, migrate and move the database"),
    "passwd": ("commands.passwd", "set the password of the page"),
    "tokens": ("commands.tokens", "API tokens for scripts"),
    "keys": ("commands.bus_keys", "the keys for receivers on other machines"),
    "units": ("units.command", "start the configured instances; for systemd"),
    "demo": ("demo.command", "make the material of the demonstration"),
}
AS_STATION = frozenset({"alerts", "show", "feeds", "inject", "maintenance"})  # not as root
AS_WEBD = frozenset({"passwd", "tokens"})  # as root: become the page's user
EXIT_INTERRUPTED = 130  # as a shell says it of SIGINT


def main(argv: list[str]) -> int:
    """Run one command; gives the exit status."""
    parser = argparse.ArgumentParser(
        prog="eas-ctl",
        description="Ask and command an EAS station.",
        epilog="\n".join(f"  {name:<10} {says}" for name, (_, says) in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True, title="commands")
    asked = argv[0] if argv else ""
    if asked in COMMANDS:
        # By name, so that `eas-ctl decode` does not load a database and `eas-ctl status` no numpy.
        module = importlib.import_module(f"eas_station.ctl.{COMMANDS[asked][0]}")
        module.add_parser(commands)
    elif asked and not asked.startswith("-"):
        parser.error(f"no command {asked}; there are {', '.join(COMMANDS)}")
    args = parser.parse_args(argv)
    if asked in AS_STATION:
        act_as_station(args.config)
    elif asked in AS_WEBD:
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
