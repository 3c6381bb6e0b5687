"""The page Listening, and the sound of one channel, live."""

from __future__ import annotations

from functools import partial
from typing import Any

from bottle import HTTPError, HTTPResponse, request

from eas_station.errors import SourceError
from eas_station.webd.http.responses import reply
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.live.live_audio import ServerLine
from eas_station.webd.pages.frame import Views, cache_of, frame_values, page_route, shelved
from eas_station.webd.render.channel_rows import channel_name, source_panels
from eas_station.webd.render.wellbeing import judge
from eas_station.webd.site import Site
from eas_station.webd.state.audio_channels import AudioChannel, sound_of
from eas_station.webd.state.snapshot import Snapshot

RETRY_S = "15"


def routes(views: Views) -> tuple[Route, ...]:
    """The pages, and the sound."""
    return (
        page_route("/listening", shelved(views, "listening", values), "What is heard."),
        page_route(
            *("/listen/<source>/<channel>", partial(listen_page, views)), "Listen to one channel."
        ),
        Route(
            *("GET", "/sound/<source>/<channel>", sound, "One channel's sound, live."),
            content_type="audio/wav",
        ),
    )


def values(site: Site, picture: Snapshot) -> dict[str, Any]:
    """The page Listening."""
    face = site.clockface
    return {
        "health": judge(picture),
        "desired": picture.desired,
        "sources": source_panels(picture, site.config, face),
        "bursts": tuple(
            (burst, face.moment(burst.heard_at, picture.as_of, seconds=True))
            for burst in picture.bursts
        ),
        "scripts": ("listen.js",),
        "styles": ("channels.css",),
    }


def listen_page(views: Views, site: Site, call: Call) -> HTTPResponse:
    """One channel to listen to, where the page Listening has no script."""
    found = _sound(site, call)
    framed = frame_values(site, site.board.picture(), "listen", call.operator)
    said = {
        "title": f"{found.source} {channel_name(found.channel)}",
        "fresh": False,  # loaded anew it would fall silent
        "address": f"/sound/{found.source}/{found.channel}",
        "styles": ("channels.css",),
    }
    return reply(views.render("listen", framed | said), call.headers, cache=cache_of(call))


def sound(site: Site, call: Call) -> HTTPResponse:
    """An endless WAV of what the channel sounds like now."""
    found = _sound(site, call)
    try:
        stream = site.live.listen(found, ServerLine(request.environ))
    except SourceError as error:
        why = f"No sound comes from {found.source} {channel_name(found.channel)} now."
        raise HTTPError(503, why, **{"Retry-After": RETRY_S}) from error
    if stream is None:
        why = "As many as this station can serve are listening. Try again later."
        raise HTTPError(503, why, **{"Retry-After": RETRY_S})
    fields = {
        "Content-Type": "audio/wav",
        "Cache-Control": "no-store",
        "Accept-Ranges": "none",
        "X-Accel-Buffering": "no",  # nginx would hold it back
    }
    return HTTPResponse(body=stream, headers=fields)


def _sound(site: Site, call: Call) -> AudioChannel:
    found = sound_of(site.config, call.path["source"], call.path["channel"])
    if found is None:
        raise HTTPError(404, "There is no such channel.")
    return found
