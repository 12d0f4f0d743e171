"""A rule that is said in one place has no second one."""

import ast
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

import portal_app.db.tables  # noqa: F401  (the metadata is whole)
from portal_app.db.tables.practice import Practice
from portal_app.domain.ids import PREFIXES, new_id, new_ids, parse_id
from portal_app.domain.practice_settings import SETTINGS
from tests.architecture.sources import (
    PORTAL,
    nodes,
    parsed,
    sources,
)


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
        "domain/sites/embedding.py",  # an example in a docstring
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
        for node in nodes(parsed(path)):
            targets = node.targets if isinstance(node, ast.Assign) else []
            wrong += [
                f"{where}: {ast.unparse(t)} is set"
                for t in targets
                if isinstance(t, ast.Attribute) and t.attr in columns
            ]
            if isinstance(node, ast.Call) and _called(node.func) == "setattr":
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
    """`f"{given} {family}"`, or the same with + or `join`."""
    adds = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)
    joins = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join"
    if not (isinstance(node, ast.JoinedStr) or adds or joins):
        return False
    text = ast.unparse(node)
    return "full_name(" not in text and re.search(r"given.*family", text) is not None


def _found_by(meant: Callable[[ast.AST], bool]) -> set[str]:
    """The modules with a piece of code that is meant."""
    return {
        str(path.relative_to(PORTAL))
        for path in sources()
        if any(meant(node) for node in nodes(parsed(path)))
    }


def test_names_are_put_together_in_one_place():
    assert _found_by(_joins_a_name) == {
        "domain/families.py",  # full_name
        "domain/credentials/names.py",  # initials
        "services/patients/matching.py",  # the same in the database
    }


def test_who_reads_the_columns_of_a_name_takes_them_from_one_list():
    """Else another part of the name would be found only by searching for the others."""

    def lists(node: ast.AST) -> bool:
        parts = node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, ast.Tuple) else []
        attributes = [part for part in parts if isinstance(part, ast.Attribute)]
        return {"Patient.given_name", "Patient.family_name"} <= {ast.unparse(part) for part in attributes}

    assert _found_by(lists) == {"db/tables/families.py"}  # NAME_COLUMNS


def test_whoever_takes_the_list_of_names_leaves_it_to_one_function_how_many_there_are():
    """`full_name(given, family)` of unpacked columns fails as soon as there is a third."""
    readers = {
        path.relative_to(PORTAL): [node for node in nodes(parsed(path)) if isinstance(node, ast.Call)]
        for path in sources()
        if re.search(r"^from .* import .*\bNAME_COLUMNS\b", path.read_text(), re.M)
    }
    counted = [
        f"{where}:{call.lineno}"
        for where, calls in readers.items()
        for call in calls
        if _called(call.func) == "full_name" and all(isinstance(one, ast.Name) for one in call.args)
    ]
    assert len(readers) > 8 and not counted


def test_one_place_decides_which_contacts_are_usable():
    def asks(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and node.attr == "may_text" and isinstance(node.ctx, ast.Load)

    assert _found_by(asks) == {"db/tables/families.py"}


def test_one_place_decides_which_country_phones_are_of():
    def asks(node: ast.AST) -> bool:
        return (
            isinstance(node, ast.Attribute)
            and node.attr == "territory"
            and ast.unparse(node) == "Locale.parse(settings().locale).territory"
        )

    assert _found_by(asks) == {"services/patients/usable_contacts.py"}


def test_one_place_reads_the_number_of_a_page():
    def reads(node: ast.AST) -> bool:
        return (
            isinstance(node, ast.Call)
            and _called(node.func) == "int"
            and ast.unparse(node) in ("int(page)", "int(query['page'])")
        )

    assert _found_by(reads) == set()


# Character classes, so that this file does not find itself.
def test_every_prefix_of_an_id_is_in_the_one_table_and_the_table_has_no_other():
    makers = {"new_id", "new_ids", "next_id", "next_ids", "keyed_id", "parse_id"}
    used: dict[str, str] = {}
    for path in sources():
        where = str(path.relative_to(PORTAL))
        if where.startswith("stripe_simulator/"):  # Stripe's own ids
            continue
        for node in nodes(parsed(path)):
            if isinstance(node, ast.Call) and _called(node.func) in makers and node.args:
                match node.args[0]:
                    case ast.Constant(value=str(prefix)):
                        used[prefix] = f"{where}:{node.lineno}"
    assert not {prefix: where for prefix, where in used.items() if prefix not in PREFIXES}
    being_built = {"cpn", "mcp", "mev", "mpa", "try"}
    assert PREFIXES.keys() - used.keys() - being_built == set()
    assert len(set(PREFIXES.values())) == len(PREFIXES)


def _called(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def test_another_prefix_makes_no_id():
    assert new_id("alc").startswith("alc_")
    with pytest.raises(ValueError, match="'all'"):
        new_id("all")
    with pytest.raises(ValueError, match="'all'"):
        new_ids("all", 1, datetime(2026, 6, 15, tzinfo=UTC))


def test_ids_made_together_ascend_and_read_as_every_other_id():
    made = new_ids("alc", 1000, datetime(2026, 6, 15, tzinfo=UTC))
    assert made == sorted(set(made))
    assert len(made) == 1000
    assert [parse_id("alc", id_) for id_ in made] == made
    assert new_ids("alc", 1, datetime(2026, 6, 16, tzinfo=UTC))[0] > made[-1]
