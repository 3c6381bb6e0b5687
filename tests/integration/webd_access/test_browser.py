"""An operator in Chromium, without a script, on a phone: logs in, stops a source, logs out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eas_station.store.records import desired_states

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
PHONE = {"width": 360, "height": 740}
PASSWORD = "correct horse battery staple"

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium (apt install chromium)"),
]


def test_an_operator_needs_no_script_and_every_form_is_sound(up: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    def sound(page: Any) -> None:
        found = axe.run(page).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"]) for v in found] == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url

    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        page = browser.new_context(java_script_enabled=False, viewport=PHONE).new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{up.url}/login?back=/listening")
        page.fill("#name", "ann")
        page.fill("#password", "a wrong one")
        page.click("button:has-text('Log in')")
        assert "The name or the password is wrong." in page.inner_text("main")
        page.fill("#name", "ann")
        page.fill("#password", PASSWORD)
        page.click("button:has-text('Log in')")
        page.wait_for_url(f"{up.url}/listening")
        page.click("button:has-text('Stop source wx')")
        page.wait_for_url(f"{up.url}/listening")
        with up.database.read() as connection:
            assert desired_states.desired(connection, "source", "wx") == "stopped"
        cookies = page.context.cookies()
        page.click("button:has-text('Log out ann')")
        page.wait_for_url(f"{up.url}/")
        assert page.locator("main form[method=post] button").count() == 0

        scripted = browser.new_context(viewport=PHONE)
        page = scripted.new_page()
        page.goto(f"{up.url}/login")
        sound(page)
        visitor = up.visitor()
        assert visitor.log_in() == 303
        session = visitor.cookies["eas_session"]
        scripted.add_cookies([{"name": "eas_session", "value": session, "url": up.url}])
        for path in ("/login", "/listening", "/system"):
            page.goto(up.url + path)
            assert "Log out ann" in page.inner_text("footer")
            sound(page)
        browser.close()
    kept = [one for one in cookies if one["name"] == "eas_session"]
    assert [(one["httpOnly"], one["sameSite"]) for one in kept] == [(True, "Strict")]
