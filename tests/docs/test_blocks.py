"""What stands as code on a page is code: Python compiles, TOML, JSON and YAML parse."""

from __future__ import annotations

import ast
import json
import textwrap
import tomllib
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.docs.pages import PAGES, Block, blocks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

READ: dict[str, Callable[[str], object]] = {
    "python": lambda text: compile(textwrap.dedent(text), "page", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT),
    "toml": tomllib.loads,
    "json": json.loads,
    "yaml": yaml.safe_load,
}
SHOWN = {"", "console", "text", "diff"}
"""Commands and what they print; another language has a reader."""

FOUND = [block for page in PAGES for block in blocks(page)]


def fault(block: Block) -> str | None:
    """Return why a block is not what its language says."""
    if block.language in SHOWN:
        return None
    if block.language not in READ:
        return f"{block}: nobody reads {block.language!r}"
    try:
        READ[block.language](block.text)
    except (SyntaxError, ValueError, yaml.YAMLError) as error:
        return f"{block}: {error}"
    return None


def test_every_block_is_what_its_language_says() -> None:
    assert {"python", "toml", "console"} <= {block.language for block in FOUND}
    assert [told for block in FOUND if (told := fault(block))] == []


@pytest.mark.parametrize(
    ("language", "text"),
    [("python", "def f(:\n"), ("toml", "a = \n"), ("json", "{'a': 1}"), ("yaml", "a: [1\n"), ("pyhton", "")],
)
def test_a_broken_block_is_seen(tmp_path: Path, language: str, text: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"```{language}\n{text}\n```\n")
    (block,) = blocks(page)
    assert fault(block)
