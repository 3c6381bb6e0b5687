"""One alert by its id, from the database or from memory."""

from __future__ import annotations

from eas_station.errors import StoreError
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.state.snapshot import AlertEntry
from eas_station.webd.state.station_state import StationState


def find_alert(queries: RecordQueries, state: StationState, alert_id: str) -> AlertEntry | None:
    """The alert of this id, or the one that the reception of this id became part of.

    From memory while one of its receptions is not stored, or the database is not responding.
    Raises StoreError if the database is not responding and memory does not have the alert.
    """
    shown = state.snapshot().entry(alert_id)
    if shown is not None and not shown.stored:
        return shown
    try:
        return queries.entry(alert_id) or queries.entry_of(alert_id) or shown
    except StoreError:
        if shown is None:
            raise
        return shown
