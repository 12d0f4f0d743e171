"""docs/security.md names tests for its rules: each must be there, or the table is a promise that nobody keeps."""

import re
from pathlib import Path

OVERVIEW = Path("docs/security.md").read_text()
RULES = {*range(1, 11), *range(12, 19)}
TESTS = {
    name
    for path in Path("tests").rglob("test_*.py")
    for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.M)
}


def rows(heading: str) -> list[list[str]]:
    """The table under a heading."""
    section = OVERVIEW.partition(f"## {heading}")[2].partition("\n## ")[0]
    table = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return table[2:]


def test_every_rule_has_a_row():
    numbered = {int(row[0].split()[0]) for row in rows("The rules")}
    assert numbered == RULES


def test_every_row_names_a_place_that_is_there_and_tests_that_are():
    every = [*rows("The rules"), *rows("Controls of OWASP")]
    assert len(every) > 60
    for row in every:
        what, where, noticed = row
        for place in re.findall(r"`([^`]+)`", where):
            assert (Path("portal_app") / place).exists(), (what, place)
        named = re.findall(r"`(test_\w+)`", noticed)
        assert named, what
        assert not (missing := set(named) - TESTS), (what, missing)


def test_the_attacks_run_with_the_tests():
    script = Path("scripts/test.sh").read_text()
    assert "python -m pytest tests/attacks tests/commands -m served" in script
    assert '--ignore=tests/e2e --ignore=tests/bench -m "not served"' in script  # so the other attacks too
