"""The page Now: what is in force, and how the station is."""

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
from eas_station.webd.render.times import Clockface
from eas_station.webd.render.verdict import verdict
from eas_station.webd.render.wellbeing import judge
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
        return (page_route("/", self.page, "What is in force, and how we know."),)

    def page(self, call: Call) -> HTTPResponse:
        """What is in force here, sources, feeds and daemons."""
        return self.frame.send_shared(call, "now", self.content)

    def content(self, snapshot: Snapshot) -> dict[str, Any]:
        """The page's own values."""
        hand = self.presenter.hand(snapshot, self.maps.is_near)
        health = judge(snapshot)
        failed = health.state == "failed"
        station = self.config.station
        sentence = verdict(hand, self.presenter.own_area(station.point), snapshot, failed)
        title = f"({len(hand.here)}) {hand.here[0].title}" if hand.here else sentence.grade.word
        has_area = bool(station.same_codes) or station.point is not None
        return {
            "title": title,
            "verdict": sentence,
            "verdict_hint": ""
            if has_area
            else "No area is configured: every alert concerns this station.",
            "hand": hand,
            "health": health,
            "map": self.maps.of_station(snapshot, sure=snapshot.record_read and not failed),
            "chime": snapshot.chime,
            "scripts": ("map.js", "signal.js"),
            **station_values(self.config, self.frame.clockface, snapshot),
        }


def station_values(config: Config, clockface: Clockface, snapshot: Snapshot) -> dict[str, Any]:
    """Sources, receivers, feeds and daemons in rows."""
    return {
        "desired": snapshot.desired,
        "sources": channel_rows.source_panels(snapshot, config, clockface),
        "receivers": channel_rows.receiver_panels(snapshot, config, clockface),
        "feeds": tuple(
            unit_rows.part_row(snapshot, "feed", feed.name, CAPD, clockface)
            for feed in config.feeds
        ),
        "daemons": tuple(unit_rows.unit_row(unit, snapshot, clockface) for unit in snapshot.units),
    }
