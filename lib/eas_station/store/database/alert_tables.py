"""The tables of alerts and receptions, the same for PostgreSQL and SQLite.

A column named after a field of `alerts.model` holds that field. Texts from outside can be long, so
they are indexed by a hash. Numbers of alerts, receptions and changes are allocated under the one
write lock (`numbers`), so they follow the order of commit.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    column,
    table,
    text,
)

from eas_station.store.database.columns import CleanText, Json, Number, UtcTime, Words

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

alerts = Table(
    "alerts",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),  # order of creation
    Column("alert_id", CleanText, nullable=False, unique=True),
    Column("status", CleanText, nullable=False),
    Column("is_test", Boolean, nullable=False),
    Column("event_name", CleanText, nullable=False),
    Column("event_code", CleanText),
    Column("originator", CleanText),
    Column("issued_at", UtcTime, nullable=False),
    Column("first_received_at", UtcTime, nullable=False),
    Column("last_received_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime),
    Column("end_reason", CleanText),
    Column("ended_at", UtcTime),
    Column("same_codes", Json, nullable=False),
    Column("ugc_codes", Json, nullable=False),
    Column("polygons", Json, nullable=False),
    Column("relevance", Json, nullable=False),
    Column("reception_count", Integer, nullable=False),
    Column("same_header", CleanText),
    Column("severity", CleanText),
    Column("urgency", CleanText),
    Column("certainty", CleanText),
    Column("headline", CleanText),
    Column("description", CleanText),
    Column("instruction", CleanText),
    Column("area_text", CleanText),
    Column("sender_name", CleanText),
    Column("onset_at", UtcTime),
    Column("end_kind", CleanText, nullable=False, server_default="time"),
    Column("next_change_at", UtcTime),
    Column("expires_at", UtcTime),
    Column("events", Json, nullable=False, server_default="[]"),
    Column("doubt", CleanText),
    Column("relevant", Boolean, nullable=False),  # of relevance, for the index
    # It concerns the station, or did until its places were released.
    Column("ever_relevant", Boolean, nullable=False, server_default=text("false")),
    Column("severity_rank", SmallInteger, nullable=False),  # 0 extreme to 9 test, for the index
    Column("via", CleanText),  # of its receptions: "same", "cap", "both"
    Column("words", Words),  # that it is found by, see alert_words
    Index(
        "ix_alerts_log",  # the log in its order, with every column that it is filtered by
        *("first_received_at", "number", "event_code", "is_test", "ever_relevant"),
        *("severity", "via", "ended_at", "ends_at"),
    ),
    Index("ix_alerts_event", "event_code", "first_received_at", "number"),
    Index(
        "ix_alerts_active",
        *("relevant", "severity_rank", "ends_at"),
        postgresql_where=text("ended_at IS NULL"),
        sqlite_where=text("ended_at IS NULL"),
    ),
    Index(
        "ix_alerts_overdue",
        "ends_at",
        postgresql_where=text("ended_at IS NULL"),
        sqlite_where=text("ended_at IS NULL"),
    ),
    Index(
        "ix_alerts_next_change",
        "next_change_at",
        postgresql_where=text("next_change_at IS NOT NULL AND ended_at IS NULL"),
        sqlite_where=text("next_change_at IS NOT NULL AND ended_at IS NULL"),
    ),
)

# The index of the words, created by the migration: on PostgreSQL ix_alerts_words (GIN), on SQLite a
# virtual table that triggers maintain; its hidden column of the same name is queried.
alert_words = table("alert_words", column("rowid", Number), column("alert_words", CleanText))

alert_keys = Table(
    "alert_keys",
    metadata,
    Column("key_hash", CleanText, nullable=False),  # of strength and text
    Column("alert_id", ForeignKey("alerts.alert_id", ondelete="CASCADE"), nullable=False),
    Column("strength", CleanText, nullable=False),
    Column("text", CleanText, nullable=False),
    PrimaryKeyConstraint("key_hash", "alert_id"),
    Index("ix_alert_keys_alert_id", "alert_id"),
)

receptions = Table(
    "receptions",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),  # order of recording
    Column("reception_id", CleanText, nullable=False, unique=True),
    Column("via", CleanText, nullable=False),
    Column("origin", CleanText, nullable=False),
    Column("channel", CleanText),
    Column("received_at", UtcTime, nullable=False),
    Column("raw", CleanText, nullable=False),
    Column("statement", Json, nullable=False),
    Column("evidence", Json),
    Column("signature", CleanText),
    Column("clock_trusted", Boolean, nullable=False),
    Column("message_hash", CleanText, unique=True),  # CAP: of origin, sender, identifier, sent
    Column("repeats", Integer, nullable=False, server_default="0"),  # the same message again
    Index("ix_receptions_origin", "origin", "received_at"),
)

# An update can continue two warnings at once, so a reception can belong to several alerts.
alert_receptions = Table(
    "alert_receptions",
    metadata,
    Column("alert_id", ForeignKey("alerts.alert_id", ondelete="CASCADE"), nullable=False),
    Column("reception_id", ForeignKey("receptions.reception_id"), nullable=False),
    PrimaryKeyConstraint("alert_id", "reception_id"),
    Index("ix_alert_receptions_reception_id", "reception_id"),
)

changes = Table(
    "changes",
    metadata,
    Column("change_id", Number, primary_key=True, autoincrement=False),
    Column("alert_id", ForeignKey("alerts.alert_id", ondelete="CASCADE"), nullable=False),
    Column("kind", CleanText, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("why", CleanText, nullable=False),
    Column("event_code", CleanText),
    Column("other_id", CleanText),
    Index("ix_changes_alert_id", "alert_id", "change_id"),
)

# Alerts that turned out to be part of an older one, which is found under their id too.
joined_alerts = Table(
    "joined_alerts",
    metadata,
    Column("alert_id", CleanText, primary_key=True),  # has no row any more
    Column("joined_id", ForeignKey("alerts.alert_id", ondelete="CASCADE"), nullable=False),
    Index("ix_joined_alerts_joined_id", "joined_id"),
)

numbers = Table(
    "numbers",
    metadata,
    Column("name", CleanText, primary_key=True),  # "alert", "reception", "change"
    Column("last", Number, nullable=False),
)

alert_flags = Table(
    "alert_flags",
    metadata,
    Column("alert_id", ForeignKey("alerts.alert_id", ondelete="CASCADE"), primary_key=True),
    Column("acknowledged_at", UtcTime),
    Column("acknowledged_by", CleanText),
    Column("keep", Boolean, nullable=False, server_default=text("false")),
    Column("note", CleanText),
    Column("hidden_at", UtcTime),
    Column("hidden_by", CleanText),
)
