"""Publishes changes of stored alerts."""

from __future__ import annotations

from eas_station.alerts.model import Change, ChangeKind
from eas_station.bus import topics
from eas_station.bus.messages import AlertNews
from eas_station.bus.publisher import Publisher

TOPIC_OF_KIND: dict[ChangeKind, str] = {
    "new": topics.ALERT_NEW,
    "updated": topics.ALERT_UPDATED,
    "ended": topics.ALERT_ENDED,
    "joined": topics.ALERT_JOINED,
}


class ChangePublisher:
    """Publishes committed changes of alerts, and keeps the highest number."""

    def __init__(self, publisher: Publisher) -> None:
        self.last_change_id: int | None = None  # the status carries it: a lost change is noticed
        self._publisher = publisher

    def __call__(self, change: Change) -> None:
        """Publish one change; only after its transaction is committed."""
        self._publisher.publish(
            TOPIC_OF_KIND[change.kind],
            AlertNews(
                alert_id=change.alert_id,
                change_id=change.change_id,
                kind=change.kind,
                event_code=change.event_code,
                why=change.why,
                other_id=change.other_id,
            ),
        )
        self.last_change_id = max(change.change_id, self.last_change_id or 0)
