"""eas-capd as a process on a stream of the NAAD System: taken, stored, supervised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from eas_station.ctl.main import main

Make = Callable[..., bytes]
ARCHIVED = "/2026-04-20/2026_04_20T15_05_00_00_00I{}.xml"


def test_a_stream_is_read_supervised_and_completed_from_the_archive(
    stream: Any,
    server: Any,
    station_of: Any,
    page_of: Any,
    wait_for: Callable[..., Any],
    alert: Make,
    heartbeat: Make,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.serve(ARCHIVED.format("early"), alert("early"))
    station = station_of(
        f'[[feed]]\nname = "canada"\nkind = "naad"\nhost = "127.0.0.1"\nport = {stream.port}\n'
        f'archive = "{server.url}"\n'
    )
    config = ["--config", str(station.config)]
    stream.greeting = heartbeat("early")
    station.start()
    page = page_of(station)
    wait_for(lambda: station.identifiers() == {"early"})
    stream.send(alert("one") + heartbeat("early", "one", number=2))
    wait_for(lambda: station.identifiers() == {"early", "one"})
    stream.drop()
    stream.await_connections(2)
    stream.send(heartbeat("early", "one", "missing", number=3) + alert("two"))
    wait_for(lambda: station.identifiers() == {"early", "one", "two"})
    item = wait_for(lambda: degraded(page.item("canada")))
    fault = "1 alert listed in the last heartbeat cannot be fetched: HTTP 404"
    assert item.sentence.startswith(fault)
    assert main(["feeds", *config]) == 1
    assert f"canada (naad): degraded: {fault}" in capsys.readouterr().out
    assert main(["feeds", "test", "canada", *config]) > 0
    assert "canada is a connection, which cannot be polled" in capsys.readouterr().err
    assert station.stop() < 4.0
    assert station.reception_count() == 3
    assert "Traceback" not in station.log()

    server.serve(ARCHIVED.format("one"), alert("one"))
    server.serve(ARCHIVED.format("missing"), alert("missing"))
    stream.greeting = heartbeat("early", "one", "missing", number=4)
    station.start()  # what an earlier process took is no news
    again = page_of(station)
    wait_for(lambda: "missing" in station.identifiers())
    assert wait_for(lambda: again.item("canada").state == "running")
    assert station.reception_count() == 4
    assert station.stop() < 4.0


def degraded(item: Any) -> Any:
    return item if item.state == "degraded" else None
