"""Verification: an alert's recordings, decoded again by a child process and compared."""

from __future__ import annotations

import logging
import os
import selectors
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from eas_station.alerts.model import Alert, Reception
from eas_station.errors import HeaderError, OutsideError
from eas_station.same import header as same
from eas_station.same.header import Header
from eas_station.store.records.clips import Clip
from eas_station.webd.records.tasks import ClipHeard, Task, TaskProgress, Verification
from eas_station.wire import plain_from_json

OUTPUT_MOST_BYTES = 262_144  # of a child; an hour of headers is less
LONGEST_S = 60.0  # for one recording of two minutes; longer ones get more
SPEED_LEAST = 2.0  # of decoding, in seconds of audio per second
POLL_S = 0.2
OOM_SCORE = "1000"  # if memory runs out, the kernel ends the child and not eas-webd

Named = Callable[[Iterable[str]], str]  # SAME codes → places in words

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Decoder:
    """Runs `eas-ctl decode` as a child, niced, bounded in time and output."""

    command: tuple[str, ...] = ("eas-ctl",)
    nice: tuple[str, ...] = ("nice", "-n", "10")
    environment: dict[str, str] = field(default_factory=dict)

    def decode(self, path: Path, length_s: float, cancelled: Callable[[], bool]) -> str:
        """Its output. Raises OutsideError."""
        longest_s = max(LONGEST_S, length_s / SPEED_LEAST)
        with subprocess.Popen(
            [*self.nice, *self.command, "decode", "--json", "--jobs", "1", "--", str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**self.environment, "OPENBLAS_NUM_THREADS": "1", "EAS_LOG": "json"},
            start_new_session=True,
        ) as child:
            _prefer_for_oom_kill(child.pid)
            try:
                said = _read(child, time.monotonic() + longest_s, cancelled)
                if child.wait(LONGEST_S) != 0:
                    raise OutsideError("the recording cannot be read")
            finally:
                child.kill()
        return said.decode("utf-8", "replace")


def _prefer_for_oom_kill(pid: int) -> None:
    try:
        Path(f"/proc/{pid}/oom_score_adj").write_text(OOM_SCORE)
    except OSError as error:
        log.debug("cannot set oom_score_adj of the child: %s", error)


def _read(
    child: subprocess.Popen[bytes], until_mono: float, cancelled: Callable[[], bool]
) -> bytes:
    """All output, within bounds."""
    if child.stdout is None:
        raise OutsideError("the child has no output")
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            if cancelled():
                raise OutsideError("cancelled")
            if time.monotonic() > until_mono:
                raise OutsideError("decoding took too long and was cancelled")
            if not selector.select(POLL_S):
                continue
            block = os.read(child.stdout.fileno(), 65536)
            if not block:
                return said
            said += block
            if len(said) > OUTPUT_MOST_BYTES:
                raise OutsideError("the decoder wrote too much")


def heard_on(clip: Clip, said: str) -> ClipHeard:
    """The headers in the output of the child. Raises FrameError if it is not JSON."""
    rows = [plain_from_json(line) for line in said.splitlines() if line.strip()]
    texts = [row for row in rows if isinstance(row, dict) and isinstance(row.get("text"), str)]
    headers = dict.fromkeys(row["text"] for row in texts if not row.get("eom"))
    return ClipHeard(clip.clip_id, tuple(headers), any(row.get("eom") for row in texts))


@dataclass(frozen=True, slots=True)
class Verify:
    """One verification."""

    decoder: Decoder
    alert: Alert
    receptions: tuple[Reception, ...]
    clips: tuple[tuple[Clip, Path], ...]
    named: Named

    def __call__(self, task: Task, progress: TaskProgress) -> Task:
        """Decode every recording, then compare."""
        found = []
        for number, (clip, path) in enumerate(self.clips):
            progress.report(number / len(self.clips))
            try:
                said = self.decoder.decode(path, clip.duration_s, progress.cancelled.is_set)
                found.append(heard_on(clip, said))
            except (OutsideError, ValueError) as error:
                found.append(ClipHeard(clip.clip_id, (), False, str(error)))
        verification = compared(self.alert, self.receptions, found, self.named)
        return replace(task, verification=verification)


