"""From two revisions to the trials of a gate: what both have and can run, each scouted once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from tailgate.adapters import HOME as SUITE_HOME
from tailgate.adapters import is_adapted
from tailgate.documents.comparison import Series
from tailgate.errors import TailgateError
from tailgate.judge.arms import (
    BASE,
    HEAD,
    NEGATIVE_CONTROL,
    Arms,
    BlindError,
    Scouting,
    arms_of,
    scout,
    too_short,
)
from tailgate.judge.counts import tallied
from tailgate.judge.gate import Trial, Verdict
from tailgate.judge.pairing import Pairs, pair
from tailgate.judge.sharing import companies
from tailgate.measure.listing import listing
from tailgate.measure.lockstep import OverError
from tailgate.measure.protocol import Injection
from tailgate.measure.revisions import Checkout, dirty, resolve
from tailgate.measure.sides import BrokenSideError, Side, SideError, UnavailableSideError
from tailgate.measure.workers import HungSideError
from tailgate.project.marks import Marks, marks_of
from tailgate.project.opening import subject_of
from tailgate.project.revisions import lay_out
from tailgate.project.selection import select_each
from tailgate.statistics.estimate import log_shift

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tailgate.documents.gate import Counted
    from tailgate.judge.blocks import Fleet
    from tailgate.judge.gate import GateRules
    from tailgate.measure.listing import Listed
    from tailgate.measure.lockstep import Plan
    from tailgate.project.opening import Project

_SCOUTING: Final = 0.5
"""The part of the budget that scouting may take; what it does not come to is UNDECIDED."""

_QUICK_POSITIVE_CONTROL: Final = 2.0  # times as slow: it must be seen in fewer blocks


@dataclass(frozen=True, slots=True)
class GateRequest:
    """What a gate is asked: two revisions, and how they are held against each other.

    words: selectors, none for the configured benchmarks. settings: the suite's. chosen: names to which head is limited.
    margin, budget_s: None for the configuration's. suites: "shared", "each", or None for what fits the suite.
    allocations: None to count them, unless quick. explain: None for each regression, unless quick. affinity: the CPU of
    the workers, None to choose one. lanes: blocks at once, None for as many as were seen not to slow each other down.
    fleet: opens what runs the blocks elsewhere, given whom to tell.
    """

    base: str
    head: str = "HEAD"
    words: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    chosen: Collection[str] | None = None
    margin: float | None = None
    budget_s: float | None = None
    suites: str | None = None
    quick: bool = False
    allocations: bool | None = None
    instructions: bool = False
    explain: bool | None = None
    affinity: int | None = None
    fleet: Callable[[Callable[[str], None]], AbstractContextManager[Fleet]] | None = None
    lanes: int | None = 1


@dataclass(frozen=True, slots=True)
class Revisions:
    """The revisions of a gate, laid out; the negative control is base at another path."""

    base: Checkout
    head: Checkout
    control: Checkout


@dataclass(frozen=True, slots=True)
class Gated:
    """What is judged. listed: head's benchmarks; tallies: head's names, and base's, of what only counts."""

    pairs: Pairs
    listed: Mapping[str, Listed] = field(default_factory=dict)
    marks: Marks = field(default_factory=Marks)
    tallies: Mapping[str, str] = field(default_factory=dict)


class SharedSuiteError(TailgateError):
    """The checkout's suite does not fit both revisions: a contract changed, or a module was renamed."""


def lay_out_revisions(project: Project, asked: GateRequest, folder: Path) -> Revisions:
    """Lay out base, head and base once more below a folder; TailgateError where HEAD is not what the tree holds."""
    subject = subject_of(project, asked.suites or "")
    resolve(project.root, asked.base)
    if asked.head == "HEAD" and (changed := dirty(project.root, subject)):
        raise TailgateError(
            f"the tree is dirty: {', '.join(changed[:5])}{' ...' if len(changed) > 5 else ''} differ from HEAD",
            hint="commit them, or judge them as they are with --head worktree",
        )
    return Revisions(
        lay_out(project, asked.base, subject, folder / "base"),
        lay_out(project, asked.head, subject, folder / "head"),
        lay_out(project, asked.base, subject, folder / "control-of-the-base"),
    )


