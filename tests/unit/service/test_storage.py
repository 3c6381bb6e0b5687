"""The way of receptions into the database, and what happens while it does not respond."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from eas_station.bus.messages import ItemState
from eas_station.errors import SpoolError, StoreError
from eas_station.service.heartbeats import Heartbeat
from eas_station.service.storage import Storage

NOON = datetime(2026, 4, 27, 12, 0, tzinfo=UTC)


class Trust:
    def __init__(self, trusted: bool) -> None:
        self._trusted = trusted

    def trusted(self) -> bool:
        return self._trusted


class FakeDaemon:
    """As much of a daemon as the storage knows, and a thread to run it in."""

    def __init__(self, trusted: bool = True) -> None:
        self.stopping = threading.Event()
        self.clock_trust = Trust(trusted)
        self.items: dict[str, ItemState] = {}
        self.history: list[tuple[str, str]] = []
        self.depth: int | None = None
        self.changed = threading.Condition()

    def now(self) -> datetime:
        return NOON

    def heartbeat(self, name: str, deadline_s: float) -> Heartbeat:
        return Heartbeat(name, deadline_s, lambda: 0.0)

    def spawn(self, name: str, target: Callable[[], None]) -> None:
        self.thread = threading.Thread(target=target, name=name)
        self.thread.start()

    def set_item(self, item: ItemState) -> None:
        with self.changed:
            self.items[item.kind] = item
            self.history.append((item.kind, item.state))
            self.changed.notify_all()

    def set_storage(self, spool_depth: int | None, last_change_id: int | None) -> None:
        with self.changed:
            self.depth = spool_depth
            self.changed.notify_all()

    def until(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, 10.0)

    def stop(self) -> None:
        self.stopping.set()
        self.thread.join(5.0)
        assert not self.thread.is_alive()


class Store:
    """Spool, intake, flusher and announcer in one, and broken as the test wants."""

    last_change_id = 5

    def __init__(self) -> None:
        self.spool: list[str] = []
        self.stored: list[str] = []
        self.ended = 0
        self.rows_in_quarantine = 0
        self.database_fault: str | None = None
        self.spool_fault: str | None = None
        self.append_fault: str | None = None
        self.announced: list[str] = []

    def take_all(self, receptions: Sequence[Any]) -> None:
        for reception in receptions:
            self.append("reception", reception)

    def publish_waiting(self) -> None:
        self.announced += self.spool

    def append(self, kind: str, json: str) -> int:
        if self.spool_fault or self.append_fault:
            raise StoreError(self.spool_fault or self.append_fault or "")
        self.spool.append(json)
        return len(self.spool)

    def depth(self) -> int:
        if self.spool_fault:
            raise StoreError(self.spool_fault)
        return len(self.spool)

    def quarantine_depth(self) -> int:
        return self.rows_in_quarantine

    def run_once(self) -> int:
        if self.spool_fault:
            raise SpoolError(self.spool_fault)
        if self.database_fault:
            raise StoreError(self.database_fault)
        moved, self.spool = self.spool, []
        self.stored += moved
        return len(moved)

    def end_overdue(self, now: datetime) -> None:
        assert now == NOON
        self.ended += 1


def storage_of(daemon: Any, store: Any) -> Any:
    """The storage, with texts for receptions."""
    return Storage(daemon, store, store, store, store)


def test_a_reception_is_flushed_at_once() -> None:
    daemon, store = FakeDaemon(), Store()
    storage = storage_of(daemon, store)
    storage.start()
    daemon.until(lambda: daemon.items.get("database") is not None)
    storage.take("a tornado")
    storage.append("clip", "its clip")
    daemon.until(lambda: store.stored == ["a tornado", "its clip"] and daemon.depth == 0)
    daemon.stop()
    assert daemon.items["database"].state == "running"
    assert store.ended > 0


def test_nothing_is_lost_while_the_database_does_not_respond() -> None:
    daemon, store = FakeDaemon(), Store()
    store.database_fault = "connection refused"
    storage = storage_of(daemon, store)
    storage.take("a tornado")
    storage.start()
    daemon.until(lambda: daemon.depth == 1)
    item = daemon.items["database"]
    assert item.state == "reconnecting"
    assert item.sentence == "database offline since 2026-04-27 12:00:00Z: connection refused"
    store.database_fault = None
    daemon.until(lambda: store.stored == ["a tornado"] and daemon.depth == 0)
    daemon.stop()
    assert daemon.history == [("database", "reconnecting"), ("database", "running")]


def test_rows_in_quarantine_are_shown_until_there_are_none() -> None:
    daemon, store = FakeDaemon(), Store()
    store.rows_in_quarantine = 2
    storage = storage_of(daemon, store)
    storage.start()
    daemon.until(lambda: "quarantine" in daemon.items)
    assert daemon.items["quarantine"].state == "failed"
    assert daemon.items["quarantine"].sentence.startswith("2 rows are missing from the database")
    store.rows_in_quarantine = 0
    storage.take("a tornado")
    daemon.until(lambda: daemon.items["quarantine"].state == "running")
    daemon.stop()


def test_nothing_ends_by_time_while_the_clock_is_not_trusted() -> None:
    daemon, store = FakeDaemon(trusted=False), Store()
    storage = storage_of(daemon, store)
    storage.start()
    storage.take("a tornado")
    daemon.until(lambda: store.stored == ["a tornado"] and daemon.depth == 0)
    daemon.stop()
    assert store.ended == 0


def test_an_unusable_spool_is_reported_until_it_is_usable_again() -> None:
    daemon, store = FakeDaemon(), Store()
    store.spool_fault = "disk full"
    storage = storage_of(daemon, store)
    assert storage.append("clip", "lost") is False
    assert daemon.items["spool"].sentence == "spool unusable: disk full"
    store.spool_fault = None
    storage.start()
    assert storage.append("clip", "kept") is True
    daemon.until(lambda: store.stored == ["kept"] and daemon.items["spool"].state == "running")
    daemon.stop()


def test_the_last_rows_are_flushed_before_the_end() -> None:
    daemon, store = FakeDaemon(), Store()
    storage = storage_of(daemon, store)
    storage.start()
    daemon.until(lambda: daemon.depth == 0)
    daemon.stopping.set()
    store.append("reception", "the last one")
    daemon.stop()
    assert store.stored == ["the last one"]


def test_rows_of_an_earlier_process_are_published_while_the_database_does_not_respond() -> None:
    daemon, store = FakeDaemon(), Store()
    store.spool = ["a tornado of before"]
    store.database_fault = "connection refused"
    storage = storage_of(daemon, store)
    storage.start()
    daemon.until(lambda: daemon.depth == 1)
    assert store.announced == ["a tornado of before"]
    daemon.stop()
    assert store.announced == ["a tornado of before"], "once is enough"


def test_a_spool_on_a_full_disk_is_reported_as_unusable() -> None:
    daemon, store = FakeDaemon(), Store()
    store.append_fault = "the disk is full"
    storage = storage_of(daemon, store)
    assert not storage.append("clip", "its clip")
    storage.start()
    daemon.until(lambda: daemon.depth == 0)
    assert daemon.items["spool"].state == "failed"
    store.append_fault = None
    assert storage.append("clip", "its clip")
    daemon.until(lambda: daemon.items["spool"].state == "running")
    daemon.stop()
    assert [state for kind, state in daemon.history if kind == "spool"] == ["failed", "running"]


def test_an_unreadable_spool_does_not_mark_the_database_as_offline() -> None:
    daemon, store = FakeDaemon(), Store()
    store.spool_fault = "input/output error"
    storage = storage_of(daemon, store)
    storage.start()
    daemon.until(lambda: "spool" in daemon.items)
    daemon.stop()
    assert daemon.history == [("spool", "failed")]
