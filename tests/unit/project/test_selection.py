"""What a user's words select, and what wrong words are answered."""

from __future__ import annotations

from typing import Any

import pytest

from tailgate.benchmark import Benchmark, Suite, Workload, format_axes
from tailgate.errors import TailgateError
from tailgate.measure.bench import groups
from tailgate.project.selection import select, select_each, split_words


def declare(path: str, name: str, role: Any = "", **axes: Any) -> Any:
    return Benchmark(path, name, lambda _: Workload([], lambda: len), axes, role)


SUITE = Suite(
    "suite",
    (
        declare("book", "bisect", "recommended", read_every="1"),
        declare("book", "heap-lazy", read_every="1"),
        declare("book", "bisect", "recommended", read_every="10"),
        declare("codec", "json", "bottleneck"),
        declare("codec", "struct", "recommended"),
        declare("bus", "tcp", side="a", size="1"),
        declare("bus", "tcp", side="b", size="1"),
    ),
    (),
    lambda name: declare("codec", "made", n="1") if name == "codec/made[n=1]" else None,
)


def names(benchmarks: Any) -> Any:
    return [each.name for each in benchmarks]


def test_everything_without_a_word() -> None:
    assert select(SUITE, []) == list(SUITE.benchmarks)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["codec"], ["codec/json", "codec/struct"]),
        (["codec=struct"], ["codec/struct"]),
        (["codec/struct"], ["codec/struct"]),
        (["book=bisect"], ["book/bisect[read_every=1]", "book/bisect[read_every=10]"]),
        (["book/bisect"], ["book/bisect[read_every=1]", "book/bisect[read_every=10]"]),
        (["book[read_every=1]"], ["book/bisect[read_every=1]", "book/heap-lazy[read_every=1]"]),
        (["book=heap-lazy,bisect[read_every=1]"], ["book/bisect[read_every=1]", "book/heap-lazy[read_every=1]"]),
        (["bus/tcp[side=a,size=1]"], ["bus/tcp[side=a,size=1]"]),
        (["bus/tcp[size=1]"], ["bus/tcp[side=a,size=1]", "bus/tcp[side=b,size=1]"]),
        (["codec=struct", "book=heap-lazy"], ["book/heap-lazy[read_every=1]", "codec/struct"]),
        (["codec/made[n=1]"], ["codec/made[n=1]"]),
    ],
)
def test_a_word_names_all_that_it_fits(words: Any, found: Any) -> None:
    assert names(select(SUITE, words)) == found


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("book/bisect[read_every=10]", ["book/bisect[read_every=10]"]),
        ("book=heap-lazy", ["book/heap-lazy[read_every=1]"]),
        ("book=heap-lazy,bisect", ["book/heap-lazy[read_every=1]", "book/bisect[read_every=1]"]),
        ("book[read_every=10]", ["book/bisect[read_every=10]"]),
        ("codec", ["codec/struct"]),
        ("bus/tcp", ["bus/tcp[side=a,size=1]"]),
        ("codec/made[n=1]", ["codec/made[n=1]"]),
    ],
)
def test_where_one_is_wanted_it_is_the_recommended_or_the_first_of_each_implementation(word: str, found: Any) -> None:
    assert names(select_each(SUITE, [word])) == found


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("bok", "no path 'bok'; did you mean 'book'"),
        ("book=bisec", "no book implementation 'bisec'; did you mean 'bisect'"),
        ("book=", "'book=' is no selector"),
        ("bok=bisect", "no path 'bok'"),
        ("book[read_every=11]", r"book is not measured under \[read_every=11\]"),
        ("book/bisect[read_every=11]", r"\n  there is book\[read_every=1\], book\[read_every=10\]"),
        ("book/bisec", "no book implementation 'bisec'; did you mean 'bisect'"),
    ],
)
def test_wrong_words_get_the_nearest_right_one(word: str, message: str) -> None:
    for choose in (select, select_each):
        with pytest.raises(TailgateError, match=message):
            choose(SUITE, [word])


def test_a_comma_inside_brackets_belongs_to_the_name() -> None:
    assert split_words("codec/struct[direction=encode,message=order],book,") == [
        "codec/struct[direction=encode,message=order]",
        "book",
    ]


def test_groups_keep_paths_and_axes_apart() -> None:
    assert {group: len(members) for group, members in groups(SUITE.benchmarks).items()} == {
        "book[read_every=1]": 2,
        "book[read_every=10]": 1,
        "codec": 2,
        "bus[side=a,size=1]": 1,
        "bus[side=b,size=1]": 1,
    }


def test_axes_are_written_in_brackets() -> None:
    assert format_axes({}) == ""
    assert format_axes({"a": "1", "b": "2"}) == "[a=1,b=2]"
