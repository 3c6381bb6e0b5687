"""The spool keeps what was committed to it, in order."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from eas_station.errors import StoreError
from eas_station.store.spool.spool import MOST_HELD, Spool


def bodies(spool: Spool, count: int = 1000) -> list[str]:
    return [row.body for row in spool.oldest(count)]


def test_rows_come_out_in_the_order_they_went_in(spool: Spool) -> None:
    first = spool.append("reception", '{"n":1}')
    rest = spool.append_all("clip", ['{"n":2}', '{"n":3}'])
    assert (first, *rest) == tuple(sorted((first, *rest)))
    assert [(row.kind, row.body) for row in spool.oldest(10)] == [
        ("reception", '{"n":1}'),
        ("clip", '{"n":2}'),
        ("clip", '{"n":3}'),
    ]
    assert bodies(spool, 1) == ['{"n":1}']
    assert spool.depth() == 3


def test_removed_rows_are_gone_and_their_numbers_are_not_used_again(spool: Spool) -> None:
    ids = spool.append_all("reception", ["1", "2", "3"])
    spool.remove(ids)
    assert spool.depth() == 0
    assert spool.append("reception", "4") > max(ids)


def test_rows_outlive_the_process_that_wrote_them(tmp_path: Path) -> None:
    Spool(tmp_path / "a.spool").append("reception", "kept")
    assert bodies(Spool(tmp_path / "a.spool")) == ["kept"]


def test_the_file_is_synchronised_in_full_before_a_row_counts(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a.spool")
    spool.append("reception", "1")
    connection = spool._connection
    assert connection is not None
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_quarantined_row_keeps_its_traceback(spool: Spool) -> None:
    first, second = spool.append_all("reception", ["bad", "good"])
    spool.quarantine(first, "Traceback: ZeroDivisionError \ud800")
    assert bodies(spool) == ["good"]
    assert spool.quarantine_depth() == 1
    with closing(sqlite3.connect(spool.path)) as connection:
        found = connection.execute("SELECT row_id, kind, body, traceback FROM quarantine")
        assert found.fetchall() == [(first, "reception", "bad", "Traceback: ZeroDivisionError �")]
    assert spool.depth() == 1
    assert second == spool.oldest(1)[0].row_id


def test_a_lone_surrogate_does_not_stop_a_row(spool: Spool) -> None:
    spool.append("reception", '"a\udcffb"')
    assert bodies(spool) == ['"a�b"']


def test_threads_append_and_remove_at_once_and_nothing_is_lost(spool: Spool) -> None:
    taken: list[str] = []

    def write(name: int) -> None:
        for n in range(25):
            spool.append("reception", f"{name}-{n}")

    writers = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers) or spool.depth():
        rows = spool.oldest(7)
        taken += [row.body for row in rows]
        spool.remove(row.row_id for row in rows)
    for writer in writers:
        writer.join()
    taken += bodies(spool)
    assert sorted(taken) == sorted(f"{name}-{n}" for name in range(4) for n in range(25))
    for name in range(4):
        own = [body for body in taken if body.startswith(f"{name}-")]
        assert own == [f"{name}-{n}" for n in range(25)]


def test_a_large_backlog_gives_its_room_back(spool: Spool, tmp_path: Path) -> None:
    ids = spool.append_all("reception", ["x" * 10_000] * 400)
    spool.remove(ids)
    spool.append("reception", "y")
    spool.close()
    assert (tmp_path / "eas-test.spool").stat().st_size < 1_000_000


@pytest.mark.parametrize("damage", ["not a database", "a page overwritten", "cut in half"])
def test_a_damaged_file_is_renamed_and_a_new_one_created(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.spool"
    spool = Spool(path)
    spool.append_all("reception", [f'{{"n":{n},"text":"{"x" * 900}"}}' for n in range(40)])
    spool.close()
    whole = path.read_bytes()
    match damage:
        case "not a database":
            path.write_bytes(b"garbage" * 5000)
        case "a page overwritten":
            middle = len(whole) // 8192 * 4096
            path.write_bytes(whole[:middle] + os.urandom(4096) + whole[middle + 4096 :])
        case "cut in half":
            path.write_bytes(whole[: len(whole) // 2])

    new = Spool(path)
    with caplog.at_level(logging.ERROR):
        number = new.append("reception", "new")

    assert new.oldest(100)[-1].row_id == number
    assert (tmp_path / "a.spool.damaged-1").exists()
    assert "was damaged" in caplog.text
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_readable_rows_of_a_damaged_file_are_recovered_in_order(tmp_path: Path) -> None:
    path = tmp_path / "a.spool"
    spool = Spool(path)
    spool.append_all("reception", [f"{n} " + "x" * 3000 for n in range(60)])
    spool.close()
    whole = bytearray(path.read_bytes())
    place = whole.index(b"30 xxx") // 4096 * 4096
    whole[place : place + 4096] = os.urandom(4096)
    path.write_bytes(bytes(whole))

    saved = [int(body.split()[0]) for body in bodies(Spool(path))]

    assert saved == sorted(saved)
    assert set(range(60)) - set(saved) <= set(range(28, 33))
    assert len(saved) >= 55


def test_damage_that_shows_while_it_is_open_loses_no_new_row(tmp_path: Path) -> None:
    path = tmp_path / "a.spool"
    spool = Spool(path)
    spool.append_all("reception", ["x" * 3000] * 300)
    spool.close()
    spool.depth()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))
    number = spool.append("reception", "new")
    assert spool.oldest(1000)[-1].row_id == number


def test_bits_that_fall_over_in_a_text_do_not_stop_the_rows_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "a.spool"
    spool = Spool(path)
    spool.append_all("reception", ["first row", "second row"])
    spool.close()
    path.write_bytes(path.read_bytes().replace(b"first row", b"fir\xff\xfe row"))
    assert bodies(Spool(path)) == ["fir\ufffd\ufffd row", "second row"]


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    spool = Spool(tmp_path / "file" / "a.spool")
    with pytest.raises(StoreError, match="cannot use the spool"):
        spool.append("reception", "1")


def test_rows_held_in_memory_come_after_the_others_and_go_to_the_disk_when_it_takes_them(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "state"
    folder.write_text("in the way")
    spool = Spool(folder / "a.spool")
    assert spool.hold("reception", ["1", "2"])
    assert bodies(spool) == ["1", "2"]
    assert all(row.row_id < 0 for row in spool.oldest(5))
    folder.unlink()
    spool.append("reception", "3")
    assert bodies(spool) == ["1", "2", "3"]
    assert all(row.row_id > 0 for row in spool.oldest(5))
    assert bodies(Spool(folder / "a.spool")) == ["1", "2", "3"]


def test_rows_held_in_memory_can_be_moved_while_the_disk_still_refuses(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    spool = Spool(tmp_path / "state" / "a.spool")
    spool.hold("reception", ["1", "2", "3"])
    first, second, _ = spool.oldest(5)
    spool.remove([first.row_id])
    spool.quarantine(second.row_id, "Traceback")
    assert bodies(spool) == ["3"]


def test_memory_holds_only_so_many_rows(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    spool = Spool(tmp_path / "state" / "a.spool")
    assert spool.hold("reception", ["x"] * MOST_HELD)
    assert not spool.hold("reception", ["x"])


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from eas_station.errors import StoreError
from eas_station.store.spool.spool import Spool
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
spool = Spool(Path(sys.argv[1]))
spool.append("reception", "first")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
taken = refused = 0
for n in range(60):
    try:
        spool.append("reception", f"{n} " + "x" * 5000)
        taken += 1
    except StoreError:
        refused += 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
spool.append("reception", "last")
print(taken, refused, spool.depth())
"""


