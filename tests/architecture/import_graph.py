"""Who imports whom, read from the source: inside functions and under TYPE_CHECKING too."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

from tests.architecture.sources import nodes, parsed


class ImportedName(NamedTuple):
    where: str  # the module that imports
    line: int
    module: str  # the module it names
    name: str  # "" for `import module`


def modules(root: Path, *folders: str) -> dict[str, Path]:
    """Dotted name → file, for every module below these folders of `root`."""
    found = {}
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported_names(module: str, path: Path, tree: ast.AST) -> Iterator[ImportedName]:
    """Every import statement of a module, wherever it stands."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from (ImportedName(module, node.lineno, alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            target = ".".join([*base, *([node.module] if node.module else [])])
            yield from (ImportedName(module, node.lineno, target, alias.name) for alias in node.names)


def import_graph(files: Mapping[str, Path]) -> dict[str, set[str]]:
    """Module → the modules that are run when it is imported.

    Importing `a.b.c` runs `a` and `a.b` as well. A module's own packages are left out: they run before it.
    """
    graph: dict[str, set[str]] = {}
    for module, path in files.items():
        targets = set()
        for found in imported_names(module, path, parsed(path)):
            inner = f"{found.module}.{found.name}"
            targets |= _with_packages(inner if inner in files else found.module)
        graph[module] = {
            target
            for target in targets & files.keys()
            if target != module and not module.startswith(f"{target}.")
        }
    return graph


def _with_packages(module: str) -> set[str]:
    parts = module.split(".")
    return {".".join(parts[: count + 1]) for count in range(len(parts))}


def find_cycle(graph: Mapping[str, set[str]]) -> str:
    """One circle of imports, "a → b → a", or "" where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return " → ".join(reversed(error.args[1]))
    return ""


def defined_names(tree: ast.Module) -> set[str]:
    """What a module makes itself at its top level: functions, classes and values, but nothing it imports."""
    names: set[str] = set()
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {n.id for target in targets for n in nodes(target) if isinstance(n, ast.Name)}
        else:  # if, try, with: what stands in them
            waiting += [inner for inner in ast.iter_child_nodes(node) if isinstance(inner, ast.stmt)]
    return names
