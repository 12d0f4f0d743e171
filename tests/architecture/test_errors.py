"""An error that a user reads is a class with a code, so that tests and other programs can tell it from others."""

import ast

from tests.architecture.sources import PORTAL, nodes, parsed, sources


def bare_errors(tree: ast.AST) -> list[int]:
    """The lines on which `UserError` itself is made."""
    return [
        node.lineno
        for node in nodes(tree)
        if (isinstance(node, ast.Call) and _is_user_error(node.func))
        or (isinstance(node, ast.Raise) and node.exc is not None and _is_user_error(node.exc))
    ]


def _is_user_error(node: ast.expr) -> bool:
    return (node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")) == "UserError"


def test_no_error_without_a_class_of_its_own_is_raised():
    found = [f"{path.relative_to(PORTAL)}:{line}" for path in sources() for line in bare_errors(parsed(path))]
    assert not found


def test_a_bare_error_is_found():
    assert bare_errors(ast.parse('raise UserError("No.")\nraise errors.UserError\nraise NotFound')) == [2, 1]


def test_what_a_class_leaves_to_others_is_an_abstract_method():
    """The type checker and the first instance notice one that is missing; a raised NotImplementedError waits for a call."""
    assert not [path for path in sources() if "NotImplementedError" in path.read_text()]
