"""What a user's words select, and what wrong words are answered."""

from __future__ import annotations

from typing import Any

import pytest

from tailgate.benchmark import Benchmark, Suite, Workload, format_axes
from tailgate.errors import TailgateError
from tailgate.measure.bench import groups
from tailgate.project.selection import select, selected


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
    ),
    (),
    lambda _: None,
)


def names(benchmarks: Any) -> Any:
    return [each.name for each in benchmarks]


def test_everything_without_a_word() -> None:
    assert select(SUITE, [], []) == list(SUITE.benchmarks)


def test_paths_and_implementations_narrow() -> None:
    assert names(select(SUITE, ["codec"], [])) == ["codec/json", "codec/struct"]
    assert names(select(SUITE, [], ["codec=struct"])) == ["codec/struct"]
    assert names(select(SUITE, ["book", "codec"], ["book=heap-lazy"])) == [
        "book/heap-lazy[read_every=1]",
        "codec/json",
        "codec/struct",
    ]


@pytest.mark.parametrize(
    ("only", "implementations", "message"),
    [
        (["bok"], [], "no path 'bok'; did you mean 'book'"),
        ([], ["book=bisec"], "no book implementation 'bisec'; did you mean 'bisect'"),
        ([], ["book"], "does not say which implementations"),
        ([], ["bok=bisect"], "no path 'bok'"),
    ],
)
def test_wrong_words_get_the_nearest_right_one(only: Any, implementations: Any, message: str) -> None:
    with pytest.raises(TailgateError, match=message):
        select(SUITE, only, implementations)


def test_one_word_names_one_benchmark() -> None:
    assert selected(SUITE, "book/bisect[read_every=10]").name == "book/bisect[read_every=10]"
    assert selected(SUITE, "book=heap-lazy").name == "book/heap-lazy[read_every=1]"
    assert selected(SUITE, "codec").name == "codec/struct"


def test_an_unknown_full_name_lists_the_nearest() -> None:
    with pytest.raises(TailgateError, match=r"nearest: .*book/bisect\[read_every=10\]"):
        selected(SUITE, "book/bisect[read_every=11]")


def test_groups_keep_paths_and_axes_apart() -> None:
    assert {group: len(members) for group, members in groups(SUITE.benchmarks).items()} == {
        "book[read_every=1]": 2,
        "book[read_every=10]": 1,
        "codec": 2,
    }


def test_axes_are_written_in_brackets() -> None:
    assert format_axes({}) == ""
    assert format_axes({"a": "1", "b": "2"}) == "[a=1,b=2]"
