"""A change as the gate judges it: from two revisions to the verdict on file, by command, by plugin, or by neither."""

from __future__ import annotations

import os
import random
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tailgate.adapters import is_adapted, narrowed
from tailgate.config import of_base
from tailgate.documents.envelope import save
from tailgate.errors import TailgateError
from tailgate.files import replacing, slug
from tailgate.judge.budgets import budgets_of
from tailgate.judge.counts import counted
from tailgate.judge.documents import gate_blocks, gate_document
from tailgate.judge.explain import explain
from tailgate.judge.gate import GateRules, Verdict, interrupt_trials, measured, measured_at_once, run_gate
from tailgate.judge.hosts import host_notes
from tailgate.judge.lanes import Lanes, spots_for
from tailgate.judge.trials import SharedSuiteError, gated_pairs, lay_out_revisions, scouted_trials, tallied_counts
from tailgate.machine.place import choose_place
from tailgate.measure.revisions import MissingSubjectError, read_file
from tailgate.measure.timing import Timing
from tailgate.project.plans import gate_plan
from tailgate.project.selection import split_by_stage
from tailgate.results.gate_report import gate_markdown
from tailgate.statistics.hosts import looks_over
from tailgate.statistics.multiplicity import least_blocks
from tailgate.statistics.sequential import Plan as Looks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tailgate.documents.explanation import Explanation
    from tailgate.documents.gate import Counted, GateDocument
    from tailgate.judge.blocks import Spot
    from tailgate.judge.gate import Trial
    from tailgate.judge.trials import GateRequest
    from tailgate.machine.place import AssessedPlace
    from tailgate.measure.lockstep import Plan
    from tailgate.project.marks import Marks
    from tailgate.project.opening import Project

_QUICK_PASSES: Final = 3
_QUICK_LOOKS: Final = (8, 10, 12)
_QUICK_MARGIN: Final = 0.03
_QUICK_S: Final = 20.0
_LEAST_SHARE_S: Final = 0.005
_ARMS: Final = 4
_KINDS: Final = 2
_LEAST_HANG_S: Final = 5.0


def judge_change(
    project: Project, asked: GateRequest, folder: Path, say: Callable[[str], None]
) -> tuple[GateDocument, Timing]:
    """Judge head against base as asked, and write what was found into the folder.

    Where the checkout's suite does not fit both revisions, and nobody asked for it, each is laid out whole with its
    own. say: is told how far it is.
    """
    shared = replace(asked, suites=project.suites(asked.suites))
    try:
        return _judge(project, shared, folder, say)
    except (SharedSuiteError, MissingSubjectError) as error:
        if asked.suites or not project.config.subject:
            raise
        why = f"each revision was laid out whole, with its own suite: {error.message.splitlines()[0]}"
        whole = replace(project, config=replace(project.config, subject=(".",)))
        try:
            return _judge(whole, replace(asked, suites="each"), folder, say, (why,))
        except TailgateError as later:  # it was not the suite
            raise error from later


def sides_of(project: Project) -> Path:
    """Return where the revisions of a gate are laid out."""
    return project.root / "build" / "gate" / "sides"


