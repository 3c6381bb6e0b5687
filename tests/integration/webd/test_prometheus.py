"""A real scrape by Prometheus' own tool; what is shipped for it has names that are there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "debian/examples/prometheus-rules.yml"
RULES_TEST = Path(__file__).with_name("prometheus-rules.test.yml")
DASHBOARD = ROOT / "debian/examples/grafana-dashboard.json"
LABELS_OF_PROMETHEUS = {"job", "instance", "alertname", "severity"}
# Of a real machine's sensors, which the one that tests may not have.
SENSORS = {"eas_host_temperature_celsius", "eas_host_under_voltage"}
# What systemd's cgroups tell.
CGROUPS = {"eas_unit_memory_limit_bytes"}

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="no promtool (apt install prometheus)"
)


def promtool(*arguments: str | Path, said: str = "") -> str:
    done = subprocess.run(
        ["promtool", *map(str, arguments)], input=said, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def scrape(module_night: Any) -> str:
    """What Prometheus is given on a bad night, all daemons well."""
    town = module_night
    made = sys.modules[type(town).__module__]
    made.until(lambda: b"eas_margin_db{" in town.get("/metrics")[2])
    made.until(lambda: b"eas_job_runs_total{" in town.get("/metrics")[2])
    status, fields, body = town.get("/metrics")
    assert (status, fields["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    text: str = body.decode()
    return text


@needs_promtool
def test_a_scrape_is_clean(scrape: str) -> None:
    assert promtool("check", "metrics", said=scrape).strip() == ""


def test_names_units_and_kinds_follow_the_conventions(scrape: str) -> None:
    kinds = dict(re.findall(r"# TYPE (\S+) (\S+)", scrape))
    helps = dict(re.findall(r"# HELP (\S+) (.+)", scrape))
    assert kinds.keys() == helps.keys()
    assert len(kinds) > 60
    for name, kind in kinds.items():
        assert re.fullmatch(r"eas_[a-z][a-z0-9_]*", name)
        assert (kind == "counter") == name.endswith("_total"), name
        assert not re.search(r"_(s|ms|hz|kib|mib|percent|ppm)(_total)?$", name), name
        assert helps[name].endswith("."), name


def test_no_metric_has_more_labels_than_names_of_the_configuration(scrape: str) -> None:
    labels: dict[str, set[str]] = {}
    for name, value in re.findall(r'[{,](\w+)="([^"]*)"', scrape):
        labels.setdefault(name, set()).add(value)
    assert not labels.keys() & LABELS_OF_PROMETHEUS
    assert all(len(values) < 25 for values in labels.values()), labels
    assert labels["unit"] == {"eas-capd", "eas-sdrd@wx", "eas-audiod@wx", "eas-webd"}
    assert len(labels["channel"]) == 7


@needs_promtool
def test_the_rules_are_sound() -> None:
    assert "SUCCESS" in promtool("check", "rules", RULES)


@needs_promtool
def test_the_rules_ring_when_they_should_and_not_before() -> None:
    assert "SUCCESS" in promtool("test", "rules", RULES_TEST)


@pytest.mark.parametrize("file", [RULES, DASHBOARD], ids=lambda file: file.name)
def test_what_is_shipped_uses_names_that_a_scrape_has(scrape: str, file: Path) -> None:
    told = set(re.findall(r"# TYPE (\S+)", scrape)) | SENSORS | CGROUPS
    used = set(re.findall(r"\beas_[a-z_]+", file.read_text()))
    assert len(used) > 15
    assert used <= told, sorted(used - told)


def test_the_dashboard_says_what_its_labels_say(scrape: str) -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) > 10
    labels = set(re.findall(r'[{,](\w+)="', scrape)) | LABELS_OF_PROMETHEUS
    for panel in panels:
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24, panel["title"]
        for target in panel["targets"]:
            used = re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
            used += re.findall(r'(\w+)=~?"', target["expr"])
            assert set(used) <= labels, panel["title"]
