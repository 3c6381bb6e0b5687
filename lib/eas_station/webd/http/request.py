"""Reading of requests: address, content type, query, form, size of the body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bottle import BaseRequest, HTTPError

JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"
BODY_MOST_BYTES = 65_536  # the longest body is a note
ADDRESS, SECURE = "eas.address", "eas.secure"  # set by `middleware`


def client_address(environ: Mapping[str, Any]) -> str:
    """The address of the client, behind trusted proxies."""
    return str(environ.get(ADDRESS) or environ.get("REMOTE_ADDR") or "-")


def is_secure(environ: Mapping[str, Any]) -> bool:
    """Whether it came by HTTPS, according to trusted proxies."""
    return bool(environ.get(SECURE))


def content_type(environ: Mapping[str, Any]) -> str:
    """The content type of the body, without parameters."""
    return str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()


def sent_by_form(environ: Mapping[str, Any]) -> bool:
    """Whether the body is a form."""
    return content_type(environ) == FORM_TYPE


def form_of(request: BaseRequest) -> dict[str, str]:
    """The fields of the form; empty if the body is not a form. Raises HTTPError 413, 400."""
    if not sent_by_form(request.environ):
        return {}
    check_length(request)
    try:
        return dict(request.forms.decode())
    except ValueError as error:
        raise HTTPError(400, "The form is not valid UTF-8.") from error


def query_of(request: BaseRequest) -> dict[str, str]:
    """The parameters of the query. Raises HTTPError 400."""
    if not request.environ.get("QUERY_STRING"):
        return {}
    try:
        query = request.query.decode()
    except ValueError as error:
        raise HTTPError(400, "The query is not valid UTF-8.") from error
    for name, values in query.dict.items():
        if len(values) > 1:  # ambiguous
            raise HTTPError(400, f"{name[:64]} is given more than once.")
    return dict(query)


def form_field(request: BaseRequest, name: str) -> str:
    """One field of the form; "" if it is missing."""
    return form_of(request).get(name, "")


def check_length(request: BaseRequest) -> None:
    """Raises HTTPError 413 if the body is too long."""
    if request.content_length > BODY_MOST_BYTES:
        raise HTTPError(413, f"The body is longer than {BODY_MOST_BYTES} bytes.")
