"""`portal import` says by its exit code whether the portal holds what the files say."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from portal_app.cli import app

HEADER = "chart_number,given_name,family_name,birth_date\n"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("1,Ana,Reyes,1985-02-03\n", 0),
        ("1,Ana,Reyes,x\n", 0),  # set aside and said: the next night may bring it
        ('1,"Ana,Reyes,1985-02-03\n2,Bo,Reyes,1985-02-03\n', 1),
    ],
)
def test_lines_that_nobody_read_end_the_command_with_a_failure(db: str, tmp_path: Path, rows: str, code: int):
    (tmp_path / "patients.csv").write_text(HEADER + rows)
    result = CliRunner().invoke(app, ["import", str(tmp_path), "--check"])
    assert bool(result.exit_code) == bool(code), result.output
    assert "Nothing was written (--check)" in result.output
