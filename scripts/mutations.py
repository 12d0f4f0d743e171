"""Small breakages of a Python source: where one can be made, and the text with it made.

Each is what a slip of a hand could have written: a comparison that takes one more, a constant one off, a guard
that is gone. Nothing is broken where no test could notice: annotations, docstrings, log lines, `__all__`.
"""

import ast
import random
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

_FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_LOGS = {"_log", "log", "logging", "logger"}
Position = tuple[int, int, int, int]  # line and byte column of the beginning and the end, as `ast` has them


@dataclass(frozen=True)
class Breakage:
    line: int
    kind: str
    before: str
    after: str
    where: Position

    def __str__(self) -> str:
        return f"{self.kind}: {_short(self.before)} → {_short(self.after)}"


def breakages(source: str) -> list[Breakage]:
    """All that can be made, in the order of the text."""
    tree = ast.parse(source)
    lines = source.encode().split(b"\n")
    found = []
    for node, returns_bool in _nodes(tree):
        for kind, after in _changes(node, returns_bool):
            where = (node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or 0)
            before = _cut(lines, where)
            if after != before:
                found.append(Breakage(node.lineno, kind, before, after, where))
    return sorted(set(found), key=lambda one: (one.where, one.kind, one.after))


def broken(source: str, one: Breakage) -> str:
    """The source with this breakage and no other."""
    lines = source.encode().split(b"\n")
    first, start, last, end = one.where
    changed = lines[first - 1][:start] + one.after.encode() + lines[last - 1][end:]
    return b"\n".join([*lines[: first - 1], changed, *lines[last:]]).decode()


def chosen(of: dict[str, list[Breakage]], most: int, seed: int) -> list[tuple[str, Breakage]]:
    """So many of them, as many of each kind; the same for the same seed and sources; no two on one line."""
    dice = random.Random(seed)  # noqa: S311
    by_kind: dict[str, list[tuple[str, Breakage]]] = {}
    for path in sorted(of):
        for one in of[path]:
            by_kind.setdefault(one.kind, []).append((path, one))
    for some in by_kind.values():
        dice.shuffle(some)
    in_turn = (
        asked for turn in zip_longest(*(by_kind[kind] for kind in sorted(by_kind))) for asked in turn if asked
    )
    taken: dict[tuple[str, int], tuple[str, Breakage]] = {}
    for path, one in in_turn:
        if len(taken) == most:
            break
        taken.setdefault((path, one.line), (path, one))
    return list(taken.values())


def _cut(lines: list[bytes], where: Position) -> str:
    first, start, last, end = where
    if first == last:
        return lines[first - 1][start:end].decode()
    parts = [lines[first - 1][start:], *lines[first : last - 1], lines[last - 1][:end]]
    return b"\n".join(parts).decode()


def _nodes(tree: ast.AST, returns_bool: bool = False) -> Iterator[tuple[ast.expr | ast.stmt, bool]]:
    """Every place of the text that runs, and whether its function answers yes or no."""
    if isinstance(tree, (ast.FunctionDef, ast.AsyncFunctionDef)):
        returns_bool = isinstance(tree.returns, ast.Name) and tree.returns.id == "bool"
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list", "bases", "keywords") and not isinstance(
            tree, ast.Call
        ):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or _is_silent(child):
                continue
            if isinstance(child, (ast.expr, ast.stmt)):
                yield child, returns_bool
            yield from _nodes(child, returns_bool)


def _is_silent(node: ast.AST) -> bool:
    """What no test sees, or what has no place of its own in the text (parts of an f-string, in Python 3.11)."""
    if isinstance(node, (ast.JoinedStr, ast.Import, ast.ImportFrom, ast.AnnAssign)):
        return not isinstance(node, ast.AnnAssign) or node.value is None
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets)
    if isinstance(node, ast.Expr):
        call = node.value
        return isinstance(call, ast.Constant) or (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and isinstance(call.func.value, ast.Name)
            and call.func.value.id in _LOGS
        )
    return False


def _changes(node: ast.expr | ast.stmt, returns_bool: bool) -> Iterator[tuple[str, str]]:
    return _of_statement(node, returns_bool) if isinstance(node, ast.stmt) else _of_expression(node)


def _of_expression(node: ast.expr) -> Iterator[tuple[str, str]]:
    made: Any = deepcopy(node)
    match node:
        case ast.Compare(ops=[op, *_]):
            made.ops[0] = _FLIPPED[type(op)]()
            yield "comparison", f"({ast.unparse(made)})"
        case ast.BoolOp(op=op):
            made.op = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield "and/or", f"({ast.unparse(made)})"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "not", f"({ast.unparse(operand)})"
        case ast.Constant(value=bool(value)):
            yield "constant", str(not value)
        case ast.Constant(value=int(value)):
            yield "constant", str(value + 1)
            if value > 0:
                yield "constant", str(value - 1)
        case ast.Call(args=[first, second, *rest]):
            starred = isinstance(first, ast.Starred) or isinstance(second, ast.Starred)
            if not starred and ast.dump(first) != ast.dump(second):
                made.args = [second, first, *rest]
                yield "arguments", ast.unparse(made)


def _of_statement(node: ast.stmt, returns_bool: bool) -> Iterator[tuple[str, str]]:
    match node:
        case ast.Return(value=ast.expr() as value):
            if returns_bool:
                yield "return", f"return not ({ast.unparse(value)})"
            elif not (isinstance(value, ast.Constant) and value.value is None):
                yield "return", "return None"
        case ast.Raise() | ast.Expr(value=ast.Call()):
            yield "statement", "pass"
        case ast.If(orelse=[], body=[ast.Raise() | ast.Return() | ast.Continue()]):
            yield "guard", "pass"


def _short(text: str, most: int = 70) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= most else one_line[: most - 1] + "…"
