"""The gate's decision over series that are made, so that every verdict has its case."""

from __future__ import annotations

import math
import random
import re
from dataclasses import replace
from itertools import count, cycle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tailgate.config import GateConfig
from tailgate.documents.comparison import KINDS, Series
from tailgate.documents.gate import GateDocument, judged_count
from tailgate.errors import TailgateError
from tailgate.judge import change
from tailgate.judge import trials as scouting
from tailgate.judge.arms import BASE, HEAD, NEGATIVE_CONTROL, POSITIVE_CONTROL, Arms, BlindError, arms_of
from tailgate.judge.budgets import budgets_of
from tailgate.judge.documents import gate_document
from tailgate.judge.gate import GateRules, Trial, Verdict, interrupt_trials, overall_verdict, run_gate, settle
from tailgate.judge.pairing import Pairs
from tailgate.judge.trials import Gated, GateRequest, Revisions, scouted_trials, without_blocks
from tailgate.measure.lockstep import Plan
from tailgate.measure.protocol import Injection
from tailgate.measure.revisions import Checkout
from tailgate.measure.sides import Side, SideError, UnavailableSideError
from tailgate.measure.workers import HungSideError
from tailgate.results.gate_report import count_table, gate_markdown, gate_table, gate_text
from tailgate.statistics.estimate import log_shift
from tailgate.statistics.multiplicity import least_blocks
from tailgate.statistics.sequential import Plan as Looks

RULES = GateRules(Looks((12, 18, 24), 0.01), 0.02, 1e9)
PLAN = Plan(module="", root=Path(), settings={})
NOBODY = Side("", "")
NO_ARMS = Arms(NOBODY, NOBODY, NOBODY, NOBODY)


def trial(name: str = "path/name") -> Trial:
    return Trial(name, Arms(NOBODY, NOBODY, NOBODY, NOBODY), PLAN)


def one_by_one(measure: Any) -> Any:
    """Return a measure of all trials of a block from one of a single trial; a side that fails fails its trial."""

    def measure_all(trials: Any) -> None:
        for each in trials:
            try:
                measure(each)
            except SideError as error:
                each.failure = str(error)

    return measure_all


def feeding(factors: dict[str, float], seed: int = 1, spread: float = 0.005) -> Any:
    """Return a measure that adds blocks whose arms are slower by known factors, with noise of that spread."""
    return one_by_one(adding(factors, seed, spread))


def adding(factors: dict[str, float], seed: int = 1, spread: float = 0.005) -> Any:
    """Return the same for a single trial."""
    rng = random.Random(seed)

    def measure(each: Trial) -> None:
        made = Series(operations=20_000, recorded=140_000)
        for kind in KINDS:
            for arm in (BASE, HEAD, NEGATIVE_CONTROL, POSITIVE_CONTROL):
                value = 5_000 * factors.get(arm, 1.0) * rng.lognormvariate(0.0, spread)
                made.rows[kind][arm] = [(value,) * 4]
        each.series.take(made, 0)

    return measure


CONTROL_SEEN = {"positive-control": 1.05}
FIRST = Checkout("main", "", Path(), (), ())


@pytest.mark.parametrize(
    ("factors", "verdict"),
    [
        (CONTROL_SEEN, Verdict.PASS),
        ({"positive-control": 1.05 * 1.06, "head": 1.06}, Verdict.REGRESSION),
        ({"positive-control": 1.05 * 0.9, "head": 0.9}, Verdict.PASS),
        (CONTROL_SEEN | {"negative-control": 1.05}, Verdict.UNFIT),
        (CONTROL_SEEN | {"negative-control": 0.95}, Verdict.UNFIT),
        ({"positive-control": 1.0}, Verdict.UNFIT),
    ],
)
def test_each_verdict_has_its_case(factors: dict[str, float], verdict: Verdict) -> None:
    one = trial()
    assert run_gate([one], RULES, feeding(factors)) is verdict
    assert one.verdict is verdict


def test_a_clear_answer_takes_twelve_blocks_and_a_missed_positive_control_all_of_them() -> None:
    clear, blind = trial("clear"), trial("blind")
    run_gate([clear], RULES, feeding(CONTROL_SEEN))
    run_gate([blind], RULES, feeding({"positive-control": 1.0}))
    assert (clear.blocks_judged, blind.blocks_judged) == (12, 24)
    assert blind.fitness == "positive control missed"


