from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eas_station.cap.documents import document
from eas_station.errors import CapError

# Where an outcome of the collection is a number of messages.
COUNTS = {"one_alert": {1}, "two_alerts": {2}, "three_alerts": {3}, "five_alerts": {5}}
COUNTS |= {"one_or_two": {1, 2}, "accept_no_loop": {2}}
# Documents that are refused as a SAME header, and not as a message: the station shows them.
SHOWN_BUT_NOT_AIRED = {"c03", "c04", "c05", "c07", "c09"}
# Two messages, of which one is a Test.
ONE_IS_A_TEST = {"j33"}


def test_the_form_is_told_by_the_content(
    alert_xml: Callable[..., bytes],
    feature: Callable[..., dict[str, Any]],
    page: Callable[..., bytes],
) -> None:
    assert document.parse(alert_xml()).form == "cap"
    assert document.parse(page(feature())).form == "geojson"
    assert document.parse(b'<a:alerts xmlns:a="http://gov.fema.ipaws.services/feed"/>') == (
        document.Parsed("ipaws", (), ())
    )


@pytest.mark.parametrize(
    "text", ["", "<html><body>down</body></html>", "<alerts/>", "null", "[]", "ok", "\x1f\x8b"]
)
def test_what_has_no_form_is_refused(text: str) -> None:
    with pytest.raises(CapError):
        document.parse(text.encode())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<html><body>down</body></html>", "an HTML page, not an alert"),
        ("\r\n<!DOCTYPE HTML PUBLIC '-//W3C//DTD HTML 4.01//EN'><html>", "an HTML page"),
        ("<?xml version='1.0'?>\n<!-- a --> <!doctype html>", "an HTML page"),
        ("Service unavailable", "neither XML nor a JSON object"),
        ("[]", "neither XML nor a JSON object"),
        ("", "an empty document"),
        ("<alerts/>", "<alerts> is not a CAP document"),
    ],
)
def test_a_refusal_says_what_the_document_is(text: str, reason: str) -> None:
    with pytest.raises(CapError, match=reason):
        document.parse(text.encode())


def test_a_document_in_utf_16_is_xml_too(alert_xml: Callable[..., bytes]) -> None:
    text = alert_xml().decode().replace("UTF-8", "UTF-16")
    assert len(document.parse(text.encode("utf-16")).messages) == 1


@given(st.binary(max_size=300))
def test_any_bytes_give_messages_or_a_refusal(data: bytes) -> None:
    for candidate in (data, b"{" + data, b"<" + data):
        try:
            document.parse(candidate)
        except CapError as error:
            assert str(error)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 3000), st.integers(0, 40), st.binary(max_size=8)), max_size=4
    )
)
def test_any_damage_gives_messages_or_a_refusal(
    alert_xml: Callable[..., bytes],
    feature: Callable[..., dict[str, Any]],
    page: Callable[..., bytes],
    changes: list[tuple[int, int, bytes]],
) -> None:
    for whole in (alert_xml(), page(feature())):
        damaged = bytearray(whole)
        for at, length, put in changes:
            damaged[at : at + length] = put
        try:
            parsed = document.parse(bytes(damaged))
        except CapError:
            continue
        for message in parsed.messages:
            message.raw.encode()
            assert message.sent_at.tzinfo is not None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["id", "sent", "SAME", "type", "x"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_in_any_property_is_survived(value: object) -> None:
    keys = ("geocode", "parameters", "eventCode", "references", "sent", "ends", "headline", "id")
    for key in (*keys, "geometry", "pagination"):
        properties = {
            **{"id": "1", "sender": "s", "sent": "2026-04-20T11:05:00Z", "status": "Actual"},
            **{"messageType": "Alert", key: value},
        }
        member = {"type": "Feature", "geometry": value, "properties": properties}
        document.parse(json.dumps({"features": [member], key: value}).encode())


@pytest.mark.shared
def test_every_foreign_document_comes_out_as_the_collection_says(shared_cap: Path) -> None:
    files = json.loads((shared_cap / "manifest.json").read_text(encoding="utf-8"))["files"]
    wrong = []
    for entry in files:
        name = Path(entry["file"]).name[:3]
        expected = entry.get("expect", {}).get("outcome")
        if expected is None or name in SHOWN_BUT_NOT_AIRED | ONE_IS_A_TEST:
            continue
        try:
            parsed = document.parse((shared_cap / entry["file"]).read_bytes())
        except CapError:
            found = 0
        else:
            found = len(parsed.messages)
        if found not in _counts(expected):
            wrong.append(f"{entry['file']}: {found} messages, expected {expected}")
    assert wrong == []


def _counts(outcome: str) -> set[int]:
    if outcome in COUNTS:
        return COUNTS[outcome]
    if outcome in ("reject", "retry"):
        return {0}
    if outcome.startswith("reject_or") or outcome == "any_logged":
        return {0, 1}
    return {1} if not outcome.startswith(("geom", "stop", "any", "one_")) else {0, 1, 2}


@pytest.mark.shared
def test_the_nationwide_sets_are_read_whole(shared_cap: Path) -> None:
    for name, alerts in (("air-quality-alerts", 396), ("e2e", 152), ("testing", 38)):
        path = shared_cap / "nws_geojson_sets" / f"weathergov__{name}.json"
        parsed = document.parse(path.read_bytes())
        assert (len(parsed.messages), parsed.rejected) == (alerts, ())
        assert all(message.notes == () for message in parsed.messages)


@pytest.mark.shared
def test_no_foreign_document_meets_a_bug(shared_cap: Path) -> None:
    read = 0
    for path in shared_cap.rglob("*.*"):
        if path.is_file():
            read += 1
            try:
                document.parse(path.read_bytes())
            except CapError as error:
                assert str(error)
    assert read > 250