def gated_pairs(project: Project, revisions: Revisions, asked: GateRequest) -> Gated:
    """Return the benchmarks that both revisions have and can run, and why the others are not judged."""
    words = asked.words or project.config.gate.benchmarks
    module, passed = project.config.benchmarks, project.config.passed()

    def listed(of: Checkout) -> Mapping[str, Listed]:
        return _usable(listing(_side(of, "", module, asked), module, project.root, passed))

    with _one_suite(asked), ThreadPoolExecutor(2) as pool:
        base, head = pool.map(listed, (revisions.base, revisions.head))
    if asked.chosen is not None:
        base = {name: each for name, each in base.items() if name in asked.chosen or name not in head}
        head = {name: each for name, each in head.items() if name in asked.chosen}
    pairs = pair(_wanted(project, words, base, head), base, head, revisions.base.label)
    if not pairs.base_of and not pairs.new and not pairs.deleted:
        raise _nothing_to_judge(pairs)
    counted = [name for name in pairs.base_of if name in head and head[name].counts]
    tallies = {name: pairs.base_of.pop(name) for name in counted}
    return Gated(pairs, head, marks_of(pairs.base_of, base, head), tallies)


def _usable(listed: Mapping[str, Listed]) -> Mapping[str, Listed]:
    """Return what a gate can do with each: what counts in place of being timed is held as a count."""
    return {name: each._replace(reason="") if each.counts else each for name, each in listed.items()}


def _nothing_to_judge(pairs: Pairs) -> TailgateError:
    return TailgateError(
        "no benchmark can be judged: " + "; ".join(f"{name}: {why}" for name, why in pairs.skipped.items()),
        hint="name others, or list them in [tool.tailgate.gate] benchmarks",
    )


def _side(checkout: Checkout, name: str, module: str, asked: GateRequest) -> Side:
    """Return a revision as a side; another tool's suite that comes with it is looked for in its folder."""
    own = is_adapted(module) and asked.suites == "each"
    env = {SUITE_HOME: str(checkout.folder)} if own else {}
    return Side(checkout.label, name, checkout.python, checkout.roots, checkout.replaced, env)


def _wanted(project: Project, words: Sequence[str], base: Collection[str], head: Collection[str]) -> list[str]:
    """Return the names to judge: one that a revision has counts as it is, though the checkout may not have it."""
    listed = dict.fromkeys((*head, *base))
    if not words:
        return list(listed)
    named = ([word] if word in listed else [each.name for each in select_each(project.suite, [word])] for word in words)
    return list(dict.fromkeys(name for names in named for name in names))


def scouted_trials(
    gated: Gated,
    project: Project,
    revisions: Revisions,
    plan: Plan,
    rng: random.Random,
    asked: GateRequest,
    rules: GateRules,
) -> list[Trial]:
    """Scout all benchmarks, in processes that carry them all; report what fails there with the others' verdicts.

    What is skipped in a worker is added to what is not judged.
    """
    pairs, marks = gated.pairs, gated.marks
    company = companies(pairs.base_of, gated.listed)
    sides = {
        name: tuple(
            replace(
                _side(each, old if each is not revisions.head else name, plan.module, asked),
                gc=project.suite.find(name).gc if asked.suites == "shared" else "on",
                process=f"{arm} {company[name]}" if name in company else "",
                may_differ=arm == HEAD and name in project.config.gate.accept_answers,
            )
            for arm, each in ((BASE, revisions.base), (HEAD, revisions.head), (NEGATIVE_CONTROL, revisions.control))
        )
        for name, old in pairs.base_of.items()
    }
    if not sides:
        return []
    judged = {
        name: [each / 100.0 for each in marks.percentiles.get(name, project.config.gate.percentiles)] for name in sides
    }
    size = project.config.gate.positive_control_percent * (_QUICK_POSITIVE_CONTROL if asked.quick else 1.0)
    first_of = {name: percentiles[0] for name, percentiles in judged.items()}
    found = _scouted(sides, plan, rng, rules, {"percents": (size / 2, size), "percentile": first_of})
    pairs.skipped |= {name: f"skipped: {why}" for name, why in found.items() if isinstance(why, UnavailableSideError)}
    failed = [
        each
        for each in found.values()
        if isinstance(each, TailgateError) and not isinstance(each, BlindError | OverError)
    ]
    if len(failed) == len(sides):
        if not found.keys() - pairs.skipped.keys():
            raise _nothing_to_judge(pairs)
        with _one_suite(asked):
            raise next(each for each in failed if not isinstance(each, UnavailableSideError))
    trials = []
    for name, (base, head, control) in sides.items():
        scouted = found[name]
        if isinstance(scouted, Scouting):
            arms = arms_of(base, head, control, scouted.spin(size))
            fresh = Series(clock_step_ns=scouted.series.clock_step_ns)
            trials.append(Trial(name, arms, scouted.plan, fresh, scouted.percentile, unequal=scouted.unequal))
            first, *others = judged[name]
            if scouted.percentile == first:  # one input that is repeated has no tail to be judged
                trials[-1].also = tuple(others)
        elif not isinstance(scouted, UnavailableSideError):
            arms = arms_of(base, head, control, Injection())  # what is counted is counted all the same
            trials.append(without_blocks(name, arms, plan, scouted))
    return trials


