"""One process per unit name."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from eas_station.bus.unit_lock import lock_unit, socket_path
from eas_station.errors import BusError

HOLDER = """
import sys, time
from pathlib import Path
from eas_station.bus.unit_lock import lock_unit
lock = lock_unit(Path(sys.argv[1]), "eas-capd")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_refused_with_the_pid_of_the_first(runtime_dir: Path) -> None:
    with (
        lock_unit(runtime_dir, "eas-capd"),
        pytest.raises(BusError, match=f"eas-capd is already running with pid {os.getpid()}"),
    ):
        lock_unit(runtime_dir, "eas-capd")


def test_another_unit_is_another_name(runtime_dir: Path) -> None:
    with lock_unit(runtime_dir, "eas-sdrd@wx"), lock_unit(runtime_dir, "eas-sdrd@wx1"):
        pass


def test_a_name_given_back_leaves_no_file_and_can_be_held_again(runtime_dir: Path) -> None:
    with lock_unit(runtime_dir, "eas-capd") as lock:
        assert lock.path.read_text() == f"{os.getpid()}\n"
    assert list(runtime_dir.iterdir()) == []
    lock_unit(runtime_dir, "eas-capd").release()


def test_the_directory_is_closed_to_others(runtime_dir: Path) -> None:
    with lock_unit(runtime_dir, "eas-capd"):
        assert stat.S_IMODE(runtime_dir.stat().st_mode) == 0o750


def test_a_killed_holder_does_not_keep_the_name(runtime_dir: Path) -> None:
    argv = [sys.executable, "-c", HOLDER, str(runtime_dir)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(BusError, match=f"pid {child.pid} "):
            lock_unit(runtime_dir, "eas-capd")
        child.kill()
        child.wait()
    lock_unit(runtime_dir, "eas-capd").release()


def test_a_path_too_long_for_a_socket_is_refused_with_advice(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    with pytest.raises(BusError, match=r"107 bytes.*paths\.runtime_dir"):
        socket_path(deep, "eas-capd")


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BusError, match="file"):
        lock_unit(tmp_path / "file" / "run", "eas-capd")
