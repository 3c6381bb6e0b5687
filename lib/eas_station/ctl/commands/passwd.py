"""`eas-ctl passwd`: the passwords of the status page."""

from __future__ import annotations

import argparse
import getpass
import sys

from eas_station.clock import utc_now
from eas_station.config.model import Config
from eas_station.ctl.console import arguments, output
from eas_station.ctl.console.page_access import page_keys, record_audit
from eas_station.errors import EXIT_FINE, InputError
from eas_station.store.keys import logins, passwords

DEFAULT_NAME = "operator"
LONGEST_NAME = 64


def add_parser(commands: arguments.Commands) -> None:
    """Add `passwd` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "passwd",
        description="Set the password of an operator. The status page can be read without a"
        " password; every change needs one. Existing sessions of the operator end.",
    )
    parser.add_argument(
        "name", nargs="?", default=DEFAULT_NAME, metavar="NAME", help=f"default: {DEFAULT_NAME}"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--stdin", action="store_true", help="read the password from the first line of stdin"
    )
    how.add_argument("--remove", action="store_true", help="remove the password of NAME")
    how.add_argument("--list", action="store_true", help="list the operators with a password")
    arguments.finish(parser, run, json=False)


def run(args: argparse.Namespace) -> int:
    """List, remove or set."""
    config = arguments.load_config(args.config)
    if args.list:
        return _list(config)
    name = _checked_name(args.name)
    return _remove(config, name) if args.remove else _set(config, name, args.stdin)


def _set(config: Config, name: str, from_stdin: bool) -> int:
    password = _from_stdin() if from_stdin else _prompt(name)
    fault = passwords.fault(password)
    if fault is not None:
        raise InputError(f"{fault}; nothing was changed")
    password_hash = passwords.hashed(password)
    with page_keys(config) as keys:
        logins.set_hash(keys, name, password_hash, utc_now())
    record_audit(config, "set password", name)
    print(f"The password of {name} is set. Existing sessions of {name} have ended.")
    return EXIT_FINE


def _remove(config: Config, name: str) -> int:
    with page_keys(config) as keys:
        removed = logins.remove(keys, name)
    if not removed:
        raise InputError(f"{name} has no password", name)
    record_audit(config, "remove password", name)
    print(f"The password of {name} is removed.")
    return EXIT_FINE


def _list(config: Config) -> int:
    with page_keys(config) as keys:
        listed = logins.every(keys)
    for login in listed:
        print(f"{login.name:<24} since {output.local_time(login.changed_at)}")
    if not listed:
        print("No password is set: the page is read-only.")
    return EXIT_FINE


def _checked_name(name: str) -> str:
    if not name.isprintable() or not 1 <= len(name) <= LONGEST_NAME or name != name.strip():
        raise InputError(f"a name has 1 to {LONGEST_NAME} printable characters", name)
    return name


def _from_stdin() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _prompt(name: str) -> str:
    """Read the password twice from the terminal, without echo."""
    if not sys.stdin.isatty():
        raise InputError(
            "no terminal to read the password from; use --stdin to read it from a pipe"
        )
    password = getpass.getpass(f"New password for {name}: ")
    if getpass.getpass("Again: ") != password:
        raise InputError("the passwords do not match; nothing was changed")
    return password
