"""ICY headers, and titles between the audio of a stream."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.audiod.streams.icy import MAX_TITLE, IcyReader, one_line, title_of


def with_titles(audio: bytes, interval: int, titles: list[bytes]) -> bytes:
    """A response as a server sends it: a title after every interval, while there are any."""
    parts: list[bytes] = []
    for at in range(0, len(audio), interval):
        piece = audio[at : at + interval]
        parts.append(piece)
        if len(piece) == interval:
            text = titles.pop(0) if titles else b""
            blocks = -(-len(text) // 16)
            parts.append(bytes([blocks]) + text.ljust(16 * blocks, b"\0"))
    return b"".join(parts)


def arriving(data: bytes, cuts: list[int]) -> Callable[[int], bytes]:
    """Reads the data as it arrives: in pieces that end at these places."""
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in itertools.pairwise(places) if b > a]

    def read1(size: int) -> bytes:
        if not pieces:
            return b""
        piece = pieces.pop(0)
        if len(piece) > size:
            pieces.insert(0, piece[size:])
        return piece[:size]

    return read1


def read_all(reader: IcyReader) -> bytes:
    audio = b""
    while chunk := reader.read():
        audio += chunk
    return audio


@given(
    audio=st.binary(max_size=400),
    interval=st.integers(1, 90),
    cuts=st.lists(st.integers(0, 600), max_size=12),
)
def test_the_audio_is_the_same_however_the_bytes_arrive(
    audio: bytes, interval: int, cuts: list[int]
) -> None:
    titles = [b"StreamTitle='One';", b"", b"StreamTitle='It's two';StreamUrl='http://a/';"]
    sent = with_titles(audio, interval, list(titles))
    reader = IcyReader(arriving(sent, cuts), {"icy-metaint": str(interval)})
    assert read_all(reader) == audio
    received = len(audio) // interval
    assert reader.title == (None if received == 0 else "One" if received < 3 else "It's two")


@pytest.mark.parametrize("headers", [{}, {"icy-metaint": "0"}, {"icy-metaint": "-8192"}])
def test_without_an_interval_everything_is_audio(headers: dict[str, str]) -> None:
    assert read_all(IcyReader(arriving(b"abc", []), headers)) == b"abc"


@given(st.binary(max_size=300), st.integers(1, 20))
def test_any_bytes_give_audio_and_perhaps_a_title(data: bytes, interval: int) -> None:
    reader = IcyReader(arriving(data, []), {"icy-metaint": str(interval)})
    assert len(read_all(reader)) <= len(data)
    assert reader.title is None or len(reader.title) <= MAX_TITLE


@pytest.mark.parametrize(
    ("headers", "name", "kbps"),
    [
        ({"icy-name": "Weather Radio", "icy-br": "64"}, "Weather Radio", 64),
        ({"ice-name": "caf\xc3\xa9", "icy-br": "64,64"}, "café", 64),
        ({"icy-name": "", "icy-br": "0"}, None, None),
        ({"icy-br": "99999"}, None, None),
        ({"icy-br": "fast"}, None, None),
    ],
)
def test_name_and_bitrate_come_from_the_headers(
    headers: dict[str, str], name: str | None, kbps: int | None
) -> None:
    reader = IcyReader(arriving(b"", []), headers)
    assert (reader.name, reader.bitrate_kbps) == (name, kbps)


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
    assert one_line(b"x" * 1000) == "x" * MAX_TITLE
