"""Which layer may import what, and that no module imports another in a circle."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import portal_app.db.tables  # noqa: F401  (the metadata is whole)
from tests.architecture.import_graph import (
    defined_names,
    find_cycle,
    import_graph,
    imported_names,
    modules,
)
from tests.architecture.sources import (
    PORTAL,
    ROOT,
    imports,
    inner,
    nodes,
    parsed,
    tree_of,
)

MAY_IMPORT = {
    "domain": {"domain"},
    "db": {"db", "domain", "settings", "clock"},
    "gateways": {"gateways", "domain", "settings", "clock"},
    "services": {"services", "db", "gateways", "domain", "settings", "clock", "i18n", "i18n_paths"},
    "state": {
        "state",
        "services",
        "gateways",
        "domain",
        "settings",
        "clock",
        "i18n",
        "visitor",
        "i18n_paths",
    },
    "components": {"components", "state", "domain", "settings", "i18n", "i18n_paths"},
    "pages": {"pages", "components", "state", "domain", "settings", "i18n"},
    "web": {"web", "services", "gateways", "domain", "settings", "clock", "i18n", "visitor", "i18n_paths"},
    "commands": {"commands", "demo", "services", "gateways", "db", "domain", "settings", "clock"}
    | {"i18n", "doctor", "serve"},
    "demo": {"demo", "services", "gateways", "db", "domain", "settings", "clock", "i18n_paths"},
    "stripe_simulator": {"stripe_simulator", "settings"},
}
# Those at the top put the layers together: the app, the command line, the server.
AT_THE_TOP = {
    "settings.py": {"domain"},
    "clock.py": {"settings"},
    "i18n_paths.py": {"settings"},
    "i18n.py": {"domain", "settings", "clock"},
    "visitor.py": {"domain"},
    "bundle.py": set(),
}
ONLY_HERE = {
    "reflex": {"state", "components", "pages", "portal_app.py", "bundle.py"},
    "sqlmodel": {"db", "services"},
    "sqlalchemy": {"db", "doctor.py"},
    "alembic": {"db"},
    "starlette": {"web", "stripe_simulator", "portal_app.py"},
    "stripe": {"gateways"},
    "typst": {"gateways"},
    "pyhanko": {"gateways"},
    "asn1crypto": {"gateways"},
    "fhirpathpy": {"gateways"},
    "re2": {"domain"},
    "nh3": {"domain"},
    "smtplib": {"gateways"},
    "httpx": {"gateways", "stripe_simulator"},
    "typer": {"cli.py", "commands"},
}


# Who may import a name that opens everything: a layer, or the start of a file's path, with the reason.
def test_imports_point_inwards():
    wrong = []
    for found in imports():
        allowed = MAY_IMPORT.get(found.layer, AT_THE_TOP.get(found.layer))
        if allowed is not None:
            wrong += [f"{found.where} imports {part}" for part in inner(found) - allowed]
    assert not wrong


def test_every_layer_is_known():
    """A new folder has to say what it may import."""
    folders = {path.name for path in PORTAL.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert folders <= MAY_IMPORT.keys()


def test_no_modules_import_each_other_in_a_circle():
    """Imports inside functions count, and those for types: each hides that two modules are one."""
    graph = import_graph(modules(ROOT, "portal_app"))
    assert len(graph) > 200
    circle = find_cycle(graph)
    assert not circle, f"import cycle: {circle}"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("from app.b import two", "from app.a import one"),
        ("import app.b", "def later():\n    from app import a"),
        ("from app import b", "if TYPE_CHECKING:\n    from app.a import one"),
        ("from .b import two", "from . import a"),
        ("from app import b", "from app.inner.c import three"),
    ],
    ids=["safe_filename", "in a function", "for types", "relative", "by a package's __init__"],
)
def test_a_circle_is_found_and_named(tmp_path: Path, first: str, second: str):
    inner = tmp_path / "app" / "inner"
    inner.mkdir(parents=True)
    (inner / "__init__.py").write_text("from app.a import one")
    (inner / "c.py").write_text("")
    (tmp_path / "app" / "a.py").write_text(first)
    (tmp_path / "app" / "b.py").write_text(second)
    circle = find_cycle(import_graph(modules(tmp_path, "app"))).split(" → ")
    assert {"app.a", "app.b"} <= set(circle) and circle[0] == circle[-1]
    (tmp_path / "app" / "b.py").write_text("")
    assert find_cycle(import_graph(modules(tmp_path, "app"))) == ""


def test_only_the_top_delivers_messages():
    """Services write to the outbox. Its delivery makes documents, which are made of what services know."""
    delivery = "portal_app.services.messaging.delivery"
    graph = import_graph(modules(ROOT, "portal_app"))
    assert {name for name, uses in graph.items() if delivery in uses} == {
        "portal_app.services.jobs.outbox",
        "portal_app.portal_app",
    }
    assert "portal_app.services.messaging.outbox" not in graph["portal_app.services.documents"]


def test_every_name_is_imported_from_the_module_that_defines_it():
    """No package and no module passes on names of another: one way to each name, and true import graphs.

    Code that tests keep in strings, for a process of its own, is read too.
    """
    files = modules(ROOT, "portal_app", "tests", "scripts")
    defined = {name: defined_names(parsed(path)) for name, path in files.items()}
    wrong = [
        f"{name}:{found.line} imports {found.name} from {found.module}"
        for name, path in files.items()
        for tree in (parsed(path), *_code_in_strings(parsed(path)))
        for found in imported_names(name, path, tree)
        if found.name
        and f"{found.module}.{found.name}" not in files
        and found.name not in defined.get(found.module, {found.name})
    ]
    assert not wrong


def _code_in_strings(tree: ast.AST) -> Iterator[ast.Module]:
    for node in nodes(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "from portal_app" in node.value:
            for line in re.findall(r"^\s*(from portal_app\S* import [\w, ]+)", node.value, re.M):
                yield tree_of(line)


def test_each_library_has_its_layers():
    wrong = [
        f"{found.where} imports {found.module}"
        for found in imports()
        if found.layer not in ONLY_HERE.get(found.module.split(".")[0], {found.layer})
    ]
    assert not wrong
