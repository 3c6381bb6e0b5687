"""The page Log and the long lists, on a real eas-webd."""

from __future__ import annotations

import re
from typing import Any

import pytest


def titles(up: Any, query: str) -> list[str]:
    status, _, page = up.get(f"/log{query}")
    assert status == 200
    return re.findall(r'<a href="/alerts/[^"]+">([^<]+)</a>', page.decode())


def test_the_log_is_searched_and_narrowed_without_a_script(up: Any) -> None:
    assert len(titles(up, "")) == 11
    assert titles(up, "?q=tornado") == ["Tornado Warning"]
    assert titles(up, "?q=TORN+wood&state=active&kind=real&via=cap&here=true") == (
        ["Tornado Warning"]
    )
    assert set(titles(up, "?kind=test")) == {
        "Required Weekly Test", "Practice/Demo Warning", "Required Monthly Test"
    }  # fmt: skip
    assert titles(up, "?event=ffw&severity=&q=") == ["Flash Flood Warning"]
    assert titles(up, "?q=nothing+like+that") == []
    page = up.get("/log?q=%22%3E%3Cscript%3E&since=2020-01-01")[2].decode()
    assert "<script>" not in page
    assert 'value="2020-01-01"' in page
    assert "No alert matches." in page


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("since=yesterday", "since must be a day like"),
        ("event=TORN", "event must be"),
        ("cursor=x", "not a page of the log"),
        ("q=a&amp;q=b&q=c", "more than once"),
    ],
)
def test_a_wrong_question_is_answered_with_what_would_be_right(
    up: Any, query: str, word: str
) -> None:
    status, _, page = up.get(f"/log?{query}")
    assert (status, word in page.decode()) == (400, True)


def test_every_long_list_is_read_to_its_end_by_cursors(up: Any) -> None:
    for path, name in (
        ("/api/v1/alerts?state=all", "alerts"),
        ("/api/v1/alerts?state=active", "alerts"),
        ("/api/v1/alerts?state=all&q=w", "alerts"),
        ("/api/v1/receptions?x=", "receptions"),
        ("/api/v1/jobs/poll%20nws/runs?x=", "runs"),
        ("/api/v1/clips?x=", "clips"),
        ("/api/v1/deaf-intervals?x=", "intervals"),
    ):
        whole = up.json(f"{path}&limit=500")
        assert whole["next_cursor"] is None
        found: list[Any] = []
        cursor = ""
        for _ in range(50):
            page = up.json(f"{path}&limit=2{cursor}")
            assert len(page[name]) <= 2
            found += page[name]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert found == whole[name], path
    changes = up.json("/api/v1/changes?limit=5")
    rest = up.json(f"/api/v1/changes?after={changes['next_after']}")["changes"]
    numbers = [one["change_id"] for one in changes["changes"] + rest]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_audit_is_for_operators(up: Any) -> None:
    assert up.get("/api/v1/audit")[0] == 403
    reads = up.get("/api/v1/audit", Authorization=f"Bearer {up.token('read')}")
    assert reads[0] == 200
    assert reads[1]["cache-control"].startswith("private")
