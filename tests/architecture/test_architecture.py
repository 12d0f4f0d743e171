"""The rules of the house, checked by a machine so that no reviewer has to."""

import ast
import importlib.util
import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlmodel import SQLModel

import portal_app.db.tables  # noqa: F401  (the metadata is whole)
from portal_app.db.owned import Owned, tables
from portal_app.db.tables.practice import Practice
from portal_app.domain.ids import PREFIXES, new_id
from portal_app.domain.practice_settings import SETTINGS
from portal_app.settings import Settings
from tests.architecture.import_graph import defined_names, find_cycle, import_graph, imported_names, modules

ROOT = Path(__file__).parents[2]
PORTAL = ROOT / "portal_app"

# Pages show, states listen, services do, the domain decides, the database remembers.
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
    "commands": {"commands", "demo", "services", "gateways", "db", "domain", "settings", "clock"}
    | {"i18n", "doctor", "serve"},
    "components": {"components", "state", "domain", "settings", "i18n", "i18n_paths"},
    "pages": {"pages", "components", "state", "domain", "settings", "i18n"},
    "web": {"web", "services", "gateways", "domain", "settings", "clock", "i18n", "visitor", "i18n_paths"},
    "demo": {"demo", "services", "gateways", "db", "domain", "settings", "clock", "i18n_paths"},
    "stripe_simulator": {"stripe_simulator", "settings"},
}
# Those at the top put the layers together: the app, the command line, the server.
AT_THE_TOP = {
    "settings.py": set[str](),
    "clock.py": {"settings"},
    "i18n_paths.py": {"settings"},
    "i18n.py": {"domain", "settings", "clock"},
    "visitor.py": {"domain"},
}
ONLY_HERE = {
    "reflex": {"state", "components", "pages", "portal_app.py"},
    "sqlmodel": {"db", "services"},
    "sqlalchemy": {"db", "doctor.py"},
    "alembic": {"db"},
    "starlette": {"web", "stripe_simulator", "portal_app.py"},
    "stripe": {"gateways"},
    "typst": {"gateways"},
    "smtplib": {"gateways"},
    "httpx": {"gateways", "stripe_simulator"},
    "typer": {"cli.py", "commands"},
}
# Who may import a name that opens everything: a layer, or the start of a file's path, with the reason.
_SIGN_IN = "the patient's own way in, which nobody but the portal reads"
PRIVILEGED_NAMES: dict[str, dict[str, str]] = {
    "system_principal": {
        "web": "webhooks, text messages and the sweep of ended sessions have no asker",
        "commands": "the command line is the practice's own",
        "doctor.py": "looks at what is set up",
        "demo": "loads and removes the demo",
        "services/sign_in": "sessions, codes and staff before anybody is signed in",
        "services/billing": "settles for payers what only the processor may say",
        "services/patients/access": "makes the lists that a principal is made of",
        "services/practice": "the practice's own row, read and changed for staff; whose database it is",
        "services/as_system": "makes the principal of an errand",
        "services/jobs": "what the server runs by itself",
        "services/messaging": "delivers; the demo's outbox page; the outbox, for staff who may share",
        "services/staff/tasks": "tasks are the portal's own rows",
    },
    "as_system": {
        "services/audit": "a line of the trail for what was refused",
        "services/patients/change_requests": "requests are answered by staff whom the patient may not see",
        "services/patients/contact_details": "changes that wait for a code, which nobody reads",
        "services/credentials/passwords": _SIGN_IN,
        "services/credentials/desk_codes": "codes that the front desk prints, which nobody reads",
        "services/credentials/devices": "sessions of the patient's own devices",
        "services/staff/drafts": "drafts are the portal's own rows",
        "services/jobs": "rows of jobs are the portal's own",
        "services/patients/search": "finds people for the front desk, with a line in the trail",
        "services/links/action_links": "links and their secrets, which nobody reads",
        "services/patients/members": "names of those on one's membership or acting for one, and nothing else",
        "services/credentials/passkeys": _SIGN_IN,
        "services/links/pay_links": "links and their secrets, which nobody reads",
        "services/credentials/resets": _SIGN_IN,
        "services/credentials/second_factor": _SIGN_IN,
        "services/patients/grants": "grants name another adult, who is found by name and date of birth",
        "services/staff/sign_in_settings": "the sign-in of a member of staff, which nobody reads",
    },
    "errand_for": {"services/messaging/practice_templates": "message texts are settings of the practice"},
    "EVERYONE": {
        "services/sign_in": "the lists of a member of staff",
        "db": "the scope asks whether a list is everybody",
    },
    "transaction": {"services": "services do", "demo": "makes the demo's practice"},
    "reading": {"services": "services do", "demo": "makes the demo's practice"},
    "prepared_reading": {"services": "services do"},
    "Session": {"db": "the scope that narrows"},
    "engine": {"db": "the only way to the database"},
    "create_engine": {"db": "the only way to the database"},
}
# What a public function of a service may take first; others are listed with the reason.
ASKED_BY = {"principal", "tx"}
WITHOUT_PRINCIPAL = {
    "services/sign_in/sessions.py:redeem": "the ticket is all one has before there is a session",
    "services/patients/access.py:load_access_lists": "makes the lists that a principal is made of",
    "services/messaging/log.py:sent_messages": "the demo's outbox page, absent in production",
}