def compared(
    alert: Alert, receptions: Sequence[Reception], found: Sequence[ClipHeard], named: Named
) -> Verification:
    """The agreements and the differences, in sentences."""
    good: list[str] = []
    bad = [f"A recording could not be decoded: {one.fault}." for one in found if one.fault]
    said = list(dict.fromkeys(text for one in found for text in one.headers))
    headers = [(text, _parsed(text, alert)) for text in said]
    if not said:
        bad.append("No header could be decoded from the recording.")
    for reception in receptions:
        if reception.via == "same":
            _against_air(reception, said, good, bad)
    for reception in receptions:
        if reception.via == "cap" and headers:
            _against_cap(reception, [one for _, one in headers if one], named, good, bad)
    if said:
        word = "The end of the message is in the recording."
        good.append(word) if any(one.ends for one in found) else None
    sentence = (
        "The recording confirms the reception."
        if good and not bad
        else "The recording differs from the reception."
        if said
        else "The recording cannot confirm the reception."
    )
    return Verification(not bad, sentence, tuple(good), tuple(bad), tuple(found))


def _parsed(text: str, alert: Alert) -> Header | None:
    try:
        return same.parse(text, alert.first_received_at)
    except HeaderError:
        return None


def _against_air(reception: Reception, said: list[str], good: list[str], bad: list[str]) -> None:
    where = f"{reception.origin}, {reception.channel or 'mono'}"
    if not said:
        return
    if reception.raw in said:
        good.append(f"{where} received the same header, character for character.")
        return
    if same.without_callsign(reception.raw) in {same.without_callsign(text) for text in said}:
        good.append(f"{where} received the same header from another transmitter.")
        return
    nearest = min(said, key=lambda text: _distance(text, reception.raw))
    count = _distance(nearest, reception.raw)
    bad.append(
        f"{where} received {reception.raw}; the recording has {nearest}: {count} characters differ."
    )


def _distance(one: str, other: str) -> int:
    """How many characters differ, by position."""
    pairs = zip(one, other, strict=False)
    return sum(a != b for a, b in pairs) + abs(len(one) - len(other))


def _against_cap(
    reception: Reception, headers: list[Header], named: Named, good: list[str], bad: list[str]
) -> None:
    """The header against what CAP says: event, places, beginning and end."""
    said, who = reception.statement, f"CAP ({reception.origin})"
    if not headers:
        return
    header = headers[0]
    if said.event_code is not None:
        same_event = said.event_code == header.event_code
        words = f"the event: {header.event_code}" if same_event else (
            f"the event: CAP {said.event_code}, the recording {header.event_code}"
        )  # fmt: skip
        _sort(same_event, who, words, good, bad)
    ours, theirs = set(header.locations), set(said.same_codes)
    if theirs:
        alone = {"only CAP": theirs - ours, "only the recording": ours - theirs}
        parts = [f"{who} names {named(codes)}" for who, codes in alone.items() if codes]
        words = f"the places: {named(header.locations)}" if not parts else (
            f"the places: {' and '.join(parts)}"
        )  # fmt: skip
        _sort(not parts, who, words, good, bad)
    ends_at = said.ends_at or said.expires_at
    if ends_at is not None:
        minutes = round((header.expires_at - ends_at).total_seconds() / 60)
        close = abs(minutes) <= PURGE_STEP_MIN
        words = "when it ends" if close else (
            f"when it ends: the header {abs(minutes)} min {'later' if minutes > 0 else 'earlier'}"
        )  # fmt: skip
        _sort(close, who, words, good, bad)


PURGE_STEP_MIN = 30  # TTTT is rounded up to steps of a quarter and of half an hour: 47 CFR 11.31(c)


def _sort(agrees: bool, who: str, words: str, good: list[str], bad: list[str]) -> None:
    (good if agrees else bad).append(
        f"{who} and the recording {'agree on' if agrees else 'differ in'} {words}."
    )
