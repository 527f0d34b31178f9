"""The pages of the documentation, as the tests read them: links, headings, blocks of code, spans of code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

ROOT: Final = Path(__file__).resolve().parents[2]
SITE: Final = tuple(sorted((ROOT / "docs").rglob("*.md")))
"""The pages of the site."""

PAGES: Final = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *SITE,
    *sorted((ROOT / "examples").rglob("*.md")),
)
"""Every page that a person reads."""

_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code: where it stands, in which language, and the file that it is, where its title names one."""

    page: Path
    line: int
    language: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{name_of(self.page)}:{self.line}"


@dataclass(frozen=True, slots=True)
class Link:
    """A link or a picture."""

    page: Path
    line: int
    target: str
    picture: bool

    def __str__(self) -> str:
        return f"{name_of(self.page)}:{self.line}: {self.target}"


def name_of(page: Path) -> str:
    """Return the page's path below the root, or the whole path of one that stands elsewhere."""
    return str(page.relative_to(ROOT)) if page.is_relative_to(ROOT) else str(page)


def _tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))


def _inline(page: Path) -> Iterator[tuple[int, Token]]:
    """Yield each token inside a paragraph, a heading or a cell, with the line at which that begins."""
    line = 0
    for token in _tokens(page):
        if token.map:
            line = token.map[0] + 1
        for child in token.children or ():
            yield line, child


def links(page: Path) -> Iterator[Link]:
    """Yield the links and pictures of a page."""
    for line, token in _inline(page):
        if token.type == "link_open":
            yield Link(page, line, str(token.attrs["href"]), picture=False)
        elif token.type == "image":
            yield Link(page, line, str(token.attrs["src"]), picture=True)


def spans(page: Path) -> Iterator[tuple[int, str]]:
    """Yield each span of code, with its line."""
    for line, token in _inline(page):
        if token.type == "code_inline":
            yield line, token.content


def blocks(page: Path) -> Iterator[Block]:
    """Yield each block of code, fenced or indented, in the order of the page."""
    for token in _tokens(page):
        if token.type in {"fence", "code_block"} and token.map:
            language, _, rest = token.info.strip().partition(" ")
            title = _TITLE.search(rest)
            yield Block(page, token.map[0] + 1, language, title[1] if title else "", token.content)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, by the rule of the forges: a second one of a name gets `-1`."""
    found: dict[str, int] = {}
    names: set[str] = set()
    tokens = _tokens(page)
    for opening, inside in pairwise(tokens):
        if opening.type != "heading_open":
            continue
        text = "".join(child.content for child in inside.children or () if child.type in {"text", "code_inline"})
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        count = found.get(slug, 0)
        found[slug] = count + 1
        names.add(f"{slug}-{count}" if count else slug)
    return names