def _scouted(
    sides: Mapping[str, Sequence[Side]], plan: Plan, rng: random.Random, rules: GateRules, how: dict[str, Any]
) -> dict[str, Scouting | TailgateError]:
    """Scout all benchmarks; once more those whose delay was not seen, and in batches those that are too short."""
    began = time.monotonic()
    how = {**how, "is_over": lambda share: time.monotonic() - began > share * _SCOUTING * rules.budget_s}
    found = scout(sides, plan, rng, **how)
    blind = [name for name, each in found.items() if isinstance(each, BlindError)]
    if blind:  # a machine may have had a bad moment; one that is unfit misses the delay again
        found |= scout({name: sides[name] for name in blind}, plan, rng, **how)

    def margin_of(name: str, p: float) -> float:
        return log_shift(100.0 * rules.margin_of(name, "reproducible", p))

    if batches := too_short(found, margin_of):
        plans = {name: replace(plan, batch=size) for name, size in batches.items()}
        again = scout({name: sides[name] for name in plans}, plans, rng, **how)
        found |= {name: each for name, each in again.items() if isinstance(each, Scouting)}
    return found


def tallied_counts(
    gated: Gated, project: Project, revisions: Revisions, plan: Plan, asked: GateRequest, rules: GateRules
) -> tuple[tuple[Counted, ...], list[Trial]]:
    """Hold what benchmarks count in place of being timed; one that gives no number is a trial that failed."""
    found: list[Counted] = []
    failed: list[Trial] = []
    config = project.config.gate
    for name, old in gated.tallies.items():
        base, head, control = (
            _side(each, each_name, plan.module, asked)
            for each, each_name in ((revisions.base, old), (revisions.head, name), (revisions.control, old))
        )
        margin = rules.margin_of(name, "raw", config.percentiles[0] / 100.0)
        try:
            found.append(tallied(name, gated.listed[name].counts, (base, head), plan, margin, config))
        except UnavailableSideError as error:
            gated.pairs.skipped[name] = f"skipped: {error}"
        except SideError as error:
            failed.append(Trial(name, arms_of(base, head, control, Injection()), plan, failure=str(error)))
    return tuple(found), failed


def without_blocks(name: str, arms: Arms, plan: Plan, why: TailgateError) -> Trial:
    """Return the trial of a benchmark that scouting has shown to be of no use."""
    if isinstance(why, BlindError):
        return Trial(name, arms, plan, verdict=Verdict.UNFIT, fitness="no delay was seen while scouting")
    if isinstance(why, OverError) or (isinstance(why, HungSideError) and is_adapted(plan.module)):
        # too many for the budget, or an operation that outlasts its share of it
        return Trial(name, arms, plan, verdict=Verdict.UNDECIDED)
    return Trial(name, arms, plan, failure=str(why))


@contextmanager
def _one_suite(asked: GateRequest) -> Iterator[None]:
    """Offer each revision its own suite where the shared one cannot be imported with it, or fails over it."""
    try:
        yield
    except BrokenSideError as error:
        if asked.suites == "each" or error.hint:  # it knows better
            raise
        raise SharedSuiteError(
            f"one suite cannot drive both revisions: {error}",
            hint="where the contract changed on purpose, give each revision its own suite: --suites each",
        ) from error
