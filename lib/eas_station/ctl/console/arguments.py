"""The options that most commands have, and the configuration that they name."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from eas_station.config.load import INSTALLED, load
from eas_station.config.model import Config

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

DEVELOPMENT = Path("var/station.toml")  # what `eas-ctl run` writes


def finish(
    parser: argparse.ArgumentParser, run: Callable[[argparse.Namespace], int], json: bool = True
) -> None:
    """Add `--config FILE` and, if `json`, `--json`; `run` does the work."""
    add_config(parser)
    if json:
        add_json(parser)
    parser.set_defaults(func=run)


def add_config(parser: argparse.ArgumentParser) -> None:
    """`--config FILE`."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"default: {INSTALLED}; if that does not exist, {DEVELOPMENT}",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def load_config(path: Path | None) -> Config:
    """The configuration at `path`; by default the installed one, else that of `eas-ctl run`.

    Raises ConfigError.
    """
    if path is None and not INSTALLED.exists() and DEVELOPMENT.exists():
        return load(DEVELOPMENT)
    return load(path)
