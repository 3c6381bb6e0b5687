"""What the daemons were started with: they read the database, the paths and the station only then.

So `eas-ctl apply` knows whether it has to restart them, or only to reload.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from eas_station.config.model import Config

MARK = "applied"  # in the runtime directory, which is empty after a boot


def is_applied(config: Config) -> bool:
    """Whether the daemons run with these."""
    try:
        return _mark(config).read_text(encoding="ascii") == fingerprint(config)
    except OSError:
        return False


def mark_applied(config: Config) -> None:
    """From now on they do. Raises OSError."""
    _mark(config).write_text(fingerprint(config), encoding="ascii")


def mark_at_boot(config: Config) -> None:
    """The first start after a boot is with what the configuration says then."""
    if not _mark(config).exists():
        mark_applied(config)


def fingerprint(config: Config) -> str:
    """Stands for what daemons take over only when they start."""
    parts = (config.database, config.paths, config.station, config.remotes)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _mark(config: Config) -> Path:
    return config.paths.runtime_dir / MARK
