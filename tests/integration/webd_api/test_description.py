"""The description of the API, and whether a real eas-webd is as it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

HERE = Path(__file__).parent
SEED = "20261122"


@pytest.mark.timeout(240)
def test_every_answer_is_as_the_description_says(up: Any, tmp_path: Path) -> None:
    description = up.json("/api/v1/openapi.json")
    OpenAPIV31SpecValidator(description).validate()
    alerts = up.json("/api/v1/alerts?state=all&limit=1")
    ids = [alerts["alerts"][0]["alert_id"], "wx", "nws", "maintenance", "nothing"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{up.url}/api/v1/openapi.json"),
            *("--seed", SEED, "--generation-deterministic", "--no-color"),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", "3"),
            *("--exclude-path-regex", "^/api/v1/events$|^/sound/"),  # they never end
            *("--header", f"Authorization: Bearer {up.token()}"),
            *("--request-timeout", "20", "--suppress-health-check", "all"),
        ],
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "hooks",
            "PYTHONPATH": str(HERE),
            "EAS_TEST_IDS": " ".join(ids),
            "EAS_TEST_CURSOR": alerts["next_cursor"],
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-4000:]
    assert json.loads(up.get("/healthz")[2])["status"] == "pass"