class Import(NamedTuple):
    layer: str
    where: str
    module: str
    names: frozenset[str]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def sources() -> list[Path]:
    return sorted(PORTAL.rglob("*.py"))


@cache
def imports() -> tuple[Import, ...]:
    """Every import of every file; `layer` is the folder, or the file's name at the top."""
    found = []
    for path in sources():
        where = path.relative_to(PORTAL)
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ImportFrom):
                names = frozenset(alias.name for alias in node.names)
                found.append(Import(where.parts[0], str(where), node.module or "", names))
            elif isinstance(node, ast.Import):
                found += [Import(where.parts[0], str(where), alias.name, frozenset()) for alias in node.names]
    return tuple(found)


def inner(found: Import) -> set[str]:
    """Which parts of the portal an import reaches."""
    top, *rest = found.module.split(".")
    if top != "portal_app":
        return set()
    return {rest[0]} if rest else set(found.names)


def tracked() -> Iterator[tuple[str, str]]:
    """Every text file that git keeps or would keep, with its text."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split("\n")
    for name in listed:
        path = ROOT / name
        if path.is_file() and path.suffix not in {".woff2", ".png", ".ttf", ".otf", ".ico", ".pdf", ".gz"}:
            yield name, path.read_text(errors="replace")


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in sources():
        for node in ast.walk(parsed(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield f"{path.relative_to(PORTAL)}:{node.name}", node


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
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for line in re.findall(r"^\s*(from portal_app\S* import [\w, ]+)", node.value, re.M):
                yield ast.parse(line)


def test_each_library_has_its_layers():
    wrong = [
        f"{found.where} imports {found.module}"
        for found in imports()
        if found.layer not in ONLY_HERE.get(found.module.split(".")[0], {found.layer})
    ]
    assert not wrong


def test_nobody_else_holds_a_master_key():
    wrong = [
        f"{found.where} imports {name}"
        for found in imports()
        for name in found.names & PRIVILEGED_NAMES.keys()
        if not found.where.startswith(tuple(PRIVILEGED_NAMES[name]))
        and found.module.startswith(("portal_app", "sqlmodel", "sqlalchemy"))
    ]
    wrong += [str(path) for path in sources() if re.search(r"rx\.a?session\b", path.read_text())]
    assert not wrong


def test_no_master_key_is_listed_for_whom_it_is_not_needed():
    held = {(name, found.where) for found in imports() for name in found.names}
    unused = [
        f"{name}: {start}"
        for name, starts in PRIVILEGED_NAMES.items()
        for start in starts
        if not any(name == taken and where.startswith(start) for taken, where in held)
    ]
    assert not unused


def test_every_public_service_says_who_asks():
    """A service takes a Principal first, or the transaction of one that did."""
    wrong = set()
    for path in (PORTAL / "services").rglob("*.py"):
        where = str(path.relative_to(PORTAL))
        for node in parsed(path).body:
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or node.name.startswith("_"):
                continue
            first = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)][:1]
            pure = not ({"transaction", "reading", "prepared_reading"} & _called(node))
            if not (set(first) & ASKED_BY) and not pure:
                wrong.add(f"{where}:{node.name}")
    assert wrong - WITHOUT_PRINCIPAL.keys() == set()
    assert WITHOUT_PRINCIPAL.keys() - wrong == set()  # an entry that is not needed any more


def _called(function: ast.AST) -> set[str]:
    calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return {call.id for call in calls if isinstance(call, ast.Name)}


def _app() -> Any:
    """The whole app, imported: every state and page is registered."""
    if importlib.util.find_spec("portal_app.portal_app") is None:
        pytest.skip("the app is not put together yet")
    importlib.import_module("portal_app.portal_app")
    from reflex_base.registry import RegistrationContext  # noqa: PLC0415  (costs a second)

    return RegistrationContext.get()


def test_every_door_has_a_guard():
    """Any public method of a state can be called by any browser."""
    handlers = {name: entry for name, entry in _app().event_handlers.items() if "portal_app" in name}
    open_doors = [
        name
        for name, entry in handlers.items()
        if not name.endswith(".setvar") and not hasattr(entry.handler.fn, "door")
    ]
    assert handlers
    assert open_doors == []


def test_every_table_says_whose_it_is():
    assert set(SQLModel.metadata.tables) == {table.__tablename__ for table in tables()}
    for table in tables():
        assert issubclass(table, Owned)
        assert table.seen_through in {"accounts", "patients", "portal", "public"}, table
        if table.seen_through in {"accounts", "patients"}:
            assert table.owner in table.model_fields, table


def test_no_function_has_more_than_40_statements():
    def size(function: ast.AST) -> int:
        return sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1

    assert not {name: size(node) for name, node in functions() if size(node) > 40}


def test_no_bare_except():
    bare = [
        f"{path.relative_to(PORTAL)}:{node.lineno}"
        for path in sources()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert not bare


def test_what_a_checker_shall_ignore_is_named():
    unnamed = [
        f"{name}:{number}"
        for name, text in tracked()
        if name.endswith(".py")
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(r"#\s*(type|pyright): ?ignore(?!\[)|#\s*noqa(?!: )", line)
    ]
    assert not unnamed


def test_the_example_of_the_settings_is_complete():
    names = {field.alias or f"PORTAL_{name.upper()}" for name, field in Settings.model_fields.items()}
    example = set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    assert example == names


def test_the_settings_table_of_the_manual_is_complete():
    names = {field.alias or f"PORTAL_{name.upper()}" for name, field in Settings.model_fields.items()}
    manual = (ROOT / "docs" / "configuration.md").read_text()
    assert not [name for name in names if f"`{name}`" not in manual]


def test_only_one_module_knows_which_language_has_the_bare_paths():
    """Prefixes, the default language and the address of the portal are put together in i18n_paths."""
    joined = re.compile(
        r"""languages\[0\]|languages\[1:\]|"/(es|en)["/]|f"/\{(language|code|spoken)\b|public_url\.rstrip"""
        r"""|settings\(\)\.public_url\s*\+|language(\(\))? [!=]= "en\""""
    )
    allowed = {
        "i18n_paths.py",
        "web/routes/sms_webhook.py",  # the address that Twilio signs has no language
        "demo/site.py",  # the practice's own site has paths of its own
        "domain/embedding.py",  # an example in a docstring
    }
    assert not [
        f"{where}: {hit[0]}"
        for path in sources()
        if (where := str(path.relative_to(PORTAL))) not in allowed
        and (hit := joined.search(path.read_text()))
    ]


