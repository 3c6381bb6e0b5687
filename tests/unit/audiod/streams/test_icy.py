"""Titles between the sound of a stream."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.audiod.streams.icy import LONGEST_TITLE, IcySplitter, clean, title_of


def with_titles(sound: bytes, interval: int, titles: list[bytes]) -> bytes:
    """As a server sends it: a title after every interval of sound, while there are any."""
    parts: list[bytes] = []
    for at in range(0, len(sound), interval):
        piece = sound[at : at + interval]
        parts.append(piece)
        if len(piece) == interval:
            text = titles.pop(0) if titles else b""
            blocks = -(-len(text) // 16)
            parts.append(bytes([blocks]) + text.ljust(16 * blocks, b"\0"))
    return b"".join(parts)


@given(
    sound=st.binary(max_size=400),
    interval=st.integers(1, 90),
    cuts=st.lists(st.integers(0, 600), max_size=12),
)
def test_the_sound_is_the_same_however_the_bytes_are_cut(
    sound: bytes, interval: int, cuts: list[int]
) -> None:
    titles = [b"StreamTitle='One';", b"", b"StreamTitle='It's two';StreamUrl='http://a/';"]
    sent = with_titles(sound, interval, list(titles))
    splitter = IcySplitter(interval)
    places = [0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
    heard = [splitter.feed(sent[a:b]) for a, b in itertools.pairwise(places)]
    assert b"".join(heard) == sound
    told = len(sound) // interval
    assert splitter.title == (None if told == 0 else "One" if told < 3 else "It's two")


def test_without_an_interval_all_is_sound() -> None:
    assert IcySplitter(0).feed(b"abc") == b"abc"
    assert IcySplitter(-8192).feed(b"abc") == b"abc"


@given(st.binary(max_size=300), st.integers(1, 20))
def test_any_bytes_give_sound_and_perhaps_a_title(data: bytes, interval: int) -> None:
    splitter = IcySplitter(interval)
    assert len(splitter.feed(data)) <= len(data)
    assert splitter.title is None or len(splitter.title) <= LONGEST_TITLE


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (b"StreamTitle='River Falls';\0\0\0", "River Falls"),
        (b"StreamTitle='Don't panic; it's fine';StreamUrl='';", "Don't panic; it's fine"),
        (b"StreamTitle='caf\xc3\xa9';", "café"),
        (b"StreamTitle='caf\xe9';", "café"),
        (b"StreamTitle='a\x1b[31m\nb';", "a [31m b"),
        (b"StreamTitle='';", None),
        (b"StreamUrl='x';", None),
        (b"StreamTitle='cut off", None),
    ],
)
def test_a_title_is_one_printable_line(text: bytes, title: str | None) -> None:
    assert title_of(text) == title


def test_a_long_name_is_cut() -> None:
    assert clean(b"x" * 1000) == "x" * LONGEST_TITLE
