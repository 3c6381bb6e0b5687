"""The demonstration's material: what it sends, and that it can be heard."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from eas_station import tables
from eas_station.alerts import cap_to_same
from eas_station.cap.xml import cap_xml
from eas_station.config.model import ReceiverConfig
from eas_station.ctl.demo.area import draw_area
from eas_station.ctl.demo.command import LEAD_S, draw_demo, make_demo
from eas_station.ctl.demo.script import Script, draw
from eas_station.decoder.receiver import SameReceiver
from eas_station.decoder.text.message import DecodedMessage
from eas_station.dsp.audio.modulate import message
from eas_station.dsp.radio.iq import from_cu8
from eas_station.same import header
from eas_station.sdrd.tuner import Tuner

NOW = datetime(2026, 12, 31, 23, 59, 31, tzinfo=UTC)


@pytest.fixture(scope="module")
def known() -> tables.Tables:
    return tables.load()


@pytest.fixture(params=range(6), ids=lambda seed: f"seed{seed}")
def script(request: pytest.FixtureRequest, known: tables.Tables) -> Script:
    area = draw_area(known, random.Random(request.param))
    return draw(NOW, np.random.default_rng(request.param), known, area.same_codes)


def documents(script: Script) -> dict[str, object]:
    return {d.name[2:-4]: cap_xml.parse(d.text.encode())[0] for d in script.documents}


def test_everything_is_a_test_by_its_code(script: Script, known: tables.Tables) -> None:
    for sending in script.sendings:
        assert known.is_test_code(header.parse(sending.header, NOW).event_code)
    for document in script.documents:
        assert "DEMONSTRATION" in document.text
        (message,) = cap_xml.parse(document.text.encode())
        (info,) = message.infos
        assert info.headline.startswith("DEMONSTRATION")
        assert {code.value for code in info.event_codes} <= {"RWT", "DMO"}
        assert (info.urgency, info.severity, info.certainty) == ("Unknown", "Minor", "Unknown")


def test_headers_are_exact_and_issued_this_minute_in_real_places(
    script: Script, known: tables.Tables
) -> None:
    for sending in script.sendings:
        assert header.faults(sending.header) == ()
        parsed = header.parse(sending.header, NOW)
        assert parsed.issued_at == NOW.replace(second=0)
        assert set(parsed.locations) <= set(known.locations)


def test_five_alerts_within_the_first_minute_the_first_at_once(script: Script) -> None:
    assert script.sendings[0].start_s < 3
    early = {header.without_callsign(s.header) for s in script.sendings if s.start_s < 45}
    assert len(early) >= 5


def test_there_are_near_twins_and_one_warning_of_two_stations(script: Script) -> None:
    texts = Counter(header.without_callsign(sent.header) for sent in script.sendings)
    assert sorted(texts.values())[-2:] == [1, 2]
    parsed = [header.parse(sent.header, NOW) for sent in script.sendings]
    folds = Counter((p.originator, p.event_code, frozenset(p.locations)) for p in parsed)
    assert len(folds) < len(texts)  # the same but for the purge time
    assert any(
        set(one.locations) < set(other.locations)
        and (one.originator, one.event_code, one.valid_for)
        == (other.originator, other.event_code, other.valid_for)
        and len(other.locations) == len(one.locations) + 1
        for one in parsed
        for other in parsed
    )


def test_one_document_says_what_is_also_on_the_air(script: Script) -> None:
    texts = {header.without_callsign(sent.header) for sent in script.sendings}
    heard_both_ways = []
    for name, document in documents(script).items():
        translated = cap_to_same.translate(document, "EASTATN")
        assert translated.refusal is None
        if header.without_callsign(translated.header) in texts:
            heard_both_ways.append(name)
    assert heard_both_ways == ["both-ways"]


def test_the_update_refers_to_the_alert_before_it(script: Script) -> None:
    read = documents(script)
    (reference,) = read["chain-update"].references
    original = read["chain-alert"]
    assert (reference.sender, reference.identifier, reference.sent_at) == (
        original.sender,
        original.identifier,
        original.sent_at,
    )


def test_some_of_it_concerns_the_area_and_some_does_not(script: Script) -> None:
    ours = set(script.same_codes)
    about_us = [
        bool(ours & set(header.parse(sent.header, NOW).locations)) for sent in script.sendings
    ]
    assert about_us.count(False) == 1
    assert about_us.index(False) > 5
    codes = {
        name: {g.value for g in document.infos[0].areas[0].geocodes}
        for name, document in documents(script).items()
    }
    assert [name for name in codes if not codes[name] & ours] == ["elsewhere"]


def test_messages_of_one_channel_do_not_overlap(script: Script) -> None:
    ends: dict[int, float] = {}
    for sent in script.sendings:
        assert sent.start_s > ends.get(sent.channel_hz, 0.0)
        voice = np.zeros(int(sent.voice_s * 8000), dtype=np.float32)
        sound = message(sent.header, 8000, attention=sent.attention, voice=voice)
        ends[sent.channel_hz] = sent.start_s + sound.size / 8000
    assert max(ends.values()) < 95


def test_each_draw_is_another(known: tables.Tables) -> None:
    rng = np.random.default_rng(1)
    directory = Path("unused")
    drawn = {draw_demo(directory, NOW, rng, known).same_codes for _ in range(5)}
    assert len(drawn) == 5


@pytest.mark.parametrize(
    "same_codes", [("039173", "039095"), ("002013",), ("000000",), ("011001",)]
)
def test_a_given_area_of_any_kind_will_do(
    known: tables.Tables, same_codes: tuple[str, ...]
) -> None:
    script = draw(NOW, np.random.default_rng(1), known, same_codes)
    assert script.same_codes == same_codes
    assert len({header.without_callsign(sent.header) for sent in script.sendings}) == 10


def test_the_material_is_heard_and_replaces_what_was_there(
    tmp_path: Path, known: tables.Tables
) -> None:
    directory = tmp_path / "demo"
    directory.mkdir()
    (directory / "old").touch()
    demo = make_demo(directory, NOW, np.random.default_rng(3), known, seconds=LEAD_S + 2.5)
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert not (directory / "old").exists()
    assert len(list(demo.cap_folder.iterdir())) == 5
    raw = demo.capture.read_bytes()
    assert len(raw) == 2 * 250_000 * 17.5

    settings = ReceiverConfig("wx", "file", demo.capture)
    same = SameReceiver(7, 25_000)
    heard = []
    for frame in Tuner(settings).feed(from_cu8(raw)):
        heard += same.feed(frame.audio.astype(np.float32) / 32768)
    texts = {
        (settings.channels_hz[said.channel], said.text)
        for said in heard
        if isinstance(said, DecodedMessage) and not said.is_eom
    }
    sent = {(s.channel_hz, s.header) for s in demo.script.sendings if s.start_s < 11}
    assert len(sent) == 3
    assert sent <= texts <= {(s.channel_hz, s.header) for s in demo.script.sendings}
