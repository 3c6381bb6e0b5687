"""Messages that only several channels together can decode."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from eas_station.decoder.combining.diversity import TOGETHER_S, DiversityCombiner, UndecodedMessage
from eas_station.decoder.receiver import SameReceiver
from eas_station.decoder.text.grammar import Grammar
from eas_station.decoder.text.message import DecodedMessage, DecodeEvidence
from eas_station.decoder.text.prior import Prior
from eas_station.dsp.audio import modulate
from eas_station.dsp.audio.afsk import bits

Real = NDArray[np.float32]
HEADER = "ZCZC-WXR-TOR-039173-039051-126083+0030-1051700-KCLE/NWS-"
OTHER = "ZCZC-WXR-SVR-018003-018183-018001+0045-1051702-KIWX/NWS-"
RATE = 25_000


def unread(
    source: str, text: str, seed: int, at_s: float = 0.0, db: float = 3.0
) -> UndecodedMessage:
    """Ideal soft bits of three bursts that are too weak for a certain reading."""
    rng = np.random.default_rng(seed)
    g = 3 * 10 ** (db / 10)
    sent = bits(text.encode()).astype(np.float64)
    soft = 2 * g * sent + np.sqrt(4 * g) * rng.standard_normal(len(sent))
    return UndecodedMessage(source, at_s, soft, DecodeEvidence(3, True, 0.2, snr_db=db))


@pytest.fixture
def diversity() -> DiversityCombiner:
    return DiversityCombiner(Grammar(Prior()), 0.9)


def test_two_receivers_decode_together_what_neither_can_alone(diversity: DiversityCombiner) -> None:
    grammar = Grammar(Prior())
    first, second = unread("roof", HEADER, 1), unread("cellar", HEADER, 2, at_s=4.0)
    assert max(grammar.read(u.soft).posterior for u in (first, second)) < 0.9
    assert diversity.add(first) is None
    found = diversity.add(second)
    assert found is not None
    assert found.text == HEADER
    assert found.parts == (first, second)
    assert found.evidence.posterior >= 0.9
    assert found.evidence.sources == ("roof", "cellar")
    assert not found.evidence.agreed


def test_a_combined_message_is_given_once(diversity: DiversityCombiner) -> None:
    diversity.add(unread("a", HEADER, 1))
    assert diversity.add(unread("b", HEADER, 2)) is not None
    assert diversity.add(unread("c", HEADER, 3)) is None


def test_a_third_receiver_helps_two(diversity: DiversityCombiner) -> None:
    parts = [unread(name, HEADER, seed, db=0.9) for seed, name in enumerate("abc", start=22)]
    said = [diversity.add(part) for part in parts]
    assert said[:2] == [None, None]
    assert said[2] is not None
    assert said[2].text == HEADER
    assert len(said[2].parts) == 3


def test_different_messages_are_never_added_up(diversity: DiversityCombiner) -> None:
    assert diversity.add(unread("a", HEADER, 1)) is None
    assert diversity.add(unread("b", OTHER, 2)) is None


def test_one_source_is_not_combined_with_itself(diversity: DiversityCombiner) -> None:
    assert diversity.add(unread("a", HEADER, 1)) is None
    assert diversity.add(unread("a", HEADER, 2, at_s=6.0)) is None


def test_an_earlier_message_is_not_combined(diversity: DiversityCombiner) -> None:
    assert diversity.add(unread("a", HEADER, 1)) is None
    assert diversity.add(unread("b", HEADER, 2, at_s=TOGETHER_S + 1)) is None


def test_noise_gives_nothing(diversity: DiversityCombiner) -> None:
    rng = np.random.default_rng(3)
    for i in range(20):
        noise = UndecodedMessage(
            str(i), i / 10, rng.normal(0, 2, 900), DecodeEvidence(1, False, 0.0)
        )
        assert diversity.add(noise) is None


def test_the_channels_of_one_receiver_help_one_another(in_noise: Callable[..., Real]) -> None:
    once = [modulate.silence(0.5, RATE), modulate.bursts(HEADER, RATE), modulate.silence(9, RATE)]
    sound = np.concatenate(once)
    both = np.stack([in_noise(sound, RATE, 3.4, seed) for seed in (1, 2)])
    alone = [SameReceiver(1, RATE) for _ in both]
    for receiver, row in zip(alone, both, strict=True):
        heard = receiver.feed(row[None]) + receiver.flush()
        assert [m for m in heard if isinstance(m, DecodedMessage)] == []
        assert len(receiver.take_undecoded()) == 1
        assert receiver.take_undecoded() == []
    together = SameReceiver(2, RATE, names=["162.400", "162.550"])
    heard = together.feed(both) + together.flush()
    said = [m for m in heard if isinstance(m, DecodedMessage)]
    assert [m.text for m in said] == [HEADER]
    assert said[0].evidence.sources == ("162.400", "162.550")
    assert said[0].evidence.posterior >= 0.9
