"""The page Listening, and the live audio of one channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bottle import HTTPError, HTTPResponse, request

from eas_station.config.model import Config
from eas_station.errors import SourceError
from eas_station.webd.http.client_connection import ClientConnection
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.live.live_audio import LiveAudio
from eas_station.webd.pages.frame import PageFrame, page_route
from eas_station.webd.render.channel_rows import channel_name, source_panels
from eas_station.webd.render.station_health import station_health
from eas_station.webd.state.audio_channels import AudioChannel, sound_of
from eas_station.webd.state.snapshot import Snapshot

RETRY_S = "15"


@dataclass(frozen=True, slots=True)
class ListeningPage:
    """The page Listening, and the live audio of one channel."""

    frame: PageFrame
    config: Config
    live_audio: LiveAudio

    def routes(self) -> tuple[Route, ...]:
        """The pages, and the audio."""
        return (
            page_route("/listening", self.page, "Every source with its channels."),
            page_route("/listen/<source>/<channel>", self.channel_page, "Listen to one channel."),
            Route(
                *("GET", "/sound/<source>/<channel>", self.sound, "The live audio of one channel."),
                content_type="audio/wav",
            ),
        )

    def page(self, call: Call) -> HTTPResponse:
        """Every source with its channels, and the last bursts."""
        return self.frame.send_shared(call, "listening", self.content)

    def content(self, snapshot: Snapshot) -> dict[str, Any]:
        """The page's own values."""
        times = self.frame.times
        return {
            "health": station_health(snapshot),
            "desired": snapshot.desired,
            "sources": source_panels(snapshot, self.config, times),
            "bursts": tuple(
                (burst, times.moment(burst.heard_at, snapshot.as_of, seconds=True))
                for burst in snapshot.bursts
            ),
            "scripts": ("listen.js",),
            "styles": ("channels.css",),
        }

    def channel_page(self, call: Call) -> HTTPResponse:
        """One channel to listen to, for a browser without scripts."""
        found = self._channel(call)
        content = {
            "title": f"{found.source} {channel_name(found.channel)}",
            "fresh": False,  # a page that reloads itself would stop the audio
            "address": f"/sound/{found.source}/{found.channel}",
            "styles": ("channels.css",),
        }
        return self.frame.send(call, "listen", self.frame.state.snapshot(), content)

    def sound(self, call: Call) -> HTTPResponse:
        """An endless WAV of the channel's live audio."""
        found = self._channel(call)
        try:
            stream = self.live_audio.listen(found, ClientConnection(request.environ))
        except SourceError as error:
            why = f"{found.source} {channel_name(found.channel)} has no audio now."
            raise HTTPError(503, why, **{"Retry-After": RETRY_S}) from error
        if stream is None:
            why = "All places for live audio are taken. Try again later."
            raise HTTPError(503, why, **{"Retry-After": RETRY_S})
        fields = {
            "Content-Type": "audio/wav",
            "Cache-Control": "no-store",
            "Accept-Ranges": "none",
            "X-Accel-Buffering": "no",  # nginx would hold it back
        }
        return HTTPResponse(body=stream, headers=fields)

    def _channel(self, call: Call) -> AudioChannel:
        found = sound_of(self.config, call.path["source"], call.path["channel"])
        if found is None:
            raise HTTPError(404, "There is no such channel.")
        return found
