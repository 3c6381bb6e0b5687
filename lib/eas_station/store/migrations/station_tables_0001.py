"""The tables of the first schema, except those of alerts."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    Text,
)

TEXT = Text()
TIME = DateTime(timezone=True)
NUMBER = BigInteger().with_variant(Integer(), "sqlite")


def clip_tables() -> None:
    """Recordings."""
    op.create_table(
        "clips",
        Column("clip_id", TEXT, nullable=False),
        Column("source", TEXT, nullable=False),
        Column("channel", TEXT, nullable=False),
        Column("started_at", TIME, nullable=False),
        Column("duration_s", Float(), nullable=False),
        Column("path", TEXT),
        Column("bytes", NUMBER),
        Column("sha256", TEXT),
        Column("fault", TEXT),
        Column("attention", TEXT),
        Column("attention_s", Float()),
        Column("attention_at_s", Float()),
        Column("header_at_s", Float()),
        Column("header_s", Float()),
        Column("eom_at_s", Float()),
        Column("peaks", TEXT),
        Column("keep", Boolean(), nullable=False),
        Column("removed_at", TIME),
        PrimaryKeyConstraint("clip_id", name="pk_clips"),
    )
    op.create_index("ix_clips_started_at", "clips", ["started_at"])
    op.create_table(
        "clip_receptions",
        Column("clip_id", TEXT, nullable=False),
        Column("reception_id", TEXT, nullable=False),
        ForeignKeyConstraint(
            ["clip_id"], ["clips.clip_id"], name="fk_clip_receptions_clip_id", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("clip_id", "reception_id", name="pk_clip_receptions"),
    )
    op.create_index("ix_clip_receptions_reception_id", "clip_receptions", ["reception_id"])


def hearing_tables() -> None:
    """Deafness, health and expected tests."""
    op.create_table(
        "deaf_intervals",
        Column("interval_id", TEXT, nullable=False),
        Column("source", TEXT, nullable=False),
        Column("channel", TEXT, nullable=False),
        Column("began_at", TIME, nullable=False),
        Column("ended_at", TIME),
        Column("why", TEXT, nullable=False),
        PrimaryKeyConstraint("interval_id", name="pk_deaf_intervals"),
    )
    op.create_index("ix_deaf_intervals_began_at", "deaf_intervals", ["began_at"])
    op.create_index("ix_deaf_intervals_source", "deaf_intervals", ["source", "channel", "began_at"])
    op.create_table(
        "channel_health",
        Column("name", TEXT, nullable=False),
        Column("channel", TEXT, nullable=False),
        Column("measure", TEXT, nullable=False),
        Column("span_s", Integer(), nullable=False),
        Column("began_at", TIME, nullable=False),
        Column("lowest", Float(), nullable=False),
        Column("mean", Float(), nullable=False),
        Column("highest", Float(), nullable=False),
        Column("samples", Integer(), nullable=False),
        PrimaryKeyConstraint(
            "name", "channel", "measure", "span_s", "began_at", name="pk_channel_health"
        ),
    )
    op.create_table(
        "expected_tests",
        Column("source", TEXT, nullable=False),
        Column("channel", TEXT, nullable=False),
        Column("event_code", TEXT, nullable=False),
        Column("learnt", Boolean(), nullable=False),
        Column("last_heard_at", TIME),
        Column("last_reception_id", TEXT),
        Column("since_at", TIME),
        PrimaryKeyConstraint("source", "channel", "event_code", name="pk_expected_tests"),
    )


def operation_tables() -> None:
    """Jobs, feeds, what the operators want and did."""
    op.create_table(
        "job_runs",
        Column("run_id", TEXT, nullable=False),
        Column("job", TEXT, nullable=False),
        Column("due_at", TIME, nullable=False),
        Column("started_at", TIME, nullable=False),
        Column("ended_at", TIME, nullable=False),
        Column("outcome", TEXT, nullable=False),
        Column("error", TEXT),
        Column("runs", Integer(), nullable=False),
        PrimaryKeyConstraint("run_id", name="pk_job_runs"),
    )
    op.create_index("ix_job_runs_job", "job_runs", ["job", "started_at"])
    op.create_table(
        "job_totals",
        Column("job", TEXT, nullable=False),
        Column("runs", NUMBER, nullable=False),
        Column("errors", NUMBER, nullable=False),
        Column("missed", NUMBER, nullable=False),
        Column("last_run_at", TIME, nullable=False),
        Column("last_good_at", TIME),
        PrimaryKeyConstraint("job", name="pk_job_totals"),
    )
    op.create_table(
        "feed_states",
        Column("feed", TEXT, nullable=False),
        Column("etag", TEXT),
        Column("last_modified", TEXT),
        Column("last_good_at", TIME),
        Column("position", TEXT),
        PrimaryKeyConstraint("feed", name="pk_feed_states"),
    )
    op.create_table(
        "desired_states",
        Column("kind", TEXT, nullable=False),
        Column("name", TEXT, nullable=False),
        Column("desired", TEXT, nullable=False),
        Column("set_at", TIME, nullable=False),
        Column("set_by", TEXT, nullable=False),
        PrimaryKeyConstraint("kind", "name", name="pk_desired_states"),
    )
    op.create_table(
        "settings",
        Column("name", TEXT, nullable=False),
        Column("value", TEXT, nullable=False),
        Column("set_at", TIME, nullable=False),
        Column("set_by", TEXT, nullable=False),
        PrimaryKeyConstraint("name", name="pk_settings"),
    )
    op.create_table(
        "audit",
        Column("audit_id", TEXT, nullable=False),
        Column("at", TIME, nullable=False),
        Column("who", TEXT, nullable=False),
        Column("address", TEXT),
        Column("action", TEXT, nullable=False),
        Column("subject", TEXT),
        Column("outcome", TEXT, nullable=False),
        Column("detail", TEXT),
        PrimaryKeyConstraint("audit_id", name="pk_audit"),
    )
    op.create_index("ix_audit_at", "audit", ["at", "audit_id"])
