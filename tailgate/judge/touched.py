"""The functions that a change touched: those whose source differs between two laid-out revisions."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def touched_functions(base: Path, head: Path) -> frozenset[tuple[str, str]]:
    """Return (file, function) of what head added or wrote differently; a line outside of any is of `<module>`.

    Files are relative to the revision's folder. Comments and layout do not count: the parsed code is compared.
    """
    found: set[tuple[str, str]] = set()
    for path in sorted(head.rglob("*.py")):
        name = path.relative_to(head)
        old = base / name
        if old.is_file() and old.read_bytes() == path.read_bytes():
            continue
        before, after = (_functions(each) for each in (old, path))
        found |= {(name.as_posix(), function) for function, code in after.items() if before.get(function) != code}
    return frozenset(found)


def _functions(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the code of each function by its name, without that of the functions inside it; {} where there is none."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}
    codes: dict[str, list[str]] = {}
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in (*reversed(found), tree):  # the inner ones first: each is told without them
        name = "<module>" if node is tree else node.name  # type: ignore[union-attr]  # a tree is no function
        codes.setdefault(name, []).append(ast.dump(_Alone().generic_visit(node)))
    return {name: tuple(code) for name, code in codes.items()}


class _Alone(ast.NodeTransformer):
    """Takes the functions out of what stands around them."""

    def visit_FunctionDef(self, _node: ast.FunctionDef) -> None:
        """Leave it out."""

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]  # noqa: N815  likewise
