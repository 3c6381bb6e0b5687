"""Prometheus text: its form, and that what is not known or stale is no sample."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest

from eas_station.bus.messages import ChannelState, HearingProof, ReceiverState
from eas_station.store.records.jobs import JobTotals
from eas_station.webd.metrics.exposition import Family, exposition
from eas_station.webd.state.snapshot import Job
from eas_station.webd.state.station_state import StoredState


@pytest.fixture
def scrape(station_with: Any) -> Any:
    """What a scrape says: each sample's value by its name and labels."""
    station = station_with(None)

    def read() -> dict[str, float]:
        status, fields, body = station.get("/metrics")
        assert (status, fields["content-type"]) == (
            200,
            "text/plain; version=0.0.4; charset=utf-8",
        )
        lines = [line for line in body.decode().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (one.rpartition(" ") for one in lines)}

    read.state = station.state  # type: ignore[attr-defined]
    return read


def test_names_values_and_labels_are_written_as_the_format_says() -> None:
    up = Family("eas_unit_up", "Heard\\ lately\nor not.")
    up.add(1.0, unit='a"b\\c\nd')
    lost = Family("eas_lost_total", "Lost.", 12_345)
    odd = Family("eas_odd", "Odd.")
    for name, value in (("a", math.nan), ("b", math.inf), ("c", -math.inf), ("d", True)):
        odd.add(value, name=name)
    text = exposition([up, Family("eas_none", "None."), lost, odd]).decode()
    assert text == (
        "# HELP eas_unit_up Heard\\\\ lately\\nor not.\n# TYPE eas_unit_up gauge\n"
        'eas_unit_up{unit="a\\"b\\\\c\\nd"} 1.0\n'
        "# HELP eas_lost_total Lost.\n# TYPE eas_lost_total counter\n"
        "eas_lost_total 12345.0\n"
        '# HELP eas_odd Odd.\n# TYPE eas_odd gauge\neas_odd{name="a"} NaN\n'
        'eas_odd{name="b"} +Inf\neas_odd{name="c"} -Inf\neas_odd{name="d"} 1.0\n'
    )


def test_a_large_count_keeps_every_digit() -> None:
    line = exposition([Family("eas_lost_total", "Lost.", 12_345_678_901)]).split(b"\n")[2]
    assert float(line.removeprefix(b"eas_lost_total ")) == 12_345_678_901


def test_no_two_samples_have_the_same_labels() -> None:
    up = Family("eas_source_up", "Running.")
    for value in (1.0, 0.0, None):
        up.add(value, source="wx")
    assert exposition([up]).count(b"eas_source_up{") == 1


def test_feeds_sources_and_units_are_counted(scrape: Any, clocks: Any, make: Any) -> None:
    nws = make.item(
        "nws", "feed.nws", next_at=clocks.now + timedelta(seconds=60),
        counters={"polls": 9, "failures": 2, "rejected": 1, "unheard_of": 3},
    )  # fmt: skip
    scrape.state.take(make.message(make.status("eas-capd", nws, pid=7, spool_depth=4)))
    scrape.state.take(make.message(make.status("eas-capd", nws, pid=8, spool_depth=4)))
    source = make.item("wx", "source.receiver", "stopped", counters={"headers": 5})
    scrape.state.take(make.message(make.status("eas-audiod@wx", source)))
    told = scrape()
    assert told['eas_feed_polls_total{feed="nws"}'] == 9
    assert told['eas_feed_failures_total{feed="nws"}'] == 2
    assert told['eas_feed_next_poll_time_seconds{feed="nws"}'] == clocks.now.timestamp() + 60
    assert not any("unheard_of" in name for name in told)
    assert told['eas_unit_restarts_total{unit="eas-capd"}'] == 1
    assert told['eas_unit_spool_rows{unit="eas-capd"}'] == 4
    assert told['eas_source_headers_total{source="wx"}'] == 5
    assert told['eas_source_up{source="wx"}'] == 0
    assert told['eas_source_stopped{source="wx"}'] == 1


def test_hearing_has_its_margin_and_its_deaf_seconds_until_it_is_stale(
    scrape: Any, clocks: Any, make: Any
) -> None:
    hearing = HearingProof(
        "wx", "162.550", "deaf", "deaf for 3 min", clocks.now, 4.5, 11.0,
        clocks.now - timedelta(minutes=5), 180.0, True, ("RWT",),
    )  # fmt: skip
    scrape.state.take(make.message(hearing))
    label = 'channel="162.550",source="wx"'
    told = scrape()
    assert told[f"eas_margin_db{{{label}}}"] == 4.5
    assert told[f"eas_margin_usual_db{{{label}}}"] == 11
    assert told[f"eas_deaf_today_seconds{{{label}}}"] == 180
    assert told[f"eas_tests_overdue{{{label}}}"] == 1
    assert told[f'eas_hearing_state{{{label},state="deaf"}}'] == 1
    assert told[f'eas_hearing_state{{{label},state="hearing"}}'] == 0
    clocks.move(300)
    assert not any(name.startswith(("eas_margin", "eas_hearing")) for name in scrape())


def test_a_radio_has_its_gain_and_its_crystal(scrape: Any, make: Any) -> None:
    channel = ChannelState("162.550", 162.55e6, -10.5, -42.0, 31.5, 3100.0, 212.0, True)
    quiet = ChannelState("162.400", 162.4e6, -41.0, -42.0, 1.0, 400.0, 0.0, False)
    state = ReceiverState(
        "wx", "running", "7 channels", 250_000, 162_487_500.0, (channel, quiet), 1000, 7, 1.8, 40.2
    )
    scrape.state.take(make.message(state))
    told = scrape()
    assert told['eas_receiver_gain_db{receiver="wx"}'] == 40.2
    assert told['eas_receiver_crystal_error_ratio{receiver="wx"}'] == pytest.approx(1.8e-6)
    assert told['eas_receiver_lost_samples_total{receiver="wx"}'] == 7
    assert told['eas_receiver_snr_db{channel="162.550",receiver="wx"}'] == 31.5
    assert 'eas_receiver_offset_hertz{channel="162.400",receiver="wx"}' not in told


def test_jobs_do_not_use_the_label_that_is_prometheus_own(scrape: Any, clocks: Any) -> None:
    totals = JobTotals("maintenance", 12, 2, 1, clocks.now, None)
    scrape.state.set_stored(StoredState((), (), frozenset(), 7, jobs=(Job(totals, ()),)))
    told = scrape()
    assert told['eas_job_failures_total{name="maintenance"}'] == 2
    assert told['eas_job_missed_total{name="maintenance"}'] == 1
    assert 'eas_job_last_good_time_seconds{name="maintenance"}' not in told
    assert not any('job="' in name or 'instance="' in name for name in told)


def test_a_machine_without_sensors_has_no_temperature(scrape: Any) -> None:
    told = scrape()
    assert told["eas_host_state_free_bytes"] > 0
    assert "eas_host_temperature_celsius" not in told
    assert told["eas_database_up"] == 1
    assert told['eas_web_tasks{state="running"}'] == 0