def test_a_shift_at_the_margin_in_noise_stays_undecided() -> None:
    one = trial()
    assert run_gate([one], RULES, feeding({"head": 1.02, "positive-control": 1.3}, spread=0.05)) is Verdict.UNDECIDED


def test_a_raw_tail_that_grows_alone_is_a_regression() -> None:
    steady = adding(CONTROL_SEEN)

    def measure(each: Trial) -> None:
        steady(each)
        rows = each.series.rows["raw"][HEAD]
        rows[-1] = tuple(1.2 * value for value in rows[-1])

    one = trial()
    assert run_gate([one], RULES, one_by_one(measure)) is Verdict.REGRESSION
    assert (one.decisions["raw"].verdict, one.decisions["reproducible"].verdict) == ("regression", "pass")


def test_a_failing_side_keeps_the_other_trials_going() -> None:
    good, bad = trial("good"), trial("bad")
    fine = adding(CONTROL_SEEN)

    def measure(each: Trial) -> None:
        if each is bad and len(each.series) == 3:
            raise SideError("side 'head' died")
        fine(each)

    run_gate([good, bad], RULES, one_by_one(measure))
    assert (good.verdict, bad.verdict, bad.failure) == (Verdict.PASS, None, "side 'head' died")


def test_a_spent_budget_ends_undecided() -> None:
    ticks = iter(range(1000))
    one = trial()
    rules = GateRules(RULES.looks, 0.02, 8.0)  # a block takes one tick, and the loop another
    assert run_gate([one], rules, feeding(CONTROL_SEEN), clock=lambda: next(ticks)) is Verdict.UNDECIDED
    assert (len(one.series), one.blocks_judged, one.fitness) == (4, 4, "too few blocks")


def test_a_positive_control_that_time_left_no_blocks_to_see_says_nothing_of_the_machine() -> None:
    ticks = iter(range(1000))
    one = trial()
    rules = GateRules(RULES.looks, 0.02, 14.0)  # seven blocks, which could see it
    unseen = feeding({"positive-control": 1.0})
    assert run_gate([one], rules, unseen, clock=lambda: next(ticks)) is Verdict.UNDECIDED
    assert (one.blocks_judged, one.fitness) == (7, "too few blocks")


def test_a_budget_that_ends_between_two_analyses_throws_no_block_away() -> None:
    """Sixteen blocks of a noise in which the first twelve say nothing: all sixteen are judged, and say enough."""
    ticks = iter(range(1000))
    one = trial()
    rules = GateRules(RULES.looks, 0.02, 32.0)
    run_gate([one], rules, feeding({"positive-control": 1.3}, seed=3, spread=0.019), clock=lambda: next(ticks))
    assert (len(one.series), one.blocks_judged) == (16, 16)
    assert one.verdict is Verdict.PASS
    assert one.decisions["raw"].estimate.n == 16
    assert one.decisions["raw"].level > RULES.looks.nominal_alpha(0)  # what the later ones would have spent is spent


def test_what_was_found_cannot_have_been_missed() -> None:
    assert settle("regression", "positive control missed", spent=False) is Verdict.REGRESSION
    assert settle("regression", "negative control moved", spent=False) is Verdict.UNFIT
    assert settle("pass", "positive control missed", spent=False) is None
    assert settle("continue", "yes", spent=False) is None
    assert settle("undecided", "yes", spent=True) is Verdict.UNDECIDED


def test_the_gravest_verdict_is_the_whole_gates() -> None:
    def with_verdict(verdict: Verdict) -> Trial:
        one = trial()
        one.verdict = verdict
        return one

    trials = [with_verdict(each) for each in (Verdict.PASS, Verdict.UNDECIDED, Verdict.UNFIT, Verdict.REGRESSION)]
    assert [overall_verdict(trials[: n + 1]) for n in range(4)] == [each.verdict for each in trials]


def test_identical_code_is_not_called_a_regression_in_two_hundred_gates() -> None:
    alarms = sum(
        run_gate([trial()], RULES, feeding(CONTROL_SEEN, seed, spread=0.02)) is Verdict.REGRESSION
        for seed in range(200)
    )
    assert alarms <= 2


