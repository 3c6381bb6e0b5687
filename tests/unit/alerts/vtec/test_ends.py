"""How an alert ends, in a sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from eas_station.alerts.identity.alike import alike
from eas_station.alerts.model import Alert, EventRef, Relevance, Statement
from eas_station.alerts.vtec.ends import end_of, end_text, is_hidden, stated

NOW = datetime.fromisoformat("2026-04-20T16:00:00Z")
HOUR = timedelta(hours=1)


def an_alert(**said: Any) -> Alert:
    alert = Alert(
        alert_id="1",
        status="actual",
        is_test=False,
        event_name="Flood Warning",
        event_code="FLW",
        originator="WXR",
        issued_at=NOW - 20 * HOUR,
        first_received_at=NOW,
        last_received_at=NOW,
        ends_at=NOW + HOUR,
        end_reason=None,
        ended_at=None,
        same_codes=("018071",),
        ugc_codes=(),
        polygons=(),
        relevance=Relevance(True, "no-area", ()),
        reception_count=1,
        sender_name="NWS Indianapolis",
    )
    return replace(alert, **said)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({}, ""),
        ({"end_reason": "cancelled"}, "cancelled"),
        (
            {"end_kind": "until_further_notice", "expires_at": NOW + HOUR},
            "until further notice",
        ),
        (
            {"end_kind": "until_further_notice", "expires_at": NOW},
            "until further notice; no renewal since 19T20",
        ),
        ({"end_kind": "no_end_given"}, "no end given; shown until 20T17"),
        ({"end_kind": "unknown", "ends_at": None}, "end not known"),
    ],
)
def test_an_end_that_is_no_plain_time_is_said(said: dict[str, Any], text: str) -> None:
    assert end_text(an_alert(**said), NOW, lambda at: f"{at:%dT%H}") == text


def test_an_alert_is_hidden_until_it_is_renewed() -> None:
    alert = an_alert()
    assert not is_hidden(alert, None)
    assert is_hidden(alert, NOW)
    assert not is_hidden(replace(alert, issued_at=NOW + HOUR), NOW)


def test_alerts_that_nobody_can_tell_apart_are_together() -> None:
    """Three Air Quality Alerts with one text."""
    one, two, three = (an_alert(alert_id=name) for name in "123")
    others = [
        an_alert(alert_id="events", events=("KIND.FL.W.0213.2026",)),
        an_alert(alert_id="event", event_name="Flood Watch"),
        an_alert(alert_id="end", ends_at=NOW),
        an_alert(alert_id="office", sender_name="NWS Northern Indiana"),
        an_alert(alert_id="places", same_codes=("018071", "018093")),
    ]
    found = alike([one, others[0], two, *others[1:], three], lambda alert: alert)
    assert found == [[one, two, three], *([other] for other in others)]


def test_a_time_before_1990_means_none() -> None:
    epoch = datetime.fromisoformat("1970-01-01T00:00:00Z")
    assert stated(epoch) is None
    said = Statement("alert", "actual", "Flood Warning", NOW, ends_at=epoch, expires_at=NOW + HOUR)
    event = EventRef("KIND.FL.W.0213.2026", "NEW", "O", None, None)
    assert end_of(said, event) == (NOW + 25 * HOUR, "until_further_notice")
    assert end_of(said, None) == (NOW + HOUR, "time")
