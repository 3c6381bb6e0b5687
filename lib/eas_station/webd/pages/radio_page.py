"""The page Radio: the spectrum and the channels of each receiver, now and over time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, get_args

from bottle import HTTPResponse

from eas_station.config.model import Config
from eas_station.errors import StoreError
from eas_station.webd.drawing import charts
from eas_station.webd.drawing.charts import Chart, Spectrum
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.pages.frame import PageFrame, page_route
from eas_station.webd.records import history
from eas_station.webd.records.history import (
    MEASURES,
    STRETCHES,
    ReceiverMeasure,
    SourceMeasure,
    Span,
)
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.render.channel_rows import ReceiverPanel, receiver_panels
from eas_station.webd.state.audio_channels import channels_of, names_of
from eas_station.webd.state.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class RadioQuery:
    """Which charts."""

    measure: ReceiverMeasure = field(
        default="snr_db", metadata={"description": "Of the receivers."}
    )
    heard: SourceMeasure = field(default="margin_db", metadata={"description": "Of the sources."})
    span: Span = field(default="24h", metadata={"description": "How far back."})


@dataclass(frozen=True, slots=True)
class ChartLink:
    """A link to other charts."""

    label: str
    address: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ReceiverView:
    """One receiver on the page."""

    panel: ReceiverPanel
    spectrum: Spectrum | None
    chart: Chart | None  # None: the database is not responding


@dataclass(frozen=True, slots=True)
class HeardSource:
    """One source on the page."""

    name: str
    chart: Chart | None


@dataclass(frozen=True, slots=True)
class RadioPage:
    """The page Radio."""

    frame: PageFrame
    config: Config
    queries: RecordQueries
    now: Callable[[], datetime]

    def routes(self) -> tuple[Route, ...]:
        """The page."""
        return (
            page_route("/radio", self.page, "Spectrum and signal of every receiver.", RadioQuery),
        )

    def page(self, call: Call) -> HTTPResponse:
        """Every receiver with its spectrum, channels and charts; the sources' charts."""
        asked = call.query_as(RadioQuery)
        variant = f"{asked.measure} {asked.heard} {asked.span}"
        return self.frame.send_shared(
            call, "radio", lambda snapshot: self.content(snapshot, asked), variant
        )

    def content(self, snapshot: Snapshot, asked: RadioQuery) -> dict[str, Any]:
        """The page's own values."""
        radios = [
            ReceiverView(
                panel,
                None if panel.heard is None else charts.spectrum(panel.heard.value),
                self._chart(snapshot, "receiver", panel.row.name, asked.measure, asked.span),
            )
            for panel in receiver_panels(snapshot, self.config, self.frame.times)
        ]
        sources = [
            HeardSource(
                one.name, self._chart(snapshot, "source", one.name, asked.heard, asked.span)
            )
            for one in self.config.sources
        ]
        return {
            "desired": snapshot.desired,
            "radios": radios,
            "sources": sources,
            "spans": [_span(asked, span) for span in STRETCHES],
            "measures": [_measure(asked, one) for one in get_args(ReceiverMeasure)],
            "heard": [_heard(asked, one) for one in get_args(SourceMeasure)],
            "zone": self.config.station.timezone or "",
            "size": (charts.WIDTH, charts.HEIGHT),
            "field": (charts.LEFT, charts.RIGHT, charts.TOP, charts.BOTTOM),
            "spectrum_size": (charts.SPECTRUM_WIDTH, charts.SPECTRUM_HEIGHT),
            "scripts": ("radio.js",),
            "styles": ("channels.css",),
        }

    def _chart(
        self, snapshot: Snapshot, kind: str, name: str, measure: str, span: Span
    ) -> Chart | None:
        if not snapshot.record.online and snapshot.record_read:
            return None  # known to be offline: the rest of the page need not wait for it
        try:
            read = history.read(self.queries, self.now(), name, measure, span)
            return charts.chart(read, kind, self.frame.times, _channels(self.config))
        except StoreError:
            return None


def _channels(config: Config) -> list[str]:
    """All channels of all sources and receivers."""
    known = {name for one in config.sources for name in channels_of(config, one)}
    frequencies_hz = [one.channels_hz for one in config.receivers]
    frequencies_hz += [one.channels_hz for one in config.remotes]
    for several_hz in frequencies_hz:
        known.update(names_of(several_hz))
    return sorted(known)


def _address(asked: RadioQuery, **other: str) -> str:
    now = {"measure": asked.measure, "heard": asked.heard, "span": asked.span} | other
    return "/radio?" + "&".join(f"{name}={value}" for name, value in now.items())


def _span(asked: RadioQuery, span: Span) -> ChartLink:
    return ChartLink(STRETCHES[span].words, _address(asked, span=span), span == asked.span)


def _measure(asked: RadioQuery, one: ReceiverMeasure) -> ChartLink:
    return ChartLink(MEASURES[one].words, _address(asked, measure=one), one == asked.measure)


def _heard(asked: RadioQuery, one: SourceMeasure) -> ChartLink:
    return ChartLink(MEASURES[one].words, _address(asked, heard=one), one == asked.heard)
