"""The pages in Chromium: live updates, no script, 360 px, light and dark, axe-core."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
)
# Every page, as `test_every_page_is_looked_at` proves, and some that a search finds.
PAGES = (
    *("/", "/alerts/<alert_id>", "/log", "/listening", "/listen/<source>/<channel>"),
    *("/radio", "/tests", "/system", "/login"),
)
PATHS = (*PAGES, "/log?q=tornado", "/log?q=no-such-thing", "/nope")
ERRORS = {"/nope"}  # the browser itself complains of these
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
LOOKS = [(size, scheme) for size in (WIDE, NARROW) for scheme in ("light", "dark")]
MOST_BYTES = 100_000  # of a whole page, compressed

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium (apt install chromium)"),
]


def until(true: Any, timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.02)


def bad_night(town: Any) -> None:
    sys.modules[type(town).__module__].tell_a_bad_night(town)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield opened
        opened.close()


class Seen:
    """What a page did besides being shown."""

    def __init__(self, page: Any, url: str) -> None:
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self._finished: list[Any] = []
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "request", lambda r: None if r.url.startswith(url) else self.strangers.append(r.url)
        )
        page.on("requestfinished", lambda request: self._finished.append(request))

    def bytes(self) -> int:
        """What was transferred, without the stream of events."""
        loads = [request for request in self._finished if "/events" not in request.url]
        return sum(max(0, request.sizes()["responseBodySize"]) for request in loads)


@pytest.fixture(scope="module")
def night(module_night: Any) -> Any:
    return module_night


@pytest.fixture(scope="module")
def bare_browser(browser: Any) -> Iterator[Any]:
    """One that runs no script."""
    context = browser.new_context(java_script_enabled=False, viewport=NARROW)
    yield context
    context.close()


def texts_of(page: Any, selector: str) -> list[str]:
    return [text.strip() for text in page.locator(selector).all_inner_texts() if text.strip()]


def address(town: Any, path: str) -> str:
    """A page's address; what stands for an alert, a source, a channel is one of the station's."""
    alerts = town.json("/api/v1/alerts")["alerts"]
    tornado = next(one["alert_id"] for one in alerts if one["event_code"] == "TOR")
    known = {"alert_id": tornado, "source": "wx", "receiver": "wx", "channel": "162.550"}
    found = re.sub(r"<(\w+)>", lambda name: known[name[1]], path)
    return f"{town.url}{found}"


def test_every_page_is_looked_at(night: Any) -> None:
    described = night.json("/api/v1/openapi.json")["paths"].items()
    pages = [
        re.sub(r"{(\w+)}", r"<\1>", path)
        for path, methods in described
        if "text/html"
        in methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
    ]
    assert sorted(pages) == sorted(PAGES)


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_sound(browser: Any, bare_browser: Any, night: Any, path: str) -> None:
    """On a desk and on a phone, by day and by night: no violation of axe-core's rules, no
    complaint, no stranger, nothing beyond the edge; and without a script it has all its parts."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = browser.new_page(viewport=WIDE)
    seen = Seen(page, night.url)
    page.goto(address(night, path))
    page.wait_for_selector("h1")
    page.wait_for_load_state("load")
    for viewport, scheme in LOOKS:
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=scheme)
        found = axe.run(page).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"]) for v in found] == [], (viewport, scheme)
        edge = page.evaluate("document.documentElement.scrollWidth")
        assert edge <= viewport["width"], scheme
    assert seen.strangers == []
    if path not in ERRORS:
        assert seen.complaints == []
        assert 1000 < seen.bytes() < MOST_BYTES
    headings = texts_of(page, "h1, h2")
    page.close()
    bare = bare_browser.new_page()
    bare.goto(address(night, path))
    assert headings
    assert [one for one in headings if one not in texts_of(bare, "h1, h2")] == []
    bare.close()


