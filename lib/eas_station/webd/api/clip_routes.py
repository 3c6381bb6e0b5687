"""Recordings by HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bottle import HTTPError, HTTPResponse, request

from eas_station.webd.http.routes import Call, Route
from eas_station.webd.records import clips
from eas_station.webd.records.queries import RecordQueries


@dataclass(frozen=True, slots=True)
class ClipRoutes:
    """The sound of a recording."""

    queries: RecordQueries
    clips_dir: Path

    def routes(self) -> tuple[Route, ...]:
        """The routes of this module."""
        return (
            Route(
                "GET", "/clips/<clip_id>", self.clip, content_type="audio/wav", statuses=(200, 206)
            ),
        )

    def clip(self, call: Call) -> HTTPResponse:
        """A recording, whole or in part."""
        row = self.queries.clip(call.path["clip_id"])
        file = None
        if row is not None and row.path is not None:
            file = clips.open_below(self.clips_dir, row.path)
        if row is None or file is None:
            raise HTTPError(404, "There is no such recording.")
        size = file.seek(0, 2)
        fields = {
            "Content-Type": clips.content_type(row.path or ""),
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, max-age=3600",
        }
        try:
            wanted = clips.byte_range(request.get_header("Range", ""), size)
        except ValueError as error:
            file.close()
            extent = {"Content-Range": f"bytes */{size}"}
            raise HTTPError(416, "The range is outside the recording.", **extent) from error
        begin, end = wanted or (0, size)
        fields["Content-Length"] = str(end - begin)
        if wanted is not None:
            fields["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
        body = clips.FileRange(file, begin, end)
        return HTTPResponse(body=body, status=206 if wanted else 200, headers=fields)
