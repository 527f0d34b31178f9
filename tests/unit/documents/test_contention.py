"""What runs of threads show together: merged, with their range, and never the best of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from documents.contention.document import NAME, Contender, Contention, ThreadRun, contention_of, jain, percentile_of
from documents.contention.tables import contention_tables
from tailgate.documents.envelope import load, save

if TYPE_CHECKING:
    from pathlib import Path

WHO = Contender("counters", "lock", 2, "floating", "3.11.7", 0.005, 4)


def made_run(turn: int, writes: dict[int, int], done: int = 100, **more: object) -> ThreadRun:
    run = ThreadRun(WHO, turn, (done // 2, done // 2), done, 1.0, writes, {}, "on")
    return replace(run, **more)  # type: ignore[arg-type]  # fields of a run


def test_percentiles_are_those_of_all_runs_together_with_the_range_over_them() -> None:
    slow = [made_run(turn, {100: 900, 400_000: 100}) for turn in range(5)]
    (found,) = contention_of("c", {}, [*slow, made_run(5, {20: 1000})], {}).contended
    assert found.write is not None
    p99 = found.write.percentiles[1]
    assert (p99.value, p99.low, p99.high) == (400_000, 20, 400_000)
    assert found.write.count == 6000


def test_a_percentile_of_counts_is_that_of_the_values() -> None:
    assert percentile_of({5: 50, 7: 49, 900: 1}, 0.5) == 5
    assert percentile_of({5: 50, 7: 49, 900: 1}, 0.99) == 7
    assert percentile_of({5: 50, 7: 49, 900: 1}, 0.999) == 900


def test_the_tail_is_asked_how_much_of_it_waited_for_a_switch() -> None:
    counts = {100: 99_900, 4_900_000: 75, 5_100_000: 25}
    (found,) = contention_of("c", {}, [made_run(0, counts)], {}).contended
    assert found.write is not None
    assert found.write.switched == pytest.approx(25 / 101)  # the p99.9 is the 99,900th of 100,000
    (found,) = contention_of("c", {}, [made_run(0, {6_000_000: 500})], {}).contended
    assert found.write is not None
    assert found.write.switched == 1.0


def test_a_run_that_lost_something_does_not_count_and_is_named() -> None:
    bad = made_run(1, {7: 1}, done=10**9, failure="1 was counted of 2")
    told = contention_of("c", {}, [made_run(0, {100: 10}), bad], {"counters/gone, 3.11.7": "no package"})
    (found,) = told.contended
    assert (found.runs, found.failed) == (1, 1)
    assert found.throughput is not None
    assert found.throughput.high == 100.0
    text = "\n".join(table.text() for table in contention_tables(told))
    assert "1 (1 failed)" in text
    assert "1 was counted of 2" in text
    assert "no package" in text


def test_where_all_failed_there_is_no_figure() -> None:
    told = contention_of("c", {}, [made_run(0, {7: 1}, failure="lost")], {})
    assert told.contended[0].throughput is None
    assert "0 (1 failed)" in contention_tables(told)[0].text()


def test_fairness_is_one_where_all_did_as_much_and_a_part_where_one_did_all() -> None:
    assert jain([5, 5, 5, 5]) == 1.0
    assert jain([20, 0, 0, 0]) == 0.25
    assert jain([0, 0]) == 1.0


def test_what_all_contenders_share_stands_under_the_table_and_what_differs_in_it() -> None:
    other = replace(WHO, threads=8)
    runs = [made_run(0, {100: 10}), replace(made_run(0, {200: 10}), contender=other)]
    (table,) = contention_tables(contention_of("c", {}, runs, {}))
    assert table.columns[:3] == ("implementation", "threads", "runs")
    assert "CPUs floating" in table.notes[0]
    assert [row[1] for row in table.rows] == ["2", "8"]


def test_it_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    told = contention_of("c", {"machine": "m"}, [made_run(0, {100: 10, 200: 1})], {})
    assert load(save(tmp_path / NAME, told), Contention) == told
