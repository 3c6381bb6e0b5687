"""The station and the oracle say the same of every real sequence, at every minute that matters."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from tests.oracle.test_vtec_oracle import PRODUCTS, WIRE, sequence_of
from tests.oracle.vtec_oracle import Timeline, interesting_times

from eas_station.config.model import Config
from eas_station.ctl.commands.replay import ReplayedAlert, ReplayLine, play

Held = dict[str, set[str]]  # VTEC key → UGC places

# An event until further notice that was not renewed for a day: the oracle takes its number as free,
# the station keeps it for the event, as the office does. The places are the same.
YEAR_DIFFERS = {"FLWCHS"}


def held_by_station(alerts: tuple[ReplayedAlert, ...]) -> Held:
    held: Held = {}
    for alert in alerts:
        for key in () if alert.is_test else alert.vtec:
            held.setdefault(key, set()).update(alert.ugc_codes)
    return held


def without_years(held: Held) -> Held:
    merged: Held = {}
    for key, places in held.items():
        merged.setdefault(key.rpartition(".")[0], set()).update(places)
    return merged


@pytest.mark.shared
@pytest.mark.skipif(not PRODUCTS, reason=f"{WIRE} is absent")
@pytest.mark.parametrize("folder", sorted({path.parent for path in PRODUCTS}), ids=lambda p: p.name)
def test_places_in_force_are_those_of_the_oracle(folder: Path, tmp_path: Path) -> None:
    sequence = sequence_of(folder)
    lines = []
    for number, (received_at, raw) in enumerate(sequence):
        (tmp_path / f"{number}.txt").write_bytes(raw.encode("latin-1", "replace"))
        lines.append(ReplayLine(received_at, feed="nwws", file=f"{number}.txt"))
    lines += [ReplayLine(moment, show=True) for moment in interesting_times(sequence)]
    lines.sort(key=lambda line: (line.at, line.show))
    timeline = Timeline(sequence)
    record = tmp_path / "record"
    record.mkdir()
    wrong: list[tuple[datetime, Held, Held]] = []
    for state in play(lines, tmp_path, Config(), record):
        expected = {key: set(places) for key, places in timeline.in_force(state.at).items()}
        found = held_by_station(state.in_force)
        if folder.name in YEAR_DIFFERS:
            found, expected = without_years(found), without_years(expected)
        if found != expected:
            wrong.append((state.at, found, expected))
    assert not wrong, f"{len(wrong)} moments differ, the first: {wrong[0]}"
