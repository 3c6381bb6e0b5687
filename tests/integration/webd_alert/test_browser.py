"""The pages Now and Alert in Chromium: the chime, the waveform, the map, paper, no script."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from eas_station.clock import utc_now
from eas_station.store.records import settings

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
)
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
# What the page asks of the browser, counted; the browser does it all the same.
COUNTED = """
(() => {
  window.counted = { tones: 0, notes: [] };
  const make = AudioContext.prototype.createOscillator;
  AudioContext.prototype.createOscillator = function () {
    window.counted.tones += 1;
    return make.call(this);
  };
  const Real = window.Notification;
  window.Notification = class extends Real {
    constructor(title, options) { super(title, options); window.counted.notes.push(options.body); }
  };
})();
"""
TONES = 3  # of one chime

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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture
def listener(browser: Any) -> Iterator[Any]:
    """A browser that counts tones and notifications."""
    context = browser.new_context(permissions=["notifications"])
    context.add_init_script(COUNTED)
    yield context
    context.close()


def opened(context: Any, town: Any) -> Any:
    page = context.new_page()
    page.goto(town.url)
    page.wait_for_selector("body.live")
    page.wait_for_selector("#signals:not([hidden])")
    return page


def tones(page: Any) -> int:
    return int(page.evaluate("window.counted.tones"))


def set_chime(town: Any, chime: str) -> None:
    with town.database.write() as connection:
        assert settings.write(connection, "chime", chime, utc_now(), "ann")


def hear(town: Any, page: Any, name: str, code: str, *places: str) -> None:
    """A CAP message comes in, and stands on the page."""
    town.hear(town.by_cap(name, code, places, timedelta(0)), stored=False)
    page.wait_for_selector(f"[data-announce] >> text={name}", timeout=30000)


def test_it_rings_as_the_station_is_set_unless_this_browser_wants_it_otherwise(
    town: Any, listener: Any
) -> None:
    set_chime(town, "here")
    town.start()
    town.say_all_well()
    until(town.well)
    until(lambda: b'data-chime="here"' in town.get("/")[2])
    page = opened(listener, town)
    assert page.input_value("#chime") == ""
    assert "station default: for alerts here" in page.inner_text("#chime")
    assert page.is_visible("#chime-why")  # nobody has touched the page
    hear(town, page, "Blizzard Warning", "BZW", "027053")
    assert tones(page) == 0
    hear(town, page, "Tornado Warning", "TOR", "039173")
    until(lambda: tones(page) == TONES)

    page.select_option("#chime", "all")
    until(lambda: tones(page) == 2 * TONES)  # so that its sound is known
    hear(town, page, "Flood Watch", "FLA", "039063")
    until(lambda: tones(page) == 3 * TONES)
    assert page.is_hidden("#chime-why") or page.evaluate("!navigator.userActivation.hasBeenActive")

    page.select_option("#chime", "off")
    page.reload()
    page.wait_for_selector("body.live")
    assert page.input_value("#chime") == "off"  # this browser remembers
    hear(town, page, "Severe Thunderstorm Warning", "SVR", "039173")
    assert page.inner_text("[role=alert]").startswith("New: Severe Thunderstorm Warning")
    assert tones(page) == 0


def test_a_notification_tells_of_what_is_here_and_of_nothing_else(
    running: Any, listener: Any
) -> None:
    page = opened(listener, running)
    page.check("#notify")
    hear(running, page, "Blizzard Warning", "BZW", "027053")
    hear(running, page, "Tornado Warning", "TOR", "039173")
    until(lambda: page.evaluate("window.counted.notes.length") == 1)
    (note,) = page.evaluate("window.counted.notes")
    assert note.startswith("Tornado Warning for Wood, OH, until ")
    assert tones(page) == 0  # the station is set to be silent


def test_a_click_in_the_waveform_plays_from_there_and_goes_on(browser: Any, night: Any) -> None:
    page = browser.new_page(viewport=WIDE)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    loads: list[str] = []
    page.on("request", lambda request: loads.append(request.url))
    page.goto(f"{night.town.url}/alerts/{night.tornado}")
    page.wait_for_selector("svg.wave.seekable")
    page.wait_for_selector("body.live")
    assert not [url for url in loads if "/clips/" in url]
    page.evaluate(
        """() => {
          const wave = document.querySelector("svg.wave"), box = wave.getBoundingClientRect();
          const middle = { clientX: box.left + box.width / 2, bubbles: true };
          wave.dispatchEvent(new MouseEvent("click", middle));
          window.player = document.querySelector("[data-clip] audio");
        }"""
    )
    half_s = night.clip.duration_s / 2
    until(lambda: page.evaluate("window.player.currentTime") > half_s - 1)
    assert page.locator("svg.wave .played").count() == 1
    # The page is made anew round it, and it plays on.
    page.evaluate("document.querySelector('#recordings h2').textContent = 'old'")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    until(lambda: page.inner_text("#recordings h2") == "Recording")
    assert page.evaluate("window.player === document.querySelector('[data-clip] audio')")
    assert page.evaluate("!window.player.paused || window.player.ended")
    assert complaints == []
    page.close()


def test_everything_is_there_without_a_script(browser: Any, night: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{night.town.url}/alerts/{night.tornado}")
    assert page.is_visible("svg.wave")
    assert page.is_visible("audio")
    assert page.is_visible("figure.map svg")
    assert "Replaces the message of" in page.inner_text("#timeline")
    page.goto(night.town.url)
    assert page.is_visible("#here audio")
    assert page.is_hidden("#signals")
    context.close()


def test_the_map_can_be_enlarged_and_stays_so(browser: Any, night: Any) -> None:
    page = browser.new_page(viewport=WIDE)
    page.goto(night.town.url)
    page.wait_for_selector("body.live")
    svg = page.locator("figure.map svg")
    whole = svg.get_attribute("viewBox")
    page.click("button[aria-label='Zoom in']")
    assert svg.get_attribute("viewBox") != whole
    larger = svg.get_attribute("viewBox")
    hear(night.town, page, "Blizzard Warning", "BZW", "039173")  # the map is made anew
    until(lambda: "Blizzard" in svg.text_content())
    until(lambda: svg.get_attribute("viewBox") == larger)
    page.click("button[aria-label='Reset: show the whole map']")
    assert svg.get_attribute("viewBox") == whole
    page.close()


def test_the_map_stands_beside_the_alerts_where_there_is_room(browser: Any, night: Any) -> None:
    page = browser.new_page(viewport=WIDE)
    page.goto(night.town.url)
    cards, drawn = page.locator("#here").bounding_box(), page.locator("#map").bounding_box()
    assert drawn["x"] >= cards["x"] + cards["width"]
    page.set_viewport_size(NARROW)
    cards, drawn = page.locator("#here").bounding_box(), page.locator("#map").bounding_box()
    assert drawn["y"] >= cards["y"] + cards["height"]
    page.close()


def test_on_paper_is_what_matters(browser: Any, night: Any) -> None:
    page = browser.new_page(viewport=WIDE, color_scheme="dark")
    page.goto(f"{night.town.url}/alerts/{night.tornado}")
    page.emulate_media(media="print")
    for gone in ("nav", "audio", ".zoom", "a[download]"):
        assert page.locator(gone).first.is_hidden(), gone
    for stays in ("h1", "figure.map svg", "svg.wave", "#timeline", "pre"):
        assert page.locator(stays).first.is_visible(), stays
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_pages_of_this_night_are_sound(
    browser: Any, night: Any, scheme: str, viewport: Any
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = browser.new_context(viewport=viewport, color_scheme=scheme)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    for path in ("/", *(f"/alerts/{one}" for one in (night.tornado, night.forgery))):
        page.goto(night.town.url + path)
        page.wait_for_selector("h1")
        found = axe.run(page).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"]) for v in found] == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], path
    assert complaints == []
    context.close()
