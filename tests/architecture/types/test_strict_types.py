"""What pyright in strict mode finds in services may only become less; in other layers it finds nothing (pyproject.toml)."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

_HERE = Path(__file__).parent
_MOST = _HERE / "strict_services_most.txt"
_SLACK = 10  # findings that may go before the number must be written anew


def findings() -> list[str]:
    """The findings in services: file, line, rule."""
    pyright = Path(sys.executable).parent / "pyright"
    ran = subprocess.run(
        [pyright, "-p", _HERE / "strict_services.json", "--outputjson"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    answer = json.loads(ran.stdout)
    assert answer["summary"]["filesAnalyzed"] > 100
    return [
        f"{Path(one['file']).relative_to(ROOT)}:{one['range']['start']['line'] + 1} {one.get('rule')}"
        for one in answer["generalDiagnostics"]
        if one["severity"] == "error"
    ]


@pytest.mark.slow
def test_strict_types_find_no_more_in_services_than_before():
    most, found = int(_MOST.read_text()), findings()
    assert len(found) <= most, f"{len(found)} findings, {most} are kept:\n" + "\n".join(found)
    assert len(found) > most - _SLACK, f"write {len(found)} into {_MOST.name}: it may only fall"


def test_all_layers_but_services_and_pages_are_checked_strictly():
    pyright = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pyright"]
    strict = {path.removeprefix("portal_app/") for path in pyright["strict"]}
    assert strict >= {"domain", "state", "web", "gateways", "components"}
