"""Messages ⇄ the parts that travel."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.bus import topics
from eas_station.bus.frames import FrameHeader, body_type, decode, encode
from eas_station.bus.messages import AudioPcm, BusMessage, Control, HearingProof, Status
from eas_station.errors import FrameError

SENT_AT = datetime(2026, 4, 27, 12, 0, 0, 250_000, tzinfo=UTC)
HEADER = FrameHeader("eas-sdrd@wx", "1f2e3d", 7, SENT_AT)
PCM = AudioPcm(rate_hz=25_000, first_sample=2500, gap_samples=0)


def test_a_message_comes_back_as_it_was() -> None:
    topic = "audio.pcm.wx.162.550"
    parts = encode(topic, HEADER, PCM, b"\x01\x02" * 1250)
    message, run = decode(parts)
    assert message == BusMessage(topic, "eas-sdrd@wx", 7, SENT_AT, PCM, b"\x01\x02" * 1250, False)
    assert run == "1f2e3d"


def test_the_header_has_the_documented_fields() -> None:
    parts = encode("control.eas-audiod@wx", HEADER, Control("source wx"), None)
    assert parts[0] == b"control.eas-audiod@wx"
    assert json.loads(parts[1]) == {
        "v": 1,
        "from": "eas-sdrd@wx",
        "run": "1f2e3d",
        "seq": 7,
        "sent_at": "2026-04-27T12:00:00.250000Z",
        "body": {"what": "source wx"},
    }


def test_a_repeated_value_is_marked() -> None:
    header = FrameHeader("eas-capd", "1f", 7, SENT_AT, repeated=True)
    message, _ = decode(encode("control.x", header, Control("x"), None))
    assert message.repeated


def test_status_is_read_with_its_dictionaries() -> None:
    status = Status(
        unit="eas-capd",
        state="running",
        sentence="2 feeds",
        started_at=SENT_AT,
        pid=42,
        version="0.1.0",
        clock_trusted=True,
        cpu_s=1.5,
        memory_bytes=1 << 20,
        counters={"polls": 3},
        last_seq={"reception.new": 9},
    )
    message, _ = decode(encode("status.eas-capd", HEADER, status, None))
    assert message.body == status


def test_a_hearing_proof_is_read_as_it_was_written() -> None:
    hearing = HearingProof(
        source="wx",
        channel="162.550",
        state="hearing",
        sentence="a header 21 dB weaker would still be read",
        since_at=SENT_AT,
        margin_db=21.5,
        usual_margin_db=22.0,
        probed_at=SENT_AT,
        deaf_today_s=12.5,
        problem=True,
        overdue=("RWT",),
    )
    parts = encode(topics.audio_hearing("wx", "162.550"), HEADER, hearing, None)
    assert parts[0] == b"audio.hearing.wx.162.550"
    assert decode(parts)[0].body == hearing


def test_an_unknown_topic_is_refused() -> None:
    with pytest.raises(FrameError, match="unknown topic"):
        body_type("weather.today")


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [b"control.x"],
        [b"control.x", b"{}", b"", b""],
        [b"\xff\xfe", b"{}"],
        [b"control.x", b"not json"],
        [b"control.x", b"[]"],
        [b"control.x", b"{}"],
        [b"control.x", b'{"v":2,"from":"a","run":"b","seq":1,"sent_at":"2026-04-27T12:00:00Z"}'],
        [b"control.x", encode("control.x", HEADER, Control("x"), None)[1], b"samples"],
        encode("audio.pcm.wx.162.550", HEADER, PCM, None),
        [b"audio.pcm.wx.mono", encode("control.x", HEADER, Control("x"), None)[1], b""],
        [b"control.x", b"[" * 100_000],
    ],
)
def test_what_is_not_a_message_is_refused(parts: list[bytes]) -> None:
    with pytest.raises(FrameError):
        decode(parts)


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_random_bytes_are_refused(parts: list[bytes]) -> None:
    with pytest.raises(FrameError):
        decode(parts)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["v", "from", "run", "seq", "sent_at", "body", "what", "x"]), inner
            )
        ),
    )
)
def test_random_json_is_refused_or_read(plain: object) -> None:
    try:
        message, _ = decode([b"control.x", json.dumps(plain).encode()])
    except FrameError:
        return
    assert isinstance(message.body, Control)


def test_a_number_that_no_float_holds_is_refused() -> None:
    level = {"source": "wx", "channel": "mono", "peak_dbfs": 0.0, "silent": False}
    plain = {"v": 1, "from": "a", "run": "b", "seq": 1, "sent_at": "2026-04-27T12:00:00Z"}
    text = json.dumps(plain | {"body": level | {"rms_dbfs": 10**400}})
    with pytest.raises(FrameError, match=r"^audio\.level\.wx\.mono\.rms_dbfs: must be a number$"):
        decode([b"audio.level.wx.mono", text.encode()])
