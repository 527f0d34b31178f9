"""What a search exchanges in the pipeline, and how its winner is written where `recommended` is declared."""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from implementations.pipeline import composition
from implementations.pipeline.composition import RECOMMENDED, STEPS
from suites.pipeline.accepting import accept, edited
from suites.pipeline.axes import axes, number_of
from suites.pipeline.benchmarks import resolve
from tailgate import TailgateError, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTE = "found by `tailgate search` on 2026-11-28: p99 -6.10 % [-7.00 %, -5.20 %] against the one before (seed 7)"


@pytest.fixture
def process() -> Iterator[None]:
    threshold, interval = gc.get_threshold(), sys.getswitchinterval()
    yield
    gc.set_threshold(*threshold)
    sys.setswitchinterval(interval)


def test_every_path_is_an_axis_that_begins_with_the_recommended_one() -> None:
    found = {axis.name: axis for axis in axes("pipeline/recommended")}
    assert tuple(name for name, axis in found.items() if not axis.asked) == STEPS
    for path in STEPS:
        assert found[path].levels[0] == getattr(RECOMMENDED, path)
        assert set(found[path].missing) <= set(found[path].levels[1:])
    assert {"gc", "threshold", "switch", "capacity"} == {name for name, axis in found.items() if axis.asked}
    assert axes("pipeline/fused") == axes("decode/msgspec") == []


@pytest.mark.parametrize("path", ["gc", "threshold", "switch", "capacity"])
def test_every_level_of_the_other_axes_makes_a_benchmark(path: str) -> None:
    axis = next(each for each in axes("pipeline/recommended") if each.name == path)
    for level in axis.levels[1:]:
        made = resolve(f"pipeline/recommended[{path}={level}]")
        assert made is not None
        assert made.axes == {path: level}
        assert made.role == ("recommended" if path == "gc" else "")
        assert made.shares == (path in {"gc", "capacity"})  # the others are a whole process's


def test_the_collector_and_the_switch_interval_are_set_before_the_tape_is_replayed(
    process: None, monkeypatch: Any
) -> None:
    made = resolve("pipeline/recommended[threshold=12345,switch=0.25]")
    assert made is not None
    seen: list[tuple[int, float]] = []

    def prepare(_: object) -> Workload:
        seen.append((gc.get_threshold()[0], sys.getswitchinterval()))
        return Workload([1], lambda: print)

    under = made.prepare
    under.func(*under.args[:2], prepare, {})  # type: ignore[attr-defined]  # a partial
    assert seen == [(12345, 0.25)]


def test_the_capacity_of_the_hand_off_is_the_axis_s() -> None:
    from implementations.pipeline.composed import build, make_codec, make_stages

    whole = resolve("pipeline/recommended[capacity=64]")
    assert whole is not None
    assert whole.prepare.args[0].keywords == {"capacity": 64}  # type: ignore[attr-defined]  # a partial
    payloads: list[bytes] = []
    loop = asyncio.new_event_loop()
    ring = RECOMMENDED.but("handoff=ring")
    handoff = make_stages(ring, make_codec(ring), payloads.append, loop, 2).new_handoff(lambda _: None)
    loop.close()
    assert [handoff.offer(each) for each in (1, 2, 3)] == [True, True, False]
    with build(RECOMMENDED.but("handoff=ring"), payloads.append, 2) as pipeline:
        quote = '{{"T":"q","S":"AAPL","bp":{0},"bs":1,"ap":{1},"as":1,"t":"2024-01-02T15:00:00Z"}}'
        frame = f"[{','.join(quote.format(100 + step, 102 + step) for step in range(9))}]".encode()
        assert pipeline.on_frame(frame) == len(payloads) > 0


@pytest.mark.parametrize("text", ["0", "-1", "many", "", "1e99"])
def test_a_number_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(TailgateError, match="a number above 0 was expected"):
        number_of("capacity", text)


def test_split_and_capacity_do_not_go_together() -> None:
    with pytest.raises(TailgateError, match="split=stages"):
        resolve("pipeline/recommended[split=stages,capacity=64]")


def source() -> str:
    return Path(composition.__file__).read_text(encoding="utf-8")


def test_a_winner_is_written_where_it_is_declared_and_nothing_else_changes() -> None:
    made = edited(source(), {"book": "bisect", "handoff": "ring"}, NOTE)
    before, after = source().splitlines(), made.splitlines()
    assert '    handoff="ring",' in after
    assert '    book="bisect",' in after
    assert "# " + NOTE[0].upper() + NOTE[1:] == after[after.index("RECOMMENDED: Final = Composition(") - 1]
    changed = [line for line in before if line not in after]
    assert [line.split("=")[0].strip() for line in changed] == ["handoff", "book"]
    scope: dict[str, Any] = {"__name__": "written"}
    sys.modules["written"] = sys  # dataclasses looks its module up
    try:
        exec(compile(made, "composition.py", "exec"), scope)
    finally:
        del sys.modules["written"]
    assert str(scope["RECOMMENDED"]) == str(RECOMMENDED.but("book=bisect,handoff=ring"))


def test_a_second_winner_takes_the_place_of_the_firsts_note() -> None:
    once = edited(source(), {"book": "bisect"}, NOTE)
    twice = edited(once, {"book": "heap-lazy"}, NOTE.replace("2026", "2027"))
    assert twice.count("# Found by ") == 1
    assert "2027-11-28" in twice
    assert edited(once, {"book": RECOMMENDED.book}, NOTE).replace(f"# {NOTE[0].upper()}{NOTE[1:]}\n", "") == source()


def test_a_long_note_is_wrapped_to_the_width_of_the_file() -> None:
    made = edited(source(), {"book": "bisect"}, NOTE + " and more" * 30)
    assert max(map(len, made.splitlines())) <= 120
    again = edited(made, {"book": "heap-lazy"}, NOTE)
    assert " and more" not in again


def test_what_is_no_part_of_a_composition_is_refused() -> None:
    before = source()
    with pytest.raises(TailgateError, match="gc is no part of a composition"):
        accept({"gc": "frozen", "book": "bisect"}, NOTE)
    with pytest.raises(LookupError, match="did you mean 'bisect'"):
        accept({"book": "bisct"}, NOTE)
    assert source() == before


def test_a_declaration_of_another_form_is_left_alone() -> None:
    with pytest.raises(TailgateError, match="of another form than is known"):
        edited("RECOMMENDED = 3\n", {"book": "bisect"}, NOTE)
