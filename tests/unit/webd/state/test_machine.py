"""What the machine tells, and that nothing is made up where it tells nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eas_station.webd.state.machine import SLICE, Cgroup, MachineReader


@pytest.fixture
def lay(tmp_path: Path) -> Callable[[str, str], None]:
    """Writes a file of a machine."""

    def write(path: str, text: str) -> None:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    return write


def test_a_machine_that_tells_nothing_is_not_known(tmp_path: Path, clocks: Any) -> None:
    host = MachineReader(tmp_path / "absent", tmp_path, lambda: clocks.mono)
    machine = host.read()
    for name in machine.__slots__:
        assert getattr(machine, name) is None, name
    assert host.cgroup("eas-capd") is None


def test_a_raspberry_pi_tells_its_temperature_and_its_power(
    tmp_path: Path, lay: Any, clocks: Any
) -> None:
    lay("sys/class/thermal/thermal_zone0/temp", "48312\n")
    lay("sys/class/thermal/thermal_zone1/temp", "51500\n")
    lay("sys/class/thermal/thermal_zone2/temp", "")
    lay("sys/class/hwmon/hwmon0/name", "cpu_thermal\n")
    lay("sys/class/hwmon/hwmon1/name", "rpi_volt\n")
    lay("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n")
    lay("proc/meminfo", "MemTotal:        3884336 kB\nMemAvailable:    2000000 kB\n")
    lay("proc/loadavg", "0.42 0.30 0.20 1/200 1234\n")
    lay("proc/uptime", "86400.50 300000.00\n")
    host = MachineReader(tmp_path, tmp_path, lambda: clocks.mono)
    machine = host.read()
    assert (machine.temperature_c, machine.under_voltage) == (51.5, True)
    assert (machine.load, machine.booted_s) == (0.42, 86400.5)
    assert (machine.memory_free_bytes, machine.memory_bytes) == (2_048_000_000, 3_977_560_064)
    assert machine.disk_bytes
    assert machine.disk_free_bytes is not None
    lay("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "0\n")
    assert host.read() is machine  # a reading lasts some seconds
    clocks.move(11)
    assert host.read().under_voltage is False


def test_a_unit_of_systemd_has_its_cgroup(tmp_path: Path, lay: Any) -> None:
    lay(f"{SLICE}/eas-sdrd@wx.service/cpu.stat", "usage_usec 1500000\nuser_usec 1\n")
    lay(f"{SLICE}/eas-sdrd@wx.service/memory.current", "33554432\n")
    lay(f"{SLICE}/eas-sdrd@wx.service/memory.max", "max\n")
    host = MachineReader(tmp_path, tmp_path)
    assert host.cgroup("eas-sdrd@wx") == Cgroup(1.5, 33_554_432, None, None)
    assert host.cgroup("../eas-station.slice/eas-sdrd@wx") is None


def test_nonsense_is_not_a_number(tmp_path: Path, lay: Any) -> None:
    lay("sys/class/thermal/thermal_zone0/temp", "hot\n")
    lay("sys/class/hwmon/hwmon0/name", "rpi_volt\n")
    lay("sys/class/hwmon/hwmon0/in0_lcrit_alarm", "\xb2")
    machine = MachineReader(tmp_path, tmp_path).read()
    assert (machine.temperature_c, machine.under_voltage) == (None, None)
