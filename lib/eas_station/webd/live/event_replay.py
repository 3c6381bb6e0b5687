"""The events that a returning client has missed."""

from __future__ import annotations

from eas_station.errors import StoreError
from eas_station.webd.http.fanout import Event
from eas_station.webd.live.event_stream import REPLAYED_MOST, alert_event
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.state.station_state import StationState


def missed_events(
    queries: RecordQueries, state: StationState, change_id: int | None
) -> tuple[int, list[Event]]:
    """The number of the last change, and the events after `change_id` (None: nothing was missed).

    If they cannot all be sent, the only event is "reset" and the client loads the page again.
    """
    last = state.snapshot().last_change_id
    if change_id is None or change_id >= last:
        return last, []
    try:
        changes = queries.changes_after(change_id, REPLAYED_MOST + 1)
    except StoreError:
        return last, [Event("reset", '{"why":"the database is offline"}')]
    if len(changes) > REPLAYED_MOST:
        return last, [Event("reset", '{"why":"too many changes were missed"}')]
    return max([last, *(c.change_id for c in changes)]), [alert_event(c, None) for c in changes]
