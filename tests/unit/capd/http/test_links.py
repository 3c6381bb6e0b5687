from __future__ import annotations

import pytest

from eas_station.capd.http.links import (
    LinkTarget,
    UnnamedHostError,
    hosts_sentence,
    link_target,
)
from eas_station.errors import CapError

BASE = "https://www.met.ie/warnings/feed.xml"


@pytest.mark.parametrize(
    ("base", "link", "url"),
    [
        (BASE, "one.cap", "https://www.met.ie/warnings/one.cap"),
        (BASE, "/one.cap?x=1", "https://www.met.ie/one.cap?x=1"),
        (BASE, "https://www.met.ie/one.cap", "https://www.met.ie/one.cap"),
        (BASE, "//www.met.ie:443/one.cap", "https://www.met.ie:443/one.cap"),
        (BASE, "http://www.met.ie/one.cap", "https://www.met.ie/one.cap"),
        (BASE, "http://WWW.met.ie:80/one.cap", "https://www.met.ie/one.cap"),
        ("https://a.example:8443/f", "http://a.example/1", "https://a.example:8443/1"),
        ("http://a.example/f", "https://a.example/1", "https://a.example/1"),
        ("http://a.example:81/f", "http://a.example:81/1", "http://a.example:81/1"),
    ],
)
def test_links_to_the_feeds_own_server(base: str, link: str, url: str) -> None:
    assert link_target(base, link, ()) == LinkTarget(url, public_only=False)


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("https://cap.met.ie/1", "cap.met.ie"),
        ("http://cap.met.ie/1", "cap.met.ie"),
        ("//cap.met.ie/1", "cap.met.ie"),
        ("https://www.met.ie:8443/1", "www.met.ie:8443"),
        ("http://www.met.ie:81/1", "www.met.ie:81"),
        ("https://10.0.0.1/1", "10.0.0.1"),
        ("https://www.met.ie.evil.example/1", "www.met.ie.evil.example"),
    ],
)
def test_a_link_to_another_server_says_which(link: str, host: str) -> None:
    with pytest.raises(UnnamedHostError, match="which link_hosts does not name") as error:
        link_target(BASE, link, ())
    assert error.value.host == host


@pytest.mark.parametrize(
    ("link_hosts", "link", "target"),
    [
        (["cap.met.ie"], "https://cap.met.ie/1", LinkTarget("https://cap.met.ie/1", False)),
        (["CAP.met.ie"], "http://cap.met.ie:80/1", LinkTarget("https://cap.met.ie/1", False)),
        (["*.met.ie"], "https://cap.met.ie/1", LinkTarget("https://cap.met.ie/1", True)),
        (["*.met.ie"], "https://a.b.met.ie/1", LinkTarget("https://a.b.met.ie/1", True)),
        (["*.met.ie", "cap.met.ie"], "//cap.met.ie/1", LinkTarget("https://cap.met.ie/1", False)),
        (
            ["cap.met.ie:81"],
            "https://cap.met.ie:81/1",
            LinkTarget("https://cap.met.ie:81/1", False),
        ),
        (["cap.met.ie:81"], "https://cap.met.ie/1", None),
        (["cap.met.ie"], "https://cap.met.ie:81/1", None),
        (["*.met.ie"], "https://met.ie/1", None),
        (["*.met.ie"], "https://evilmet.ie/1", None),
        (["met.ie"], "https://cap.met.ie/1", None),
    ],
)
def test_links_to_hosts_that_are_named(
    link_hosts: list[str], link: str, target: LinkTarget | None
) -> None:
    if target is not None:
        assert link_target(BASE, link, link_hosts) == target
        return
    with pytest.raises(UnnamedHostError):
        link_target(BASE, link, link_hosts)


@pytest.mark.parametrize(
    "link",
    [
        *("http://[", "https://a.example:99999/", "file:///etc/passwd", "mailto:a@b"),
        *("https://a:b@a.example/1", "https://a.example@10.0.0.1/1", "//\u3002:\u3002@a.example/1"),
    ],
)
def test_what_is_no_web_address_is_refused(link: str) -> None:
    with pytest.raises(CapError) as error:
        link_target("https://a.example/f", link, ["*.example"])
    assert not isinstance(error.value, UnnamedHostError)


def test_the_sentence_names_the_hosts_with_the_most_alerts() -> None:
    assert hosts_sentence({"cap.example": 12}) == (
        "12 alerts are on cap.example, which link_hosts does not name"
    )
    assert hosts_sentence({"cap.example": 1}) == (
        "1 alert is on cap.example, which link_hosts does not name"
    )
    many = {"a": 1, "b": 5, "c": 4, "d": 3, "e": 2}
    assert hosts_sentence(many) == (
        "5 alerts are on b, 4 on c, 3 on d and 3 on other hosts, which link_hosts does not name"
    )
