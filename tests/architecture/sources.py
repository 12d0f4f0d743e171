"""The portal's sources, as the tests of the architecture read them."""

import ast
import gc
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PORTAL = ROOT / "portal_app"


class Import(NamedTuple):
    layer: str
    where: str
    module: str
    names: frozenset[str]


@cache
def tree_of(text: str) -> ast.Module:
    """A text parsed once for all tests: nobody may change the tree."""
    return ast.parse(text)


def parsed(path: Path) -> ast.Module:
    """The tree of a file, read again only when the file has changed."""
    state = path.stat()
    return _tree_of_file(path, state.st_mtime_ns, state.st_size)


@cache
def _tree_of_file(path: Path, _changed: int, _size: int) -> ast.Module:
    tree = tree_of(path.read_text())
    gc.freeze()  # a tree has no circles: the garbage collector need not go through it again and again
    return tree


@cache
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Every node of a tree or of a part of it, as `ast.walk` has them, in a third of its time; walked once."""
    found = [tree]
    for node in found:  # it grows meanwhile
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                found += [each for each in value if isinstance(each, ast.AST)]
            elif isinstance(value, ast.AST):
                found.append(value)
    return tuple(found)


def forget_trees() -> None:
    """The trees of all sources are large: the tests of the architecture alone need them."""
    for each in (tree_of, _tree_of_file, nodes):
        each.cache_clear()


def sources() -> list[Path]:
    return sorted(PORTAL.rglob("*.py"))


@cache
def imports() -> tuple[Import, ...]:
    """Every import of every file; `layer` is the folder, or the file's name at the top."""
    found = []
    for path in sources():
        where = path.relative_to(PORTAL)
        for node in nodes(parsed(path)):
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
        for node in nodes(parsed(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield f"{path.relative_to(PORTAL)}:{node.name}", node