def test_five_percent_is_found_in_fifty_gates() -> None:
    found = sum(
        run_gate([trial()], RULES, feeding({"head": 1.05, "positive-control": 1.1}, seed, spread=0.015))
        is Verdict.REGRESSION
        for seed in range(50)
    )
    assert found >= 48


def report(**changes: Any) -> GateDocument:
    one = trial()
    verdict = run_gate([one], RULES, feeding(CONTROL_SEEN))
    return gate_document("main", "HEAD", verdict, (one,), 0.02, **changes)


def test_the_report_says_the_verdict_in_all_its_forms() -> None:
    told = report(skipped={"path/new": "it is new"})
    assert "PASS: no gated p99" in gate_text(told)
    assert "path/new: not judged, it is new" in gate_text(told)
    assert gate_markdown(told).startswith("# p99 gate: PASS\n")
    assert (told.verdict, told.exit_status) == ("PASS", 0)
    shift = told.benchmarks[0].figures["reproducible"].shift
    assert shift.low is not None
    assert shift.high is not None
    assert shift.low < shift.log_ratio < shift.high


def test_a_benchmark_that_failed_makes_an_error_of_the_whole_in_every_form() -> None:
    good, bad = trial("path/good"), trial("path/bad")
    run_gate([good], RULES, feeding(CONTROL_SEEN))
    bad.failure = "side 'head' died"
    told = gate_document("main", "HEAD", Verdict.PASS, (good, bad), 0.02)
    assert (told.exit_status, told.verdict) == (2, "ERROR")
    assert "ERROR: not judged: path/bad; the others: PASS" in gate_text(told)
    assert gate_markdown(told).startswith("# p99 gate: ERROR\n")


def test_a_regression_that_was_counted_is_not_told_as_one_of_the_tail() -> None:
    more = judged_count("path/name", "allocations", 10.0, 11.0, 0.0)
    one = trial()
    run_gate([one], RULES, feeding({"head": 1.02, "positive-control": 1.3}, spread=0.05))
    told = gate_document("main", "HEAD", Verdict.REGRESSION, (one,), 0.02, counts=(more,))
    assert told.sentence == (
        "REGRESSION: head does more than base (allocations of path/name); its time alone would not be one"
    )
    assert f"path/name: its p99 is UNDECIDED, {one.blocks_judged} blocks" in gate_text(told)


def test_figures_of_too_few_operations_are_marked_as_a_duels_are() -> None:
    told = report()
    assert "~" not in gate_text(told)
    assert "the intervals hold at 94.5 % over all interim analyses" in gate_text(told)
    one = trial()
    verdict = run_gate([one], RULES, feeding(CONTROL_SEEN))
    one.series.operations = 19_999  # seven passes over them are 140,000 samples, and no other operations
    few = gate_document("main", "HEAD", verdict, (one,), 0.02)
    assert "  ~path/name reproducible" in gate_text(few)
    assert "  ~path/name raw" in gate_text(few)
    assert [few.benchmarks[0].figures[kind].advisory for kind in KINDS] == [True, True]
    one.series.operations, one.series.recorded = 20_000, 17_500  # one pass, an eighth of it kept out
    few = gate_document("main", "HEAD", verdict, (one,), 0.02)
    assert [few.benchmarks[0].figures[kind].advisory for kind in KINDS] == [True, True]


def test_no_row_passes_on_a_machine_that_missed_its_positive_control_and_none_is_left_at_continue() -> None:
    blind, open_ = trial("path/blind"), trial("path/open")
    run_gate([blind], RULES, feeding({"positive-control": 1.0}))
    run_gate([open_], GateRules(RULES.looks, 0.02, 12.0), feeding({"head": 1.02, "positive-control": 1.3}, spread=0.05))
    told = gate_document("main", "HEAD", Verdict.UNFIT, (blind, open_), 0.02)
    rows = gate_table(told).rows
    assert [row[-1] for row in rows[:2]] == ["not certified", "not certified"]
    assert [row[7].partition(" % ")[2] for row in rows[:2]] == ["not seen", "not seen, not needed"]
    open_.decisions = {kind: replace(each, verdict="continue") for kind, each in open_.decisions.items()}
    told = gate_document("main", "HEAD", Verdict.UNDECIDED, (open_,), 0.02)
    assert {row[-1] for row in gate_table(told).rows} == {"undecided", "beside"}
    assert told.sentence.startswith("UNDECIDED: the blocks do not tell whether the p99 is slower by more than ")


