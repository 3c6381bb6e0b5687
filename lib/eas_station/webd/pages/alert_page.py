"""The page of one alert: its text, its receptions, its relevance, its history, the raw texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bottle import HTTPError, HTTPResponse

from eas_station.alerts.model import Alert, Change
from eas_station.errors import StoreError
from eas_station.store.alerts.flags import AlertFlags
from eas_station.store.records.clips import Clip
from eas_station.webd.drawing.station_maps import Maps
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.pages.frame import PageFrame, page_route
from eas_station.webd.records.alert_lookup import find_alert
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.records.tasks import Tasks
from eas_station.webd.render.alert_history import AlertHistory
from eas_station.webd.render.cap_resources import resource_links
from eas_station.webd.render.cards import Presenter
from eas_station.webd.render.evidence import details
from eas_station.webd.render.languages import other_languages
from eas_station.webd.render.times import Moment, TimeFormat
from eas_station.webd.render.waveform import Waveform, waveform
from eas_station.webd.state.snapshot import AlertEntry


@dataclass(frozen=True, slots=True)
class Recording:
    """One clip as the page shows it."""

    clip: Clip
    waveform: Waveform | None
    playable: bool  # False: it has no file


@dataclass(frozen=True, slots=True)
class AlertPage:
    """The page of one alert."""

    frame: PageFrame
    queries: RecordQueries
    tasks: Tasks
    presenter: Presenter
    maps: Maps

    def routes(self) -> tuple[Route, ...]:
        """The page."""
        return (page_route("/alerts/<alert_id>", self.page, "Everything known of one alert."),)

    def page(self, call: Call) -> HTTPResponse:
        """One alert with everything known of it."""
        entry = find_alert(self.queries, self.frame.state, call.path["alert_id"])
        if entry is None:
            raise HTTPError(404, "There is no alert of this id.")
        snapshot = self.frame.state.snapshot()
        return self.frame.send(call, "alert", snapshot, self.content(entry, snapshot.as_of))

    def content(self, entry: AlertEntry, now: datetime) -> dict[str, Any]:
        """The page's own values; what only the database has is left out while it is offline."""
        alert, times, card = entry.alert, self.frame.times, self.presenter.card(entry, now)
        flags, changes, clips = self._stored(entry)
        receptions = entry.full_receptions()
        timeline = AlertHistory(self.presenter.place_names, times, now).of(receptions, changes)
        acknowledged_at = flags.acknowledged_at
        return {
            "title": card.title,
            "card": card,
            "alert": alert,
            "stored": entry.stored,
            "map": self.maps.of_alert(entry, now),
            "scripts": ("map.js", "clip.js"),
            "flags": flags,
            "acknowledged": acknowledged_at and times.moment(acknowledged_at, now),
            "verified": self.tasks.last_of("verify", alert.alert_id),
            "places": self.presenter.named(alert.same_codes),
            "facts": _facts(alert),
            "dates": _dates(alert, times, now),
            "receptions": details(receptions, clips, self.presenter, now),
            "changes": [(times.moment(one.at, now, seconds=True), one) for one in changes],
            "timeline": timeline,
            "recordings": [
                Recording(clip, waveform(clip), bool(clip.path) and clip.removed_at is None)
                for clip in clips
            ],
            "other_languages": other_languages(receptions),
            "resources": resource_links(receptions),
        }

    def _stored(self, entry: AlertEntry) -> tuple[AlertFlags, Sequence[Change], Sequence[Clip]]:
        """The flags, the recorded changes and the recordings."""
        alert_id, queries = entry.alert.alert_id, self.queries
        try:
            return queries.flags(alert_id), queries.history(alert_id), queries.clips(alert_id)
        except StoreError:
            return AlertFlags(alert_id), (), entry.clips


def _facts(alert: Alert) -> tuple[tuple[str, str], ...]:
    facts = (
        ("Status", alert.status),
        ("Event code", alert.event_code),
        ("Originator", alert.originator),
        ("Sender", alert.sender_name),
        ("Severity", alert.severity),
        ("Urgency", alert.urgency),
        ("Certainty", alert.certainty),
        ("Area", alert.area_text),
        ("Zones", " ".join(alert.ugc_codes)),
    )
    return tuple((name, value) for name, value in facts if value)


def _dates(alert: Alert, times: TimeFormat, now: datetime) -> tuple[tuple[str, Moment], ...]:
    dates = (
        ("Issued", alert.issued_at),
        ("Begins", alert.onset_at),
        ("Ends", alert.ends_at),
        ("First received", alert.first_received_at),
        ("Last received", alert.last_received_at),
        ("Recorded as ended", alert.ended_at),
    )
    return tuple((name, times.moment(at, now, seconds=True)) for name, at in dates if at)
