"""The page Now: what is in force, and the health of the station."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bottle import HTTPResponse

from eas_station.config.model import Config
from eas_station.config.units import CAPD
from eas_station.webd.drawing.station_maps import Maps
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.pages.frame import PageFrame, page_route
from eas_station.webd.render import channel_rows, unit_rows
from eas_station.webd.render.cards import Presenter
from eas_station.webd.render.station_health import station_health
from eas_station.webd.render.verdict import verdict
from eas_station.webd.state.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class NowPage:
    """The page Now."""

    frame: PageFrame
    config: Config
    presenter: Presenter
    maps: Maps

    def routes(self) -> tuple[Route, ...]:
        """The page."""
        return (page_route("/", self.page, "What is in force, and how it was received."),)

    def page(self, call: Call) -> HTTPResponse:
        """What is in force here, sources, feeds and daemons."""
        return self.frame.send_shared(call, "now", self.content)

    def content(self, snapshot: Snapshot) -> dict[str, Any]:
        """The page's own values."""
        groups = self.presenter.groups(snapshot, self.maps.is_near)
        health, times = station_health(snapshot), self.frame.times
        failed = health.state == "failed"
        station = self.config.station
        sentence = verdict(groups, self.presenter.own_area(station.point), snapshot, failed)
        here = groups.here
        title = f"({len(here)}) {here[0].title}" if here else sentence.grade.word
        has_area = bool(station.same_codes) or station.point is not None
        return {
            "title": title,
            "verdict": sentence,
            "verdict_hint": ""
            if has_area
            else "No area is configured: every alert concerns this station.",
            "groups": groups,
            "left_out": snapshot.left_out,
            "health": health,
            "map": self.maps.of_station(snapshot, sure=snapshot.record_read and not failed),
            "chime": snapshot.chime,
            "scripts": ("map.js", "signal.js"),
            "parts": (
                *channel_rows.source_rows(snapshot, self.config, times),
                *(
                    unit_rows.part_row(snapshot, "feed", feed.name, CAPD, times)
                    for feed in self.config.feeds
                ),
                *channel_rows.receiver_rows(snapshot, self.config, times),
            ),
            "daemons": tuple(unit_rows.unit_row(unit, snapshot, times) for unit in snapshot.units),
        }
