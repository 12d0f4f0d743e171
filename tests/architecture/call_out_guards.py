"""Reads sources for calls out of the building (bank, mail, text messages, bus) while a transaction is open.

A call counts where it is made and in every helper that leads to it, whatever the gateway's parameter is named.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from tests.architecture.sources import nodes, tree_of

# What answers with a gateway, and what a gateway is called where no type says so.
MAKERS = frozenset({"gateways", "practice_system", "bus", "typesetter", "processor_of"})
NAMES = frozenset({"processor", "mail", "sms", "gateways"})
OPENERS = frozenset({"transaction", "reading", "prepared_reading"})
AFTER_COMMIT = "on_commit"

Function = ast.FunctionDef | ast.AsyncFunctionDef
Place = tuple[str, str]  # module and function; a method is "Class.method"


@dataclass(frozen=True)
class Hit:
    module: str
    function: str
    line: int
    way: tuple[str, ...]  # the helpers in between, and the gateway's method last

    def __str__(self) -> str:
        return f"{self.module}:{self.function} line {self.line}: {' → '.join(self.way)}"


@dataclass(frozen=True)
class Call:
    """Something that is called, or named to be called; without `to` a gateway itself."""

    line: int
    said: str
    to: tuple[Place, ...] = ()


class Sources:
    """The modules that call each other, by their dotted names; `types`: names of the gateways' protocols."""

    def __init__(self, texts: Mapping[str, str], types: frozenset[str]) -> None:
        self.types = types
        self.trees = {module: tree_of(text) for module, text in texts.items()}
        self.imports = {module: dict(_imports(module, tree)) for module, tree in self.trees.items()}
        self.functions: dict[Place, Function] = {
            (module, name): node for module, tree in self.trees.items() for name, node in _functions(tree)
        }

    @cached_property
    def openers(self) -> frozenset[str]:
        """`transaction` and whatever hands one on: `def opened(self): return transaction(…)`."""
        more = {
            name.rpartition(".")[2]
            for (_, name), function in self.functions.items()
            for node in nodes(function)
            if isinstance(node, ast.Return) and node.value and _opens(node.value, OPENERS)
        }
        return OPENERS | more

    @cached_property
    def ways_out(self) -> dict[Place, tuple[str, ...]]:
        """For each function that calls out when it is called: by which helpers, and to what."""
        calls = {place: list(self._calls(place, node.body)) for place, node in self.functions.items()}
        ways: dict[Place, tuple[str, ...]] = {}
        grew = True
        while grew:
            grew = False
            for place, made in calls.items():
                if place not in ways and (found := next(_leading_out(made, ways), None)):
                    ways[place], grew = found[1], True
        return ways

    def hits(self) -> list[Hit]:
        """Every call out inside of an open transaction."""
        found = {
            Hit(*place, line, way)
            for place, function in self.functions.items()
            for region in self._regions(function)
            for line, way in _leading_out(self._calls(place, region), self.ways_out)
        }
        return sorted(found, key=lambda hit: (hit.module, hit.line, hit.way))

    def _regions(self, function: Function) -> Iterator[Sequence[ast.stmt]]:
        """What runs while a transaction is open: its block, and whoever is handed it."""
        for node in nodes(function):
            if isinstance(node, (ast.With, ast.AsyncWith)):
                if any(_opens(item.context_expr, self.openers) for item in node.items):
                    yield node.body
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                given = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
                if "tx" in {argument.arg for argument in given}:
                    yield [ast.Expr(node.body)] if isinstance(node, ast.Lambda) else node.body

    def _calls(self, place: Place, body: Sequence[ast.stmt]) -> Iterator[Call]:
        """Calls of a gateway, and the functions and methods that are named here."""
        function = self.functions[place]
        gateways, own_names = self._gateways(function), _bound_in(function)
        for node in (node for statement in body for node in _now(statement)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if self._is_gateway(node.func.value, gateways):
                    yield Call(node.lineno, ast.unparse(node.func))
                elif node.func.attr in self._methods:
                    yield Call(node.lineno, node.func.attr, self._methods[node.func.attr])
            if isinstance(node, (ast.Name, ast.Attribute)):
                first = node if isinstance(node, ast.Name) else node.value
                if isinstance(first, ast.Name) and first.id not in own_names:
                    helper = self._resolve(place[0], node)
                    if helper is not None and helper != place:
                        yield Call(node.lineno, ast.unparse(node), (helper,))

    @cached_property
    def _methods(self) -> dict[str, tuple[Place, ...]]:
        """By name alone: of which class an object is, a text does not say."""
        found: dict[str, tuple[Place, ...]] = {}
        for module, name in self.functions:
            if "." in name:
                method = name.rpartition(".")[2]
                found[method] = (*found.get(method, ()), (module, name))
        return found

    def _gateways(self, function: Function) -> frozenset[str]:
        """Names that stand for a gateway in this function: typed as one, or made from one."""
        names = {argument.arg for argument in _arguments(function) if self._is_typed_so(argument)}
        grew = True
        while grew:
            before = len(names)
            for node in nodes(function):
                if isinstance(node, ast.NamedExpr) and self._is_gateway(node.value, names):
                    names.add(node.target.id)
                elif isinstance(node, ast.Assign) and self._is_gateway(node.value, names):
                    names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
            grew = len(names) > before
        return frozenset(names)

    def _is_typed_so(self, argument: ast.arg) -> bool:
        """By its type; where none is written, by the name that such a one mostly has."""
        if argument.annotation is None:
            return argument.arg in NAMES
        return bool(set(re.findall(r"\w+", ast.unparse(argument.annotation))) & self.types)

    def _is_gateway(self, value: ast.expr, names: Set[str]) -> bool:
        if isinstance(value, ast.Name):
            return value.id in names
        if isinstance(value, ast.Attribute):
            return self._is_gateway(value.value, names)
        return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in MAKERS

    def _resolve(self, module: str, name: ast.expr) -> Place | None:
        """The function that a name, or a name of an imported module, stands for."""
        if isinstance(name, ast.Name):
            return self._named(module, name.id)
        if isinstance(name, ast.Attribute) and isinstance(name.value, ast.Name):
            target = self.imports[module].get(name.value.id)
            if target and (imported := ".".join(part for part in target if part)) in self.trees:
                return self._named(imported, name.attr)
        return None

    def _named(self, module: str, name: str, depth: int = 5) -> Place | None:
        if (module, name) in self.functions:
            return module, name
        target = self.imports.get(module, {}).get(name)
        if target is None or depth == 0:
            return None
        return self._named(target[0], target[1], depth - 1)


def _leading_out(
    calls: Iterable[Call], ways: Mapping[Place, tuple[str, ...]]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    for call in calls:
        if not call.to:
            yield call.line, (call.said,)
        for place in call.to:
            if place in ways:
                yield call.line, (call.said, *ways[place])
                break


def _arguments(function: Function) -> list[ast.arg]:
    """The function's own and those of functions in it."""
    return [node for node in nodes(function) if isinstance(node, ast.arg)]


def _bound_in(function: Function) -> set[str]:
    """Names of the function's own, which hide those of its module."""
    stored = (
        node.id for node in nodes(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    return {*stored, *(argument.arg for argument in _arguments(function))}


def _imports(module: str, tree: ast.Module) -> Iterator[tuple[str, tuple[str, str]]]:
    for node in nodes(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, (node.module, alias.name)


def _functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    yield f"{node.name}.{inner.name}", inner


def _opens(value: ast.expr, openers: frozenset[str]) -> bool:
    for node in nodes(value):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in openers:
                return True
    return False


def _now(node: ast.AST) -> Iterator[ast.AST]:
    """What runs at once; what is left for after the commit does not."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == AFTER_COMMIT:
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _now(child)
