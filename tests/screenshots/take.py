"""Takes the README's pictures of the page: a made-up night, on a desk and on a phone.

.venv/bin/python tests/screenshots/take.py [FOLDER]
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from pathlib import Path
from types import ModuleType

from playwright.sync_api import Browser, sync_playwright

from eas_station import tables

HERE = Path(__file__).resolve().parent
CONFTEST = HERE.parent / "integration" / "webd" / "conftest.py"
CHROMIUM = "/usr/bin/chromium"
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# Name, address, size, colours, whole page or what one sees first.
PICTURES = (
    ("now-desktop", "/", DESK, "light", False),
    ("now-phone", "/", PHONE, "dark", False),
    ("alert-desktop", "/alerts/{tornado}", DESK, "light", False),
    ("log-desktop", "/log", DESK, "light", False),
    ("listening-desktop", "/listening", DESK, "light", False),
    ("radio-desktop", "/radio", DESK, "dark", False),
    ("tests-phone", "/tests", PHONE, "light", False),
    ("system-desktop", "/system", DESK, "light", False),
    ("system-phone", "/system", PHONE, "dark", True),
)


def station() -> ModuleType:
    """The makers of a station from the integration tests."""
    spec = importlib.util.spec_from_file_location("station_for_pictures", CONFTEST)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def take(browser: Browser, url: str, tornado: str, folder: Path) -> None:
    """All pictures."""
    for name, path, size, scheme, whole in PICTURES:
        page = browser.new_page(viewport=size, color_scheme=scheme)
        page.goto(url + path.format(tornado=tornado))
        page.wait_for_selector("body.live, h1")
        page.wait_for_load_state("load")
        page.screenshot(path=folder / f"{name}.png", full_page=whole)
        page.close()


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    made = station()
    with tempfile.TemporaryDirectory(prefix="eas-pictures-") as name:
        town = made.Town(Path(name), tables.load())
        town.lasting = True
        try:
            town.migrate()
            made.start_on_a_bad_night(town)
            made.until(lambda: b'CPU">\xe2\x80\x93' not in town.get("/system")[2], 60)
            alerts = town.json("/api/v1/alerts")["alerts"]
            tornado = next(one["alert_id"] for one in alerts if one["event_code"] == "TOR")
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
                take(browser, town.url, tornado, folder)
                browser.close()
        finally:
            town.close()


if __name__ == "__main__":
    main()
