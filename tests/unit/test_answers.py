"""Equal values give equal bytes; what has no value is refused with the way out."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.answers import canonical, rounded
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.binary(max_size=5)
    | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


class Colour(Enum):
    RED = 1


@dataclass
class Order:
    price: float
    tags: set[str]
    cached: int = field(default=0, compare=False)


@given(VALUES, VALUES)
def test_the_bytes_are_equal_exactly_where_the_values_and_their_types_are(one: Any, other: Any) -> None:
    assert (canonical(one) == canonical(other)) == (repr_of(one) == repr_of(other))


def repr_of(value: Any) -> Any:
    """Return a comparable form without any order of keys, written another way than the code's."""
    if isinstance(value, dict):
        return ("dict", frozenset((key, repr_of(each)) for key, each in value.items()))
    if isinstance(value, list):
        return ("list", tuple(map(repr_of, value)))
    return (type(value).__name__, repr(value))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": [2]}, {"b": [2], "a": 1}),
        ({"x", "y", "z"}, {"z", "y", "x"}),
        (Order(1.0, {"a", "b"}, 1), Order(1.0, {"b", "a"}, 2)),
        (np.arange(3), np.arange(3)),
        (Decimal("1.10"), Decimal("1.10")),
        ((Colour.RED, Path("x")), (Colour.RED, Path("x"))),
    ],
)
def test_equal_values_give_equal_bytes(one: object, other: object) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1, 2], [2, 1]),
        ([1], (1,)),
        (Order(1.0, set()), Order(2.0, set())),
        (np.arange(3), np.arange(3.0)),
        (np.zeros(4), np.zeros((2, 2))),
        ({1: "a"}, {1: "b"}),
    ],
)
def test_other_values_give_other_bytes(one: object, other: object) -> None:
    assert canonical(one) != canonical(other)


def test_sets_of_texts_do_not_depend_on_the_hash_seed() -> None:
    program = "from tailgate.answers import canonical; print(canonical({'alpha', 'beta', 'gamma'}))"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    told = {
        subprocess.check_output([sys.executable, "-c", program], env=env | {"PYTHONHASHSEED": seed}) for seed in "12345"
    }
    assert len(told) == 1


async def nobody() -> None: ...


def iter_nothing() -> Iterator[int]:
    yield from ()


@pytest.mark.parametrize(
    ("answer", "words", "way_out"),
    [
        (object(), "is a object, which tells its address", "answer="),
        ([lambda: 1], "tells its address and no value", "answer="),
        (iter_nothing(), "generator that nobody consumed", 'drive="exhaust"'),
        (nobody(), "coroutine that nobody awaited", "async def"),
    ],
)
def test_what_has_no_value_is_refused_with_the_way_out(answer: object, words: str, way_out: str) -> None:
    with pytest.raises(TailgateError, match=words) as refused:
        canonical(answer)
    assert way_out in refused.value.hint


def test_an_answer_that_contains_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(TailgateError, match="contains itself"):
        canonical(loop)


def test_floats_that_agree_in_the_digits_asked_for_are_equal() -> None:
    answer = rounded(6)
    assert answer({"x": [0.1 + 0.2]}) == answer({"x": [0.3]})
    assert answer(0.300001) != answer(0.3)
    assert answer(np.array([0.1 + 0.2])) == answer(np.array([0.3]))
    assert answer(float("inf")) != answer(float("-inf"))
    with pytest.raises(TailgateError, match="at least one"):
        rounded(0)
