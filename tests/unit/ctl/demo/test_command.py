"""The material of the demonstration: its contents, and that a receiver decodes it."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from eas_station import tables
from eas_station.alerts.sources import cap_to_same
from eas_station.cap.xml import cap_xml
from eas_station.config.model import ReceiverConfig
from eas_station.ctl.demo.area import draw_area
from eas_station.ctl.demo.command import CAP_FOLDER, CAPTURE, LEAD_S, write
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


def test_every_event_code_is_a_test(script: Script, known: tables.Tables) -> None:
    for sent in script.transmissions:
        assert known.is_test_code(header.parse(sent.header, NOW).event_code)
    for document in script.documents:
        assert "DEMONSTRATION" in document.text
        (message,) = cap_xml.parse(document.text.encode())
        (info,) = message.infos
        assert info.headline.startswith("DEMONSTRATION")
        assert {code.value for code in info.event_codes} <= {"RWT", "DMO"}
        assert (info.urgency, info.severity, info.certainty) == ("Unknown", "Minor", "Unknown")


def test_headers_are_valid_and_issued_this_minute_for_existing_counties(
    script: Script, known: tables.Tables
) -> None:
    for sent in script.transmissions:
        assert header.faults(sent.header) == ()
        parsed = header.parse(sent.header, NOW)
        assert parsed.issued_at == NOW.replace(second=0)
        assert set(parsed.locations) <= set(known.locations)


def test_five_alerts_start_within_45_seconds_and_the_first_within_3(script: Script) -> None:
    assert script.transmissions[0].start_s < 3
    early = {header.without_callsign(s.header) for s in script.transmissions if s.start_s < 45}
    assert len(early) >= 5


def test_there_are_similar_messages_and_one_warning_from_two_stations(script: Script) -> None:
    texts = Counter(header.without_callsign(sent.header) for sent in script.transmissions)
    assert sorted(texts.values())[-2:] == [1, 2]
    parsed = [header.parse(sent.header, NOW) for sent in script.transmissions]
    folds = Counter((p.originator, p.event_code, frozenset(p.locations)) for p in parsed)
    assert len(folds) < len(texts)  # the same except for the purge time
    assert any(
        set(one.locations) < set(other.locations)
        and (one.originator, one.event_code, one.valid_for)
        == (other.originator, other.event_code, other.valid_for)
        and len(other.locations) == len(one.locations) + 1
        for one in parsed
        for other in parsed
    )


def test_one_document_is_also_transmitted(script: Script) -> None:
    texts = {header.without_callsign(sent.header) for sent in script.transmissions}
    received_both_ways = []
    for name, document in documents(script).items():
        translated = cap_to_same.translate(document, "EASTATN")
        assert translated.refusal is None
        if header.without_callsign(translated.header) in texts:
            received_both_ways.append(name)
    assert received_both_ways == ["both-ways"]


def test_the_update_refers_to_the_alert_before_it(script: Script) -> None:
    read = documents(script)
    (reference,) = read["chain-update"].references
    original = read["chain-alert"]
    assert (reference.sender, reference.identifier, reference.sent_at) == (
        original.sender,
        original.identifier,
        original.sent_at,
    )


def test_some_messages_are_for_the_area_and_some_are_not(script: Script) -> None:
    ours = set(script.same_codes)
    relevant = [
        bool(ours & set(header.parse(sent.header, NOW).locations)) for sent in script.transmissions
    ]
    assert relevant.count(False) == 1
    assert relevant.index(False) > 5
    codes = {
        name: {g.value for g in document.infos[0].areas[0].geocodes}
        for name, document in documents(script).items()
    }
    assert [name for name in codes if not codes[name] & ours] == ["elsewhere"]


def test_messages_of_one_channel_do_not_overlap(script: Script) -> None:
    ends: dict[int, float] = {}
    for sent in script.transmissions:
        assert sent.start_s > ends.get(sent.channel_hz, 0.0)
        voice = np.zeros(int(sent.voice_s * 8000), dtype=np.float32)
        sound = message(sent.header, 8000, attention=sent.attention, voice=voice)
        ends[sent.channel_hz] = sent.start_s + sound.size / 8000
    assert max(ends.values()) < 95


def test_each_area_is_different(known: tables.Tables) -> None:
    rng = random.Random(1)
    drawn = {draw_area(known, rng).same_codes for _ in range(5)}
    assert len(drawn) == 5


@pytest.mark.parametrize(
    "same_codes", [("039173", "039095"), ("002013",), ("000000",), ("011001",)]
)
def test_any_area_can_be_given(known: tables.Tables, same_codes: tuple[str, ...]) -> None:
    script = draw(NOW, np.random.default_rng(1), known, same_codes)
    assert script.same_codes == same_codes
    assert len({header.without_callsign(sent.header) for sent in script.transmissions}) == 10


def test_the_material_is_decoded_and_replaces_an_older_one(
    tmp_path: Path, known: tables.Tables
) -> None:
    directory = tmp_path / "demo"
    directory.mkdir()
    (directory / "old").touch()
    rng = np.random.default_rng(3)
    script = draw(NOW, rng, known, draw_area(known, random.Random(3)).same_codes)
    write(directory, script, rng, seconds=LEAD_S + 2.5)
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert not (directory / "old").exists()
    assert len(list((directory / CAP_FOLDER).iterdir())) == 5
    raw = (directory / CAPTURE).read_bytes()
    assert len(raw) == 2 * 250_000 * 17.5

    settings = ReceiverConfig("wx", "file", directory / CAPTURE)
    same = SameReceiver(7, 25_000)
    decoded = []
    for frame in Tuner(settings).feed(from_cu8(raw)):
        decoded += same.feed(frame.audio.astype(np.float32) / 32768)
    texts = {
        (settings.channels_hz[one.channel], one.text)
        for one in decoded
        if isinstance(one, DecodedMessage) and not one.is_eom
    }
    sent = {(s.channel_hz, s.header) for s in script.transmissions if s.start_s < 11}
    assert len(sent) == 3
    assert sent <= texts <= {(s.channel_hz, s.header) for s in script.transmissions}
