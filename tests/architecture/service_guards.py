"""Reads the sources of the services: who widens what they may see, and did they ask first whether they may?

Works on a source text, so that a test can show it a service that leaks.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.architecture.sources import nodes, tree_of

# Calls that give more than the asker has.
WIDENS = frozenset({"system_principal", "as_system", "errand_for"})
# Errors that say "you may not", raised by a service that asks in its own words.
REFUSES = frozenset({"PermissionDenied", "NotSignedIn"})
# Methods of the principal that raise when they may not.
ASKS = frozenset({"require", "require_account", "require_portal"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Found:
    """What following a text has shown so far: was it asked, and did anything widen before that?"""

    asked: bool = False
    leaks: bool = False

    def widened(self) -> "Found":
        return replace(self, leaks=self.leaks or not self.asked)


class Module:
    """A service's module. `checks`: names of functions elsewhere that ask whether the asker may."""

    def __init__(self, source: str, checks: frozenset[str] = frozenset()) -> None:
        tree = tree_of(source)
        self.checks = checks
        self.widens = WIDENS | _other_names_of(tree, WIDENS)
        self.functions: dict[str, Function] = {
            node.name: node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        }
        # Constants of the module that are wide principals.
        self.wide = {
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign)
            if any(isinstance(call, ast.Call) and called(call) in self.widens for call in nodes(node.value))
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def unasked(self) -> list[str]:
        """Public functions that widen before anything has asked whether they may."""
        public = {name: function for name, function in self.functions.items() if not name.startswith("_")}
        return sorted(
            name for name, function in public.items() if self._body(function.body, Found(), (name,)).leaks
        )

    def used_checks(self) -> set[str]:
        calls = (node for function in self.functions.values() for node in nodes(function))
        return {called(call) for call in calls if isinstance(call, ast.Call)} & self.checks

    def widens_by(self) -> set[str]:
        calls = (node for function in self.functions.values() for node in nodes(function))
        return {called(call) for call in calls if isinstance(call, ast.Call)} & WIDENS

    def _body(self, body: Sequence[ast.stmt], found: Found, seen: tuple[str, ...]) -> Found:
        for statement in body:
            found = self._statement(statement, found, seen)
        return found

    def _statement(self, statement: ast.stmt, found: Found, seen: tuple[str, ...]) -> Found:
        """What is asked in one branch counts in that branch only, unless the branch hangs on `may`."""
        if isinstance(statement, ast.Raise):
            raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
            return replace(found, asked=True) if raised and _last(raised) in REFUSES else found
        if isinstance(statement, ast.If):
            before = self._expression(statement.test, found, seen)
            yes = self._body(statement.body, before, seen)
            no = self._body(statement.orelse, before, seen)
            either = _hangs_on_may(statement.test) or any(isinstance(s, ast.Raise) for s in statement.body)
            asked = (yes.asked or no.asked) if either else (yes.asked and no.asked)
            return Found(before.asked or asked, yes.leaks or no.leaks)
        if isinstance(statement, (ast.For, ast.AsyncFor, ast.While)):
            before = self._expression(
                statement.test if isinstance(statement, ast.While) else statement.iter, found, seen
            )
            inside = self._body([*statement.body, *statement.orelse], before, seen)
            return replace(before, leaks=inside.leaks)
        if isinstance(statement, (ast.With, ast.AsyncWith)):
            for item in statement.items:
                found = self._expression(item.context_expr, found, seen)
            return self._body(statement.body, found, seen)
        if isinstance(statement, ast.Try):
            found = self._body(statement.body, found, seen)
            for handler in statement.handlers:
                found = replace(found, leaks=self._body(handler.body, found, seen).leaks)
            return self._body([*statement.orelse, *statement.finalbody], found, seen)
        return self._expression(statement, found, seen)

    def _expression(self, node: ast.AST, found: Found, seen: tuple[str, ...]) -> Found:
        """Arguments come before the call that they are of."""
        for child in ast.iter_child_nodes(node):
            found = self._expression(child, found, seen)
        if isinstance(node, ast.Name) and node.id in self.wide:
            return found.widened()
        if not isinstance(node, ast.Call):
            return found
        name = called(node)
        if name in self.widens:
            return found.widened()
        if name in self.checks or (isinstance(node.func, ast.Attribute) and name in ASKS):
            return replace(found, asked=True)
        if isinstance(node.func, ast.Name) and name in self.functions and name not in seen:
            return self._body(self.functions[name].body, found, (*seen, name))
        return found


def called(call: ast.Call) -> str:
    """`f` of `f(…)` and of `module.f(…)`."""
    return _last(call.func)


def _last(name: ast.expr) -> str:
    if isinstance(name, ast.Name):
        return name.id
    return name.attr if isinstance(name, ast.Attribute) else ""


def _other_names_of(tree: ast.Module, names: frozenset[str]) -> set[str]:
    """`import system_principal as boss`."""
    found = (node for node in nodes(tree) if isinstance(node, ast.ImportFrom))
    return {alias.asname for node in found for alias in node.names if alias.asname and alias.name in names}


def _hangs_on_may(test: ast.expr) -> bool:
    calls = (node for node in nodes(test) if isinstance(node, ast.Call))
    return any(called(call) == "may" for call in calls)


def refuses(source: str, name: str) -> bool:
    """Can this function of the source say no? A check that cannot is none."""
    (function,) = (n for n in nodes(tree_of(source)) if isinstance(n, ast.FunctionDef) and n.name == name)
    return any(
        isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and called(node) in ASKS)
        for node in nodes(function)
    )
