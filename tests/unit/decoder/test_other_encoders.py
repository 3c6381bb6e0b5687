"""Messages of other encoders are decoded."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

HEADER = "ZCZC-EAS-RWT-039173-039051+0030-1051700-WXYZ/FM -"
RATE = 24_000


@pytest.fixture(scope="module")
def encoder() -> Any:
    """EASGen of PyPI; its sound library needs `audioop`, which Python 3.13 no longer has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip(
            "EASGen.EASGen", reason="EASGen is not installed: pip install EASGen pydub"
        )
    return module.EASGen


@pytest.mark.parametrize("mode", ["", "NWS", "DIGITAL", "SAGE", "TRILITHIC"])
def test_messages_of_easgen_are_decoded(
    mode: str, encoder: Any, texts: Callable[..., list[str]]
) -> None:
    made = encoder.genEAS(header=HEADER, attentionTone=False, mode=mode, sampleRate=RATE)
    samples = np.array(made.get_array_of_samples(), np.float32) / 32768
    assert texts(samples, made.frame_rate) == [HEADER, "NNNN"]
