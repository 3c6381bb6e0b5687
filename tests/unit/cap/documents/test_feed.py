from __future__ import annotations

from collections.abc import Callable

from eas_station.cap.documents import document

ATOM = '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:cap="urn:oasis:names:tc:emergency:cap:1.1">'


def test_the_link_typed_as_cap_is_taken() -> None:
    feed = f"""{ATOM}<link href="https://example.org/self"/>
      <entry><id>1</id><cap:event>Half a message</cap:event>
        <link href="https://example.org/1.html" type="text/html"/>
        <link href="https://example.org/1.cap" type="application/cap+xml"/></entry>
      <entry><id>2</id><link href="/2.xml"/></entry>
      <entry><id>3</id><link href="/2.xml"/></entry>
      <entry><id>4</id></entry>
    </feed>"""
    parsed = document.parse(feed.encode())
    assert parsed.form == "feed"
    assert parsed.links == ("https://example.org/1.cap", "/2.xml")
    assert (parsed.messages, parsed.rejected) == ((), ())


def test_alerts_inside_entries_are_messages(alert_xml: Callable[..., bytes]) -> None:
    inner = alert_xml().decode().partition("?>")[2]
    bad = inner.replace("<status>Actual</status>", "")
    feed = (
        f'{ATOM}<entry><content type="text/xml">{inner}</content><link href="/1"/></entry>'
        f'<entry><content type="text/xml">{bad}</content></entry></feed>'
    )
    parsed = document.parse(feed.encode())
    assert [message.identifier for message in parsed.messages] == ["STATION-1"]
    assert [str(error) for error in parsed.rejected] == ["status is missing"]
    assert parsed.links == ()


def test_an_rss_channel_gives_its_links() -> None:
    feed = b"""<rss version="2.0"><channel><title>t</title><link>https://example.org</link>
      <item><link> https://example.org/a.xml </link></item>
      <item><link>https://example.org/b.html</link>
        <enclosure url="https://example.org/b.cap" type="application/cap+xml"/></item>
      <item><title>none</title></item></channel></rss>"""
    parsed = document.parse(feed)
    assert parsed.links == ("https://example.org/a.xml", "https://example.org/b.cap")


def test_an_empty_feed_is_a_feed() -> None:
    assert document.parse(f"{ATOM}</feed>".encode()).links == ()