def test_a_disk_that_takes_no_more_is_a_store_error_and_takes_again_when_it_can(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.spool"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=True
    )
    taken, refused, depth = map(int, done.stdout.split())
    assert taken > 0
    assert refused > 0
    assert depth == taken + 2
    assert bodies(Spool(path))[-1] == "last"
    assert len(bodies(Spool(path))) == depth


APPENDING = """
import sys
from pathlib import Path
from eas_station.store.spool.spool import Spool
spool = Spool(Path(sys.argv[1]))
for n in range(100_000):
    spool.append("reception", f"{sys.argv[2]}-{n} " + "x" * 500)
    print(n, flush=True)
"""


def test_no_acknowledged_row_is_lost_by_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "a.spool"
    acknowledged = 0
    for kill in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", APPENDING, str(path), str(kill)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        last = -1
        for line in child.stdout:
            last = int(line)
            if last == 20 + 13 * kill:
                child.send_signal(signal.SIGKILL)
        child.wait()
        assert child.returncode == -signal.SIGKILL
        found = [body.split()[0] for body in bodies(Spool(path), 100_000)]
        own = [name for name in found if name.startswith(f"{kill}-")]
        assert own[: last + 1] == [f"{kill}-{n}" for n in range(last + 1)]
        assert len(own) <= last + 2  # at most one was committed but not yet told
        acknowledged += last + 1
    assert acknowledged >= 4 * 21
