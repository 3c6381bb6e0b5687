"""What is in force, exactly: how an alert ends, and alerts that turned out to be one."""

from __future__ import annotations

from datetime import datetime, timedelta

from alembic import op
from sqlalchemy import (
    JSON as PLAIN_JSON,
)
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    Text,
    bindparam,
    column,
    table,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"

TEXT = Text()
TIME = DateTime(timezone=True)
JSON = PLAIN_JSON().with_variant(JSONB(), "postgresql")
PARTS_TO_END = text("next_change_at IS NOT NULL AND ended_at IS NULL")
LIFETIME = timedelta(hours=24)  # of what gives no end: the default of default_lifetime_h

# Alerts without an end, but for those whose time is not known: heard by an untrusted clock.
ENDLESS = text(
    """SELECT alert_id, issued_at FROM alerts
    WHERE ended_at IS NULL AND ends_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM alert_receptions AS link
        JOIN receptions ON receptions.reception_id = link.reception_id
        WHERE link.alert_id = alerts.alert_id AND receptions.clock_trusted = :untrusted)"""
)


def upgrade() -> None:
    """Add the columns and the table; end what had no end."""
    op.add_column("alerts", Column("end_kind", TEXT, nullable=False, server_default="time"))
    op.add_column("alerts", Column("next_change_at", TIME))
    op.add_column("alerts", Column("expires_at", TIME))
    op.add_column("alerts", Column("events", JSON, nullable=False, server_default="[]"))
    op.add_column("alerts", Column("doubt", TEXT))
    op.create_index(
        "ix_alerts_next_change",
        "alerts",
        ["next_change_at"],
        postgresql_where=PARTS_TO_END,
        sqlite_where=PARTS_TO_END,
    )
    op.add_column("changes", Column("other_id", TEXT))
    op.add_column("alert_flags", Column("hidden_at", TIME))
    op.add_column("alert_flags", Column("hidden_by", TEXT))
    op.create_table(
        "joined_alerts",
        Column("alert_id", TEXT, nullable=False),
        Column("joined_id", TEXT, nullable=False),
        ForeignKeyConstraint(
            ["joined_id"],
            ["alerts.alert_id"],
            name="fk_joined_alerts_joined_id",
            ondelete="CASCADE",
        ),
        PrimaryKeyConstraint("alert_id", name="pk_joined_alerts"),
    )
    op.create_index("ix_joined_alerts_joined_id", "joined_alerts", ["joined_id"])
    end_the_endless(op.get_bind())


def end_the_endless(connection: Connection) -> None:
    """Give an end to the alerts that would have stayed in force for ever."""
    alerts = table(
        "alerts",
        *(column(name, TIME) for name in ("issued_at", "ends_at", "ended_at")),
        *(column(name, TEXT) for name in ("alert_id", "end_kind")),
    )
    found = connection.execute(ENDLESS, {"untrusted": False}).all()
    issued_of = {row.alert_id: _time(row.issued_at) for row in found}
    rows = [{"an_id": name, "until": at + LIFETIME} for name, at in issued_of.items()]
    if rows:
        ending = update(alerts).where(alerts.c.alert_id == bindparam("an_id"))
        values = {"ends_at": bindparam("until"), "end_kind": "no_end_given"}
        connection.execute(ending.values(values), rows)


def _time(value: datetime | str) -> datetime:
    """SQLite gives a text."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
