"""The log as a file."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from eas_station.webd.api.exports import COLUMNS, chunks, entries
from eas_station.webd.records.queries import EntryPage


def test_a_spreadsheet_carries_nothing_out(make: Any) -> None:
    hostile = '=HYPERLINK("http://evil.example"),\n"x"'
    made = "".join(chunks(iter([make.entry(headline=hostile)]), "csv", lambda _: "-2+3"))
    rows = list(csv.reader(io.StringIO(made, newline="")))
    assert rows[0] == list(COLUMNS)
    row = dict(zip(*rows, strict=True))
    assert row["headline"] == f"'{hostile}"
    assert row["places"] == "'-2+3"
    assert (row["concerns_us"], row["is_test"], row["ended_at"]) == ("yes", "no", "")


def test_json_is_one_document_and_cut_short_it_is_none(make: Any) -> None:
    two = [make.entry(), make.entry(alert_id="alert-2")]
    made = list(chunks(iter(two), "json", lambda _: ""))
    assert [one["alert_id"] for one in json.loads("".join(made))["alerts"]] == [
        "alert-1",
        "alert-2",
    ]
    with pytest.raises(json.JSONDecodeError):
        json.loads("".join(made[:-1]))
    assert json.loads("".join(chunks(iter([]), "json", lambda _: ""))) == {"alerts": []}


def test_all_pages_are_read(make: Any) -> None:
    pages = {
        None: EntryPage((make.entry(),), "a"),
        "a": EntryPage((make.entry(alert_id="alert-2"),), "b"),
        "b": EntryPage((), None),
    }
    found = [one.alert.alert_id for one in entries(lambda cursor: pages[cursor])]
    assert found == ["alert-1", "alert-2"]
