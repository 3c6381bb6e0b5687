"""What operators may change. Each address takes JSON from programs, and the forms of the pages.

A form is answered with the page it came from (303), a program with what was done. Nothing here
removes or hides an alert: who has seen one acknowledges it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from bottle import HTTPError, HTTPResponse

from eas_station.store.records.desired_states import Desired, Kind
from eas_station.store.records.operator_action import Action, ActionKind
from eas_station.store.records.settings import Chime, Settings
from eas_station.webd.http.responses import json_body, reply
from eas_station.webd.http.routes import Call, Route
from eas_station.webd.pages.login_page import LONGEST_BACK, back_to
from eas_station.webd.site import Site

LONGEST_NOTE = 2000
CHANGED_STATUSES = (200, 303)
BACK = {"most": LONGEST_BACK, "says": "Where a form's answer leads to."}


@dataclass(frozen=True, slots=True)
class Plain:
    """Nothing but where to go afterwards."""

    back: str | None = field(default=None, metadata=BACK)


@dataclass(frozen=True, slots=True)
class Keep:
    """Whether the retention must never remove it."""

    keep: bool = True
    back: str | None = field(default=None, metadata=BACK)


@dataclass(frozen=True, slots=True)
class Note:
    """A note; an empty one removes it."""

    note: str | None = field(default=None, metadata={"most": LONGEST_NOTE})
    back: str | None = field(default=None, metadata=BACK)


@dataclass(frozen=True, slots=True)
class SettingsSent:
    """What is to be set."""

    chime: Chime = field(metadata={"says": "Whether the page rings: never, for our area, for all."})
    back: str | None = field(default=None, metadata=BACK)


@dataclass(frozen=True, slots=True)
class Done:
    """What was done; it stands in the audit under this id."""

    action_id: str
    at: datetime
    who: str
    action: str
    subject: str
    value: str | None


def want(kind: Kind, desired: Desired, site: Site, call: Call) -> HTTPResponse:
    """Start or stop a source, a receiver or a feed. It holds over restarts."""
    name = call.path["name"]
    if name not in _configured(site, kind):
        raise HTTPError(404, f"There is no {kind} of this name in station.toml.")
    done = site.desk.want(call.who(), call.address, kind, name, desired)
    page = "/system" if kind == "feed" else "/listening"
    return _answer(call, call.sent(Plain).back, page, done)


def acknowledge(site: Site, call: Call) -> HTTPResponse:
    """Somebody has seen it; who did first stays."""
    return _of_alert(site, call, "acknowledge", None, call.sent(Plain).back)


def keep_alert(site: Site, call: Call) -> HTTPResponse:
    """The retention never removes it, or may again."""
    sent = call.sent(Keep)
    return _of_alert(site, call, "keep_alert", "yes" if sent.keep else "no", sent.back)


def note_alert(site: Site, call: Call) -> HTTPResponse:
    """Write a note to it."""
    sent = call.sent(Note)
    note = (sent.note or "").strip() or None
    return _of_alert(site, call, "note_alert", note, sent.back)


def keep_clip(site: Site, call: Call) -> HTTPResponse:
    """The recording is never removed to make room, or may again."""
    sent = call.sent(Keep)
    value = "yes" if sent.keep else "no"
    clip_id = call.path["clip_id"]
    done = site.desk.do(call.who(), call.address, "keep_clip", clip_id, value)
    if done is None:
        raise HTTPError(404, "There is no such recording.")
    return _answer(call, sent.back, "/log", done)


def settings(site: Site, call: Call) -> HTTPResponse:
    """The settings as they are."""
    return reply(json_body(site.library.settings()), call.headers)


def change_settings(site: Site, call: Call) -> HTTPResponse:
    """Set what was sent."""
    sent = call.sent(SettingsSent)
    done = site.desk.do(call.who(), call.address, "change_setting", "chime", sent.chime)
    return _answer(call, sent.back, "/system", done)


def _configured(site: Site, kind: Kind) -> tuple[str, ...]:
    match kind:
        case "source":
            return tuple(one.name for one in site.config.sources)
        case "receiver":
            return tuple(one.name for one in site.config.receivers)
        case "feed":
            return tuple(one.name for one in site.config.feeds)


def _of_alert(
    site: Site, call: Call, kind: ActionKind, value: str | None, back: str | None
) -> HTTPResponse:
    alert_id = call.path["alert_id"]
    done = site.desk.do(call.who(), call.address, kind, alert_id, value)
    if done is None:  # the page may be of the moment before it was stored
        entry = site.library.entry_of(alert_id)
        if entry is not None:
            done = site.desk.do(call.who(), call.address, kind, entry.alert.alert_id, value)
    if done is None and site.board.picture().entry(alert_id) is not None:
        why = "This alert is not in the database yet. Try again when it is."
        raise HTTPError(409, why, **{"Retry-After": "5"})
    if done is None:
        raise HTTPError(404, "There is no alert of this id.")
    return _answer(call, back, f"/alerts/{alert_id}", done)


def _answer(call: Call, back: str | None, page: str, action: Action | None) -> HTTPResponse:
    if action is None:
        raise HTTPError(404, "There is nothing of this name.")
    if call.by_form:
        to = back_to(back, back_to(page))
        return HTTPResponse(status=303, headers={"Location": to, "Cache-Control": "no-store"})
    said = Done(
        *(action.action_id, action.at, action.who, action.kind, action.subject, action.value)
    )
    return reply(json_body(said), {}, cache="no-store")


def _wants(kind: Kind, plural: str) -> tuple[Route, ...]:
    words: tuple[tuple[str, Desired], ...] = (("start", "running"), ("stop", "stopped"))
    return tuple(
        Route(
            "POST",
            f"/api/v1/{plural}/<name>/{word}",
            partial(want, kind, desired),
            f"{word.capitalize()} a {kind}; it holds over restarts.",
            "write",
            body=Plain,
            answer=Done,
            statuses=CHANGED_STATUSES,
        )
        for word, desired in words
    )


ROUTES = (
    *_wants("source", "sources"),
    *_wants("receiver", "receivers"),
    *_wants("feed", "feeds"),
    Route(
        *("POST", "/api/v1/alerts/<alert_id>/acknowledge", acknowledge),
        *("Say that somebody has seen an alert.", "write"),
        body=Plain,
        answer=Done,
        statuses=CHANGED_STATUSES,
    ),
    Route(
        *("POST", "/api/v1/alerts/<alert_id>/keep", keep_alert),
        *("Never remove an alert, or let the retention decide again.", "write"),
        body=Keep,
        answer=Done,
        statuses=CHANGED_STATUSES,
    ),
    Route(
        *("POST", "/api/v1/alerts/<alert_id>/note", note_alert),
        *("Write a note to an alert, or remove it.", "write"),
        body=Note,
        answer=Done,
        statuses=CHANGED_STATUSES,
    ),
    Route(
        *("POST", "/api/v1/clips/<clip_id>/keep", keep_clip),
        *("Never remove a recording, or let the retention decide again.", "write"),
        body=Keep,
        answer=Done,
        statuses=CHANGED_STATUSES,
    ),
    Route("GET", "/api/v1/settings", settings, "What can be set at run time.", answer=Settings),
    Route(
        *("POST", "/api/v1/settings", change_settings),
        *("Set what can be set at run time.", "write"),
        body=SettingsSent,
        answer=Done,
        statuses=CHANGED_STATUSES,
    ),
)