def _judge(
    project: Project, asked: GateRequest, folder: Path, say: Callable[[str], None], why: tuple[str, ...] = ()
) -> tuple[GateDocument, Timing]:
    began = time.monotonic()
    timing = Timing()
    phase, inputs = timing.phase, project.inspect(asked.settings)
    say("laying out the revisions")
    with phase("laying out the revisions"):
        revisions = lay_out_revisions(project, asked, sides_of(project))
    project, changed = _judged_by_base(project, revisions.base.commit)
    with phase("what both can run"):
        gated = gated_pairs(project, revisions, asked)
    pairs = gated.pairs
    place, spots, of_lanes = _placed(asked, timing)
    rules = _rules(project, asked, gated.marks)
    plan = replace(gate_plan(project.config, asked.settings, place), timing=timing)
    plan = replace(plan, passes=min(plan.passes, _QUICK_PASSES)) if asked.quick else plan
    if is_adapted(plan.module):
        plan = replace(
            plan,
            module=narrowed(plan.module, [*pairs.base_of, *pairs.base_of.values()]),
            process_budget_s=_share_s(plan, rules, len(pairs.base_of)),
            hang_s=max(_LEAST_HANG_S, min(plan.hang_s, rules.budget_s / 20)),
        )
    of_hosts: list[str] = []
    rng, interrupted = random.Random(), False
    trials: list[Trial] = []
    counts: tuple[Counted, ...] = ()
    notes: tuple[str, ...] = ()
    say(f"scouting {len(pairs.base_of)} benchmarks")
    try:
        with phase("else"), timing.within("scouting"):
            trials += scouted_trials(gated, project, revisions, plan, rng, asked, rules)
        with phase("counting"):
            allocations = not asked.quick if asked.allocations is None else asked.allocations
            counts, notes = counted(
                trials, plan, project.config.gate, say, allocations=allocations, instructions=asked.instructions
            )
            of_suite, failed = tallied_counts(gated, project, revisions, plan, asked, rules)
            counts, trials = (*counts, *of_suite), [*trials, *failed]
        rules = replace(rules, budget_s=rules.budget_s - (time.monotonic() - began))
        measuring = _measuring(rng, spots, rules, asked, say, of_hosts, trials)
        with phase("else"), timing.within("blocks"), measuring as (measure, rules):
            verdict = run_gate(
                trials,
                rules,
                measure,
                heard=lambda block, most, left: say(f"block {block} of at most {most}, {left} undecided"),
                gone=lambda error: of_hosts.append(f"the gate ended with what it had: {error.message}"),
            )
    except KeyboardInterrupt:
        if not any(len(trial.series) for trial in trials):
            raise TailgateError("interrupted before the first block was whole; nothing was written") from None
        interrupted, verdict = True, interrupt_trials(trials)
    if not trials:
        verdict = Verdict.PASS  # what is new or deleted has nothing that it could be slower than
    groups = {each.name: each.group for each in project.suite.benchmarks if each.role == "recommended"}
    budgets = budgets_of(trials, project.config.budgets, groups, fatal=project.config.gate.fatal_budgets)
    if any(each.worse for each in counts) or any(each.broken and each.fatal for each in budgets):
        verdict = Verdict.REGRESSION
    with phase("else"), timing.within("explaining"):
        explanations, more = ((), ()) if interrupted else _explained(trials, counts, project, rng, folder, asked, say)
    found = gate_document(
        revisions.base.label,
        revisions.head.label,
        verdict,
        trials,
        rules.margin,
        counts=counts,
        accepted=project.config.gate.accept_answers,
        notes=(*why, *of_lanes, *of_hosts, *pairs.notes, *changed, *gated.marks.notes, *notes, *more),
        skipped=pairs.skipped,
        new=tuple(pairs.new),
        deleted=tuple(pairs.deleted),
        inputs=inputs,
        machine={**place.fitness.summary(), "tailgate_lanes": len(spots)},
        seconds=time.monotonic() - began,
        interrupted=interrupted,
        explanations=explanations,
        budgets=budgets,
        percentile=project.config.gate.percentiles[0] / 100.0,
    )
    with phase("report"):
        save(folder / "blocks.json", gate_blocks(trials))
        _write(found, folder)
    return found, timing


def _placed(asked: GateRequest, timing: Timing) -> tuple[AssessedPlace, tuple[Spot, ...], tuple[str, ...]]:
    """Return where this gate measures, where its lanes do, and what is to be said of them."""
    with timing.phase("the machine"):
        place = choose_place(asked.affinity, probe_seconds=0.3)
        return place, *spots_for(asked.lanes if asked.fleet is None else 1, place)