def test_settings_of_the_practice_have_one_writer():
    """A setting that is written elsewhere is neither validated nor in the history."""
    columns = {setting.column or name for name, setting in SETTINGS.items()} | {"wording"}
    wrong = []
    for path in sources():
        where = path.relative_to(PORTAL)
        if where.parts[0] not in ("services", "demo", "web", "commands", "cli.py"):
            continue
        for node in ast.walk(parsed(path)):
            targets = node.targets if isinstance(node, ast.Assign) else []
            wrong += [
                f"{where}: {ast.unparse(t)} is set"
                for t in targets
                if isinstance(t, ast.Attribute) and t.attr in columns
            ]
            if isinstance(node, ast.Call) and ast.unparse(node).startswith("setattr("):
                wrong.append(f"{where}: {ast.unparse(node)}")
    assert (
        wrong
        == [
            "services/patients/contact_details.py: setattr(person, name, line)",  # a patient's address
            "services/practice/demo_removal.py: setattr(practice, name, {} if name == 'opening_hours' else '')",  # removed
        ]
    )
    assert set(columns) <= set(Practice.model_fields)


def _joins_a_name(node: ast.AST) -> bool:
    """`f"{given} {family}"`, or the same with +."""
    joins = isinstance(node, ast.JoinedStr) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add))
    text = ast.unparse(node)
    return joins and "full_name(" not in text and re.search(r"given.*family", text) is not None


