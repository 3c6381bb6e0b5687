"""The other tables: recordings, deaf intervals, jobs, feeds, operators."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
)

from eas_station.store.database.alert_tables import metadata as metadata
from eas_station.store.database.columns import CleanText, Number, UtcTime

clips = Table(
    "clips",
    metadata,
    Column("clip_id", CleanText, primary_key=True),
    Column("source", CleanText, nullable=False),
    Column("channel", CleanText, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("path", CleanText),  # relative to the folder of clips; None: see fault
    Column("bytes", Number),
    Column("sha256", CleanText),
    Column("fault", CleanText),
    Column("attention", CleanText),  # "eas", "wxr"
    Column("attention_s", Float),
    Column("attention_at_s", Float),
    Column("header_at_s", Float),
    Column("header_s", Float),
    Column("eom_at_s", Float),
    Column("peaks", CleanText),
    Column("keep", Boolean, nullable=False),
    Column("removed_at", UtcTime),
    Index("ix_clips_started_at", "started_at"),
)

clip_receptions = Table(
    "clip_receptions",
    metadata,
    Column("clip_id", ForeignKey("clips.clip_id", ondelete="CASCADE"), nullable=False),
    Column("reception_id", CleanText, nullable=False),  # a quarantined reception has no row
    PrimaryKeyConstraint("clip_id", "reception_id"),
    Index("ix_clip_receptions_reception_id", "reception_id"),
)

deaf_intervals = Table(
    "deaf_intervals",
    metadata,
    Column("interval_id", CleanText, primary_key=True),
    Column("source", CleanText, nullable=False),
    Column("channel", CleanText, nullable=False),
    Column("began_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),  # None: still deaf
    Column("why", CleanText, nullable=False),
    Index("ix_deaf_intervals_began_at", "began_at"),
    Index("ix_deaf_intervals_source", "source", "channel", "began_at"),
)

job_runs = Table(
    "job_runs",
    metadata,
    Column("run_id", CleanText, primary_key=True),
    Column("job", CleanText, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime, nullable=False),
    Column("outcome", CleanText, nullable=False),
    Column("error", CleanText),
    Column("runs", Integer, nullable=False),  # more than one: unchanged polls of one hour
    Index("ix_job_runs_job", "job", "started_at"),
)

job_totals = Table(
    "job_totals",
    metadata,
    Column("job", CleanText, primary_key=True),
    Column("runs", Number, nullable=False),
    Column("errors", Number, nullable=False),
    Column("missed", Number, nullable=False),
    Column("last_run_at", UtcTime, nullable=False),
    Column("last_good_at", UtcTime),
)

feed_states = Table(
    "feed_states",
    metadata,
    Column("feed", CleanText, primary_key=True),
    Column("etag", CleanText),
    Column("last_modified", CleanText),
    Column("last_good_at", UtcTime),
    Column("position", CleanText),  # where the next poll goes on, in the feed's own words
)

desired_states = Table(
    "desired_states",
    metadata,
    Column("kind", CleanText, nullable=False),  # "source", "receiver", "feed"
    Column("name", CleanText, nullable=False),
    Column("desired", CleanText, nullable=False),
    Column("set_at", UtcTime, nullable=False),
    Column("set_by", CleanText, nullable=False),
    PrimaryKeyConstraint("kind", "name"),
)

settings = Table(
    "settings",
    metadata,
    Column("name", CleanText, primary_key=True),  # "chime"
    Column("value", CleanText, nullable=False),
    Column("set_at", UtcTime, nullable=False),
    Column("set_by", CleanText, nullable=False),
)

channel_health = Table(
    "channel_health",
    metadata,
    Column("name", CleanText, nullable=False),  # of the receiver or the source
    Column("channel", CleanText, nullable=False),
    Column("measure", CleanText, nullable=False),  # "snr_db", "margin_db", "rms_dbfs"
    Column("span_s", Integer, nullable=False),  # 600; rolled up: 3600, 86400
    Column("began_at", UtcTime, nullable=False),
    Column("lowest", Float, nullable=False),
    Column("mean", Float, nullable=False),
    Column("highest", Float, nullable=False),
    Column("samples", Integer, nullable=False),
    PrimaryKeyConstraint("name", "channel", "measure", "span_s", "began_at"),
)

expected_tests = Table(
    "expected_tests",
    metadata,
    Column("source", CleanText, nullable=False),
    Column("channel", CleanText, nullable=False),
    Column("event_code", CleanText, nullable=False),  # RWT, RMT
    Column("learnt", Boolean, nullable=False),  # False: configured
    Column("last_heard_at", UtcTime),
    Column("last_reception_id", CleanText),
    Column("since_at", UtcTime),  # when it was first expected
    PrimaryKeyConstraint("source", "channel", "event_code"),
)

audit = Table(
    "audit",
    metadata,
    Column("audit_id", CleanText, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("who", CleanText, nullable=False),
    Column("address", CleanText),
    Column("action", CleanText, nullable=False),
    Column("subject", CleanText),
    Column("outcome", CleanText, nullable=False),
    Column("detail", CleanText),
    Index("ix_audit_at", "at", "audit_id"),
)

meta = Table(
    "meta",
    metadata,
    Column("name", CleanText, primary_key=True),  # "database_id": a new database has another
    Column("value", CleanText, nullable=False),
)
