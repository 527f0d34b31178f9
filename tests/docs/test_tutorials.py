"""The tutorials are followed, word for word: each command is run, and prints what the page shows."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.docs.tutorial import Command, File, Shell, differs, follow, masked, steps, surroundings

if TYPE_CHECKING:
    from pathlib import Path


def fresh(folder: Path, *wheels: Path) -> Shell:
    home = folder / "home"
    home.mkdir(parents=True)
    return Shell(home, home, surroundings(home, *wheels))


def cloned(root: Path, target: Path) -> None:
    """Copy what a clone of this checkout would hold, as it stands now, into a repository of its own."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (root / name).is_file():  # one that is deleted and not committed is listed all the same
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name)
    who = ["-c", "user.name=t", "-c", "user.email=t@t.invalid"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], [*who, "commit", "-qm", "all"]):
        subprocess.run(["git", "-C", str(target), *words], check=True, capture_output=True)


def test_from_a_clone_to_a_book_of_ones_own_in_the_race(root: Path, tmp_path: Path) -> None:
    shell = fresh(tmp_path)
    cloned(root, shell.home / "tailgate")
    shell.folder = shell.home / "tailgate"
    said = list(follow(root / "docs" / "tutorials" / "own-book.md", shell))
    assert len(said) >= 4
    assert [wrong for _, _, wrong in said if wrong] == []


def test_from_an_installation_to_a_gated_pull_request(root: Path, wheel: Path, tmp_path: Path) -> None:
    said = list(follow(root / "docs" / "tutorials" / "gated-pull-request.md", fresh(tmp_path, wheel)))
    assert len(said) >= 8
    assert [wrong for _, _, wrong in said if wrong] == []


PAGE = """
```python title="double.py"
print(2 * 21)
```

```console
$ mkdir sub && cd sub
$ python3 ../double.py; pwd
42
/home/you/sub
$ false
$ echo $?
1
```
"""


def test_a_page_that_is_right_is_followed_to_its_end(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    assert [type(step) for step in steps(page)] == [File, *[Command] * 4]
    assert [wrong for _, _, wrong in follow(page, fresh(tmp_path / "there")) if wrong] == []


@pytest.mark.parametrize(
    ("was", "becomes", "why"),
    [
        ("/home/you/sub", "/home/you/other", "printed:"),
        ("python3 ../double.py", "python3 ../dubble.py", "can't open file"),
        ("cd sub", "cd sup", "ended with 1"),
        ("echo $?", "echo status", "ended with 1"),
        ("print(2 * 21)", "print('forty-two')", "forty-two"),
    ],
)
def test_a_page_that_is_wrong_is_seen(tmp_path: Path, was: str, becomes: str, why: str) -> None:
    page = tmp_path / "page.md"
    assert was in PAGE
    page.write_text(PAGE.replace(was, becomes))
    assert why in "".join(wrong for _, _, wrong in follow(page, fresh(tmp_path / "there")) if wrong)


def test_figures_are_masked_and_words_are_not() -> None:
    assert masked("~p99   ~1,234 ns  [-1.5 %, open] of 12") == "p99 # [#, #] of #"
    assert masked("~12x [5, 30]  1,365 x 3") == "# [#, #] # #"
    assert masked("book/my-book[read_every=1]  ~2.1x  CPU 0") == "book/my-book[read_every=#] # CPU #"
    assert not differs(("p99 10 ns", "...", "REGRESSION"), "p99 1.5 µs\na\nb\nREGRESSION\n")
    assert differs(("p99 10 ns", "PASS"), "p99 11 ns\nREGRESSION\n")
    assert differs(("p99 10 ns",), "p99 10 ns\nand more\n")
    assert differs(("p95 10 ns",), "p99 10 ns\n")