def test_more_allocations_are_worse_unless_somebody_said_why() -> None:
    more = judged_count("path/name", "allocations", 10.0, 11.0, 0.0)
    accepted = judged_count("path/name", "allocations", 10.0, 11.0, 0.0, "keeps a cache")
    fewer = judged_count("path/name", "allocations", 11.0, 10.0, 0.0)
    assert [each.worse for each in (more, accepted, fewer)] == [True, False, False]
    table = count_table(report(counts=(more, accepted, fewer)))
    assert table is not None
    assert [row[-1] for row in table.rows] == ["MORE", "accepted: keeps a cache", "ok"]


@pytest.mark.parametrize(("blocks", "first"), [(5, "UNDECIDED"), (15, "UNDECIDED"), (30, "PASS")])
def test_an_interrupted_gate_passes_nothing_and_keeps_what_is_known(blocks: int, first: str) -> None:
    one, two = trial("path/one"), trial("path/two")
    fine, wild, left = adding(CONTROL_SEEN), adding({"positive-control": 1.3}, seed=2, spread=0.03), iter(range(blocks))

    def measure(each: Trial) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        (fine if each is one or blocks < 30 else wild)(each)

    with pytest.raises(KeyboardInterrupt):
        run_gate([one, two], RULES, one_by_one(measure))
    told = gate_document("main", "HEAD", interrupt_trials([one, two]), (one, two), 0.02, interrupted=True)
    assert len(one.series) + len(two.series) == blocks
    assert (one.verdict, two.verdict) == (Verdict[first], Verdict.UNDECIDED)
    assert (told.interrupted, told.verdict, told.exit_status) == (True, "UNDECIDED", 130)
    assert "UNDECIDED: interrupted before the gate was through" in gate_text(told)
    assert gate_markdown(told).startswith("# p99 gate: UNDECIDED\n")


def test_an_interrupted_gate_says_what_failed_and_what_was_found_by_then() -> None:
    bad, slow = trial("path/bad"), trial("path/slow")
    bad.failure, slow.verdict = "side 'head' died", Verdict.REGRESSION
    told = gate_document("main", "HEAD", interrupt_trials([bad, slow]), (bad, slow), 0.02, interrupted=True)
    assert told.sentence == (
        "ERROR: interrupted before the gate was through; not judged: path/bad; "
        "a regression was found by then: path/slow"
    )
    assert told.exit_status == 130


def test_a_machine_that_saw_no_delay_while_scouting_is_unfit_and_the_other_benchmarks_are_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blind = {"path/blind": BlindError("a delay of about 30 % was not seen")}
    monkeypatch.setattr(scouting, "scout", lambda *_, **__: blind)
    revisions = Revisions(FIRST, FIRST, FIRST)
    project: Any = SimpleNamespace(
        config=SimpleNamespace(gate=GateConfig())
    )  # its suite is not asked with a suite each
    pairs = Pairs({"path/blind": "path/blind"})
    (two,) = scouted_trials(
        Gated(pairs), project, revisions, PLAN, random.Random(1), GateRequest("main", suites="each"), RULES
    )
    one = trial("path/sees")
    told = gate_document("main", "HEAD", run_gate([one, two], RULES, feeding(CONTROL_SEEN)), (one, two), 0.02)
    assert (told.verdict, told.exit_status, one.verdict) == ("UNFIT", 4, Verdict.PASS)
    assert "path/blind: no delay was seen while scouting" in gate_text(told)
    assert told.benchmarks[1].verdict == "UNFIT"


