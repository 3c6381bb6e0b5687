"""eas-ctl passwd: who may change something on the page."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Any

from eas_station.clock import utc_now
from eas_station.config.model import Config
from eas_station.ctl.console.invocation import add_config, load_config, local
from eas_station.ctl.console.page_keys import explained, open_keyring, write_down
from eas_station.errors import InputError, StoreError
from eas_station.store.keys import logins, passwords

USUAL_NAME = "operator"
LONGEST_NAME = 64


def add_parser(subparsers: Any) -> None:
    """`passwd [NAME] [--stdin | --remove | --list]`."""
    parser = subparsers.add_parser(
        "passwd",
        help="set the password of the page",
        description="Set the password that one needs to change something on the page: to start "
        "and stop, to acknowledge, to keep. Reading needs none. Logins of that name end.",
    )
    parser.add_argument(
        *("name",), nargs="?", default=USUAL_NAME, metavar="NAME", help=f"default: {USUAL_NAME}"
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--stdin", action="store_true", help="read it from the first line of stdin")
    how.add_argument("--remove", action="store_true", help="this name can log in no more")
    how.add_argument("--list", action="store_true", help="the names that can log in")
    add_config(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked for."""
    config = load_config(args.config)
    try:
        if args.list:
            return _list(config)
        name = _checked_name(args.name)
        return _remove(config, name) if args.remove else _set(config, name, args.stdin)
    except StoreError as error:
        raise explained(error) from error


def _set(config: Config, name: str, from_stdin: bool) -> int:
    password = _from_stdin() if from_stdin else _asked(name)
    fault = passwords.fault(password)
    if fault is not None:
        raise InputError(f"{fault}; nothing was changed")
    keyring = open_keyring(config)
    password_hash = passwords.hashed(password)
    with keyring.transaction() as connection:
        logins.set_hash(connection, name, password_hash, utc_now())
    keyring.close()
    write_down(config, "set password", name)
    print(f"The password of {name} is set; whoever was logged in with it no longer is.")
    return 0


def _remove(config: Config, name: str) -> int:
    keyring = open_keyring(config)
    with keyring.transaction() as connection:
        removed = logins.remove(connection, name)
    keyring.close()
    if not removed:
        raise InputError(f"{name} has no password", name)
    write_down(config, "remove password", name)
    print(f"{name} can log in no more.")
    return 0


def _list(config: Config) -> int:
    keyring = open_keyring(config)
    with keyring.transaction() as connection:
        listed = logins.every(connection)
    keyring.close()
    for login in listed:
        print(f"{login.name:<24} since {local(login.changed_at)}")
    if not listed:
        print("No password is set: the page can only be read.")
    return 0


def _checked_name(name: str) -> str:
    if not name.isprintable() or not 1 <= len(name) <= LONGEST_NAME or name != name.strip():
        raise InputError(f"a name has 1 to {LONGEST_NAME} characters, none of them invisible", name)
    return name


def _from_stdin() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _asked(name: str) -> str:
    """Typed twice, unseen. Without a terminal there is nobody to ask."""
    if not sys.stdin.isatty():
        raise InputError("there is no terminal to ask at; say --stdin to read it from a pipe")
    password = getpass.getpass(f"New password for {name}: ")
    if getpass.getpass("Again: ") != password:
        raise InputError("these were two different ones; nothing was changed")
    return password
