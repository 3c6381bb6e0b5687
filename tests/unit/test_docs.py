"""The documents name what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
DOCUMENTS += sorted((ROOT / "docs").rglob("*.md"))
IDS = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
PACKAGE = ROOT / "lib" / "eas_station"
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
NAMED = re.compile(
    r"`(?:lib/eas_station/)?([a-z_]+(?:/[a-z_]+)*(?:\.py|\.tpl|\.tsv|/))`(?: \(`(\w+)(?:\.(\w+))?)?"
)
NOT_OF_THE_PACKAGE = ("docs/", "lib/", "debian/", "tests/", "examples/", "quarantine/", "systemd/")


@pytest.mark.parametrize("path", DOCUMENTS, ids=IDS)
def test_links_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=IDS)
def test_modules_and_functions_that_are_named_exist(path: Path) -> None:
    for name, noun, function in NAMED.findall(path.read_text(encoding="utf-8")):
        if name.startswith(NOT_OF_THE_PACKAGE):
            assert name.startswith(("examples/", "quarantine/")) or (ROOT / name).exists(), name
            continue
        place = PACKAGE / name
        assert place.exists(), name
        if noun and place.is_file():
            text = place.read_text(encoding="utf-8")
            assert re.search(rf"^(?:class|def) {noun}\b", text, re.MULTILINE), f"{name}: {noun}"
            assert not function or f"def {function}(" in text, f"{name}: {noun}.{function}"


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_decisions_are_numbered_and_complete() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for heading in ("## Context", "## Decision", "## Consequence"):
            assert f"\n{heading}\n" in text, f"{page.name}: {heading}"
