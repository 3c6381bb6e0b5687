"""`eas-ctl tokens`: the tokens with which scripts use the API."""

from __future__ import annotations

import argparse
import re

from eas_station.clock import utc_now
from eas_station.config.model import Config
from eas_station.ctl.console import arguments, output
from eas_station.ctl.console.page_access import page_keys, record_audit
from eas_station.errors import EXIT_FINE, InputError
from eas_station.store.keys import tokens

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}\Z")


def add_parser(commands: arguments.Commands) -> None:
    """Add `tokens` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "tokens",
        description="Manage the tokens of the API. A script sends its token with each request, as"
        " the header Authorization: Bearer TOKEN. A token is printed only when it is created.",
    )
    actions = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
    add = actions.add_parser("add", help="create a token and print it")
    add.add_argument("name", metavar="NAME", help="name of the token, used in the audit log")
    add.add_argument(
        "--scope", choices=("read", "write"), default="read", help="default: %(default)s"
    )
    listing = actions.add_parser("list", help="list the tokens and their last use")
    arguments.add_json(listing)
    revoke = actions.add_parser("revoke", help="revoke a token")
    revoke.add_argument("name", metavar="NAME", help="name of the token")
    for action, work in ((add, _add), (listing, _list), (revoke, _revoke)):
        arguments.add_config(action)
        action.set_defaults(func=run, work=work)


def run(args: argparse.Namespace) -> int:
    """Add, list or revoke."""
    status: int = args.work(arguments.load_config(args.config), args)
    return status


def _add(config: Config, args: argparse.Namespace) -> int:
    if not NAME.match(args.name):
        raise InputError('a name has 1 to 40 letters, digits, ".", "-" or "_"', args.name)
    with page_keys(config) as keys:
        secret = tokens.add(keys, args.name, args.scope, utc_now())
    record_audit(config, "add token", args.name, args.scope)
    print(secret)
    return EXIT_FINE


def _list(config: Config, args: argparse.Namespace) -> int:
    with page_keys(config) as keys:
        listed = tokens.every(keys)
    if args.json:
        output.print_json({"tokens": listed})
        return EXIT_FINE
    for token in listed:
        used = "never used"
        if token.used_at is not None:
            used = f"last used {output.local_time(token.used_at)}"
        created = output.local_time(token.made_at)
        print(f"{token.name:<24} {token.scope:<6} created {created}, {used}")
    if not listed:
        print("No tokens.")
    return EXIT_FINE


def _revoke(config: Config, args: argparse.Namespace) -> int:
    with page_keys(config) as keys:
        revoked = tokens.revoke(keys, args.name)
    if not revoked:
        raise InputError(f"there is no token {args.name}", args.name)
    record_audit(config, "revoke token", args.name)
    print(f"The token {args.name} is revoked.")
    return EXIT_FINE
