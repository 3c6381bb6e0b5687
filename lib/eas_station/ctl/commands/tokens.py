"""eas-ctl tokens: what scripts show to the API."""

from __future__ import annotations

import argparse
import re
from typing import Any

from eas_station.clock import utc_now
from eas_station.config.model import Config
from eas_station.ctl.console.invocation import add_config, add_json, load_config, local, print_json
from eas_station.ctl.console.page_keys import explained, open_keyring, write_down
from eas_station.errors import InputError, StoreError
from eas_station.store.keys import tokens

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}\Z")


def add_parser(subparsers: Any) -> None:
    """`tokens add NAME [--scope] | list | revoke NAME`."""
    parser = subparsers.add_parser(
        "tokens",
        help="API tokens for scripts",
        description="A script shows its token in each request: "
        "Authorization: Bearer TOKEN. It is shown once, when it is made.",
    )
    commands = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
    add = commands.add_parser("add", help="make one, and print it")
    add.add_argument("name", metavar="NAME", help="what it is for, as in the audit")
    add.add_argument(
        "--scope", choices=("read", "write"), default="read", help="default: %(default)s"
    )
    listing = commands.add_parser("list", help="those there are, and when they were used")
    add_json(listing)
    revoke = commands.add_parser("revoke", help="it is worth nothing from now on")
    revoke.add_argument("name", metavar="NAME")
    for command, work in ((add, _add), (listing, _list), (revoke, _revoke)):
        add_config(command)
        command.set_defaults(func=run, work=work)


def run(args: argparse.Namespace) -> int:
    """Do what was asked for."""
    try:
        status: int = args.work(load_config(args.config), args)
    except StoreError as error:
        raise explained(error) from error
    return status


def _add(config: Config, args: argparse.Namespace) -> int:
    if not NAME.match(args.name):
        raise InputError('a name has 1 to 40 letters, digits, ".", "-" or "_"', args.name)
    keyring = open_keyring(config)
    with keyring.transaction() as connection:
        secret = tokens.add(connection, args.name, args.scope, utc_now())
    keyring.close()
    write_down(config, "add token", args.name, args.scope)
    print(secret)
    return 0


def _list(config: Config, args: argparse.Namespace) -> int:
    keyring = open_keyring(config)
    with keyring.transaction() as connection:
        listed = tokens.every(connection)
    keyring.close()
    if args.json:
        print_json({"tokens": listed})
        return 0
    for token in listed:
        used = "never used" if token.used_at is None else f"last used {local(token.used_at)}"
        print(f"{token.name:<24} {token.scope:<6} made {local(token.made_at)}, {used}")
    if not listed:
        print("There is no token.")
    return 0


def _revoke(config: Config, args: argparse.Namespace) -> int:
    keyring = open_keyring(config)
    with keyring.transaction() as connection:
        revoked = tokens.revoke(connection, args.name)
    keyring.close()
    if not revoked:
        raise InputError(f"there is no token {args.name}", args.name)
    write_down(config, "revoke token", args.name)
    print(f"The token {args.name} is worth nothing from now on.")
    return 0
