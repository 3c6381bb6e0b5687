"""Bursts that lost samples without notice, as on an overloaded sound card."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from eas_station.decoder.receiver import SameReceiver
from eas_station.decoder.text.message import DecodedMessage
from eas_station.dsp.audio.modulate import burst

RATE_HZ = 25_000
BODY = "ZCZC-WXR-TOR-039001+0100-3261155-"
TEXT = f"{BODY}KCLE/NWS-"
BIT = 48


@cache
def heard(lossy: tuple[int, ...], seed: int, text: str = TEXT) -> list[DecodedMessage]:
    """The messages from three bursts, some of which lost samples within the call sign."""
    chance = np.random.default_rng(seed)
    pause = np.zeros(RATE_HZ)
    parts = [pause]
    for number in range(3):
        sound = 0.5 * burst(text, RATE_HZ)
        if number in lossy:
            at = int((16 + len(text) - 1 - chance.uniform(1, 8)) * 8 * BIT)
            sound = np.delete(sound, slice(at, at + int(chance.uniform(400, 3500))))
        parts += [sound, pause]
    samples = np.concatenate([*parts, pause])
    samples += chance.normal(0, 0.003, len(samples))
    receiver = SameReceiver(1, RATE_HZ)
    said = [*receiver.feed(samples[None].astype(np.float32)), *receiver.flush()]
    return [one for one in said if isinstance(one, DecodedMessage)]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_one_burst_with_a_loss_is_outvoted(number: int) -> None:
    assert [said.text for said in heard((number,), seed=number)] == [TEXT]


@pytest.mark.parametrize("seed", range(6))
def test_a_loss_in_every_burst_gives_a_message_with_a_low_posterior(seed: int) -> None:
    for said in heard((0, 1, 2), seed):
        assert said.text.startswith(BODY[:33])
        assert said.text == TEXT or said.evidence.posterior <= 0.5
        assert not said.evidence.agreed


def test_most_messages_with_a_loss_in_every_burst_are_still_decoded() -> None:
    assert sum(bool(heard((0, 1, 2), seed)) for seed in range(6)) >= 4


@pytest.mark.parametrize("callsign", ["KCLE", "WTOL/TV", "KCLE/NWS"])
def test_a_call_sign_of_any_length_is_certain_without_a_loss(callsign: str) -> None:
    (said,) = heard((), 1, f"{BODY}{callsign}-")
    assert said.text == f"{BODY}{callsign}-"
    assert said.evidence.agreed
    assert said.evidence.posterior > 0.99


@pytest.mark.parametrize("seed", range(12))
def test_a_burst_cut_off_in_its_call_sign_is_never_certain(seed: int) -> None:
    chance = np.random.default_rng(seed)
    sound = 0.5 * burst(TEXT, RATE_HZ)
    sound = sound[: int((16 + len(TEXT) - 1 - chance.uniform(0.5, 8)) * 8 * BIT)]
    samples = np.concatenate([np.zeros(RATE_HZ), sound])
    samples += chance.normal(0, 0.003, len(samples))
    receiver = SameReceiver(1, RATE_HZ)
    said = [*receiver.feed(samples[None].astype(np.float32)), *receiver.flush()]
    for one in said:
        if isinstance(one, DecodedMessage) and one.text != TEXT:
            assert one.evidence.posterior <= 0.5
