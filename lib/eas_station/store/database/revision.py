"""The revision of the database's schema. Apart from the migrations: daemons do not load Alembic."""

from __future__ import annotations

from sqlalchemy import Connection, column, inspect, select, table

from eas_station.errors import StoreError
from eas_station.store.database.schema import REVISION

alembic_version = table("alembic_version", column("version_num"))


def revision(connection: Connection) -> str | None:
    """The database's revision; None: it has no schema."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(select(alembic_version.c.version_num)).scalar()


def demand_current(connection: Connection) -> None:
    """Raise StoreError unless the schema is that of this version."""
    found = connection.execute(select(alembic_version.c.version_num)).scalar()
    if found != REVISION:
        raise StoreError(
            f"the database has schema {found}, this version needs {REVISION}:"
            " run 'eas-ctl db upgrade'"
        )
