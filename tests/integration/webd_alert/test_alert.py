"""What the pages Now and Alert tell of a night, as eas-webd serves them."""

from __future__ import annotations

import html
import re
import sys
from dataclasses import fields, replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

from eas_station.alerts.model import EventRef, Evidence, MessageId, Reception
from eas_station.store.records import clips
from eas_station.store.records.clips import Clip

MOST_BYTES = 100_000
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


class Tags(HTMLParser):
    """The elements and attributes that a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}


def text_of(page: bytes) -> str:
    """What a reader reads: no tags, single blanks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.decode())).split())


def test_the_alert_tells_its_whole_story(night: Any) -> None:
    status, _, page = night.town.get(f"/alerts/{night.tornado}")
    said = text_of(page)
    assert status == 200
    chain = said[said.index("Timeline") : said.index("Received 4 times")]
    order = [
        "+ Issued", "For Lucas and Wood, OH; until", "(NEW) new",
        "(( Received off the air", "wx, 162.550 MHz", "matches the CAP message",
        "(( Received off the air", "wx, 162.525 MHz", "same header repeated",
        "↻ Updated", "Replaces the message of", "removed Lucas, OH", "end moved from",
        "(CON) continued",
    ]  # fmt: skip
    at = 0
    for words in order:
        assert words in chain[at:], (words, chain)
        at = chain.index(words, at) + len(words)
    for words in (
        "The alert covers Wood .", "Aviso de Tornado es-US", "¡BUSQUE REFUGIO AHORA!",
        "1050 Hz attention signal at", "end of message at",
        "Attention signal 1050 Hz, for 10.0 s", "3, marked in the header below",
        "Deciding rule: same-code", "first received by",
    ):  # fmt: skip
        assert words.replace(" .", ".") in said, words
    assert page.count(b"<mark ") == 2  # two stretches
    assert page.count(b'class="area warning"') == 1


def test_the_recording_of_real_sound_is_drawn_and_played(night: Any) -> None:
    page = night.town.get(f"/alerts/{night.tornado}")[2].decode()
    assert night.clip.peaks is not None
    outline = bytes.fromhex(night.clip.peaks)
    assert len(outline) == 240
    loud = [index for index, peak in enumerate(outline) if peak > 60]
    silent = [index for index, peak in enumerate(outline) if peak == 0]
    assert loud
    assert silent
    for kind in ("header", "attention", "eom"):
        assert re.search(rf'<rect class="{kind}" x="[\d.]+" y="0" width="[\d.]+"', page), kind
    status, headers, sound = night.town.get(f"/clips/{night.clip.clip_id}")
    assert (status, len(sound)) == (200, night.clip.bytes)
    assert headers["content-type"] in ("audio/flac", "audio/wav")


def test_the_recording_can_be_played_on_the_card_and_is_not_loaded(night: Any) -> None:
    page = night.town.get("/")[2].decode()
    here = page[page.index('id="here"') : page.index('id="map"')]
    assert f'preload="none" src="/clips/{night.clip.clip_id}"' in here
    assert here.count("<audio") == 1


def test_what_is_nearby_stands_before_the_rest(night: Any) -> None:
    said = text_of(night.town.get("/")[2])
    assert said.index("In force nearby 1") < said.index("Severe Thunderstorm Warning Hancock, OH")
    assert "In force elsewhere" not in said or said.index("In force nearby") < said.index(
        "In force elsewhere"
    )


def test_a_forgery_is_shown_as_unverified(night: Any) -> None:
    warned = "Unverified: its sender could not be verified. It may be forged."
    assert warned in text_of(night.town.get("/")[2])
    said = text_of(night.town.get(f"/alerts/{night.forgery}")[2])
    assert warned in said
    assert "invalid (the digest does not match): shown as unverified; it may be forged" in said


def test_an_update_of_what_never_came_says_so(night: Any) -> None:
    said = text_of(night.town.get(f"/alerts/{night.watch}")[2])
    assert "Replaces an earlier message not received here" in said


def test_a_script_in_any_field_stays_text(town: Any) -> None:
    """Every text of an alert, its receptions, its map and its recording is somebody else's."""
    town_module = sys.modules[type(town).__module__]
    first = hostile(town)
    town.hear(first)
    clip = Clip(
        "hostile-clip", (first.reception_id,), EVIL, EVIL, town_module.utc_now(), 20.0,
        path=f"{EVIL}.wav", attention="wxr", attention_s=8.0, attention_at_s=6.0,
        header_at_s=1.0, header_s=4.0, eom_at_s=19.0, peaks="00ff80",
    )  # fmt: skip
    fault = Clip(
        "hostile-fault", (first.reception_id,), EVIL, EVIL, town_module.utc_now(), 20.0,
        path=None, fault=EVIL, peaks=EVIL,
    )  # fmt: skip
    with town.database.write() as connection:
        for one in (clip, fault):
            clips.record(connection, one)
    town.start()
    town.say_all_well()
    town_module.until(town.well)
    alert_id = town.json("/api/v1/alerts")["alerts"][0]["alert_id"]
    for path in ("/", f"/alerts/{alert_id}", "/log"):
        status, _, page = town.get(path)
        own = page.count(b'<script src="/static/')
        assert status == 200, path
        assert b"alert(1)" in page, path
        assert page.count(b"<script") == own > 0, path
        tags = Tags()
        tags.feed(page.decode())
        assert tags.names.isdisjoint({"img", "iframe", "object", "embed", "base"}), path
        assert not [name for name in tags.attributes if name.startswith("on")], path
    assert page_weight(town, "/") < MOST_BYTES


def hostile(town: Any) -> Reception:
    """A CAP reception in which every text that may be any text is a script."""
    reception = town.by_cap("Tornado Warning", None, ("039173",))
    statement = reception.statement
    texts = {
        one.name: EVIL
        for one in fields(statement)
        if "str" in str(one.type) and one.name not in ("kind", "status", "event_code")
        and "tuple" not in str(one.type)
    }  # fmt: skip
    now = statement.issued_at
    statement = replace(
        statement,
        **texts,
        message=MessageId(EVIL, EVIL, now),
        references=(MessageId(EVIL, f"{EVIL}2", now - timedelta(hours=1)),),
        events=(EventRef(EVIL[:60], EVIL[:20], "O", None, now + timedelta(hours=1)),),
        ugc_codes=("OHZ016",),
        polygons=(((41.2, -83.9), (41.6, -83.9), (41.6, -83.4), (41.2, -83.9)),),
    )
    return replace(
        reception, statement=statement, origin=EVIL, raw=f"<alert>{EVIL}</alert>",
        signature=f"invalid: {EVIL}", evidence=Evidence(3, True, 1.0, sources=(EVIL,)),
    )  # fmt: skip


def page_weight(town: Any, path: str) -> int:
    """Compressed bytes of a page and of all that it loads."""
    page = town.get(path, Accept_Encoding="gzip")
    names = re.findall(rb'(?:src|href)="(/static/[^"]+)"', town.get(path)[2])
    parts = [town.get(name.decode(), Accept_Encoding="gzip")[2] for name in names]
    return len(page[2]) + sum(map(len, parts))
