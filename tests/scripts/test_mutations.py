"""The breakages of `make mutants`: each kind is made, alone, and nothing where no test could see it."""

import ast

import pytest

from scripts.mutations import breakages, broken, chosen

SOURCE = '''"""A module."""

import math

__all__ = ["pay", "is_open"]
MOST: int = 3


def pay(amount: int, owed: int = 0) -> int | None:
    """Pays 5 of 7."""
    if amount > owed and not owed:
        raise ValueError(f"{amount + 1} é")
    _log.info("paid", 5)
    note(amount, owed)
    return min(amount, owed)


def is_open(bill) -> bool:
    return bill.due is not None
'''


def made(source: str) -> dict[str, set[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = {}
    for one in breakages(source):
        found.setdefault(one.kind, set()).add((one.before, one.after))
    return found


def test_each_kind_is_made_where_it_can_be():
    assert made(SOURCE) == {
        "comparison": {
            ("amount > owed", "(amount >= owed)"),
            ("bill.due is not None", "(bill.due is None)"),
        },
        "and/or": {("amount > owed and not owed", "(amount > owed or not owed)")},
        "not": {("not owed", "(owed)")},
        "constant": {("3", "4"), ("3", "2"), ("0", "1")},
        "arguments": {
            ("note(amount, owed)", "note(owed, amount)"),
            ("min(amount, owed)", "min(owed, amount)"),
        },
        "return": {
            ("return min(amount, owed)", "return None"),
            ("return bill.due is not None", "return not (bill.due is not None)"),
        },
        "statement": {
            ('raise ValueError(f"{amount + 1} é")', "pass"),
            ("note(amount, owed)", "pass"),
        },
        "guard": {
            ('if amount > owed and not owed:\n        raise ValueError(f"{amount + 1} é")', "pass"),
        },
    }


def test_a_broken_source_differs_in_one_place_and_can_be_read():
    for one in breakages(SOURCE):
        text = broken(SOURCE, one)
        ast.parse(text)
        assert text != SOURCE
        assert text.count("\n") <= SOURCE.count("\n")
        assert len(text.replace(one.after, "", 1)) <= len(SOURCE)


def test_bytes_before_a_place_do_not_move_it():
    source = 'x = ["é", 1 < 2]\n'
    (one,) = (one for one in breakages(source) if one.kind == "comparison")
    assert broken(source, one) == 'x = ["é", (1 <= 2)]\n'


@pytest.mark.parametrize(
    "source",
    [
        '"""Only 3 words."""\n',
        "x: tuple[int, 3]\n",
        'name = f"{1 < 2}"\n',
        "from a import b\n",
        "_log.error('x', 1)\n",
    ],
)
def test_what_no_test_could_see_is_left_alone(source: str):
    assert breakages(source) == []


def test_the_same_seed_draws_the_same_and_every_kind_its_share():
    many = {"a.py": breakages(SOURCE), "b.py": breakages(SOURCE)}
    drawn = chosen(many, 8, seed=1)
    assert drawn == chosen(many, 8, seed=1)
    assert drawn != chosen(many, 8, seed=2)
    assert len({(path, one.line) for path, one in drawn}) == 8  # no two on one line
    assert len({one.kind for _, one in drawn}) >= 5
    assert len(chosen(many, 1000, seed=1)) == len({(path, one.line) for path in many for one in many[path]})
