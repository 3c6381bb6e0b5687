"""Listening, Radio and Tests in Chromium: live, without a script, on a phone, axe-core."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
    *("--disable-component-update", "--disable-sync"),
)
PATHS = ("/listening", "/radio?span=7d", "/tests", "/listen/wx/162.550")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
PATIENCE_MS = 60_000

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium (apt install chromium)"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield opened
        opened.close()


def page_of(browser: Any, **said: Any) -> Any:
    page = browser.new_context(**said).new_page()
    page.set_default_timeout(PATIENCE_MS)
    return page


def played_s(page: Any) -> float:
    seconds: float = page.evaluate("document.querySelector('audio').currentTime")
    return seconds


def test_every_page_is_sound_in_light_and_dark_wide_and_on_a_phone(
    browser: Any, radio: Any
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    complaints: list[str] = []
    strangers: list[str] = []
    for scheme, viewport in (("light", WIDE), ("dark", NARROW)):
        page = page_of(browser, viewport=viewport, color_scheme=scheme)
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda r: None if r.url.startswith(radio.town.url) else strangers.append(r.url),
        )
        for path in PATHS:
            page.goto(radio.town.url + path)
            if path.startswith("/radio"):
                page.locator(".chart").first.hover()
                page.wait_for_selector(".readout:has-text('162.550')")
            found = axe.run(page).response["violations"]
            assert [(v["id"], v["nodes"][0]["html"]) for v in found] == [], (path, scheme, viewport)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= viewport["width"], (path, viewport)
        page.context.close()
    assert (complaints, strangers) == ([], [])


def test_the_sound_plays_on_and_stops(browser: Any, radio: Any, until_true: Any) -> None:
    page = page_of(browser)
    radio.hurry = 4.0  # Chromium wants some 200 kB before it plays
    page.goto(radio.town.url + "/listening")
    page.wait_for_selector("body.live")
    page.click('a[data-listen="/sound/wx/162.550"]')
    until_true(lambda: played_s(page) > 0.5)
    at_s = played_s(page)
    until_true(lambda: played_s(page) > at_s + 1)
    assert "Listening to wx 162.550 MHz" in page.inner_text("#player-status")
    page.evaluate("document.getElementById('player-audio').pause()")  # as its own button does
    until_true(lambda: not radio.publisher.wanted("audio.pcm.wx.162.550"))
    assert page.inner_text("#player-status") == "Stopped."

    radio.sounds = False
    page.click('a[data-listen="/sound/wx/162.550"]')
    page.wait_for_selector("#player-status:has-text('No audio from')")
    page.click("#player-stop")
    assert page.locator("#player").is_hidden()
    page.context.close()


def test_the_player_of_one_channel_plays_where_there_is_no_script(
    browser: Any, radio: Any, until_true: Any
) -> None:
    radio.hurry = 4.0
    page = page_of(browser, java_script_enabled=False)
    page.goto(radio.town.url + "/listening")
    page.click("a:has-text('Listen to wx 162.550 MHz')")
    page.wait_for_url(radio.town.url + "/listen/wx/162.550")
    sound = page.locator("audio")
    assert sound.get_attribute("src") == "/sound/wx/162.550"
    sound.evaluate("sound => { sound.play(); }")
    until_true(lambda: played_s(page) > 0.5)
    page.context.close()


def test_the_spectrum_and_the_channels_move_and_charts_can_be_pointed_at(
    browser: Any, radio: Any, until_true: Any
) -> None:
    page = page_of(browser, viewport=WIDE)
    page.goto(radio.town.url + "/radio")
    page.wait_for_selector("body.live")
    path = page.locator("[data-spectrum=wx] .line-1").get_attribute("d")
    radio.peak_dbfs = -60.0
    line = page.locator("[data-spectrum=wx] .line-1")
    until_true(lambda: line.get_attribute("d") != path)
    page.locator(".chart").first.hover()
    page.wait_for_selector(".readout:has-text('162.550')")
    assert page.locator(".chart .cursor").count() == 1
    page.hover("h1")
    until_true(lambda: page.locator(".chart .cursor").count() == 0)
    assert set(page.locator(".readout").all_inner_texts()) == {""}
    page.click("nav.choices >> text=1 year")
    page.wait_for_url("**/radio?measure=snr_db&heard=margin_db&span=1y")
    assert "Signal over noise, 1 year (dB)" in page.inner_text("main")
    page.context.close()


def test_without_a_script_charts_spectrum_and_tests_are_there(browser: Any, radio: Any) -> None:
    page = page_of(browser, java_script_enabled=False)
    page.goto(radio.town.url + "/radio")
    assert page.locator(".chart path[class^=line-]").count() == 7 + 4
    assert page.locator("[data-spectrum=wx] text").count() > 7
    assert "+1.8 ppm (with +2 ppm correction)" in page.inner_text("main")
    page.click("nav >> text=Tests")
    page.click("text=When it was deaf")
    assert page.url.endswith(f"#deaf-{radio.past.hiding}")
    row = page.locator(f"#deaf-{radio.past.hiding}").inner_text()
    assert "explains the missing wx 162.400 MHz RWT" in row
    assert "still deaf" in page.locator(f"#deaf-{radio.past.open}").inner_text()
    page.click("#expected a[href^='/alerts/']")
    assert "Required Weekly Test" in page.inner_text("h1")
    page.context.close()
