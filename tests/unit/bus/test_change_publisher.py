"""A committed change becomes a message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from eas_station.alerts.model import Change, ChangeKind
from eas_station.bus.change_publisher import ChangePublisher
from eas_station.bus.messages import AlertNews
from eas_station.bus.publisher import Publisher
from eas_station.bus.subscriber import Subscriber

AT = datetime(2026, 4, 27, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["new", "updated", "ended"])
def test_a_change_is_published_under_its_kind(
    kind: ChangeKind,
    publisher_of: Callable[[str], Publisher],
    subscriber_to: Callable[[list[str], list[str]], Subscriber],
) -> None:
    change_publisher = ChangePublisher(publisher_of("eas-capd"))
    change_publisher(Change(7, "a-1", kind, AT, "first heard", "TOR"))
    message = subscriber_to(["eas-capd"], ["alert."]).receive(5)
    assert message is not None
    assert message.topic == f"alert.{kind}"
    assert message.body == AlertNews("a-1", 7, kind, "TOR", "first heard")


def test_the_highest_change_is_remembered(publisher_of: Callable[[str], Publisher]) -> None:
    change_publisher = ChangePublisher(publisher_of("eas-capd"))
    assert change_publisher.last_change_id is None
    for change_id in (5, 9, 8):
        change_publisher(Change(change_id, "a-1", "updated", AT, "again"))
    assert change_publisher.last_change_id == 9
