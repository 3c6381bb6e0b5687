"""The page's keys, as the commands that change them open them, and their row in the audit."""

from __future__ import annotations

import getpass
import sys
import uuid

from eas_station.clock import utc_now
from eas_station.config.model import Config
from eas_station.ctl.console.open_record import open_record
from eas_station.errors import ConfigError, StoreError
from eas_station.store.keys.keyring import Keyring, path_in
from eas_station.store.records import audit
from eas_station.store.records.audit import AuditEntry

CLI = "cli"  # who, in the audit


def open_keyring(config: Config) -> Keyring:
    """The page's keys, there or not."""
    return Keyring(path_in(config.paths.state_dir))


def explained(error: StoreError) -> StoreError:
    """The error, with what helps when it is somebody else's file."""
    return StoreError(f"{error}; it belongs to eas-webd: say it with sudo")


def write_down(config: Config, action: str, subject: str, detail: str | None = None) -> None:
    """Record it in the audit. Without a database it holds all the same, and that is said."""
    entry = AuditEntry(
        audit_id=str(uuid.uuid4()),
        at=utc_now(),
        who=CLI,
        action=action,
        outcome="done",
        subject=subject,
        detail=f"by {_user()}" if detail is None else f"{detail}, by {_user()}",
    )
    try:
        database = open_record(config)
        try:
            with database.write() as connection:
                audit.record(connection, entry)
        finally:
            database.close()
    except (StoreError, ConfigError) as error:
        print(f"eas-ctl: done, but not in the audit: {error}", file=sys.stderr)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"
