"""Margins and percentiles of a mark: base's count, a change is told, nonsense is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tailgate.errors import TailgateError
from tailgate.measure.listing import Listed
from tailgate.project.marks import marks_of


def said(margin: Any = None, *percentiles: float) -> Listed:
    return Listed("", margin=margin, percentiles=percentiles)


def test_what_base_says_counts_and_a_change_is_told() -> None:
    found = marks_of({"new": "old", "b": "b"}, {"old": said(0.1, 50, 99), "b": said()}, {"new": said(0.5), "b": said()})
    assert found.margins == {"new": 0.1}
    assert found.percentiles == {"new": (50, 99)}
    assert found.notes == ("new: head's mark says margin=0.5, base's margin=0.1, percentiles=(50, 99) counts",)


@pytest.mark.parametrize("wrong", [said(-0.1), said("wide"), said(None, 42)])
def test_nonsense_is_refused_in_head_and_does_not_count_in_base(wrong: Listed) -> None:
    with pytest.raises(TailgateError, match=r"a: its mark says .* out of range"):
        marks_of({"a": "a"}, {"a": said()}, {"a": wrong})
    assert marks_of({"a": "a"}, {"a": wrong}, {"a": said()}).margins == {}
