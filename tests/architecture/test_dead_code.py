"""Nothing in the portal is there for nobody, or for its tests alone."""

import ast
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.architecture.sources import nodes, parsed

ROOT = Path(__file__).parents[2]
# What only tests need, or what no import shows.
KEPT = {
    "clock.held_at": "tests stop the clock",
    "db.engine.unbind": "tests begin with another database",
    "db.migrations.downgrade": "tests go back to the database of a previous version",
    "db.migrations.drift": "tests compare the tables with the migrations",
    "domain.billing.declines.DECLINE_CODES": "tests ask for words in every language",
    "db.tables.installation.Installation": "tests say what a database is for",
    "gateways.use": "tests hand in fakes",
    "gateways.payments_fake.FakeProcessor": "a fake",
    "gateways.practice_system_fake.FakePracticeSystem": "a fake",
    "logs.OneLine": "named in the configuration of the log",
    "services.patients.access.forget": "tests replace a database under its address",
    "services.practice.facts.forget": "tests replace a database under its address",
    "services.sign_in.rate_limits.forget_all": "tests begin with nobody having tried",
    "i18n.METHODS": "marks words of the database for translation",
}


class Name(NamedTuple):
    module: str
    name: str


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {
    path: parsed(path)
    for folder in ("portal_app", "scripts", "migrations")
    for path in sorted((ROOT / folder).rglob("*.py"))
} | {ROOT / "rxconfig.py": ast.parse((ROOT / "rxconfig.py").read_text())}
MODULES = {_module(path) for path in SOURCES}


def _passed_on() -> dict[Name, Name]:
    """What a module imports from another of ours, and where it is from."""
    return {
        Name(_module(path), alias.asname or alias.name): Name(node.module, alias.name)
        for path, tree in SOURCES.items()
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("portal_app")
        for alias in node.names
        if node.module
    }


PASSED_ON = _passed_on()


def _defined(node: ast.stmt) -> list[str]:
    """Names that a statement of a module defines; a decorated function is registered by its decorator."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        decorators = {ast.unparse(one).partition("(")[0] for one in node.decorator_list}
        return [node.name] if decorators <= {"cache", "lru_cache", "contextmanager", "retried"} else []
    if isinstance(node, ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
    return [one.id for target in targets for one in nodes(target) if isinstance(one, ast.Name)]


DEFINED = {
    Name(_module(path), name) for path, tree in SOURCES.items() for n in tree.body for name in _defined(n)
}


def _home(name: Name) -> Name:
    """Where a name is defined that may have been imported through a package."""
    for _ in range(5):
        if name in DEFINED or name not in PASSED_ON:
            break
        name = PASSED_ON[name]
    return name


def _loads(tree: ast.AST) -> Counter[str]:
    return Counter(
        node.id for node in nodes(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store)
    )


def _used_elsewhere(tree: ast.Module) -> set[Name]:
    """Names of other modules that a module uses: imported and loaded, or asked of an imported module."""
    found, modules, loaded = set[Name](), dict[str, str](), _loads(tree)
    for node in nodes(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("portal_app"):
            for alias in node.names:
                home, here = _home(Name(node.module or "", alias.name)), alias.asname or alias.name
                if home not in DEFINED and f"{home.module}.{home.name}" in MODULES:
                    modules[here] = f"{home.module}.{home.name}"
                elif here in loaded:
                    found.add(home)
    for node in nodes(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            found.add(_home(Name(modules[node.value.id], node.attr)))
    return found


def test_nothing_is_there_for_nobody_or_for_tests_alone():
    used = set[Name]().union(*map(_used_elsewhere, SOURCES.values()))
    unused = set[str]()
    for path, tree in SOURCES.items():
        module, loads = _module(path), _loads(tree)
        if not module.startswith("portal_app."):
            continue
        for node in tree.body:
            inside = _loads(node)
            unused |= {
                f"{module}.{name}".removeprefix("portal_app.")
                for name in _defined(node)
                if not name.startswith("__")
                and loads[name] == inside[name]
                and Name(module, name) not in used
            }
    being_built = (
        "domain.memberships.",
        "services.memberships.",
        "db.tables.memberships.",
        "services.patients.chart_numbers.",
        "domain.forms.",
        "gateways.expressions.",
    )
    assert {name for name in unused if not name.startswith(being_built)} == KEPT.keys()
