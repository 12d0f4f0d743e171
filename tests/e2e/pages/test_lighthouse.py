"""Lighthouse, as on a mid-range phone: how the sign-in page does before anybody is known."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import FLAGS
from tests.e2e.portal import ROOT, Portal

LIGHTHOUSE = ROOT / "build" / "npm" / "node_modules" / "lighthouse" / "cli" / "index.js"
NOTED = (
    "first-contentful-paint",
    "largest-contentful-paint",
    "total-blocking-time",
    "cumulative-layout-shift",
)


def test_the_sign_in_page_is_accessible_and_well_made(portal: Portal, tmp_path: Path):
    node = Path(sys.executable).parent / "node"
    chromium = os.environ.get("CHROME_PATH") or shutil.which("chromium")
    if not (LIGHTHOUSE.exists() and node.exists() and chromium):
        pytest.skip("Lighthouse, node or Chromium is not installed: sh scripts/programs.sh")
    report = tmp_path / "report.json"
    told = subprocess.run(
        [
            *(str(node), str(LIGHTHOUSE), portal.url + "/sign-in"),
            *(
                "--quiet",
                "--output=json",
                f"--output-path={report}",
                f"--chrome-flags=--headless {' '.join(FLAGS)}",
            ),
            "--only-categories=accessibility,best-practices,performance",
        ],
        env=os.environ | {"CHROME_PATH": chromium},
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    assert told.returncode == 0, told.stderr[-2000:]
    found = json.loads(report.read_text())
    scores = {name: round(100 * one["score"]) for name, one in found["categories"].items()}
    times = ", ".join(f"{name} {found['audits'][name]['displayValue']}" for name in NOTED)
    print(f"/sign-in: {scores}; {times}")
    faults = [
        f"{audit['id']}: {audit['title']} {json.dumps(audit.get('details', {}).get('items', []))[:400]}"
        for audit in found["audits"].values()
        if audit["score"] == 0 and audit["scoreDisplayMode"] == "binary"
    ]
    assert scores["accessibility"] == 100, faults
    assert scores["best-practices"] >= 95, faults
