"""The output of `eas-ctl decode`: text, or one JSON object per line."""

from __future__ import annotations

import json
from typing import Any

from eas_station.ctl.decode.decoding import MONO, Finding
from eas_station.decoder.text.message import DecodedMessage
from eas_station.dsp.audio.tones import AttentionSignal
from eas_station.wire import to_plain


def text_row(finding: Finding, file: str | None) -> str | None:
    """The text of a message, with its channel if there are several; None: nothing to print."""
    if not isinstance(finding.what, DecodedMessage):
        return None
    where = "" if file is None else f"{file}: "
    channel = "" if finding.channel == MONO else f"{finding.channel} "
    return f"{where}{channel}{finding.what.text}"


def json_row(finding: Finding, file: str | None) -> str | None:
    """A message with its evidence, or an attention signal."""
    if isinstance(finding.what, DecodedMessage):
        row = _message(finding.what, finding.rate_hz)
    elif isinstance(finding.what, AttentionSignal):
        row = _attention(finding.what, finding.rate_hz)
    else:
        return None
    where = {} if file is None else {"file": file}
    return json.dumps({**where, "channel": finding.channel, **row}, ensure_ascii=False)


def _message(message: DecodedMessage, rate_hz: float) -> dict[str, Any]:
    return {
        "text": message.text,
        "eom": message.is_eom,
        "start_s": round(message.start_sample / rate_hz, 4),
        "end_s": round(message.end_sample / rate_hz, 4),
        "evidence": to_plain(message.evidence),
    }


def _attention(signal: AttentionSignal, rate_hz: float) -> dict[str, Any]:
    return {
        "attention": signal.kind,
        "start_s": round(signal.start_sample / rate_hz, 1),
        "length_s": signal.length_s,
        "level_dbfs": signal.level_dbfs,
    }
