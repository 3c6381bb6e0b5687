"""What schemathesis does not know of this API: loaded by it, not by the tests."""

from __future__ import annotations

import itertools
import os

import schemathesis
from hypothesis import strategies as st

ADDRESSES = itertools.count(1)
IDS = os.environ["EAS_TEST_IDS"].split()  # of alerts, of recordings, of nothing

CURSOR = os.environ["EAS_TEST_CURSOR"]  # of the log
schemathesis.openapi.format("cursor", st.just(CURSOR))
schemathesis.openapi.format("day", st.dates().map(str))


def _takes(path: str, state: str | None) -> bool:
    """Each list has cursors of its own."""
    return path == "/log" or (path == "/api/v1/alerts" and state in ("all", "ended"))


@schemathesis.hook
def before_call(context, case, kwargs):  # type: ignore[no-untyped-def]
    """Every request from another address: this is no test of the limit of one."""
    number = next(ADDRESSES)
    query = case.query or {}
    if query.get("cursor") == CURSOR and not _takes(context.operation.path, query.get("state")):
        del query["cursor"]
    case.headers = case.headers or {}
    case.headers["X-Forwarded-For"] = f"10.0.{number // 250 % 250}.{number % 250 + 1}"


@schemathesis.hook
def map_path_parameters(context, path_parameters):  # type: ignore[no-untyped-def]
    """Half of them something that is there."""
    for name in path_parameters or {}:
        if name in ("alert_id", "clip_id", "job", "name") and len(path_parameters[name]) % 2:
            path_parameters[name] = IDS[len(path_parameters[name]) % len(IDS)]
    return path_parameters
