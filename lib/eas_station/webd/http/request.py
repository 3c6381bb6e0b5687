"""What a request says of itself, whatever route it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bottle import BaseRequest, HTTPError

JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"
WRITTEN_MOST_BYTES = 65_536  # a body of ours is a word or a note
ADDRESS, SECURE = "eas.address", "eas.secure"  # put into the environment by `armor`


def client_address(environ: Mapping[str, Any]) -> str:
    """Whose request it is, as far as trusted proxies tell."""
    return str(environ.get(ADDRESS) or environ.get("REMOTE_ADDR") or "-")


def is_secure(environ: Mapping[str, Any]) -> bool:
    """Does it come by https, as far as trusted proxies tell?"""
    return bool(environ.get(SECURE))


def content_type(environ: Mapping[str, Any]) -> str:
    """Of the body, without parameters."""
    return str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()


def sent_by_form(environ: Mapping[str, Any]) -> bool:
    """Does the request come from a form of a page?"""
    return content_type(environ) == FORM_TYPE


def form_of(request: BaseRequest) -> dict[str, str]:
    """The fields of a form; none if it is no form. Raises HTTPError if it is too long."""
    if not sent_by_form(request.environ):
        return {}
    bounded(request)
    try:
        return dict(request.forms.decode())
    except ValueError as error:
        raise HTTPError(400, "The form is not UTF-8.") from error


def query_of(request: BaseRequest) -> dict[str, str]:
    """The parameters of the address. Raises HTTPError if they are no text."""
    if not request.environ.get("QUERY_STRING"):
        return {}
    try:
        query = request.query.decode()
    except ValueError as error:
        raise HTTPError(400, "The address is not UTF-8.") from error
    for name, values in query.dict.items():
        if len(values) > 1:  # which one is meant?
            raise HTTPError(400, f"{name[:64]} is given more than once.")
    return dict(query)


def form_field(request: BaseRequest, name: str) -> str:
    """One field of a form; "" if it is not there."""
    return form_of(request).get(name, "")


def bounded(request: BaseRequest) -> None:
    """Raises HTTPError if the body is longer than any of ours."""
    if request.content_length > WRITTEN_MOST_BYTES:
        raise HTTPError(413, f"A body may have {WRITTEN_MOST_BYTES} bytes at most.")
