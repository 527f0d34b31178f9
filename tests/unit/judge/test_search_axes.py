"""What the words of a search choose: axes, levels, and what is left out because it cannot run here."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tailgate.benchmark import Axis, Benchmark, Workload
from tailgate.errors import TailgateError
from tailgate.judge.search.axes import chosen_axes, composition_of, searched_benchmark

BASE = Benchmark("flow", "own", lambda _: Workload([1], lambda: print), role="recommended")
OTHER = Benchmark("flow", "other", lambda _: Workload([1], lambda: print), role="recommended")
AXES = (
    Axis("parse", ("plain", "fast", "gone"), {"gone": "it is not installed"}),
    Axis("write", ("plain", "odd")),
    Axis("rare", ("0", "1"), asked=True),
)


def project() -> Any:
    suite = SimpleNamespace(
        benchmarks=(OTHER, BASE),
        axes=lambda name: AXES if name == BASE.name else (),
        find=lambda name: {each.name: each for each in (BASE, OTHER)}[name],
    )
    return SimpleNamespace(suite=suite, config=SimpleNamespace(benchmarks="known"))


@pytest.mark.parametrize(
    ("words", "axes"),
    [
        ((), {"parse": ("plain", "fast"), "write": ("plain", "odd")}),
        (("write",), {"write": ("plain", "odd")}),
        (("parse=fast",), {"parse": ("plain", "fast")}),
        (("rare",), {"parse": ("plain", "fast"), "write": ("plain", "odd"), "rare": ("0", "1")}),
        (("write", "rare=1"), {"write": ("plain", "odd"), "rare": ("0", "1")}),
        (("write", "allocator=malloc"), {"write": ("plain", "odd"), "allocator": ("own", "malloc")}),
    ],
)
def test_words_restrict_axes_and_add_those_that_are_asked_for(
    words: tuple[str, ...], axes: dict[str, tuple[str, ...]]
) -> None:
    chosen = chosen_axes(project(), BASE, words)
    assert {axis.name: axis.levels for axis in chosen.space.axes} == axes
    assert chosen.unavailable == (
        {"parse=gone": "it is not installed"} if "parse" in axes and words[:1] != ("parse=fast",) else {}
    )
    assert set(chosen.means) == ({("allocator", "malloc")} if "allocator" in axes else set())


def test_an_allocator_is_what_its_variables_are() -> None:
    means = chosen_axes(project(), BASE, ["allocator=malloc"]).means["allocator", "malloc"]
    assert dict(means.env) == {"PYTHONMALLOC": "malloc"}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("prase", "there is no axis 'prase'; did you mean 'parse'?"),
        ("parse=fsat", "parse has no level 'fsat'; did you mean 'fast'?"),
        ("parse=", "'parse=' names no level"),
        ("allocator", "'allocator' names no level"),
        ("parse=gone", "there is nothing to exchange"),
    ],
)
def test_a_wrong_word_is_refused(word: str, message: str) -> None:
    with pytest.raises(TailgateError) as caught:
        chosen_axes(project(), BASE, [word])
    assert message in caught.value.message


def test_the_benchmark_to_begin_from_is_the_recommended_one_that_has_axes() -> None:
    assert searched_benchmark(project(), "") is BASE
    assert searched_benchmark(project(), "flow/own") is BASE
    with pytest.raises(TailgateError, match="nothing that may be exchanged in flow/other"):
        searched_benchmark(project(), "flow/other")


def test_a_composition_is_read_from_its_changes() -> None:
    space = chosen_axes(project(), BASE, ()).space
    assert composition_of(space, "") == (0, 0)
    assert composition_of(space, "write=odd,parse=fast") == (1, 1)
    with pytest.raises(TailgateError, match="'write=best' is nothing that is searched over"):
        composition_of(space, "write=best")
