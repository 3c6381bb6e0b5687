from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from eas_station.decoder.text.grammar import LONGEST, TAILS_AT, Grammar, length_posterior
from eas_station.decoder.text.prior import Prior
from eas_station.dsp.audio.afsk import bits

HEADER = "ZCZC-WXR-TOR-039173-039051-126083+0030-1051700-KCLE/NWS-"
KNOWN = Prior(events=("TOR", "TOA", "RWT", "SVR"), states=("39", "26", "18"))


def soft(text: str, strength: float) -> NDArray[np.float64]:
    return strength * bits(text.encode("latin1")).astype(np.float64)


def noisy(text: str, ebn0_db: float, seed: int) -> NDArray[np.float64]:
    """Ideal soft bits of three bursts, silence after the end."""
    rng = np.random.default_rng(seed)
    g = 3 * 10 ** (ebn0_db / 10)
    sent = bits(text.encode()).astype(np.float64)
    return 2 * g * sent + np.sqrt(4 * g) * rng.standard_normal(len(sent))


@pytest.mark.parametrize(
    "text",
    [
        HEADER,
        "ZCZC-CIV-RWT-000000+0300-832257-XDIF/004-",
        "ZCZC-EAS-RWT-012057+0015-2142115-WTSP/TV-",
        "ZCZC-EAS-DMO-972088-999724+0000-0001122-NOCALL00-",
        "ZCZC-WXR-TOR-03917A+0030-1051700-KCLE/NWS-",
        "ZCZC-wxr-t0r-039173+0030-1051700-kcle/nws-",
    ],
)
def test_a_clear_text_is_read_as_it_is(text: str) -> None:
    reading = Grammar(KNOWN).read(soft(text, 30))
    assert reading.text == text
    assert reading.posterior > 0.99


def test_a_clear_text_that_is_not_a_header_is_read_too() -> None:
    assert Grammar(KNOWN).read(soft("ZCZC-no header at all-", 20)).text == "ZCZC-no header at all-"


@given(st.binary(min_size=LONGEST, max_size=LONGEST), st.floats(0, 30))
@settings(max_examples=40, deadline=None)
def test_any_bits_give_a_reading(data: bytes, strength: float) -> None:
    reading = Grammar(KNOWN).read(soft(data.decode("latin1"), strength))
    assert reading.text.startswith("ZCZC-")
    assert reading.text.isascii()
    assert reading.text.isprintable()
    assert 0 <= reading.posterior <= 1


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_not_a_header(seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert Grammar(KNOWN).read(rng.normal(0, 3, 8 * LONGEST)).posterior < 0.01


def test_no_bits_are_not_a_header() -> None:
    assert Grammar(KNOWN).read(np.zeros(8 * LONGEST)).posterior < 0.01


def test_the_known_codes_decide_where_the_signal_does_not() -> None:
    bits_heard = soft(HEADER, 12)
    bits_heard[8 * 11 : 8 * 12] = 0  # the last letter of TOR is lost
    unknown, known = Grammar(Prior()), Grammar(Prior(events=("TOR", "RWT")))
    assert known.read(bits_heard).text == HEADER
    assert known.read(bits_heard).posterior > 0.9
    assert unknown.read(bits_heard).posterior < 0.2


def test_the_known_codes_do_not_decide_where_the_signal_does() -> None:
    text = HEADER.replace("TOR", "TOX")
    assert Grammar(KNOWN).read(soft(text, 9)).text == text


def test_the_posterior_equals_the_frequency_of_right_readings() -> None:
    grammar = Grammar(KNOWN)
    readings = [(grammar.read(noisy(HEADER, 4.5, seed)), seed) for seed in range(80)]
    right = np.array([reading.text == HEADER for reading, _ in readings])
    claimed = np.array([reading.posterior for reading, _ in readings])
    assert 0.3 < right.mean() < 1
    assert claimed.mean() == pytest.approx(right.mean(), abs=0.12)
    assert right[claimed > 0.9].mean() > 0.9


def test_the_length_is_known_after_the_plus_sign() -> None:
    heard = soft(HEADER, 5)[: 8 * (int(TAILS_AT[2]) + 6)]
    lengths = length_posterior(heard)
    assert int(lengths.argmax()) == 2
    assert lengths[2] > 0.95


def test_in_the_middle_of_the_locations_every_longer_header_is_possible() -> None:
    lengths = length_posterior(soft(HEADER, 5)[: 8 * 28])
    assert lengths[0] < 0.01
    assert lengths[2:].min() > 0.02