@pytest.mark.parametrize("names", [("a",), ("a", "b"), ("a", "b", "c")])
def test_a_delay_that_was_not_seen_once_is_looked_for_again(
    monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    asked: list[list[str]] = []

    def scout(sides: Any, *_: Any, **__: Any) -> Any:
        asked.append(list(sides))
        seen = {name: SideError("it died") for name in sides}
        return seen if len(asked) > 1 else {**seen, "a": BlindError("a delay of about 30 % was not seen")}

    monkeypatch.setattr(scouting, "scout", scout)
    project: Any = SimpleNamespace(config=SimpleNamespace(gate=GateConfig()))
    with pytest.raises(SideError, match="it died"):  # as all did, in the end
        scouted_trials(
            Gated(Pairs({name: name for name in names})),
            project,
            Revisions(FIRST, FIRST, FIRST),
            PLAN,
            random.Random(1),
            GateRequest("main", suites="each"),
            RULES,
        )
    assert asked == [list(names), ["a"]]


def test_no_less_than_a_step_of_the_clock_is_called_detectable() -> None:
    told = report()
    assert "resolution" not in gate_text(told)
    one = trial()
    fine = adding(CONTROL_SEEN)

    def measure(each: Trial) -> None:
        fine(each)
        each.series.clock_step_ns = 500  # of a p99 of 5,000 ns

    coarse = gate_document("main", "HEAD", run_gate([one], RULES, one_by_one(measure)), (one,), 0.02)
    found = coarse.benchmarks[0]
    assert found.clock_step_ns == 500
    assert found.figures["reproducible"].detectable == pytest.approx(math.log1p(0.1), rel=0.01)
    assert "the clock's resolution is 500 ns" in gate_text(coarse)
    assert "more than the margin nothing passes" in gate_text(coarse)


@pytest.mark.parametrize(("clock_step_ns", "verdict"), [(50, Verdict.PASS), (150, Verdict.UNDECIDED)])
def test_nothing_passes_whose_clock_runs_in_steps_beyond_the_margin(clock_step_ns: int, verdict: Verdict) -> None:
    """The p99 is 5,000 ns and the margin 2 %, 100 ns."""
    one = trial()
    fine = adding(CONTROL_SEEN)

    def measure(each: Trial) -> None:
        fine(each)
        each.series.clock_step_ns = clock_step_ns

    assert run_gate([one], RULES, one_by_one(measure)) is verdict


def test_what_is_decided_takes_no_part_in_later_blocks() -> None:
    clear, noisy = trial("clear"), trial("noisy")
    fine, wild = adding(CONTROL_SEEN), adding({"positive-control": 1.3}, seed=2, spread=0.03)
    seen: list[int] = []

    def measure(trials: Any) -> None:
        seen.append(len(trials))
        for each in trials:
            (fine if each is clear else wild)(each)

    run_gate([clear, noisy], RULES, measure)
    alone = len(noisy.series) - 12
    assert len(clear.series) == 12
    assert alone in {6, 12}
    assert seen == [2] * 12 + [1] * alone


def test_an_undecided_figure_says_what_would_decide_it() -> None:
    one = trial()
    ticks = count()

    def clock() -> float:
        return next(ticks)

    run_gate([one], RULES, feeding({"head": 1.01, "positive-control": 1.3}, spread=0.04), clock=clock)
    assert one.verdict is Verdict.UNDECIDED
    told = gate_document("main", "HEAD", Verdict.UNDECIDED, (one,), 0.02)
    need = one.needs["reproducible"]
    said = f"path/name reproducible: about {need.blocks} blocks would decide, {need.blocks - one.blocks_judged} s more"
    assert f"{said}; it would pass at a margin of" in gate_text(told)
    assert need.margin == one.decisions["reproducible"].estimate.high > log_shift(2.0)
    needed = told.benchmarks[0].needs["reproducible"]
    assert needed.margin == pytest.approx(math.expm1(need.margin))
    again = trial()
    wider = GateRules(RULES.looks, math.expm1(need.margin) + 1e-6, 1e9)
    run_gate([again], wider, feeding({"head": 1.01, "positive-control": 1.3}, spread=0.04))
    assert again.decisions["reproducible"].verdict == "pass"
    assert not gate_document("main", "HEAD", Verdict.PASS, (again,), 0.02).benchmarks[0].needs.keys() & {"reproducible"}


def test_what_no_budget_in_reach_decides_is_told_early() -> None:
    one = trial()
    sides = cycle((math.exp(0.55), math.exp(-0.45)))  # + 5 %, with a scatter that 24 blocks do not average out

    def measure(each: Trial) -> None:
        adding({"head": next(sides), "positive-control": 1.3}, spread=0.0)(each)

    run_gate([one], RULES, one_by_one(measure))
    assert one.verdict is Verdict.UNDECIDED
    assert len(one.series) == 12
    assert all(need.blocks > 24 for need in one.needs.values())


def test_what_may_still_be_decided_is_not_given_up() -> None:
    runs = [trial() for _ in range(30)]
    for seed, one in enumerate(runs):
        run_gate([one], RULES, feeding({"positive-control": 1.3}, seed=seed, spread=0.015))
    assert sum(one.verdict is Verdict.PASS for one in runs) >= 28


def test_a_benchmark_or_one_figure_of_it_may_have_a_margin_of_its_own() -> None:
    rules = GateRules(RULES.looks, 0.02, 1e9, {"path/one": 0.1, "path/two raw": 0.1})
    one, two, three = trial("path/one"), trial("path/two"), trial("path/three")
    run_gate([one, two, three], rules, feeding({"positive-control": 1.3, "head": 1.05}))
    assert [each.verdict for each in (one, two, three)] == [Verdict.PASS, Verdict.REGRESSION, Verdict.REGRESSION]
    assert [two.decisions[kind].verdict for kind in KINDS] == ["regression", "pass"]
    told = gate_text(gate_document("main", "HEAD", Verdict.REGRESSION, (one, two, three), 0.02))
    assert "margin 10 %: path/one reproducible, path/one raw, path/two raw" in told
    assert "by more than the margin of 2 %, or its own" in told


def test_a_repeated_input_is_judged_by_its_median_and_its_raw_tail_stands_beside() -> None:
    steady = adding(CONTROL_SEEN)

    def measure(each: Trial) -> None:
        steady(each)
        for kind in KINDS:  # a tail of the machine's, which is nobody's regression
            rows = each.series.rows[kind][HEAD]
            rows[-1] = (rows[-1][0], *(3 * value for value in rows[-1][1:]))

    one, tape = replace(trial("repeated"), percentile=0.5), trial("tape")
    assert run_gate([one], RULES, one_by_one(measure)) is Verdict.PASS
    assert run_gate([tape], RULES, one_by_one(measure)) is Verdict.REGRESSION
    found = gate_document("main", "HEAD", Verdict.REGRESSION, (one, tape), 0.02)
    beside = [
        (each.kind, each.percentile, round(each.shift.log_ratio, 1)) for b in found.benchmarks for each in b.beside
    ]
    assert beside == [("raw", 0.99, round(math.log(3), 1)), ("reproducible", 0.5, 0.0)]
    text = gate_text(found)
    assert "repeated: its p50 is PASS" in text
    assert "tape: its p99 is REGRESSION" in text
    assert any(row[0] == "repeated raw p99" and row[-1] == "beside" for row in gate_table(found).rows)


def test_what_is_skipped_new_or_deleted_is_counted_in_the_sentence() -> None:
    told = report(skipped={"a": "it is new", "b": "it was deleted", "c": "skipped"}, new=("a",), deleted=("b",))
    assert told.sentence.endswith("; not judged: 1 new, 1 deleted, 1 skipped")
    assert told.exit_status == 0
    alone = gate_document("main", "HEAD", Verdict.PASS, (), 0.02, skipped={"a": "it is new"}, new=("a",))
    assert alone.sentence == "PASS: no benchmark is in both revisions; not judged: 1 new"


def test_a_test_that_is_skipped_costs_the_others_nothing_and_alone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, Any] = {"t.py::a": UnavailableSideError("it is skipped: no abacus")}
    monkeypatch.setattr(scouting, "scout", lambda *_, **__: found)
    revisions = Revisions(FIRST, FIRST, FIRST)
    project: Any = SimpleNamespace(config=SimpleNamespace(gate=GateConfig()))
    options = GateRequest("main", suites="each")
    pairs = Pairs({"t.py::a": "t.py::a"})
    with pytest.raises(TailgateError, match=r"no benchmark can be judged: t\.py::a: skipped: it is skipped: no abacus"):
        scouted_trials(Gated(pairs), project, revisions, PLAN, random.Random(1), options, RULES)
    found["t.py::b"] = BlindError("not seen")
    pairs.base_of["t.py::b"] = "t.py::b"
    (other,) = scouted_trials(Gated(pairs), project, revisions, PLAN, random.Random(1), options, RULES)
    assert other.name == "t.py::b"
    assert pairs.skipped == {"t.py::a": "skipped: it is skipped: no abacus"}


