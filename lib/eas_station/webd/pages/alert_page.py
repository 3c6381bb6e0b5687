"""The page of one alert: what it says, how it was received, why it is here, the raw texts."""

from __future__ import annotations

from dataclasses import dataclass

from bottle import HTTPError, HTTPResponse

from eas_station.errors import StoreError
from eas_station.store.alerts.flags import AlertFlags
from eas_station.webd.drawing.station_maps import Maps
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.pages import alert_detail
from eas_station.webd.pages.frame import PageFrame, page_route
from eas_station.webd.records.alert_lookup import find_alert
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.records.tasks import Tasks
from eas_station.webd.render.cards import Names, Presenter


@dataclass(frozen=True, slots=True)
class AlertPage:
    """The page of one alert."""

    frame: PageFrame
    queries: RecordQueries
    tasks: Tasks
    presenter: Presenter
    maps: Maps
    names: Names

    def routes(self) -> tuple[Route, ...]:
        """The page."""
        return (page_route("/alerts/<alert_id>", self.page, "Everything known of one alert."),)

    def page(self, call: Call) -> HTTPResponse:
        """One alert with everything known of it."""
        entry = find_alert(self.queries, self.frame.state, call.path["alert_id"])
        if entry is None:
            raise HTTPError(404, "There is no alert of this id.")
        snapshot, clockface = self.frame.state.snapshot(), self.frame.clockface
        now, alert_id = snapshot.as_of, entry.alert.alert_id
        card = self.presenter.card(entry, now)
        flags = self._flags(alert_id)
        at = flags.acknowledged_at
        detail = alert_detail.of(entry, self.queries, self.names, self.presenter, clockface, now)
        content = {
            "title": card.title,
            "card": card,
            "map": self.maps.of_alert(entry, now),
            "scripts": ("map.js", "clip.js"),
            "flags": flags,
            "acknowledged": None if at is None else clockface.moment(at, now),
            "detail": detail,
            "verified": self.tasks.last_of("verify", alert_id),
        }
        return self.frame.send(call, "alert", snapshot, content)

    def _flags(self, alert_id: str) -> AlertFlags:
        """What operators have set; nothing while the database is not responding."""
        try:
            return self.queries.flags(alert_id)
        except StoreError:
            return AlertFlags(alert_id)
