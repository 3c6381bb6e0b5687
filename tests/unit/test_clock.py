"""Whether the wall clock can be believed."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from eas_station.clock import (
    ClockTrust,
    Probes,
    battery_clock_s,
    is_virtual_machine,
    kernel_synchronised,
    utc_now,
)

NOON = datetime(2027, 4, 27, 12, 0, tzinfo=UTC)


@dataclass
class Host:
    """A host whose clocks the test turns."""

    wall: datetime = NOON
    elapsed_s: float = 1000.0
    kernel: bool = False
    mark: float | None = None
    rtc_off_s: float | None = None  # battery clock less true time; None: no battery clock
    true_time: datetime = NOON
    virtual: bool = False

    def trust(self, always: bool = False) -> ClockTrust:
        probes = Probes(
            kernel_synchronised=lambda: self.kernel,
            timesync_mark=lambda: self.mark,
            battery_clock_s=self._battery_clock_s,
            virtual_machine=lambda: self.virtual,
        )
        return ClockTrust(lambda: self.elapsed_s, lambda: self.wall, probes, always)

    def _battery_clock_s(self) -> float | None:
        if self.rtc_off_s is None:
            return None
        return self.true_time.timestamp() + self.rtc_off_s

    def passes(self, seconds: float) -> None:
        self.elapsed_s += seconds
        self.wall += timedelta(seconds=seconds)
        self.true_time += timedelta(seconds=seconds)

    def steps(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)


def test_utc_now_is_aware_and_utc() -> None:
    assert utc_now().utcoffset() == timedelta(0)


def test_a_pi_without_network_is_not_trusted() -> None:
    trust = Host().trust()
    assert not trust.trusted()
    assert trust.reason() == "the clock has not been synchronised since boot"


def test_a_clock_of_1970_is_never_trusted() -> None:
    host = Host(wall=datetime(1970, 1, 1, tzinfo=UTC), kernel=True, virtual=True)
    trust = host.trust()
    assert not trust.trusted()
    assert "1970-01-01" in trust.reason()


def test_synchronisation_is_noticed_when_it_comes() -> None:
    host = Host(wall=datetime(1970, 1, 1, tzinfo=UTC))
    trust = host.trust()
    assert not trust.trusted()
    host.wall, host.kernel = NOON, True  # the first answer of NTP steps the clock
    assert trust.trusted()
    assert trust.reason() == "synchronised, by the kernel's flag"


def test_trust_survives_the_kernel_flag_falling_hours_later() -> None:
    host = Host(kernel=True)
    trust = host.trust()
    assert trust.trusted()
    host.kernel = False
    for _ in range(20):
        host.passes(3600.0)
        host.steps(0.5)  # slewed
        assert trust.trusted()


def test_one_synchronisation_by_timesyncd_since_boot_is_enough() -> None:
    assert Host(mark=5.0).trust().trusted()


def test_a_step_by_hand_ends_the_trust_until_the_next_synchronisation() -> None:
    host = Host(mark=5.0)
    trust = host.trust()
    assert trust.trusted()
    host.steps(-3600.0)
    assert not trust.trusted()
    assert "stepped" in trust.reason()
    host.passes(60.0)
    assert not trust.trusted()
    host.mark = 6.0
    assert trust.trusted()


def test_a_step_by_timesyncd_itself_keeps_the_trust() -> None:
    host = Host(mark=5.0)
    trust = host.trust()
    assert trust.trusted()
    host.steps(3600.0)
    host.mark = 6.0
    assert trust.trusted()


def test_a_battery_clock_that_agrees_is_enough() -> None:
    assert Host(rtc_off_s=2.0).trust().trusted()


def test_a_battery_clock_without_battery_is_not() -> None:
    assert not Host(rtc_off_s=-NOON.timestamp() + 10.0).trust().trusted()


def test_a_step_away_from_the_battery_clock_ends_the_trust_even_of_a_virtual_machine() -> None:
    host = Host(rtc_off_s=0.0, virtual=True)
    trust = host.trust()
    assert trust.trusted()
    host.steps(3600.0)
    assert not trust.trusted()
    assert trust.reason() == "the clock was stepped away from the battery clock"
    host.steps(-3600.0)
    assert trust.trusted()


def test_a_virtual_machine_has_the_clock_of_its_host() -> None:
    assert Host(virtual=True).trust().trusted()


def test_the_operator_can_vouch_for_the_clock() -> None:
    trust = Host(wall=datetime(1970, 1, 1, tzinfo=UTC)).trust(always=True)
    assert trust.trusted()
    assert "configuration" in trust.reason()


def test_the_battery_clock_is_read_from_sys(tmp_path: Path) -> None:
    assert battery_clock_s(tmp_path) is None
    (tmp_path / "rtc0").mkdir()
    (tmp_path / "rtc0" / "since_epoch").write_text("1777291200\n")
    assert battery_clock_s(tmp_path) == 1777291200.0


def test_a_hypervisor_is_seen_in_the_flags_of_the_processor(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "cpuinfo").write_text("flags\t\t: fpu sse2 hypervisor lm\n")
    assert is_virtual_machine(tmp_path)
    (tmp_path / "proc" / "cpuinfo").write_text("flags\t\t: fpu sse2 lm\n")
    assert not is_virtual_machine(tmp_path)


def test_this_kernel_answers() -> None:
    assert kernel_synchronised() in (True, False)


def test_a_step_that_another_thread_notices_is_not_forgotten() -> None:
    host = Host()
    asked: list[threading.Thread] = []

    def synchronised_until_the_step() -> bool:
        if asked:
            return False
        host.steps(3600)  # while the first one judges, the clock steps and a second one asks
        asked.append(threading.Thread(target=trust.trusted))
        asked[0].start()
        asked[0].join(0.3)
        return True

    probes = dataclasses.replace(
        host.trust()._probes, kernel_synchronised=synchronised_until_the_step
    )
    trust = ClockTrust(lambda: host.elapsed_s, lambda: host.wall, probes)
    trust.trusted()
    asked[0].join(5)
    assert not trust.trusted()
