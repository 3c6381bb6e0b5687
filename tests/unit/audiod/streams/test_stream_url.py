"""What is sent and what is shown of a stream's URL."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.audiod.streams.stream_url import (
    Scrubber,
    authorization,
    origin,
    parse,
    redacted,
    request_target,
)

SECRET = "https://me:s3%20cret@radio.example:8443/live.mp3?token=t0ken&n=1#x"


def test_a_redacted_url_keeps_its_address_and_no_secret() -> None:
    assert redacted(SECRET) == "https://radio.example:8443/live.mp3"
    assert redacted("http://[::1]:8000/a") == "http://[::1]:8000/a"
    assert redacted("http://[broken") == "a URL"


def test_a_url_is_split_as_http_needs_it() -> None:
    url = parse(SECRET)
    assert origin(url) == ("https", "radio.example", 8443)
    assert request_target(url) == "/live.mp3?token=t0ken&n=1"
    account = base64.b64encode(b"me:s3 cret").decode()
    assert authorization(url) == f"Basic {account}"
    assert authorization(parse("http://a")) is None
    assert request_target(parse("http://a")) == "/"
    assert request_target(parse("http://a/é x")) == "/%C3%A9%20x"


@pytest.mark.parametrize("text", ["", "radio.example", "http://", "http://a:port/", "http://[b"])
def test_an_invalid_url_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(text)


@pytest.mark.parametrize(
    "line",
    [
        "Opening 'https://me:s3%20cret@radio.example:8443/seg1.ts?token=t0ken' for reading",
        "https://other.example/seg.ts?key=unknown: Server returned 403",
        "Authorization with s3 cret failed",
        "token=t0ken&n=1 was refused",
    ],
)
def test_no_secret_passes_the_scrubber(line: str) -> None:
    scrubbed = Scrubber(parse(SECRET))(line)
    for secret in ("s3%20cret", "s3 cret", "t0ken", "unknown", "me:"):
        assert secret not in scrubbed
    assert "…" in scrubbed


def test_a_text_without_secrets_passes_unchanged() -> None:
    line = "Stream #0:0: Audio: mp3, 44100 Hz, mono, fltp, 64 kb/s"
    assert Scrubber(parse(SECRET))(line) == line


@given(st.text(max_size=60))
def test_any_text_is_redacted(text: str) -> None:
    assert "s3cret" not in redacted(f"http://user:s3cret@{text}")
