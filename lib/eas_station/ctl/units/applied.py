"""The settings that the daemons were started with and read only then.

`eas-ctl apply` compares them with the configuration, to restart the daemons or only reload them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from eas_station.config.model import Config

FILE = "applied"  # in the runtime directory, which is empty after a boot


def is_applied(config: Config) -> bool:
    """Whether the daemons were started with these settings."""
    try:
        return _path(config).read_text(encoding="ascii") == fingerprint(config)
    except OSError:
        return False


def mark_applied(config: Config) -> None:
    """Note that the daemons have been started with these settings. Raises OSError."""
    _path(config).write_text(fingerprint(config), encoding="ascii")


def mark_at_boot(config: Config) -> None:
    """Note the settings of the first start after a boot."""
    if not _path(config).exists():
        mark_applied(config)


def fingerprint(config: Config) -> str:
    """A hash of the settings that daemons read only when they start."""
    parts = (config.database, config.paths, config.station, config.remotes)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _path(config: Config) -> Path:
    return config.paths.runtime_dir / FILE