def test_a_fit_machine_is_not_called_unfit_more_often_because_there_are_more_benchmarks() -> None:
    """Sixty gates of eight benchmarks in which any shift of the negative control would be beyond the margin."""
    rules = GateRules(Looks((12,), 0.05), 0.0, 1e9)
    unfit = 0
    for seed in range(60):
        trials = [trial(f"path/{number}") for number in range(8)]
        run_gate(trials, rules, feeding({"positive-control": 1.3}, seed=seed, spread=0.02))
        unfit += any(each.fitness == "negative control moved" for each in trials)
    assert unfit <= 8  # 0.05 of sixty are 3; unshared it would be 34 of them


def test_a_control_that_moved_is_seen_among_eight_benchmarks_too() -> None:
    trials = [trial(f"path/{number}") for number in range(8)]
    fine, moved = adding(CONTROL_SEEN), adding(CONTROL_SEEN | {"negative-control": 1.05})
    run_gate(trials, RULES, one_by_one(lambda each: (moved if each is trials[3] else fine)(each)))
    assert [each.verdict for each in trials] == [Verdict.UNFIT if n == 3 else Verdict.PASS for n in range(8)]


def shifted(p: int, by: float) -> Any:
    """Return a measure in which head is slower at one step of the ladder alone."""
    steady = adding(CONTROL_SEEN)

    def measure(each: Trial) -> None:
        steady(each)
        for kind in KINDS:
            row = list(each.series.rows[kind][HEAD][-1])
            row[p] *= by
            each.series.rows[kind][HEAD][-1] = tuple(row)

    return one_by_one(measure)


