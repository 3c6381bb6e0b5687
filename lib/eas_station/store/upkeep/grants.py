"""The privileges of each daemon's database role. PostgreSQL only; granted after every migration."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

from eas_station.store.database.schema import metadata

WRITERS = ("eas-capd", "eas-audiod")  # they store receptions
READERS = ("eas-sdrd", "eas-webd")
WRITES_OF: Mapping[str, tuple[str, ...]] = {  # tables that a reader writes: actions of operators
    "eas-webd": ("alert_flags", "audit", "clips", "desired_states", "numbers", "settings"),
    "eas-sdrd": ("channel_health",),
}
PARTS_OF: Mapping[str, tuple[str, ...]] = {  # what a reader writes of other tables
    "eas-webd": (  # an operator ends an alert
        "UPDATE (ends_at, ended_at, end_reason, end_kind, next_change_at) ON alerts",
        "INSERT ON changes",
    ),
}
VERSION = "alembic_version"


def grant_all(connection: Connection) -> None:
    """Grant every existing role what it needs, and nothing else."""
    asked = text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)")
    known = connection.execute(asked, {"names": [*WRITERS, *READERS]}).scalars().all()
    for role in known:
        for statement in statements(role):
            connection.execute(text(statement))


def statements(role: str) -> tuple[str, ...]:
    """The statements for one role, whatever its privileges were."""
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
    found += [f"GRANT {part} TO {grantee}" for part in PARTS_OF.get(role, ())]
    return tuple(found)
