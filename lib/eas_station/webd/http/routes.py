"""The registry of what the server answers: one `Route` per method and address.

Each module of routes lists its own in a method `routes`; `app` collects them, `route_binding`
mounts them in Bottle, and the description of the API is made from the same values. No other way to
a route exists. A route that changes something without a login cannot be constructed.

    Route("POST", "/api/v1/alerts/<alert_id>/note", self.note, role="write", body=NoteRequest)

A handler takes the call and returns an HTTPResponse. Query and body are read, checked and typed
before the handler is called: `call.query_as(Page)`, `call.body_as(NoteRequest)`; the values of the
address are in `call.path`.
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

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
# read: every client. operator: a login or a token, for what is not public.
# write: a login, or a token with the scope "write". login: a client that logs in.
Role = Literal["read", "operator", "write", "login"]

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
    body: object  # of the route's type; None: the route reads no body
    headers: Mapping[str, str]  # by lower-case name: those that decide how a body is sent
    address: str  # of the client, behind trusted proxies
    operator: Operator | None  # None: not logged in
    deadline: Deadline
    by_form: bool  # sent by a form of a page: answer with a page, not with JSON

    def query_as(self, kind: type[T]) -> T:
        """The parameters of the query."""
        return _typed(self.query, kind)

    def body_as(self, kind: type[T]) -> T:
        """The body."""
        return _typed(self.body, kind)

    def logged_in(self) -> Operator:
        """The operator; only for routes that need one."""
        return _typed(self.operator, Operator)


Handler = Callable[[Call], HTTPResponse]


@dataclass(frozen=True, slots=True)
class Route:
    """One method at one address."""

    method: Method
    path: str  # "/api/v1/alerts/<alert_id>"
    handler: Handler
    summary: str = ""  # a sentence; "": the first line of the handler's docstring
    role: Role = "read"
    query: type = Nothing  # a dataclass, see `parameters`
    body: type | None = None  # a dataclass; JSON or a form; None: no body is read
    answer: object = None  # the type of the answer's JSON; None: no schema
    content_type: str = JSON  # of the answer
    other_types: tuple[str, ...] = ()  # other content types of the answer
    statuses: tuple[int, ...] = (200,)  # of success
    refusals: tuple[int, ...] = ()  # besides those that every route of its kind has

    def __post_init__(self) -> None:
        """Raises ValueError if the method does not fit the other fields."""
        if not self.summary:
            first_line = (self.handler.__doc__ or "").partition("\n")[0]
            object.__setattr__(self, "summary", first_line)
        if self.method != "GET" and self.role in ("read", "operator"):
            raise ValueError(f"{self.method} {self.path} changes something without a login")
        if self.method == "GET" and self.body is not None:
            raise ValueError(f"GET {self.path} cannot have a body")

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names of the address's placeholders."""
        return tuple(PLACEHOLDER.findall(self.path))

    @property
    def is_api(self) -> bool:
        """Whether it belongs to the API."""
        return self.path.startswith("/api/")


def _typed(value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"the route declares {type(value).__name__}, its handler {kind.__name__}")
    return value
