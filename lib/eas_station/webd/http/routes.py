"""The registry of everything the page answers: one `Route` per method and address.

The modules list theirs as values (`ROUTES`, or `routes(...)` where they need something built);
`app.routes` gathers them, `mount` makes Bottle's routes of them, and the description of the API is
made from the same values. There is no other way to a route: what changes anything says so by its
method, and a `Route` that would let anybody do it cannot be made.

    Route("POST", "/api/v1/alerts/<alert_id>/note", note, "Write a note to an alert.",
          who="write", body=Note)

A handler takes the site and the call, and returns an HTTPResponse. What was asked and sent is
read, checked and typed before it is called: `call.asked(Page)`, `call.sent(Note)`; the values of
the address are in `call.path`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from bottle import HTTPResponse

from eas_station.webd.http.deadline import Deadline
from eas_station.webd.http.operator import Operator
from eas_station.webd.http.responses import JSON
from eas_station.webd.site import Site

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
# read: everybody. operator: who has a login or a token, to read what is not for everybody.
# write: the same, and for a token only one that may. login: who wants to become one.
Who = Literal["read", "operator", "write", "login"]

PLACEHOLDER = re.compile(r"<(\w+)>")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Nothing:
    """No parameters."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read and checked."""

    path: Mapping[str, str]  # the values of the address's placeholders
    query: object  # of the route's type
    body: object  # of the route's type; None: the route takes none
    headers: Mapping[str, str]  # by lower-case name: those that decide how a body is sent
    address: str  # of the client, as far as trusted proxies tell
    operator: Operator | None  # who it is; None: a reader
    deadline: Deadline
    by_form: bool  # sent by a form of the page: answer with a page, not with JSON

    def asked(self, kind: type[T]) -> T:
        """The parameters of the query."""
        return _typed(self.query, kind)

    def sent(self, kind: type[T]) -> T:
        """The body."""
        return _typed(self.body, kind)

    def who(self) -> Operator:
        """The operator; only routes for operators may ask."""
        return _typed(self.operator, Operator)


Handler = Callable[[Site, Call], HTTPResponse]


@dataclass(frozen=True, slots=True)
class Route:
    """One thing that the page answers."""

    method: Method
    path: str  # "/api/v1/alerts/<alert_id>"
    handler: Handler
    summary: str  # a sentence
    who: Who = "read"
    query: type = Nothing  # a dataclass, see `parameters`
    body: type | None = None  # a dataclass; JSON or a form; None: no body is read
    answer: object = None  # the type of the answer's JSON; None: it has no schema
    content_type: str = JSON  # of the answer
    other_types: tuple[str, ...] = ()  # that the answer may have instead
    statuses: tuple[int, ...] = (200,)  # those of success
    refusals: tuple[int, ...] = ()  # of its own, besides those that every such route has

    def __post_init__(self) -> None:
        """Raises ValueError for a route that nobody may want."""
        if self.method != "GET" and self.who in ("read", "operator"):
            raise ValueError(f"{self.method} {self.path} changes something for everybody")
        if self.method == "GET" and self.body is not None:
            raise ValueError(f"GET {self.path} cannot have a body")

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names of the address's placeholders."""
        return tuple(PLACEHOLDER.findall(self.path))

    @property
    def is_api(self) -> bool:
        """Is it for programs?"""
        return self.path.startswith("/api/")


def _typed(value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"the route declares {type(value).__name__}, its handler {kind.__name__}")
    return value
