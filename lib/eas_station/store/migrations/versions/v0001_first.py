"""The first schema."""

from __future__ import annotations

import uuid

from alembic import op
from sqlalchemy import (
    JSON as PLAIN_JSON,
)
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    UniqueConstraint,
    column,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from eas_station.store.migrations.station_tables_0001 import (
    clip_tables,
    hearing_tables,
    operation_tables,
)

revision = "0001"
down_revision = None

TEXT = Text()
TIME = DateTime(timezone=True)
NUMBER = BigInteger().with_variant(Integer(), "sqlite")
JSON = PLAIN_JSON().with_variant(JSONB(), "postgresql")
NOT_ENDED = text("ended_at IS NULL")
WORDS = Text().with_variant(TSVECTOR(), "postgresql")

# On SQLite a virtual table finds alerts by their words; triggers keep it as the alerts are.
WORDS_OF_SQLITE = (
    """CREATE VIRTUAL TABLE alert_words USING fts5(
        words, content='alerts', content_rowid='number', detail='none',
        tokenize='unicode61 remove_diacritics 0')""",
    """CREATE TRIGGER alert_words_new AFTER INSERT ON alerts BEGIN
        INSERT INTO alert_words (rowid, words) VALUES (new.number, new.words); END""",
    """CREATE TRIGGER alert_words_gone AFTER DELETE ON alerts BEGIN
        INSERT INTO alert_words (alert_words, rowid, words)
            VALUES ('delete', old.number, old.words); END""",
    """CREATE TRIGGER alert_words_changed AFTER UPDATE OF number, words ON alerts
        WHEN old.number IS NOT new.number OR old.words IS NOT new.words BEGIN
        INSERT INTO alert_words (alert_words, rowid, words)
            VALUES ('delete', old.number, old.words);
        INSERT INTO alert_words (rowid, words) VALUES (new.number, new.words); END""",
)


def upgrade() -> None:
    """Make the tables, and the rows that must be there."""
    alert_table()
    word_index()
    tables_of_alerts()
    reception_tables()
    change_tables()
    clip_tables()
    hearing_tables()
    operation_tables()
    op.bulk_insert(
        table("numbers", column("name"), column("last")),
        [{"name": name, "last": 0} for name in ("alert", "reception", "change")],
    )
    op.bulk_insert(
        table("meta", column("name"), column("value")),
        [{"name": "database_id", "value": str(uuid.uuid4())}],
    )


def alert_table() -> None:
    """Alerts."""
    op.create_table(
        "alerts",
        Column("number", NUMBER, autoincrement=False, nullable=False),
        Column("alert_id", TEXT, nullable=False),
        Column("status", TEXT, nullable=False),
        Column("is_test", Boolean(), nullable=False),
        Column("event_name", TEXT, nullable=False),
        Column("event_code", TEXT),
        Column("originator", TEXT),
        Column("issued_at", TIME, nullable=False),
        Column("first_received_at", TIME, nullable=False),
        Column("last_received_at", TIME, nullable=False),
        Column("ends_at", TIME),
        Column("end_reason", TEXT),
        Column("ended_at", TIME),
        Column("same_codes", JSON, nullable=False),
        Column("ugc_codes", JSON, nullable=False),
        Column("polygons", JSON, nullable=False),
        Column("relevance", JSON, nullable=False),
        Column("reception_count", Integer(), nullable=False),
        Column("same_header", TEXT),
        Column("severity", TEXT),
        Column("urgency", TEXT),
        Column("certainty", TEXT),
        Column("headline", TEXT),
        Column("description", TEXT),
        Column("instruction", TEXT),
        Column("area_text", TEXT),
        Column("sender_name", TEXT),
        Column("onset_at", TIME),
        Column("relevant", Boolean(), nullable=False),
        Column("ever_relevant", Boolean(), nullable=False, server_default=text("false")),
        Column("severity_rank", SmallInteger(), nullable=False),
        Column("via", TEXT),
        Column("words", WORDS),
        PrimaryKeyConstraint("number", name="pk_alerts"),
        UniqueConstraint("alert_id", name="uq_alerts_alert_id"),
    )
    op.create_index(
        "ix_alerts_active",
        "alerts",
        ["relevant", "severity_rank", "ends_at"],
        postgresql_where=NOT_ENDED,
        sqlite_where=NOT_ENDED,
    )
    op.create_index("ix_alerts_event", "alerts", ["event_code", "first_received_at", "number"])
    op.create_index(
        "ix_alerts_log",
        "alerts",
        [
            *("first_received_at", "number", "event_code", "is_test", "ever_relevant"),
            *("severity", "via", "ended_at", "ends_at"),
        ],
    )
    op.create_index(
        "ix_alerts_overdue",
        "alerts",
        ["ends_at"],
        postgresql_where=NOT_ENDED,
        sqlite_where=NOT_ENDED,
    )