@contextmanager
def _measuring(
    rng: random.Random,
    spots: Sequence[Spot],
    rules: GateRules,
    asked: GateRequest,
    say: Callable[[str], None],
    told: list[str],
    trials: Sequence[Trial],
) -> Iterator[tuple[Callable[[Sequence[Trial]], int | None], GateRules]]:
    """Return what measures blocks, and the rules for it: one at a time in this process, one a lane, or by a fleet.

    told: gets what is to be said of the hosts of a fleet, when it has measured.
    """
    if asked.fleet is not None:
        with asked.fleet(say) as fleet:
            looks = replace(rules.looks, looks=looks_over(rules.looks.looks, len(fleet.hosts), len(fleet)))
            try:
                yield measured_at_once(rng, fleet.run, fleet.__len__, looks), replace(rules, looks=looks)
            finally:
                told += host_notes(fleet.told(), trials)
    elif len(spots) < 2:
        yield measured(rng), rules
    else:
        with Lanes(spots) as lanes:
            yield measured_at_once(rng, lanes.run, len(lanes), rules.looks), rules


def _judged_by_base(project: Project, base: str) -> tuple[Project, tuple[str, ...]]:
    """Return the project as base's configuration judges it, and what head's would have made different."""
    gate, changed = of_base(project.config, read_file(project.root, base, "pyproject.toml"))
    return replace(project, config=replace(project.config, gate=gate)), changed


def _rules(project: Project, asked: GateRequest, marks: Marks) -> GateRules:
    config = project.config.gate
    own = {**marks.margins, **config.margins} if asked.margin is None else {}  # the command line's is for all
    margin = config.margin if asked.margin is None else asked.margin
    if asked.quick:
        margin = margin if asked.margin is not None else max(margin, _QUICK_MARGIN)
        return GateRules(Looks(_QUICK_LOOKS, config.alpha), margin, asked.budget_s or _QUICK_S, own)
    return GateRules(Looks(config.interim_analyses, config.alpha), margin, asked.budget_s or config.budget_s, own)


def _share_s(plan: Plan, rules: GateRules, benchmarks: int) -> float:
    """Return the seconds of a process for one benchmark of many that are short: a third of the budget over all blocks.

    The rest is for what processes cost, and for a machine that others load: the blocks without which the error that all
    figures share lets nothing be called a regression must fit all the same.
    """
    looks = rules.looks.looks
    blocks = max(looks[len(looks) // 2], least_blocks(_KINDS * max(benchmarks, 1), rules.looks.alpha))
    return min(plan.process_budget_s, max(_LEAST_SHARE_S, rules.budget_s / 3 / blocks / _ARMS / max(benchmarks, 1)))


def _explained(
    trials: Sequence[Trial],
    counts: Sequence[Counted],
    project: Project,
    rng: random.Random,
    folder: Path,
    asked: GateRequest,
    say: Callable[[str], None],
) -> tuple[tuple[Explanation, ...], tuple[str, ...]]:
    """Explain each regression, or each benchmark where that is asked for; what cannot be explained is a note."""
    wanted = False if asked.explain is None and asked.quick else asked.explain  # before a push nobody waits for it
    worse = {each.benchmark for each in counts if each.worse}
    chosen = [
        trial
        for trial in trials
        if not trial.failure and (wanted or trial.verdict is Verdict.REGRESSION or trial.name in worse)
    ]
    found: list[Explanation] = []
    notes: list[str] = []
    for trial in chosen if wanted is not False else ():
        arms = trial.arms
        how: dict[str, Any] = {
            "split": split_by_stage(project.suite, trial.name) if asked.suites == "shared" else "",
            "instructions": asked.instructions,
            "folder": folder / "explained" / slug(trial.name),
            "say": say,
        }
        try:
            found.append(
                explain((arms.base, arms.head, arms.negative_control), trial.plan, rng, trial.percentile, **how)
            )
        except KeyboardInterrupt:
            notes.append(f"{trial.name}: interrupted while it was explained; the verdict stands")
            break
        except TailgateError as error:
            notes.append(f"{trial.name}: it could not be explained: {error.message}")
    return tuple(found), tuple(notes)


def _write(report: GateDocument, folder: Path) -> None:
    """Write the verdict before it is printed: a reader that has gone must not cost what was measured."""
    save(folder / "verdict.json", report)
    with replacing(folder / "verdict.md") as temporary:
        temporary.write_text(gate_markdown(report), encoding="utf-8")
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as out:
            out.write(gate_markdown(report))
