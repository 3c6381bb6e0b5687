"""The schema as a whole: its revision, and the metadata with every table."""

from __future__ import annotations

# record_tables imports alert_tables, so that its metadata is complete.
from eas_station.store.database.record_tables import metadata as metadata

REVISION = "0002"  # the migration that creates these tables