def word_index() -> None:
    """By which words alerts are found."""
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_alerts_words", "alerts", ["words"], postgresql_using="gin")
        return
    for statement in WORDS_OF_SQLITE:
        op.execute(statement)


def tables_of_alerts() -> None:
    """By what alerts are found again, and what the operator made of them."""
    op.create_table(
        "alert_keys",
        Column("key_hash", TEXT, nullable=False),
        Column("alert_id", TEXT, nullable=False),
        Column("strength", TEXT, nullable=False),
        Column("text", TEXT, nullable=False),
        ForeignKeyConstraint(
            ["alert_id"], ["alerts.alert_id"], name="fk_alert_keys_alert_id", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("key_hash", "alert_id", name="pk_alert_keys"),
    )
    op.create_index("ix_alert_keys_alert_id", "alert_keys", ["alert_id"])
    op.create_table(
        "alert_flags",
        Column("alert_id", TEXT, nullable=False),
        Column("acknowledged_at", TIME),
        Column("acknowledged_by", TEXT),
        Column("keep", Boolean(), server_default=text("false"), nullable=False),
        Column("note", TEXT),
        ForeignKeyConstraint(
            ["alert_id"], ["alerts.alert_id"], name="fk_alert_flags_alert_id", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("alert_id", name="pk_alert_flags"),
    )


def reception_tables() -> None:
    """Receptions, and which alerts they belong to."""
    op.create_table(
        "receptions",
        Column("number", NUMBER, autoincrement=False, nullable=False),
        Column("reception_id", TEXT, nullable=False),
        Column("via", TEXT, nullable=False),
        Column("origin", TEXT, nullable=False),
        Column("channel", TEXT),
        Column("received_at", TIME, nullable=False),
        Column("raw", TEXT, nullable=False),
        Column("statement", JSON, nullable=False),
        Column("evidence", JSON),
        Column("signature", TEXT),
        Column("clock_trusted", Boolean(), nullable=False),
        Column("message_hash", TEXT),
        Column("repeats", Integer(), server_default="0", nullable=False),
        PrimaryKeyConstraint("number", name="pk_receptions"),
        UniqueConstraint("message_hash", name="uq_receptions_message_hash"),
        UniqueConstraint("reception_id", name="uq_receptions_reception_id"),
    )
    op.create_index("ix_receptions_origin", "receptions", ["origin", "received_at"])
    op.create_table(
        "alert_receptions",
        Column("alert_id", TEXT, nullable=False),
        Column("reception_id", TEXT, nullable=False),
        ForeignKeyConstraint(
            ["alert_id"],
            ["alerts.alert_id"],
            name="fk_alert_receptions_alert_id",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["reception_id"], ["receptions.reception_id"], name="fk_alert_receptions_reception_id"
        ),
        PrimaryKeyConstraint("alert_id", "reception_id", name="pk_alert_receptions"),
    )
    op.create_index("ix_alert_receptions_reception_id", "alert_receptions", ["reception_id"])


def change_tables() -> None:
    """Changes of alerts, and the numbers allocated under the lock."""
    op.create_table(
        "changes",
        Column("change_id", NUMBER, autoincrement=False, nullable=False),
        Column("alert_id", TEXT, nullable=False),
        Column("kind", TEXT, nullable=False),
        Column("at", TIME, nullable=False),
        Column("why", TEXT, nullable=False),
        Column("event_code", TEXT),
        ForeignKeyConstraint(
            ["alert_id"], ["alerts.alert_id"], name="fk_changes_alert_id", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("change_id", name="pk_changes"),
    )
    op.create_index("ix_changes_alert_id", "changes", ["alert_id", "change_id"])
    op.create_table(
        "numbers",
        Column("name", TEXT, nullable=False),
        Column("last", NUMBER, nullable=False),
        PrimaryKeyConstraint("name", name="pk_numbers"),
    )
    op.create_table(
        "meta",
        Column("name", TEXT, nullable=False),
        Column("value", TEXT, nullable=False),
        PrimaryKeyConstraint("name", name="pk_meta"),
    )
