"""What each daemon's database role may do. PostgreSQL only; given after every migration."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

from eas_station.store.database.schema import metadata

WRITERS = ("eas-capd", "eas-audiod")  # they record what was heard, whole
READERS = ("eas-sdrd", "eas-webd")
WRITES_OF: Mapping[str, tuple[str, ...]] = {  # of a reader: what the operator decides on the page
    "eas-webd": ("alert_flags", "audit", "clips", "desired_states", "numbers", "settings"),
    "eas-sdrd": ("channel_health",),
}
VERSION = "alembic_version"


def give(connection: Connection) -> None:
    """Give every role that there is what it needs, and nothing else."""
    asked = text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)")
    known = connection.execute(asked, {"names": [*WRITERS, *READERS]}).scalars().all()
    for role in known:
        for statement in statements(role):
            connection.execute(text(statement))


def statements(role: str) -> tuple[str, ...]:
    """What makes a role what it should be, whatever it was before."""
    tables = sorted(metadata.tables)
    writes = tuple(tables) if role in WRITERS else WRITES_OF.get(role, ())
    grantee = f'"{role}"'
    found = [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {grantee}",
        f"GRANT USAGE ON SCHEMA public TO {grantee}",
        f"GRANT SELECT ON {', '.join((*tables, VERSION))} TO {grantee}",
    ]
    if writes:
        found.append(f"GRANT INSERT, UPDATE, DELETE ON {', '.join(writes)} TO {grantee}")
    return tuple(found)
