"""What may be seen of a stream's URL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.audiod.streams.stream_url import Scrubber, shown, split

SECRET = "https://me:s3%20cret@radio.example:8443/live.mp3?token=t0ken&n=1#x"


def test_what_is_shown_leads_there_and_opens_nothing() -> None:
    assert shown(SECRET) == "https://radio.example:8443/live.mp3"
    assert shown("http://[::1]:8000/a") == "http://[::1]:8000/a"
    assert shown("http://[broken") == "a URL"


def test_a_url_is_taken_apart_as_http_wants_it() -> None:
    url = split(SECRET)
    assert (url.scheme, url.host, url.port) == ("https", "radio.example", 8443)
    assert url.target == "/live.mp3?token=t0ken&n=1"
    assert (url.user, url.password) == ("me", "s3 cret")
    assert split("http://a").target == "/"
    assert split("http://a/é x").target == "/%C3%A9%20x"
    assert split("http://a/L.M3U8?x").is_playlist


@pytest.mark.parametrize("text", ["", "radio.example", "http://", "http://a:port/", "http://[b"])
def test_what_is_no_url_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        split(text)


@pytest.mark.parametrize(
    "said",
    [
        "Opening 'https://me:s3%20cret@radio.example:8443/seg1.ts?token=t0ken' for reading",
        "https://other.example/seg.ts?key=unknown: Server returned 403",
        "Authorization with s3 cret failed",
        "token=t0ken&n=1 was refused",
    ],
)
def test_no_secret_passes(said: str) -> None:
    scrubbed = Scrubber(split(SECRET))(said)
    for secret in ("s3%20cret", "s3 cret", "t0ken", "unknown", "me:"):
        assert secret not in scrubbed
    assert "…" in scrubbed


def test_what_holds_no_secret_stays_as_it_is() -> None:
    said = "Stream #0:0: Audio: mp3, 44100 Hz, mono, fltp, 64 kb/s"
    assert Scrubber(split(SECRET))(said) == said


@given(st.text(max_size=60))
def test_any_text_is_shown_without_a_password(text: str) -> None:
    assert "s3cret" not in shown(f"http://user:s3cret@{text}")
