"""The page Radio: what each receiver sees, and how its channels were heard over time."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, get_args

from bottle import HTTPResponse

from eas_station.errors import StoreError
from eas_station.webd.drawing import charts
from eas_station.webd.drawing.charts import Chart, Spectrum
from eas_station.webd.http.responses import Body, reply
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.pages.frame import Views, cache_of, frame_values, page_route
from eas_station.webd.records import history
from eas_station.webd.records.history import (
    MEASURES,
    STRETCHES,
    ReceiverMeasure,
    SourceMeasure,
    Span,
)
from eas_station.webd.render.channel_rows import ReceiverPanel, receiver_panels
from eas_station.webd.site import Site
from eas_station.webd.state.audio_channels import channels_of, names_of
from eas_station.webd.state.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class RadioAsked:
    """Which charts."""

    measure: ReceiverMeasure = field(default="snr_db", metadata={"says": "Of the receivers."})
    heard: SourceMeasure = field(default="margin_db", metadata={"says": "Of the sources."})
    span: Span = field(default="24h", metadata={"says": "How far back."})


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
    chart: Chart | None  # None: the record does not answer


@dataclass(frozen=True, slots=True)
class HeardSource:
    """One source on the page."""

    name: str
    chart: Chart | None


def routes(views: Views) -> tuple[Route, ...]:
    """The page."""
    return (
        page_route(
            *("/radio", partial(radio_page, views), "What the receivers see.", RadioAsked),
        ),
    )


def radio_page(views: Views, site: Site, call: Call) -> HTTPResponse:
    """Every receiver with its spectrum, channels and charts; the sources' charts."""
    asked, picture = call.asked(RadioAsked), site.board.picture()

    def make() -> Body:
        framed = frame_values(site, picture, "radio", call.operator)
        return views.render("radio", framed | values(site, picture, asked))

    if call.operator is not None:
        return reply(make(), call.headers, cache=cache_of(call))
    name = f"page radio {asked.measure} {asked.heard} {asked.span}"
    return reply(site.shelf.fetch(name, picture.version, make), call.headers)


def values(site: Site, picture: Snapshot, asked: RadioAsked) -> dict[str, Any]:
    """The page's own values."""
    radios = [
        ReceiverView(
            panel,
            None if panel.heard is None else charts.spectrum(panel.heard.value),
            _chart(site, picture, "receiver", panel.row.name, asked.measure, asked.span),
        )
        for panel in receiver_panels(picture, site.config, site.clockface)
    ]
    sources = [
        HeardSource(name, _chart(site, picture, "source", name, asked.heard, asked.span))
        for name, _ in site.source_units()
    ]
    return {
        "desired": picture.desired,
        "radios": radios,
        "sources": sources,
        "spans": [_span(asked, span) for span in STRETCHES],
        "measures": [_measure(asked, one) for one in get_args(ReceiverMeasure)],
        "heard": [_heard(asked, one) for one in get_args(SourceMeasure)],
        "zone": site.config.station.timezone or "",
        "size": (charts.WIDTH, charts.HEIGHT),
        "field": (charts.LEFT, charts.RIGHT, charts.TOP, charts.BOTTOM),
        "spectrum_size": (charts.SPECTRUM_WIDTH, charts.SPECTRUM_HEIGHT),
        "scripts": ("uplot.iife.min.js", "radio.js"),
        "styles": ("uplot.min.css", "channels.css"),
    }


def _chart(
    site: Site, picture: Snapshot, kind: str, name: str, measure: str, span: Span
) -> Chart | None:
    if not picture.record.online and picture.record_read:
        return None  # it is known not to answer: the rest of the page need not wait for it
    try:
        read = history.read(site, name, measure, span)
        return charts.chart(read, kind, site.clockface, _channels(site))
    except StoreError:
        return None


def _channels(site: Site) -> list[str]:
    """All channels of all sources and receivers."""
    known = {name for one in site.config.sources for name in channels_of(site.config, one)}
    for receiver in site.config.receivers:
        known.update(names_of(receiver.channels_hz))
    for remote in site.config.remotes:
        known.update(names_of(remote.channels_hz))
    return sorted(known)


def _address(asked: RadioAsked, **other: str) -> str:
    now = {"measure": asked.measure, "heard": asked.heard, "span": asked.span} | other
    return "/radio?" + "&".join(f"{name}={value}" for name, value in now.items())


def _span(asked: RadioAsked, span: Span) -> ChartLink:
    return ChartLink(STRETCHES[span].words, _address(asked, span=span), span == asked.span)


def _measure(asked: RadioAsked, one: ReceiverMeasure) -> ChartLink:
    return ChartLink(MEASURES[one].words, _address(asked, measure=one), one == asked.measure)


def _heard(asked: RadioAsked, one: SourceMeasure) -> ChartLink:
    return ChartLink(MEASURES[one].words, _address(asked, heard=one), one == asked.heard)