def test_each_percentile_that_is_asked_for_is_judged_and_no_other() -> None:
    one, tail = replace(trial("one"), also=(0.5,)), trial("tail")
    assert run_gate([one], RULES, shifted(0, 1.06)) is Verdict.REGRESSION
    assert run_gate([tail], RULES, shifted(0, 1.06)) is Verdict.PASS
    verdicts = {name: each.verdict for name, each in one.decisions.items()}
    judged = {"reproducible p50": "regression", "raw p50": "regression", "reproducible": "pass", "raw": "pass"}
    assert verdicts == judged
    told = gate_document("main", "HEAD", Verdict.REGRESSION, (one, tail), 0.02)
    assert "one: its p50 and p99 is REGRESSION" in gate_text(told)
    assert [row[0] for row in gate_table(told).rows if row[-1] == "regression"] == [
        "one reproducible p50",
        "one raw p50",
    ]
    assert [each.percentile for each in told.benchmarks[1].beside] == [0.5]  # in every verdict, judged or not
    assert told.benchmarks[0].beside == ()
    assert told.benchmarks[0].figures["raw p50"].percentile == 0.5


def test_a_margin_may_be_of_a_percentile_and_what_names_more_counts() -> None:
    margins = {"p50": 0.3, "one p50": 0.2, "one": 0.1, "one p50 raw": 0.4}
    rules = GateRules(RULES.looks, 0.02, 1e9, margins)
    assert rules.margin_of("one", "raw", 0.5) == 0.4
    assert rules.margin_of("one", "reproducible", 0.5) == 0.2
    assert rules.margin_of("one", "raw", 0.99) == 0.1
    assert rules.margin_of("two", "raw", 0.5) == 0.3
    assert rules.margin_of("two", "raw", 0.99) == 0.02
    one = replace(trial("two"), also=(0.5,))
    assert run_gate([one], rules, shifted(0, 1.06)) is Verdict.PASS


@pytest.mark.parametrize(
    ("budget_us", "factor", "word", "broken"),
    [
        (5.2, 1.06, "BROKEN by head and kept by base (not fatal)", True),
        (4.0, 1.06, "broken by both", False),
        (9.0, 1.06, "kept", False),
        (5.0001, 1.0, "kept|exceeded by head within its error", False),
    ],
)
def test_a_budget_that_head_breaks_and_base_keeps_is_said(
    budget_us: float, factor: float, word: str, *, broken: bool
) -> None:
    one = trial("path/name")
    run_gate([one], RULES, shifted(2, factor))
    (found,) = budgets_of([one], {"path": budget_us, "other": 1.0}, {"path/name": "path"}, fatal=False)
    assert found.broken is broken
    assert re.search(
        f"the raw p99 is ({word.replace('(', chr(92) + '(').replace(')', chr(92) + ')')}): base", found.said
    )
    told = gate_document("main", "HEAD", Verdict.PASS, (one,), 0.02, budgets=(found,))
    assert found.said in gate_text(told)
    assert f"- {found.said}" in gate_markdown(told)