def test_a_new_warning_is_announced_at_once(browser: Any, running: Any) -> None:
    page = browser.new_page()
    seen = Seen(page, running.url)
    page.goto(running.url)
    page.wait_for_selector("body.live")
    assert "Nothing in force for Wood and Lucas, OH." in page.inner_text("#verdict")
    tornado = running.off_air("TOR")
    running.hear(tornado, stored=False)
    page.wait_for_selector(".card h3 >> text=Tornado Warning", timeout=20000)
    announced = page.inner_text("[role=alert]")
    assert announced.startswith("New: Tornado Warning for Wood, OH, until ")
    assert page.title().startswith("(1) Tornado Warning")
    assert "Not in the database yet." in page.inner_text("#here")

    page.evaluate("document.getElementById('announce').textContent = ''")
    running.flush()
    until(lambda: "Not in the database" not in page.inner_text("#here"))
    assert page.locator("#here .card").count() == 1
    assert page.inner_text("[role=alert]") == ""  # it is the same warning
    assert seen.complaints == []
    page.close()


def test_the_page_is_complete_without_a_script(browser: Any, night: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(night.url)
    text = page.inner_text("body")
    for said in ("2 alerts in force", "TAKE COVER NOW!", "TEST, NOT AN ALERT", "eas-audiod@wx"):
        assert said in text
    assert page.locator("noscript meta[http-equiv=refresh]").count() == 1 or "refresh" in (
        page.content()
    )
    page.click(".card h3 a >> nth=0")
    assert "Relevance" in page.inner_text("main")
    page.click("nav >> text=Log")
    assert page.locator("table.log tbody tr").count() == 11
    context.close()


def test_tests_are_apart_from_what_is_real(browser: Any, night: Any) -> None:
    page = browser.new_page()
    page.goto(night.url)
    real = page.inner_text("#here")
    tests = page.inner_text("#tests")
    assert "Required Weekly Test" in tests
    assert "Practice/Demo Warning" in tests
    assert "Tornado" not in tests
    assert "Required Weekly Test" not in real
    page.close()


def test_a_station_that_is_gone_is_not_shown_as_fresh(browser: Any, running: Any) -> None:
    page = browser.new_page()
    page.clock.install()
    page.goto(running.url)
    page.wait_for_selector("body.live")
    running.process.kill()
    running.process.wait()
    page.clock.run_for(60_000)
    page.wait_for_selector("#lost:not([hidden])")
    assert "No contact with the station for" in page.inner_text("#lost")
    assert "may be out of date" in page.inner_text("#lost")
    assert page.locator("body.live").count() == 0
    page.close()


def test_a_page_that_cannot_be_had_anew_is_not_fresh_because_the_stream_lives(
    browser: Any, running: Any
) -> None:
    page = browser.new_page()
    page.clock.install()
    page.goto(running.url)
    page.wait_for_selector("body.live")
    page.route(running.url + "/", lambda route: route.abort())
    page.clock.run_for(60_000)
    page.wait_for_selector("#lost:not([hidden])")
    page.evaluate(
        "new EventSource('/api/v1/events').addEventListener('status', () => { window.heard = 1; })"
    )
    running.voices["eas-capd"].say("another sentence", state="degraded")
    until(lambda: page.evaluate("window.heard"))
    assert page.is_visible("#lost")
    page.unroute(running.url + "/")
    page.clock.run_for(16_000)
    page.wait_for_selector("#lost", state="hidden")
    page.close()


def test_levels_move_on_the_page_listening(browser: Any, running: Any) -> None:
    page = browser.new_page()
    page.goto(running.url + "/listening")
    page.wait_for_selector("body.live")
    meter = page.locator('tr[data-level="wx/162.550"] meter')
    assert meter.evaluate("m => m.value") == -25
    audio = running.voices["eas-audiod@wx"].publisher
    conf = sys.modules[type(running).__module__]
    level = conf.AudioLevel("wx", "162.550", -7.0, -2.0, False, True)

    def moved() -> bool:
        audio.publish(conf.topics.audio_level("wx", "162.550"), level)
        return bool(meter.evaluate("m => m.value") == -7)

    until(moved)
    page.close()
