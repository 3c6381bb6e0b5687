from __future__ import annotations

from collections.abc import Callable

from eas_station.cap.documents import document
from eas_station.cap.documents.document import Parsed
from eas_station.cap.documents.feed import FeedLink

ATOM = '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:cap="urn:oasis:names:tc:emergency:cap:1.1">'


def urls(parsed: Parsed) -> tuple[str, ...]:
    return tuple(link.url for link in parsed.links)


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
    assert urls(parsed) == ("https://example.org/1.cap", "/2.xml")
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
    assert urls(parsed) == ("https://example.org/a.xml", "https://example.org/b.cap")


def test_an_empty_feed_is_a_feed() -> None:
    assert document.parse(f"{ATOM}</feed>".encode()).links == ()


def test_a_link_typed_as_a_web_page_is_taken_only_if_there_is_no_other() -> None:
    feed = f"""{ATOM}<entry><link href="/1.html" type="text/html"/><link href="/1.xml"/></entry>
      <entry><link href="/2.html" type="text/html; charset=utf-8"/></entry></feed>"""
    assert urls(document.parse(feed.encode())) == ("/1.xml", "/2.html")


def test_content_that_stands_elsewhere_is_a_link() -> None:
    feed = f"""{ATOM}<entry><link href="/1.html" type="text/html"/>
      <content type="application/cap+xml" src="/1.cap"/></entry></feed>"""
    assert urls(document.parse(feed.encode())) == ("/1.cap",)


def test_a_permanent_guid_is_a_link_and_another_is_not() -> None:
    feed = b"""<rss version="2.0"><channel>
      <item><guid>https://example.org/1.xml</guid></item>
      <item><guid isPermaLink="true">https://example.org/2.xml</guid></item>
      <item><guid isPermaLink="false">https://example.org/3.xml</guid></item>
      <item><guid>urn:oid:2.49.0.1.4</guid></item>
      <item><guid>https://example.org/5</guid><link>https://example.org/5.xml</link></item>
      </channel></rss>"""
    expected = ("https://example.org/1.xml", "https://example.org/2.xml")
    assert urls(document.parse(feed)) == (*expected, "https://example.org/5.xml")


RDF = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
  <channel rdf:about="https://example.org/"><title>t</title><link>https://example.org/</link>
    <items><rdf:Seq><rdf:li rdf:resource="https://example.org/1.xml"/></rdf:Seq></items></channel>
  <item rdf:about="https://example.org/1"><link>https://example.org/1.xml</link>
    <dc:date>2026-05-01T20:01:00Z</dc:date></item>
  <item rdf:about="https://example.org/2.xml"><title>no link</title></item></rdf:RDF>"""


def test_rss_of_version_1_is_read() -> None:
    assert document.parse(RDF).links == (
        FeedLink("https://example.org/1.xml", "2026-05-01T20:01:00Z"),
        FeedLink("https://example.org/2.xml", None),
    )


def test_a_link_has_the_time_of_its_entry() -> None:
    feed = f"""{ATOM}<entry><published>2026-05-01T20:00:00Z</published>
      <updated> 2026-05-01T20:02:00Z </updated><link href="/1"/></entry>
      <entry><published>2026-05-01T20:03:00Z</published><link href="/2"/></entry>
      <entry><updated/><link href="/3"/></entry></feed>"""
    assert document.parse(feed.encode()).links == (
        FeedLink("/1", "2026-05-01T20:02:00Z"),
        FeedLink("/2", "2026-05-01T20:03:00Z"),
        FeedLink("/3", None),
    )
    rss = b"""<rss><channel><item><link>/4</link><pubDate>Fri, 1 May 2026 20:02:00 GMT</pubDate>
      </item></channel></rss>"""
    assert document.parse(rss).links == (FeedLink("/4", "Fri, 1 May 2026 20:02:00 GMT"),)
