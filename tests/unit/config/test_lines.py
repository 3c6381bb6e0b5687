"""Where each key of a TOML file stands."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eas_station.config.lines import KeyLine, KeyLines

TEXT = '''\
# comment
title = "a # b"  # comment
[web]
port = 8080
"host" = 'localhost'

[[feed]]
name = "one"
zone = [
  "OHC173",  # Wood ]
  "OHZ049",
]
interval_s = 5
[[feed]]
name = "two"
note = """
port = 1
[web]
"""
url = "https://example.org/[x]"
[a.b]
c.d = { x = 1, y = [2] }
'''


def test_keys_of_tables_and_of_arrays_of_tables() -> None:
    places = KeyLines(TEXT)
    assert places.find(("title",)) == KeyLine(2, '"a # b"')
    assert places.find(("web", "port")) == KeyLine(4, "8080")
    assert places.find(("web", "host")) == KeyLine(5, "'localhost'")
    assert places.find(("feed", 0, "name")) == KeyLine(8, '"one"')
    assert places.find(("feed", 1, "name")) == KeyLine(15, '"two"')
    assert places.find(("a", "b", "c", "d")) == KeyLine(22, "{ x = 1, y = [2] }")


def test_a_value_of_several_lines_does_not_hide_what_follows() -> None:
    places = KeyLines(TEXT)
    assert places.find(("feed", 0, "zone")) == KeyLine(9, '[ "OHC173", "OHZ049", ]')
    assert places.find(("feed", 0, "interval_s")) == KeyLine(13, "5")


def test_text_that_looks_like_a_key_is_not_one() -> None:
    places = KeyLines(TEXT)
    assert places.find(("feed", 1, "url")) == KeyLine(20, '"https://example.org/[x]"')
    assert places.find(("feed", 1, "port")) == KeyLine(14, None)


def test_a_key_that_is_not_written_stands_where_its_table_does() -> None:
    places = KeyLines(TEXT)
    assert places.find(("feed", 1, "kind")) == KeyLine(14, None)
    assert places.written(("feed", 1, "kind")) is None
    assert places.find(("nowhere",)) is None


def test_a_long_value_is_shortened() -> None:
    written = KeyLines(f'key = "{"x" * 500}"').written(("key",))
    assert written is not None
    assert len(written) == 80


@given(st.text(alphabet="[]{}\"'=#.\n ab1,", max_size=80))
def test_any_text_is_scanned(text: str) -> None:
    KeyLines(text)
