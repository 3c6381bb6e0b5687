"""What operators can change. Each address takes JSON, and the forms of the pages.

The answer to a form is a redirect (303), to JSON the action. Nothing here removes an alert. One
that an operator ended or hid returns when a message renews it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Annotated

from bottle import HTTPError, HTTPResponse

from eas_station.config.model import Config
from eas_station.field_types import Pattern
from eas_station.store.records.desired_states import Desired, Kind
from eas_station.store.records.operator_action import Action, ActionKind
from eas_station.store.records.settings import Chime, Settings
from eas_station.webd.http.parameters import Length
from eas_station.webd.http.responses import (
    Redirect,
    json_body,
    local_address,
    reply,
    see_other,
)
from eas_station.webd.http.routes import Call, Handler, Route
from eas_station.webd.records.operator_actions import OperatorActions
from eas_station.webd.records.queries import RecordQueries
from eas_station.webd.state.station_state import StationState

LONGEST_NOTE = 2000
LONGEST_WHY = 500
CHIME = {"description": "Which alerts ring on the pages: none, those for our area, or all."}
BACK = {"description": "The page that a form leads to."}


@dataclass(frozen=True, slots=True)
class FormRequest:
    """What every form may send."""

    back: Redirect | None = field(default=None, metadata=BACK)


@dataclass(frozen=True, slots=True)
class KeepRequest(FormRequest):
    """Whether to exempt it from the retention."""

    keep: bool = True


@dataclass(frozen=True, slots=True)
class NoteRequest(FormRequest):
    """A note; an empty one removes it."""

    note: Annotated[str, Length(LONGEST_NOTE)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRequest(FormRequest):
    """Why the alert is over."""

    why: Annotated[str, Length(LONGEST_WHY), Pattern(r"[\s\S]*\S[\s\S]*", "a reason")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsRequest(FormRequest):
    """The settings to change."""

    chime: Chime = field(metadata=CHIME)


@dataclass(frozen=True, slots=True)
class ActionAnswer:
    """The action, as it is in the audit log."""

    action_id: str
    at: datetime
    who: str
    action: str
    subject: str
    value: str | None


def _action(
    path: str, handler: Handler, body: type[FormRequest] = FormRequest, summary: str = ""
) -> Route:
    return Route(
        *("POST", path, handler, summary, "write"),
        body=body,
        answer=ActionAnswer,
        statuses=(200, 303),
    )


@dataclass(frozen=True, slots=True)
class OperatorRoutes:
    """What operators may change."""

    config: Config
    state: StationState
    queries: RecordQueries
    actions: OperatorActions

    def routes(self) -> tuple[Route, ...]:
        """The routes of this module."""
        return (
            *self._start_and_stop("source", "sources"),
            *self._start_and_stop("receiver", "receivers"),
            *self._start_and_stop("feed", "feeds"),
            _action("/api/v1/alerts/<alert_id>/acknowledge", self.acknowledge),
            _action("/api/v1/alerts/<alert_id>/end", self.end_alert, EndRequest),
            _action("/api/v1/alerts/<alert_id>/hide", self.hide_alert),
            _action("/api/v1/alerts/<alert_id>/keep", self.keep_alert, KeepRequest),
            _action("/api/v1/alerts/<alert_id>/note", self.note_alert, NoteRequest),
            _action("/api/v1/clips/<clip_id>/keep", self.keep_clip, KeepRequest),
            _action("/api/v1/settings", self.change_settings, SettingsRequest),
            Route("GET", "/api/v1/settings", self.settings, answer=Settings),
        )

    def set_desired(self, kind: Kind, desired: Desired, call: Call) -> HTTPResponse:
        """Start or stop a source, a receiver or a feed. It holds over restarts."""
        name = call.path["name"]
        if name not in self._configured(kind):
            raise HTTPError(404, f"There is no {kind} of this name in station.toml.")
        done = self.actions.set_desired(call.logged_in(), call.address, kind, name, desired)
        page = "/system" if kind == "feed" else "/listening"
        return _answer(call, call.body_as(FormRequest).back, page, done)

    def acknowledge(self, call: Call) -> HTTPResponse:
        """Acknowledge an alert. The first acknowledgement stays."""
        return self._of_alert(call, "acknowledge", None, call.body_as(FormRequest).back)

    def end_alert(self, call: Call) -> HTTPResponse:
        """End an alert. A message that renews it brings it back."""
        sent = call.body_as(EndRequest)
        return self._of_alert(call, "end_alert", sent.why.strip(), sent.back)

    def hide_alert(self, call: Call) -> HTTPResponse:
        """Hide an alert from the page until a message renews it. It stays in force."""
        return self._of_alert(call, "hide_alert", None, call.body_as(FormRequest).back)

    def keep_alert(self, call: Call) -> HTTPResponse:
        """Keep an alert permanently, or not."""
        sent = call.body_as(KeepRequest)
        return self._of_alert(call, "keep_alert", "yes" if sent.keep else "no", sent.back)

    def note_alert(self, call: Call) -> HTTPResponse:
        """Write a note to an alert, or remove it."""
        sent = call.body_as(NoteRequest)
        note = (sent.note or "").strip() or None
        return self._of_alert(call, "note_alert", note, sent.back)

    def keep_clip(self, call: Call) -> HTTPResponse:
        """Keep a recording permanently, or not."""
        sent = call.body_as(KeepRequest)
        value = "yes" if sent.keep else "no"
        clip_id = call.path["clip_id"]
        done = self.actions.perform(call.logged_in(), call.address, "keep_clip", clip_id, value)
        if done is None:
            raise HTTPError(404, "There is no such recording.")
        return _answer(call, sent.back, "/log", done)

    def settings(self, call: Call) -> HTTPResponse:
        """The settings of the page."""
        return reply(json_body(self.queries.settings()), call.headers)

    def change_settings(self, call: Call) -> HTTPResponse:
        """Change the settings of the page."""
        sent, operator = call.body_as(SettingsRequest), call.logged_in()
        done = self.actions.perform(operator, call.address, "change_setting", "chime", sent.chime)
        return _answer(call, sent.back, "/system", done)

    def _start_and_stop(self, kind: Kind, plural: str) -> tuple[Route, ...]:
        words: tuple[tuple[str, Desired], ...] = (("start", "running"), ("stop", "stopped"))
        return tuple(
            _action(
                f"/api/v1/{plural}/<name>/{word}",
                partial(self.set_desired, kind, desired),
                summary=f"{word.capitalize()} a {kind}; it holds over restarts.",
            )
            for word, desired in words
        )

    def _configured(self, kind: Kind) -> tuple[str, ...]:
        match kind:
            case "source":
                return tuple(one.name for one in self.config.sources)
            case "receiver":
                return tuple(one.name for one in self.config.receivers)
            case "feed":
                return tuple(one.name for one in self.config.feeds)

    def _of_alert(
        self, call: Call, kind: ActionKind, value: str | None, back: Redirect | None
    ) -> HTTPResponse:
        alert_id, operator = call.path["alert_id"], call.logged_in()
        done = self.actions.perform(operator, call.address, kind, alert_id, value)
        if done is None:  # the page may be from before the alert was stored
            entry = self.queries.entry_of(alert_id)
            if entry is not None:
                stored_id = entry.alert.alert_id
                done = self.actions.perform(operator, call.address, kind, stored_id, value)
        if done is None and self.state.snapshot().entry(alert_id) is not None:
            why = "This alert is not in the database yet. Try again when it is."
            raise HTTPError(409, why, **{"Retry-After": "5"})
        if done is None:
            raise HTTPError(404, "There is no alert of this id.")
        return _answer(call, back, f"/alerts/{alert_id}", done)


def _answer(call: Call, back: Redirect | None, page: str, action: Action | None) -> HTTPResponse:
    if action is None:
        raise HTTPError(404, "There is nothing of this name.")
    if call.by_form:
        return see_other(local_address(back, local_address(page)))
    answer = ActionAnswer(
        *(action.action_id, action.at, action.who, action.kind, action.subject, action.value)
    )
    return reply(json_body(answer), {}, cache="no-store")
