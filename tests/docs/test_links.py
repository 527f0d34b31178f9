"""Links lead somewhere, anchors are there, pictures exist and are shown, every page stands in the navigation."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from tests.docs.pages import PAGES, ROOT, SITE, Link, anchors, links, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def fault(link: Link) -> str | None:
    """Return what is wrong with a link inside the repository; None for one that is right or leads to the web."""
    where = urlsplit(link.target)
    if where.scheme:
        return None if where.scheme in {"https", "mailto"} else f"{link}: the scheme {where.scheme}"
    path = (link.page.parent / unquote(where.path)).resolve() if where.path else link.page
    if not path.exists():
        return f"{link}: no such file"
    if link.page in SITE and not path.is_relative_to(ROOT / "docs"):
        return f"{link}: leads out of docs, the site cannot follow it"
    if where.fragment and path.suffix == ".md" and where.fragment not in anchors(path):
        return f"{link}: no such heading"
    return None


def test_every_link_leads_to_a_file_and_a_heading() -> None:
    followed = [link for page in PAGES for link in links(page)]
    assert len(followed) > 100
    assert [told for link in followed if (told := fault(link))] == []


def test_a_wrong_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One thing, `two`\n\n[a](none.md) [b](#one-thing-two) [c](page.md#three) [d](http://a.b)\n")
    told = [(link.target, fault(link)) for link in links(page)]
    assert [target for target, wrong in told if wrong] == ["none.md", "page.md#three", "http://a.b"]


def test_every_picture_is_there_and_is_shown() -> None:
    shown = {(link.page.parent / link.target).resolve() for page in PAGES for link in links(page) if link.picture}
    kept = {path for path in (ROOT / "docs").rglob("*") if path.suffix in {".png", ".svg", ".jpg"}}
    assert shown
    assert shown == kept


def pages_of(entries: list[Any]) -> Iterator[str]:
    """Yield the pages of a navigation, in its order."""
    for entry in entries:
        for value in entry.values() if isinstance(entry, dict) else (entry,):
            yield from pages_of(value) if isinstance(value, list) else (value,)


def test_every_page_stands_once_in_the_navigation() -> None:
    project = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    told = list(pages_of(project["nav"]))
    assert sorted(told) == sorted(name_of(page).removeprefix("docs/") for page in SITE)