def _found_by(meant: Callable[[ast.AST], bool]) -> set[str]:
    """The modules with a piece of code that is meant."""
    return {
        str(path.relative_to(PORTAL))
        for path in sources()
        if any(meant(node) for node in ast.walk(parsed(path)))
    }


def test_names_are_put_together_in_one_place():
    assert _found_by(_joins_a_name) == {
        "domain/families.py",  # full_name
        "domain/credentials.py",  # initials
        "services/patients/matching.py",  # the same in the database
    }


def test_one_place_decides_which_contacts_are_usable():
    def asks(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and node.attr == "may_text" and isinstance(node.ctx, ast.Load)

    assert _found_by(asks) == {"db/tables/families.py"}


def test_one_place_decides_which_country_phones_are_of():
    def asks(node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and ast.unparse(node).startswith("settings().locale.rpartition")

    assert _found_by(asks) == {"services/patients/usable_contacts.py"}


def test_one_place_reads_the_number_of_a_page():
    def reads(node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and ast.unparse(node) in ("int(page)", "int(query['page'])")

    assert _found_by(reads) == set()


# Character classes, so that this file does not find itself.
_NOT_HERE = {
    "a machine's own path": r"(?<![\w.])/wor[k]/|/hom[e]/\w",
    "a registry's address": r"pypi[.]org|registry[.]npmjs|pythonhosted[.]org",
    "something left to do": r"\b(TOD[O]|FIXM[E]|XX[X])\b",
    "a tool that wrote it": r"(?i)\b(cl[a]ude|anthr[o]pic|chat[g]pt|co[p]ilot|co-auth[o]red)\b",
}


@pytest.mark.parametrize("what", _NOT_HERE)
def test_nothing_is_left_behind(what: str):
    pattern = re.compile(_NOT_HERE[what])
    left = [f"{name}: {hit[0]}" for name, text in tracked() if (hit := pattern.search(text))]
    assert not left


def test_every_prefix_of_an_id_is_in_the_one_table_and_the_table_has_no_other():
    makers = {"new_id", "keyed_id", "given_id"}
    used: dict[str, str] = {}
    for path in sources():
        where = str(path.relative_to(PORTAL))
        if where.startswith("stripe_simulator/"):  # Stripe's own ids
            continue
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in makers:
                match node.args[0]:
                    case ast.Constant(value=str(prefix)):
                        used[prefix] = f"{where}:{node.lineno}"
    assert not {prefix: where for prefix, where in used.items() if prefix not in PREFIXES}
    assert PREFIXES.keys() - used.keys() == set()
    assert len(set(PREFIXES.values())) == len(PREFIXES)


def test_another_prefix_makes_no_id():
    assert new_id("alc").startswith("alc_")
    with pytest.raises(ValueError, match="'all'"):
        new_id("all")
