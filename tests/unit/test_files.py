"""How files are named: two benchmarks never share one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.files import slug


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("book/heap-lazy", "book-heap-lazy"),
        ("pipeline", "pipeline"),
        ("book/bisect[read_every=10]", "book-bisect@read_every=10"),
        ("codec[direction=encode,message=order]", "codec@direction=encode,message=order"),
    ],
)
def test_a_name_is_read_off_its_file(name: str, file: str) -> None:
    assert slug(name) == file


def test_names_that_would_share_a_file_get_one_each() -> None:
    names = [
        "book/heap-lazy",
        "book-heap/lazy",
        "book/heap/lazy",
        "book-heap-lazy",
        "book/heap lazy",
        "book/a[b]",
        "book/a@b",
    ]
    assert len({slug(name) for name in names}) == len(names)


_NAMES = st.text("ab-/[]@=, .", max_size=8)


@given(_NAMES, _NAMES)
def test_no_two_names_share_a_file(one: str, other: str) -> None:
    assert (slug(one) == slug(other)) == (one == other)
    assert "/" not in slug(one)
