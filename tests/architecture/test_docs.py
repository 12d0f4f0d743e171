"""What documents name is there, and the first line of a docstring says what the function does."""

import ast
import re
from pathlib import Path

import pytest

from portal_app.services.jobs.registry import JOBS
from tests.architecture.sources import PORTAL, functions, parsed, sources

ROOT = Path(__file__).parents[2]
DOCS = ("CONTRIBUTING.md", "docs/architecture.md")
# A path in backticks, below the project or below portal_app: `portal_app/state/base.py`, `services/links/`.
NAMED = re.compile(r"`([\w./-]+/[\w./-]*|[\w-]+\.(?:py|md|js|jsx|css|toml|csv|sh))(?:::?\w+)?`")
# What a set-up makes, what a new one is called, and addresses of pages.
ELSEWHERE = {
    "demo-data/",
    ".web/",
    "demo-data/second",
    "0000-template.md",  # in docs/decisions
    "patients.csv",  # of an import
}


def named_paths(text: str) -> set[str]:
    """The paths in backticks of a text; not those of pages, which begin with a slash."""
    return {path for path in NAMED.findall(text) if not path.startswith("/")} - ELSEWHERE


def is_there(path: str) -> bool:
    """Below the project or portal_app; a bare name anywhere in the folders that are kept."""
    if "/" in path:
        return any((folder / path).exists() for folder in (ROOT, ROOT / "portal_app"))
    kept = ("portal_app", "assets", "tests", "docs", "scripts")
    return (ROOT / path).exists() or any(any((ROOT / folder).rglob(path)) for folder in kept)


@pytest.mark.parametrize("doc", DOCS)
def test_every_path_that_a_document_names_is_there(doc: str):
    paths = named_paths((ROOT / doc).read_text())
    assert len(paths) > 20
    assert sorted(path for path in paths if not is_there(path)) == []


def test_every_job_has_its_line_in_the_table_of_jobs():
    _, _, jobs = (ROOT / "docs/architecture.md").read_text().partition("\n## Jobs\n")
    assert set(re.findall(r"^\| `([\w-]+)` \|", jobs.partition("\n## ")[0], re.MULTILINE)) == set(JOBS)


@pytest.mark.parametrize("doc", DOCS)
def test_no_section_comes_twice(doc: str):
    headings = re.findall(r"^#+ .*", (ROOT / doc).read_text(), re.MULTILINE)
    assert len(headings) == len(set(headings)) > 5


def test_a_file_that_is_gone_is_noticed():
    named = named_paths("See `services/gone.py`, `gone.py`, `cli.py`, `state/base.py` and `/staff/sign-in`.")
    assert named == {"services/gone.py", "gone.py", "cli.py", "state/base.py"}
    assert {path for path in named if not is_there(path)} == {"services/gone.py", "gone.py"}


# A first line that begins so says something else: an error, the number of an answer, an argument, a case.
SAYS_ELSE = re.compile(
    r"(Raises\b|\d{3} |[A-Z]+-\d+: |(True|False|None)\b|\w*(NotFound|Signature|Missing|Error) )"
)
LAYERS = ("domain", "db", "gateways", "services", "web")
# Folders whose functions are still without: they may only become fewer.
WITHOUT = ("services/imports/", "services/memberships/autopay/")


def says_nothing(docstring: str) -> bool:
    return bool(SAYS_ELSE.match(docstring))


def test_the_first_line_says_what_the_function_does():
    found = [
        f"{name}: {first}"
        for name, node in functions()
        if not name.startswith(WITHOUT)
        and says_nothing(first := (ast.get_docstring(node) or "").partition("\n")[0])
    ]
    assert not found


def test_every_public_function_of_the_inner_layers_has_one():
    found = [
        f"{where}:{node.name}"
        for path in sources()
        if (where := str(path.relative_to(PORTAL))).startswith(LAYERS) and not where.startswith(WITHOUT)
        for node in parsed(path).body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not found


@pytest.mark.parametrize(
    "first",
    [
        "Raises: NotFound.",
        "NotFound for what is not theirs.",
        "200 the PDF.",
        "SRC-1: asks.",
        "False when it was.",
    ],
)
def test_a_first_line_about_something_else_is_found(first: str):
    assert says_nothing(first)
    assert not says_nothing("Read the form of a plan. Raises InvalidAmount.")
