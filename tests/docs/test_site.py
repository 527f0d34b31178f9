"""The site is built strictly, and nothing of it is fetched from elsewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import SITE

if TYPE_CHECKING:
    from collections.abc import Iterator

FETCHED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "link": "href",
    "object": "data",
    "use": "href",
}
"""What a browser fetches by itself, by tag and attribute; a link that a reader follows is not among it."""

STYLED = re.compile(r"""(?:url\(\s*['"]?|@import\s+['"]?)((?:https?:)?//[^'")\s]+)""")


class Fetched(HTMLParser):
    """Collects what a page makes a browser fetch, and the classes that make the theme's script fetch something."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.classes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.classes.update((given.get("class") or "").split())
        if tag == "link" and given.get("rel") in {"canonical", "prev", "next", "alternate"}:
            return
        if url := given.get(FETCHED.get(tag, "")):
            self.urls.append(url)
        self.urls += STYLED.findall(given.get("style") or "")


def elsewhere(site: Path) -> Iterator[str]:
    """Yield what pages and style sheets below a folder fetch from another host."""
    for path in sorted(site.rglob("*")):
        if path.suffix == ".css":
            yield from (f"{path.name}: {url}" for url in STYLED.findall(path.read_text(encoding="utf-8")))
        elif path.suffix == ".html":
            page = Fetched()
            page.feed(path.read_text(encoding="utf-8"))
            yield from (f"{path.name}: {url}" for url in page.urls if re.match(r"(https?:)?//", url))
            # Diagrams and lightboxes: the theme's script loads these from a CDN where a page has one.
            yield from (f"{path.name}: class {name}" for name in page.classes & {"mermaid", "glightbox", "pyodide"})


def build(root: Path, folder: Path, added: str = "") -> subprocess.CompletedProcess[str]:
    """Build a site from a copy of the pages, with something added to the glossary."""
    shutil.copytree(root / "docs", folder / "docs")
    shutil.copy2(root / "zensical.toml", folder)
    with (folder / "docs" / "glossary.md").open("a", encoding="utf-8") as page:
        page.write(added)
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--clean", "--strict"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(root, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "build" / "site"


def test_every_page_is_built(root: Path, site: Path) -> None:
    built = {str(path.relative_to(site).with_suffix(".md")) for path in site.rglob("*.html")} - {"404.md"}
    assert built == {str(page.relative_to(root / "docs")) for page in SITE}


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    assert len(list(site.rglob("*.css"))) >= 1
    assert list(elsewhere(site)) == []


def test_what_comes_from_elsewhere_is_seen(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        '<link rel="canonical" href="https://a.example/"><a href="https://b.example">b</a>'
        '<link rel="stylesheet" href="https://fonts.example/css"><script src="//cdn.example/x.js"></script>'
        '<p style="background: url(https://c.example/x.png)"><pre class="mermaid">'
    )
    (tmp_path / "sheet.css").write_text('@import "https://d.example/x.css"; p { src: url("data:font") }')
    told = [each.partition(": ")[2] for each in elsewhere(tmp_path)]
    assert told == [
        "https://fonts.example/css",
        "//cdn.example/x.js",
        "https://c.example/x.png",
        "class mermaid",
        "https://d.example/x.css",
    ]


@pytest.mark.parametrize("link", ["nowhere.md", "gate.md#no-such-heading"])
def test_a_broken_link_fails_the_build(root: Path, tmp_path: Path, link: str) -> None:
    done = build(root, tmp_path, f"\n[x]({link})\n")
    assert done.returncode != 0
    assert "glossary.md" in done.stdout + done.stderr
