"""A figure is marked where too few operations stand behind it; a ratio pairs the processes of one block."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tailgate.results import histogram
from tailgate.results.bench_report import budget_table, first_pass_table, percentile_table, stage_table
from tailgate.results.load import BenchmarkResult, ProcessResult, Results
from tailgate.results.summary import figures, ratio, summarise
from tailgate.statistics.quantiles import LADDER

if TYPE_CHECKING:
    from tailgate.documents.bench import BenchFigures


def result(
    role: str,
    *,
    operations: int = 2,
    passes: int = 1,
    ns: tuple[int, ...] = (1_000,),
    blocks: tuple[int, ...] = (0,),
    kept_out: int = 0,
) -> BenchmarkResult:
    processes = []
    for block, each in zip(blocks, ns, strict=True):
        raw = histogram.fill([each] * (operations * passes - kept_out))
        processes.append(ProcessResult(block, raw, raw, raw, {"all": raw}))
    return BenchmarkResult(
        f"book/{role}", "book", role, "book", role, operations, passes, "", 50.0, 140.0, tuple(processes)
    )


def cells(each: BenchmarkResult) -> dict[str, str]:
    base = result("bottleneck", operations=200_000)
    table = percentile_table("book", [figures(each, base), figures(base, base)])
    return dict(zip(table.columns, table.rows[0], strict=True))


def test_every_figure_of_a_percentile_with_too_few_operations_is_marked() -> None:
    few = cells(result("recommended", operations=9_943, passes=70))
    marked = {column for column, cell in few.items() if cell.startswith("~")}
    assert marked == {"p99", "p99.9", "p99 over processes", "reproducible p99", "vs bottleneck p99"}


def test_another_pass_over_an_operation_makes_it_no_other_operation() -> None:
    for passes in (1, 7):
        whole = cells(result("recommended", operations=19_999, passes=passes))
        assert (whole["p99"], whole["reproducible p99"]) == ("~1,000 ns", "~1,000 ns")
        enough = cells(result("recommended", operations=20_000, passes=passes))
        assert (enough["p99"], enough["reproducible p99"]) == ("1,000 ns", "1,000 ns")
    cold = first_pass_table([figures(result("recommended", operations=9_943, passes=7))])
    assert cold.rows[0][1:] == ("1,000 ns", "1,000 ns", "~1,000 ns", "~1,000 ns")
    assert cold.notes


def test_what_was_kept_out_of_the_only_pass_is_no_operation_beyond_a_percentile() -> None:
    def marks(passes: int, kept_out: int) -> tuple[str, str]:
        found = cells(result("recommended", operations=20_000, passes=passes, kept_out=kept_out))
        return found["p99"][:1], found["reproducible p99"][:1]

    assert (marks(1, 0), marks(1, 1), marks(2, 5_000)) == (("1", "1"), ("~", "~"), ("1", "1"))


def test_stages_and_budgets_bear_the_mark_too() -> None:
    few = result("recommended", operations=1_024, passes=3)
    stages = stage_table([figures(few)])
    assert stages is not None
    assert stages.rows[0][1:5] == ("1,000 ns", "~1,000 ns", "~1,000 ns", "~1,000 ns")
    plain = replace(few, processes=tuple(replace(each, stages={}) for each in few.processes))
    spent = summarise(Results(Path("results.json"), (plain,), {}, {}, {}), {"book": 10}).budgets
    table = budget_table(spent)
    assert table.rows[0][2] == "~1,000 ns"
    assert table.notes


def test_a_file_merged_of_two_runs_pairs_the_processes_of_each_run() -> None:
    """The machine was ten times slower in the second run: the ratio is 2 in both, whatever the blocks are called."""
    base = result("bottleneck", ns=(2_000, 20_000), blocks=(0, 0))
    fast = result("recommended", ns=(1_000, 10_000), blocks=(0, 0))
    found = ratio(fast, base, LADDER.index(0.5))
    assert found is not None
    assert (found.low, found.times, found.high) == pytest.approx((2.0, 2.0, 2.0), rel=0.01)


def cut(operations: int, tape: int) -> BenchmarkResult:
    return replace(result("recommended", operations=operations), tape=tape)


def seen(operations: int, tape: int) -> BenchFigures:
    return figures(cut(operations, tape))


def test_a_tape_that_was_not_replayed_to_its_end_is_told_of() -> None:
    (note,) = percentile_table("book", [seen(300_000, 400_000)]).notes
    assert note.startswith("only the first operations of the tape were replayed (300,000 of 400,000): the tail of")
    for whole in (seen(300_000, 300_000), seen(300_000, 0)):  # 0: a file of before the length was kept
        assert percentile_table("book", [whole]).notes == ()
    mixed = [seen(300_000, 300_000), seen(300_000, 400_000), seen(200_000, 400_000)]
    (note,) = first_pass_table(mixed).notes
    assert note.startswith("only the first operations of the tape were replayed for 2 of these 3 (200,000 of 400,000, ")


def test_a_budget_held_against_the_opening_of_a_tape_says_so() -> None:
    few = cut(300_000, 400_000)
    plain = replace(few, processes=tuple(replace(each, stages={}) for each in few.processes))
    table = budget_table(summarise(Results(Path("results.json"), (plain,), {}, {}, {}), {"book": 10}).budgets)
    assert [note[:30] for note in table.notes] == ["only the first operations of t"]
    stages = stage_table([figures(few)])
    assert stages is not None
    assert stages.notes == table.notes


def test_a_percentile_of_0_ns_has_no_ratio_and_is_drawn_all_the_same() -> None:
    """Less than a step of the clock: 0 ns, on either side."""
    nothing, base = result("recommended", ns=(0,)), result("bottleneck", ns=(0,))
    for one, other in ((nothing, result("bottleneck")), (result("recommended"), base), (nothing, base)):
        found = figures(one, other)
        assert found.versus == (None, None, None, None)
        assert percentile_table("book", [found]).rows[0][8:10] == ("-", "-")
    assert figures(nothing).machine_share == 0.0
