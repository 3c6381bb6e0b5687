"""The passwords and tokens of the status page, and their entries in the audit log."""

from __future__ import annotations

import getpass
import sqlite3
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager

from eas_station.clock import utc_now
from eas_station.config.model import Config
from eas_station.ctl.console.open_record import open_record
from eas_station.errors import ConfigError, StoreError
from eas_station.store.keys.keyring import Keyring, path_in
from eas_station.store.records import audit
from eas_station.store.records.audit import AuditEntry

CLI = "cli"  # the actor in the audit log


@contextmanager
def page_keys(config: Config) -> Iterator[sqlite3.Connection]:
    """One transaction on the file of passwords and tokens. Raises StoreError."""
    try:
        with (
            closing(Keyring(path_in(config.paths.state_dir))) as keyring,
            keyring.transaction() as connection,
        ):
            yield connection
    except StoreError as error:
        raise StoreError(f"{error}; the file belongs to eas-webd: use sudo") from error


def record_audit(config: Config, action: str, subject: str, detail: str | None = None) -> None:
    """Add an entry to the audit log; without a database, warn that there is none."""
    entry = AuditEntry(
        audit_id=str(uuid.uuid4()),
        at=utc_now(),
        who=CLI,
        action=action,
        outcome="done",
        subject=subject,
        detail=f"by {user()}" if detail is None else f"{detail}, by {user()}",
    )
    try:
        with open_record(config) as database, database.write() as connection:
            audit.record(connection, entry)
    except (StoreError, ConfigError) as error:
        print(f"eas-ctl: done, but not recorded in the audit log: {error}", file=sys.stderr)


def user() -> str:
    """The name of the user who runs this command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "an unknown user"
