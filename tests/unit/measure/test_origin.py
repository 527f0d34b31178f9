"""Where modules came from: the revision's files, or others that would be measured in their place."""

from __future__ import annotations

import pytest

from tailgate.measure.origin import misplaced

ROOTS = ("/project/build/sides/base", "/project/build/sides/base/src")
REPLACED = ("/project/src/code",)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["/project/build/sides/base/src/code/a.py", "/project/bench.py"], ""),
        (["/project/bench.py", "/env/site-packages/code/a.py"], "nothing was imported from the revision's files"),
        (["/project/build/sides/base/src/code/a.py", "/project/src/code/b.py"], "/project/src/code/b.py was imported"),
    ],
)
def test_a_subject_that_is_not_the_revisions_is_named(files: list[str], said: str) -> None:
    found = misplaced(files, ROOTS, REPLACED)
    assert said in found
    assert bool(found) == bool(said)


def test_the_layout_may_lie_below_the_subject_itself() -> None:
    assert misplaced(["/project/build/sides/base/a.py"], ["/project/build/sides/base"], ["/project"]) == ""


def test_without_a_revision_nothing_is_asked() -> None:
    assert misplaced(["/anywhere.py"], ROOTS, ()) == ""
