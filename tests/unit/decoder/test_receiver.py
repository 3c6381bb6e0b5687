"""The whole receiver, with messages of our own encoder."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from eas_station.decoder.receiver import SameReceiver
from eas_station.decoder.text.message import Burst, DecodedMessage
from eas_station.dsp.audio import modulate

Real = NDArray[np.float32]
HEADER = "ZCZC-WXR-TOR-039173-039051+0030-1051700-KCLE/NWS-"
TWIN = "ZCZC-WXR-TOR-039173-039051+0030-1051702-KCLE/NWS-"
LONG = (
    "ZCZC-EAS-RWT-"
    + "-".join(
        f"0{ss:02d}{ccc:03d}" for ss, ccc in zip(range(20, 51), range(1, 63, 2), strict=True)
    )
    + "+0100-3652359-WXYZ/FM -"
)
RATE = 25_000
GRAMMAR_BYTES = 100_000  # once, for all channels


def sound(*texts: str, rate_hz: float = RATE, pause_s: float = 2.0) -> Real:
    parts = [modulate.silence(0.5, rate_hz)]
    for text in texts:
        parts += [modulate.message(text, rate_hz), modulate.silence(pause_s, rate_hz)]
    return np.concatenate(parts)


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 22050, 25000, 37999.5, 48000, 192000])
def test_any_rate_from_8_to_192_khz_is_decoded(
    rate_hz: float, texts: Callable[..., list[str]]
) -> None:
    assert texts(0.1 * sound(HEADER, rate_hz=rate_hz), rate_hz) == [HEADER, "NNNN"]


@pytest.mark.parametrize("rate_hz", [7999, 192001, -1, float("nan")])
def test_other_rates_are_refused(rate_hz: float) -> None:
    with pytest.raises(ValueError, match="8000 to 192000"):
        SameReceiver(1, rate_hz)


def test_a_block_of_another_number_of_channels_is_refused() -> None:
    with pytest.raises(ValueError, match="not \\(2, n\\)"):
        SameReceiver(2, RATE).feed(np.zeros((1, 5), np.float32))


def test_a_header_of_31_locations_is_decoded(texts: Callable[..., list[str]]) -> None:
    assert len(LONG) == 252
    assert texts(0.3 * sound(LONG), RATE) == [LONG, "NNNN"]


@pytest.mark.parametrize(
    "header",
    [
        "ZCZC-CIV-RWT-000000+0300-832257-XDIF/004-",  # six digits of time
        "ZCZC-EAS-RWT-012057+0015-2142115-WTSP/TV-",  # seven characters of call sign
        "ZCZC-EAS-DMO-972088-999724+0000-0001122-NOCALL00-",  # no such places, no purge time
        "ZCZC-QQQ-ZZZ-000000+9999-9992599-{~}     -",  # codes of nobody
    ],
)
def test_what_is_received_well_is_read_as_received(
    header: str, in_noise: Callable[..., Real], texts: Callable[..., list[str]]
) -> None:
    assert texts(in_noise(sound(header), RATE, 20, 1), RATE) == [header, "NNNN"]


def test_the_result_does_not_depend_on_the_cuts(in_noise: Callable[..., Real]) -> None:
    noisy = in_noise(sound(HEADER, TWIN), RATE, 8, 5)[None]
    whole = SameReceiver(1, RATE)
    expected = whole.feed(noisy) + whole.flush()
    assert [m.text for m in expected if isinstance(m, DecodedMessage)] == [
        HEADER,
        "NNNN",
        TWIN,
        "NNNN",
    ]
    rng = np.random.default_rng(11)
    for longest in (5000, 100_000):
        receiver = SameReceiver(1, RATE)
        said, start = [], 0
        while start < noisy.shape[1]:
            count = int(rng.integers(0, longest))
            said += receiver.feed(noisy[:, start : start + count])
            start += count
        assert said + receiver.flush() == expected


def test_single_samples_make_the_same_messages() -> None:
    short = sound(HEADER, rate_hz=8000)[None, : 6 * 8000]
    whole = SameReceiver(1, 8000)
    expected = whole.feed(short) + whole.flush()
    receiver = SameReceiver(1, 8000)
    said = [m for i in range(short.shape[1]) for m in receiver.feed(short[:, i : i + 1])]
    assert said + receiver.flush() == expected
    assert [m.text for m in expected if isinstance(m, DecodedMessage)] == [HEADER]


def test_channels_do_not_disturb_one_another(in_noise: Callable[..., Real]) -> None:
    first, second = sound(HEADER), sound("ZCZC-EAS-RWT-012057+0015-2142115-WTSP/TV -")
    length = max(len(first), len(second)) + 7000
    both = np.zeros((3, length), np.float32)
    both[0, : len(first)] = first
    both[2, 7000 : 7000 + len(second)] = second
    noisy = np.stack([in_noise(row, RATE, 12, i) for i, row in enumerate(both)])
    receiver = SameReceiver(3, RATE)
    said = receiver.feed(noisy) + receiver.flush()
    heard = [(m.channel, m.text) for m in said if isinstance(m, DecodedMessage)]
    assert sorted(heard) == [
        (0, "NNNN"),
        (0, HEADER),
        (2, "NNNN"),
        (2, "ZCZC-EAS-RWT-012057+0015-2142115-WTSP/TV -"),
    ]


def test_two_bursts_that_agree_give_the_message_at_once_and_once(
    hear: Callable[..., list[DecodedMessage]],
) -> None:
    whole = 0.2 * sound(HEADER)
    headers = [m for m in hear(whole, RATE) if not m.is_eom]
    assert len(headers) == 1
    assert headers[0].evidence.bursts == 2
    assert headers[0].evidence.agreed
    assert headers[0].evidence.posterior >= 0.999
    assert headers[0].evidence.repaired == ()
    assert headers[0].evidence.snr_db is not None
    assert headers[0].evidence.snr_db > 25
    assert abs(headers[0].evidence.baud_error or 0) < 4e-4
    assert (headers[0].evidence.eye_opening or 0) > 0.9


def test_start_and_end_are_where_the_header_is(hear: Callable[..., list[DecodedMessage]]) -> None:
    message = hear(0.2 * sound(HEADER), RATE)[0]
    burst_s = (16 + len(HEADER)) * 8 * 0.00192
    assert message.start_sample == pytest.approx((0.5 + 16 * 8 * 0.00192) * RATE, abs=30)
    assert message.end_sample == pytest.approx((0.5 + 2 * burst_s + 1.0) * RATE, abs=30)


def test_the_message_is_given_before_the_third_burst_begins() -> None:
    receiver = SameReceiver(1, RATE)
    noise = 1e-4 * np.random.default_rng(1).standard_normal(4 * RATE)
    twice = np.concatenate([sound(HEADER)[: int(0.5 * RATE) + 2 * 25_960 + 2 * RATE], noise])
    end = int(RATE * (0.5 + 2 * (16 + len(HEADER)) * 8 * 0.00192 + 1.0))
    said = receiver.feed(twice[None, : end + RATE // 5].astype(np.float32))
    assert [m.text for m in said if isinstance(m, DecodedMessage)] == [HEADER]


def test_weak_bursts_give_the_message_right_after_the_third(in_noise: Callable[..., Real]) -> None:
    late = []
    for seed in range(3):
        noisy = in_noise(sound(HEADER), RATE, 8, seed)[None]
        receiver = SameReceiver(1, RATE)
        for start in range(0, noisy.shape[1], 500):
            for m in receiver.feed(noisy[:, start : start + 500]):
                if isinstance(m, DecodedMessage) and not m.is_eom:
                    assert m.text == HEADER
                    late.append((start + 500 - m.end_sample) / RATE)
    assert len(late) == 3
    assert float(np.median(late)) <= 0.2


def test_each_burst_is_reported(in_noise: Callable[..., Real]) -> None:
    receiver = SameReceiver(1, RATE)
    said = receiver.feed(in_noise(sound(HEADER), RATE, 15, 2)[None]) + receiver.flush()
    bursts = [b for b in said if isinstance(b, Burst)]
    assert [b.text for b in bursts] == [HEADER] * 3
    assert all(13 < (b.snr_db or 0) < 18 for b in bursts)


def test_one_surviving_burst_gives_a_marked_message(
    in_noise: Callable[..., Real], hear: Callable[..., list[DecodedMessage]]
) -> None:
    once = np.concatenate([modulate.silence(1, RATE), modulate.burst(HEADER, RATE)])
    padded = np.concatenate([once, modulate.silence(9, RATE)])
    said = hear(in_noise(padded, RATE, 16, 3), RATE)
    assert [m.text for m in said] == [HEADER]
    assert said[0].evidence.bursts == 1
    assert not said[0].evidence.agreed


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_lost_burst_of_three_is_tolerated(
    lost: int, in_noise: Callable[..., Real], hear: Callable[..., list[DecodedMessage]]
) -> None:
    whole = sound(HEADER)
    length = len(modulate.burst(HEADER, RATE)) + RATE
    start = RATE // 2 + lost * length
    whole[start : start + length - RATE] = 0
    said = [m for m in hear(in_noise(whole, RATE, 9, lost), RATE) if not m.is_eom]
    assert [m.text for m in said] == [HEADER]
    assert said[0].evidence.bursts == 2


def test_similar_messages_stay_two_messages(
    in_noise: Callable[..., Real], texts: Callable[..., list[str]]
) -> None:
    noisy = in_noise(sound(HEADER, TWIN), RATE, 9, 9)
    assert texts(noisy, RATE) == [HEADER, "NNNN", TWIN, "NNNN"]


@pytest.mark.parametrize("ebn0_db", [7])
def test_most_headers_are_exact_at_low_signal_to_noise_ratios(
    ebn0_db: int, in_noise: Callable[..., Real], texts: Callable[..., list[str]]
) -> None:
    said = texts(in_noise(sound(HEADER, TWIN), RATE, ebn0_db, 21), RATE)
    assert [text for text in said if text != "NNNN"] == [HEADER, TWIN]


@pytest.mark.parametrize("error", [-0.01, 0.005, 0.01])
def test_a_transmitter_with_a_clock_error_is_decoded(
    error: float, in_noise: Callable[..., Real], hear: Callable[..., list[DecodedMessage]]
) -> None:
    noisy = in_noise(sound(HEADER, rate_hz=RATE * (1 + error)), RATE, 8, 4)
    said = hear(noisy, RATE)
    assert [m.text for m in said] == [HEADER, "NNNN"]
    assert said[0].evidence.baud_error == pytest.approx(-error, abs=3e-4)


@pytest.mark.parametrize("level", [1e-3, 1.0])
def test_any_level_is_decoded(level: float, texts: Callable[..., list[str]]) -> None:
    whole = np.round(32767 * level * sound(HEADER)) / 32768
    assert texts(whole, RATE) == [HEADER, "NNNN"]


def test_silence_constants_and_nan_give_nothing(texts: Callable[..., list[str]]) -> None:
    assert texts(np.zeros(5 * RATE), RATE) == []
    assert texts(np.full(5 * RATE, 0.9), RATE) == []
    assert texts(np.full(5 * RATE, np.nan), RATE) == []


def test_a_receiver_tolerates_nan_samples(texts: Callable[..., list[str]]) -> None:
    spoilt = np.concatenate([np.full(RATE, np.nan), np.full(RATE, np.inf), 0.2 * sound(HEADER)])
    assert texts(spoilt, RATE) == [HEADER, "NNNN"]


def test_noise_gives_nothing(texts: Callable[..., list[str]]) -> None:
    noise = np.random.default_rng(8).standard_normal(60 * RATE) * 0.1
    assert texts(noise, RATE) == []


def test_a_preamble_before_other_text_gives_nothing(
    in_noise: Callable[..., Real], texts: Callable[..., list[str]]
) -> None:
    rng = np.random.default_rng(10)
    parts = [modulate.silence(0.3, RATE)]
    for _ in range(20):
        text = bytes(rng.integers(32, 127, 60, dtype=np.uint8)).decode()
        parts += [modulate.burst(text, RATE), modulate.silence(0.6, RATE)]
    assert texts(in_noise(np.concatenate(parts), RATE, 20, 1), RATE) == []


def _most_held(sound: Real) -> int:
    """The bytes a receiver holds after each second; 1 if they are not counted."""
    before = tracemalloc.get_traced_memory()[0]
    receiver = SameReceiver(1, RATE)
    peak = 1
    for start in range(0, sound.shape[1], RATE):
        receiver.feed(sound[:, start : start + RATE])
        peak = max(peak, tracemalloc.get_traced_memory()[0] - before)
    return peak


def test_memory_is_bounded_for_any_number_of_bursts() -> None:
    """At most 2 MB per channel, with a header that restarts every half second."""
    rng = np.random.default_rng(12)
    parts = []
    for _ in range(14):
        text = "ZCZC-" + bytes(rng.integers(48, 91, 20, dtype=np.uint8)).decode()
        parts += [modulate.burst(text, RATE)]
    crowd = (0.1 * np.concatenate(parts))[None]
    assert _most_held(crowd) > 0  # whatever is made once, for all receivers
    tracemalloc.start()
    try:
        peak = _most_held(crowd)
    finally:
        tracemalloc.stop()
    assert 500_000 < peak < 2_000_000 + GRAMMAR_BYTES


@pytest.mark.parametrize("seed", range(2))
def test_bursts_damaged_at_different_places_are_combined(
    seed: int, texts: Callable[..., list[str]]
) -> None:
    rng = np.random.default_rng(seed)
    whole = 0.2 * sound(LONG)
    length = len(modulate.burst(LONG, RATE)) + RATE
    for burst in range(3):
        start = RATE // 2 + burst * length + int((0.15 + 0.27 * burst) * (length - RATE))
        whole[start : start + RATE // 10] = 0.3 * rng.standard_normal(RATE // 10)
    noisy = whole + 0.01 * rng.standard_normal(len(whole))
    assert texts(noisy, RATE) == [LONG, "NNNN"]


def test_an_echo_of_a_whole_bit_is_removed(
    in_noise: Callable[..., Real], hear: Callable[..., list[DecodedMessage]]
) -> None:
    clean = sound(HEADER)
    echo = np.zeros_like(clean)
    echo[50:] = 0.5 * clean[:-50]  # 2 ms
    said = [m for m in hear(in_noise(clean + echo, RATE, 11, 3), RATE) if not m.is_eom]
    assert [m.text for m in said] == [HEADER]
    assert said[0].evidence.posterior > 0.999


def test_two_of_three_bursts_must_contain_the_text(
    in_noise: Callable[..., Real], hear: Callable[..., list[DecodedMessage]]
) -> None:
    """47 CFR 11.33(a)(10): bit by bit; what was put together from all three has not agreed."""
    weak = [m for m in hear(in_noise(sound(HEADER), RATE, 7, 2), RATE) if not m.is_eom]
    strong = [m for m in hear(in_noise(sound(HEADER), RATE, 16, 2), RATE) if not m.is_eom]
    assert [m.text for m in weak + strong] == [HEADER, HEADER]
    assert not weak[0].evidence.agreed
    assert weak[0].evidence.bursts == 3
    assert strong[0].evidence.agreed
    assert strong[0].evidence.bursts == 2


def test_an_uncertain_message_is_not_given(
    in_noise: Callable[..., Real], texts: Callable[..., list[str]]
) -> None:
    for seed in range(4):
        said = texts(in_noise(sound(HEADER), RATE, 1, seed), RATE)
        assert [text for text in said if text != "NNNN"] == []