def test_a_fatal_budget_is_a_regression_by_its_own_sentence() -> None:
    one = trial("path/name")
    run_gate([one], GateRules(RULES.looks, 0.5, 1e9), shifted(2, 1.06))
    budgets = budgets_of([one], {"path/name": 5.2}, {}, fatal=True)
    told = gate_document("main", "HEAD", Verdict.REGRESSION, (one,), 0.5, budgets=budgets)
    assert told.sentence == "REGRESSION: head breaks the budget of path/name, which base keeps"


def test_a_benchmark_that_is_timed_in_batches_says_so_with_their_size() -> None:
    one = replace(trial("path/short"), plan=replace(PLAN, batch=4))
    told = gate_document("main", "HEAD", run_gate([one], RULES, feeding(CONTROL_SEEN)), (one,), 0.02)
    assert told.benchmarks[0].batch == 4
    assert "every figure is of a batch of 4 (20,000 batches a pass)" in gate_text(told)


def test_an_operation_that_outlasts_its_share_is_undecided_and_wants_a_longer_budget() -> None:
    slow = without_blocks("t.py::a", NO_ARMS, replace(PLAN, module="pytest:t"), HungSideError("no sign"))
    other = without_blocks("a/b", NO_ARMS, PLAN, HungSideError("no sign"))
    assert (slow.verdict, slow.failure, other.failure) == (Verdict.UNDECIDED, "", "no sign")
    told = gate_document("main", "HEAD", Verdict.UNDECIDED, (slow,), 0.02)
    assert told.exit_status == 3
    assert "t.py::a: 0 blocks fitted the budget, too few for an answer; give a longer --budget" in gate_text(told)


@pytest.mark.parametrize(("benchmarks", "budget_s"), [(1, 123.0), (5, 135.0), (200, 600.0)])
def test_the_share_of_a_benchmark_leaves_room_for_the_blocks_that_can_decide(benchmarks: int, budget_s: float) -> None:
    rules = replace(RULES, looks=Looks((8, 11, 14, 18, 24), 0.01), budget_s=budget_s)
    share_s = change._share_s(replace(PLAN, process_budget_s=2.0), rules, benchmarks)
    least = least_blocks(2 * benchmarks, 0.01)
    assert 4 * benchmarks * share_s * least <= budget_s / 3 + 1e-9


def test_the_positive_control_takes_no_part_in_blocks_after_it_was_seen() -> None:
    """Its rows end there; the later verdict stands on what it showed, and what it shows later cannot undo it."""
    one = trial()
    one.arms = arms_of(Side("b", "x"), Side("h", "x"), Side("c", "x"), Injection("spin", 3))
    measure = feeding({"head": 1.005, "positive-control": 1.3}, spread=0.02)
    sides: list[int] = []

    def measured_sides(trials: Any) -> None:
        sides.append(len(one.sides()))
        measure(trials)
        if len(one.sides()) == 3:
            for kind in KINDS:
                one.series.rows[kind][POSITIVE_CONTROL].pop()

    run_gate([one], RULES, measured_sides)
    assert sides[:12] == [4] * 12
    assert set(sides[12:]) == {3}
    assert len(one.series) > 12
    assert len(one.series.rows["raw"][POSITIVE_CONTROL]) == 12
    assert one.fitness == "yes"
    assert one.witnesses["raw"].positive_control.look == 0


def test_a_positive_control_that_was_not_seen_stays() -> None:
    one = trial()
    one.arms = arms_of(Side("b", "x"), Side("h", "x"), Side("c", "x"), Injection("spin", 3))
    run_gate([one], RULES, feeding({"positive-control": 1.0}))
    assert (len(one.sides()), one.certified, one.verdict) == (4, False, Verdict.UNFIT)
