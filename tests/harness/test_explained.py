"""An explanation finds what was planted, and names nothing on identical code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tailgate.documents.explanation import sentences
from tests.harness.planted import PLANTED, can_be_planted, explained

if TYPE_CHECKING:
    from pathlib import Path


def test_a_rare_kind_that_became_slow_is_named_with_its_stage(tmp_path: Path) -> None:
    told = explained(tmp_path, "slow on a rare kind")
    assert PLANTED["slow on a rare kind"][2](told), sentences(told)
    assert [part.name for part in told.named if part.kind == "stage"][:1] == ["send"]
    assert ("subject.py send", True) in {(part.name, part.changed) for part in told.named}
    assert len(sentences(told)) <= 12


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in PLANTED if kind != "slow on a rare kind"])
def test_every_planted_regression_is_named(tmp_path: Path, kind: str) -> None:
    if not can_be_planted(kind):
        pytest.skip("this interpreter has heapq built in statically")
    told = explained(tmp_path, kind)
    assert PLANTED[kind][2](told), sentences(told)
