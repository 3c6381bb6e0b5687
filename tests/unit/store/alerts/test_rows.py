"""The two nouns and their rows say the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from eas_station.alerts.model import Alert, Change, Key, Reception, Relevance
from eas_station.store.alerts import rows
from eas_station.store.database import alert_tables

Said = Callable[..., Reception]
NOON = datetime(2025, 11, 22, 12, 0, tzinfo=UTC)


def alert(**values: object) -> Alert:
    plain: dict[str, Any] = {
        "alert_id": "a",
        "status": "actual",
        "is_test": False,
        "event_name": "Tornado Warning",
        "event_code": "TOR",
        "originator": None,
        "issued_at": NOON,
        "first_received_at": NOON,
        "last_received_at": NOON,
        "ends_at": None,
        "end_reason": None,
        "ended_at": None,
        "same_codes": (),
        "ugc_codes": (),
        "polygons": (),
        "relevance": Relevance(True, "national", ()),
        "reception_count": 1,
    }
    return Alert(**{**plain, **values})


@pytest.mark.parametrize(
    ("noun", "table"),
    [
        (Alert, alert_tables.alerts),
        (Reception, alert_tables.receptions),
        (Change, alert_tables.changes),
    ],
)
def test_every_field_has_its_column(noun: type, table: Any) -> None:
    assert {field.name for field in dataclasses.fields(noun)} <= set(table.columns.keys())


def test_a_column_is_empty_only_where_the_field_may_be_none() -> None:
    for field in dataclasses.fields(Alert):
        assert alert_tables.alerts.c[field.name].nullable == ("None" in str(field.type)), field.name


def test_a_message_is_the_same_by_origin_sender_identifier_and_instant(said: Said) -> None:
    one = said(identifier="1")
    message = one.statement.message
    assert message is not None
    elsewhere = message.sent_at.astimezone(timezone(timedelta(hours=-5)))
    same = dataclasses.replace(
        one,
        reception_id="x",
        statement=dataclasses.replace(
            one.statement, message=dataclasses.replace(message, sent_at=elsewhere)
        ),
    )
    assert rows.message_hash(same) == rows.message_hash(one)
    later = dataclasses.replace(message, sent_at=message.sent_at + timedelta(seconds=1))
    others = [
        said(identifier="2"),
        said(identifier="1", origin="ipaws"),
        dataclasses.replace(one, statement=dataclasses.replace(one.statement, message=later)),
    ]
    assert len({rows.message_hash(other) for other in [one, *others]}) == 4
    assert rows.message_hash(said()) is None


def test_a_forged_message_is_another_one_than_the_real_one(said: Said) -> None:
    plain = said(identifier="1")
    signed = [
        dataclasses.replace(plain, signature=signature)
        for signature in ("valid", "unchecked: why", "invalid: not signed")
    ]
    hashes = [rows.message_hash(one) for one in (plain, *signed)]
    assert hashes[0] == hashes[1] == hashes[2] != hashes[3]


def test_borders_between_texts_count_in_a_hash() -> None:
    assert rows.hash_of("ab", "c") != rows.hash_of("a", "bc")
    assert rows.hash_of("a") != rows.hash_of("a", "")
    assert len(rows.hash_of("\ud800" * 10_000)) == 32


def test_keys_of_another_strength_are_other_keys() -> None:
    assert rows.key_hash(Key("same", "x")) != rows.key_hash(Key("fold", "x"))
