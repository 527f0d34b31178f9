"""`tailgate gate`: stop a change that makes the p99 worse; the exit status is the verdict."""

from __future__ import annotations

import os
import random
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console

from tailgate.adapters import HOME as SUITE_HOME
from tailgate.adapters import is_adapted, narrowed
from tailgate.config import of_base
from tailgate.documents.comparison import Series
from tailgate.documents.envelope import save
from tailgate.errors import TailgateError
from tailgate.files import replacing, slug
from tailgate.judge.arms import BASE, CONTROL, HEAD, Arms, BlindError, Scouting, arms_of, scout
from tailgate.judge.budgets import budgets_of
from tailgate.judge.counts import counted
from tailgate.judge.documents import gate_blocks, gate_document
from tailgate.judge.explain import explain
from tailgate.judge.gate import GateRules, Trial, Verdict, interrupt_trials, measured, run_gate
from tailgate.judge.pairing import Pairs, pair
from tailgate.machine.place import choose_place
from tailgate.measure.batches import batch_for
from tailgate.measure.listing import listing
from tailgate.measure.protocol import Injection
from tailgate.measure.revisions import Checkout, MissingSubjectError, dirty, read_file, resolve
from tailgate.measure.sides import BrokenSideError, Side, UnavailableSideError
from tailgate.measure.timing import timing_table
from tailgate.measure.workers import HungSideError
from tailgate.project.folders import claimed, output_folder
from tailgate.project.opening import Project, open_project, subject_of
from tailgate.project.plans import gate_plan
from tailgate.project.revisions import lay_out
from tailgate.project.selection import select_each
from tailgate.results.gate_report import gate_markdown, gate_text
from tailgate.statistics.estimate import log_shift
from tailgate.statistics.sequential import Plan as Looks
from tailgate.terminal.options import SuiteCommand, names_of, settings_of, words_of
from tailgate.terminal.output import OutputError, let_go_of_output

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from tailgate.documents.explanation import Explanation
    from tailgate.documents.gate import Counted, GateDocument
    from tailgate.measure.listing import Listed
    from tailgate.measure.lockstep import Plan
    from tailgate.measure.timing import Timing

_EPILOG = """\b
Examples:
  tailgate gate --base origin/main              this commit against the branch it goes to
  tailgate gate --quick --base HEAD --head worktree    in fifteen seconds, before a push
  tailgate gate --base HEAD --head worktree     what is not committed yet against what is
  tailgate gate --base v1.2 parse render=fast
  tailgate gate --base v1.2 --explain parse    where the shift is and what it is, whatever the verdict

\b
Exit status: 0 pass, 1 regression, 2 error, 3 undecided (budget spent), 4 unfit (the machine cannot judge now),
130 interrupted (what the whole blocks say is reported and written, and nothing passes).
"""


_QUICK_PASSES: Final = 3
_QUICK_LOOKS: Final = (8, 10, 12)
_QUICK_MARGIN: Final = 0.03
_QUICK_CANARY: Final = 2.0
_QUICK_S: Final = 20.0
_LEAST_SHARE_S: Final = 0.02
_LEAST_HANG_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Revisions:
    base: Checkout
    head: Checkout
    control: Checkout


class SharedSuiteError(TailgateError):
    """The checkout's suite does not fit both revisions: a contract changed, or a module was renamed."""


@click.command("gate", cls=SuiteCommand, epilog=_EPILOG, quick="Before a push: 5 % in about 15 s, no allocations.")
@click.option("--base", metavar="REV", required=True, help="The revision to hold head against.")
@click.option("--head", metavar="REV", default="HEAD", show_default=True, help="A revision, or `worktree`.")
@click.option(
    "--margin",
    type=click.FloatRange(0),
    help="Tolerated slowdown, as a fraction.  [default: the configuration's, 0.02]",
)
@click.option("--budget", type=click.FloatRange(0, min_open=True), help="Seconds for the whole gate.  [default: 300]")
@click.option(
    "--suites", type=click.Choice(["shared", "each"]), help="Each revision with its own suite.  [default: shared]"
)
@click.option("--instructions", is_flag=True, help="Also count instructions by callgrind: exact, slow.")
@click.option(
    "--explain/--no-explain",
    default=None,
    help="Find out what makes head slower, beyond the budget.  [default: on a regression, unless quick]",
)
@click.option("--no-allocations", is_flag=True, help="Leave the allocations out.")
@click.option("--affinity", type=int, metavar="CPU", help="Pin the workers here.")
@click.option("--timing", is_flag=True, help="Also say where the time went, phase by phase.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where to write.  [default: build/gate]",
)
def gate(**options: Any) -> int:
    """Stop a change that makes the p99 worse.

    Judge head's p99 against base's in lockstep, between two controls; certify the judgement or refuse it.

    The negative control is base once more and must stand still; the positive control is head with a known delay, which
    must be seen. Each SELECTOR names one benchmark, or several implementations; without any the configured ones.
    """
    project = open_project(passing=names_of(options))
    asked = options | {"words": words_of(options), "settings": settings_of(options)}
    folder = output_folder(options["output"] or project.root / "build" / "gate")
    console = Console(stderr=True)
    with console.status("starting") as status, claimed(sides_of(project)):
        found, timing = judge_change(project, asked, folder, status.update)
    if options["timing"]:
        console.print(timing_table(timing).text(), highlight=False)
    return _conclude(found, folder)


def judge_change(
    project: Project, options: dict[str, Any], folder: Path, say: Callable[[str], None]
) -> tuple[GateDocument, Timing]:
    """Judge head against base as the options of the command say, and write what was found.

    options: those of the command, with `words` (selectors), `settings` (the suite's) and maybe `chosen`, the names to
    which head is limited. say: is told how far it is.
    """
    asked = options["suites"]
    options = options | {"suites": project.suites(asked)}
    try:
        return _judge(project, options, folder, say)
    except (SharedSuiteError, MissingSubjectError) as error:
        if asked or not project.config.subject:
            raise
        why = f"each revision was laid out whole, with its own suite: {error.message.splitlines()[0]}"
        whole = replace(project, config=replace(project.config, subject=(".",)))
        try:
            return _judge(whole, options | {"suites": "each"}, folder, say, (why,))
        except TailgateError as later:  # it was not the suite
            raise error from later


def _judge(
    project: Project,
    options: dict[str, Any],
    folder: Path,
    say: Callable[[str], None],
    why: tuple[str, ...] = (),
) -> tuple[GateDocument, Timing]:
    began = time.monotonic()
    options["no_allocations"] |= options["quick"]
    inputs = project.inspect(options["settings"])
    say("laying out the revisions")
    revisions = _lay_out(project, options)
    project, changed = _judged_by_base(project, revisions.base.commit)
    pairs, listed = _gated(project, revisions, options)
    place = choose_place(options["affinity"], probe_seconds=0.3)
    rules = _rules(project, options)
    plan = gate_plan(project.config, options["settings"], place)
    plan = replace(plan, passes=min(plan.passes, _QUICK_PASSES)) if options["quick"] else plan
    if is_adapted(plan.module):
        plan = replace(
            plan,
            module=narrowed(plan.module, [*pairs.base_of, *pairs.base_of.values()]),
            process_budget_s=_share_s(plan, rules, len(pairs.base_of)),
            hang_s=max(_LEAST_HANG_S, min(plan.hang_s, rules.budget_s / 20)),
        )
    rng = random.Random()
    trials: list[Trial] = []
    counts: tuple[Counted, ...] = ()
    notes: tuple[str, ...] = ()
    interrupted = False
    phase = plan.timing.phase
    say(f"scouting {len(pairs.base_of)} benchmarks")
    try:
        with phase("else"):
            trials += _trials(pairs, listed, project, revisions, plan, rng, options, rules)
        with phase("counting"):
            counts, notes = counted(trials, plan, project.config.gate, options, say)
        rules = replace(rules, budget_s=rules.budget_s - (time.monotonic() - began))
        with phase("else"):
            verdict = run_gate(
                trials,
                rules,
                measured(rng),
                heard=lambda block, most, left: say(f"block {block} of at most {most}, {left} undecided"),
            )
    except KeyboardInterrupt:
        if not any(len(trial.series) for trial in trials):
            raise TailgateError("interrupted before the first block was whole; nothing was written") from None
        interrupted, verdict = True, interrupt_trials(trials)
    if not trials:
        verdict = Verdict.PASS  # what is new or deleted has nothing that it could be slower than
    gated = {each.name: each.group for each in project.suite.benchmarks if each.role == "recommended"}
    budgets = budgets_of(trials, project.config.budgets, gated, fatal=project.config.gate.fatal_budgets)
    if any(each.worse for each in counts) or any(each.broken and each.fatal for each in budgets):
        verdict = Verdict.REGRESSION
    explanations, more = ((), ()) if interrupted else _explained(trials, counts, project, rng, folder, options, say)
    notes = (*notes, *more)
    found = gate_document(
        revisions.base.label,
        revisions.head.label,
        verdict,
        trials,
        rules.margin,
        counts=counts,
        accepted=project.config.gate.accept_answers,
        notes=(*why, *pairs.notes, *changed, *notes),
        skipped=pairs.skipped,
        new=tuple(pairs.new),
        deleted=tuple(pairs.deleted),
        inputs=inputs,
        machine=place.fitness.summary(),
        seconds=time.monotonic() - began,
        interrupted=interrupted,
        explanations=explanations,
        budgets=budgets,
        percentile=project.config.gate.percentiles[0] / 100.0,
    )
    save(folder / "blocks.json", gate_blocks(trials))
    _write(found, folder)
    return found, plan.timing


def sides_of(project: Project) -> Path:
    """Return where the revisions of a gate are laid out."""
    return project.root / "build" / "gate" / "sides"


def _share_s(plan: Plan, rules: GateRules, benchmarks: int) -> float:
    """Return the seconds of a process for one benchmark of many that are short: half the budget over all blocks."""
    blocks = rules.budget_s / 2 / rules.looks.looks[len(rules.looks.looks) // 2]
    return min(plan.process_budget_s, max(_LEAST_SHARE_S, blocks / 4 / max(benchmarks, 1)))


def _lay_out(project: Project, options: Mapping[str, Any]) -> _Revisions:
    subject = subject_of(project, options["suites"])
    resolve(project.root, options["base"])
    if options["head"] == "HEAD" and (changed := dirty(project.root, subject)):
        raise TailgateError(
            f"the tree is dirty: {', '.join(changed[:5])}{' ...' if len(changed) > 5 else ''} differ from HEAD",
            hint="commit them, or judge them as they are with --head worktree",
        )
    folder = sides_of(project)
    return _Revisions(
        lay_out(project, options["base"], subject, folder / "base"),
        lay_out(project, options["head"], subject, folder / "head"),
        lay_out(project, options["base"], subject, folder / "control-of-the-base"),
    )


def _judged_by_base(project: Project, base: str) -> tuple[Project, tuple[str, ...]]:
    """Return the project as base's configuration judges it, and what head's would have made different."""
    gate, changed = of_base(project.config, read_file(project.root, base, "pyproject.toml"))
    return replace(project, config=replace(project.config, gate=gate)), changed


def _gated(project: Project, revisions: _Revisions, options: Mapping[str, Any]) -> tuple[Pairs, Mapping[str, Listed]]:
    """Return the benchmarks that both revisions have and can run, why the others are not judged, and all of head's."""
    words = options["words"] or project.config.gate.benchmarks
    module, passed = project.config.benchmarks, project.config.passed()
    with _one_suite(options["suites"]):
        base, head = (
            listing(_side(each, "", module, options), module, project.root, passed)
            for each in (revisions.base, revisions.head)
        )
    chosen = options.get("chosen")
    if chosen is not None:
        base = {name: each for name, each in base.items() if name in chosen or name not in head}
        head = {name: each for name, each in head.items() if name in chosen}
    pairs = pair(_wanted(project, words, base, head), base, head, revisions.base.label)
    if not pairs.base_of and not pairs.new and not pairs.deleted:
        raise _nothing_to_judge(pairs)
    return pairs, head


def _nothing_to_judge(pairs: Pairs) -> TailgateError:
    return TailgateError(
        "no benchmark can be judged: " + "; ".join(f"{name}: {why}" for name, why in pairs.skipped.items()),
        hint="name others, or list them in [tool.tailgate.gate] benchmarks",
    )


def _side(checkout: Checkout, name: str, module: str, options: Mapping[str, Any]) -> Side:
    """Return a revision as a side; another tool's suite that comes with it is looked for in its folder."""
    own = is_adapted(module) and options["suites"] == "each"
    env = {SUITE_HOME: str(checkout.folder)} if own else {}
    return Side(checkout.label, name, checkout.python, checkout.roots, checkout.replaced, env)


def _wanted(project: Project, words: Sequence[str], base: Collection[str], head: Collection[str]) -> list[str]:
    """Return the names to judge: one that a revision has counts as it is, though the checkout may not have it."""
    listed = dict.fromkeys((*head, *base))
    if not words:
        return list(listed)
    named = ([word] if word in listed else [each.name for each in select_each(project.suite, [word])] for word in words)
    return list(dict.fromkeys(name for names in named for name in names))


def _rules(project: Project, options: Mapping[str, Any]) -> GateRules:
    config = project.config.gate
    own = config.margins if options["margin"] is None else {}  # the one of the command line is for all
    margin = config.margin if options["margin"] is None else options["margin"]
    if options["quick"]:
        margin = margin if options["margin"] is not None else max(margin, _QUICK_MARGIN)
        return GateRules(Looks(_QUICK_LOOKS, config.alpha), margin, options["budget"] or _QUICK_S, own)
    return GateRules(Looks(config.interim_analyses, config.alpha), margin, options["budget"] or config.budget_s, own)


def _trials(
    pairs: Pairs,
    listed: Mapping[str, Listed],
    project: Project,
    revisions: _Revisions,
    plan: Plan,
    rng: random.Random,
    options: Mapping[str, Any],
    rules: GateRules,
) -> list[Trial]:
    """Scout all benchmarks, in processes that carry them all; report what fails there with the others' verdicts."""
    sides = {
        name: tuple(
            replace(
                _side(each, old if each is not revisions.head else name, plan.module, options),
                gc=project.suite.find(name).gc if options["suites"] == "shared" else "on",
                process=arm if name not in listed or listed[name].shares else "",
                may_differ=arm == HEAD and name in project.config.gate.accept_answers,
            )
            for arm, each in ((BASE, revisions.base), (HEAD, revisions.head), (CONTROL, revisions.control))
        )
        for name, old in pairs.base_of.items()
    }
    if not sides:
        return []
    size = _canary_percent(project, options)
    first, *others = (each / 100.0 for each in project.config.gate.percentiles)
    how: dict[str, Any] = {"percents": (size / 2, size), "percentile": first}
    found = scout(sides, plan, rng, **how)
    blind = [name for name, each in found.items() if isinstance(each, BlindError)]
    if 2 * len(blind) < len(found):  # a machine that sees the delay in others has had a bad moment
        found |= scout({name: sides[name] for name in blind}, plan, rng, **how) if blind else {}
    for batch, short in _too_short(found, rules).items():
        again = scout({name: sides[name] for name in short}, replace(plan, batch=batch), rng, **how)
        found |= {name: each for name, each in again.items() if isinstance(each, Scouting)}
    pairs.skipped |= {name: f"skipped: {why}" for name, why in found.items() if isinstance(why, UnavailableSideError)}
    failed = [each for each in found.values() if isinstance(each, TailgateError) and not isinstance(each, BlindError)]
    if len(failed) == len(sides):
        if not found.keys() - pairs.skipped.keys():
            raise _nothing_to_judge(pairs)
        with _one_suite(options["suites"]):
            raise next(each for each in failed if not isinstance(each, UnavailableSideError))
    trials = []
    for name, (base, head, control) in sides.items():
        scouted = found[name]
        if isinstance(scouted, Scouting):
            arms = arms_of(base, head, control, scouted.spin(size))
            fresh = Series(grain_ns=scouted.series.grain_ns)
            trials.append(Trial(name, arms, scouted.plan, fresh, scouted.percentile, unequal=scouted.unequal))
            if scouted.percentile == first:  # one input that is repeated has no tail to be judged
                trials[-1].also = tuple(others)
        elif not isinstance(scouted, UnavailableSideError):
            arms = arms_of(base, head, control, Injection())  # what is counted is counted all the same
            trials.append(_without_blocks(name, arms, plan, scouted))
    return trials


def _without_blocks(name: str, arms: Arms, plan: Plan, why: TailgateError) -> Trial:
    """Return the trial of a benchmark that scouting has shown to be of no use."""
    if isinstance(why, BlindError):
        return Trial(name, arms, plan, verdict=Verdict.UNFIT, fitness="no delay was seen while scouting")
    if isinstance(why, HungSideError) and is_adapted(plan.module):  # an operation outlasts its share of the budget
        return Trial(name, arms, plan, verdict=Verdict.UNDECIDED)
    return Trial(name, arms, plan, failure=str(why))


def _too_short(found: Mapping[str, Scouting | TailgateError], rules: GateRules) -> dict[int, list[str]]:
    """Return the benchmarks of which a step of the clock is more than the margin, by the size of batch they need."""
    sizes: dict[int, list[str]] = {}
    for name, each in found.items():
        if isinstance(each, Scouting):
            margin = log_shift(100.0 * rules.margin_of(name, "reproducible", each.percentile))
            size = batch_for(each.series.step("reproducible", each.side, each.percentile), margin)
            sizes.setdefault(size, []).append(name)
    return {size: names for size, names in sizes.items() if size > 1}


def _explained(
    trials: Sequence[Trial],
    counts: Sequence[Counted],
    project: Project,
    rng: random.Random,
    folder: Path,
    options: Mapping[str, Any],
    say: Callable[[str], None],
) -> tuple[tuple[Explanation, ...], tuple[str, ...]]:
    """Explain each regression, or each benchmark where that is asked for; what cannot be explained is a note."""
    worse = {each.benchmark for each in counts if each.worse}
    asked = options.get("explain")
    if asked is None and options["quick"]:
        asked = False  # before a push nobody waits for it
    chosen = [
        trial
        for trial in trials
        if not trial.failure and (asked or trial.verdict is Verdict.REGRESSION or trial.name in worse)
    ]
    told: list[Explanation] = []
    notes: list[str] = []
    for trial in chosen if asked is not False else ():
        arms = trial.arms
        how: dict[str, Any] = {
            "split": split_of(project, trial.name) if options["suites"] == "shared" else "",
            "instructions": options["instructions"],
            "folder": folder / "explained" / slug(trial.name),
            "say": say,
        }
        try:
            told.append(explain((arms.base, arms.head, arms.control), trial.plan, rng, trial.percentile, **how))
        except KeyboardInterrupt:
            notes.append(f"{trial.name}: interrupted while it was explained; the verdict stands")
            break
        except TailgateError as error:
            notes.append(f"{trial.name}: it could not be explained: {error.message}")
    return tuple(told), tuple(notes)


def split_of(project: Project, name: str) -> str:
    """Return the name of the same benchmark split by stage, or nothing where the suite has none."""
    split = f"{name[:-1]},split=stages]" if name.endswith("]") else f"{name}[split=stages]"
    try:
        return project.suite.find(split).name
    except TailgateError:
        return ""


def _canary_percent(project: Project, options: Mapping[str, Any]) -> float:
    return project.config.gate.positive_control_percent * (_QUICK_CANARY if options["quick"] else 1.0)


@contextmanager
def _one_suite(suites: str) -> Iterator[None]:
    """Offer each revision its own suite where the shared one cannot be imported with it, or fails over it."""
    try:
        yield
    except BrokenSideError as error:
        if suites == "each" or error.hint:  # it knows better
            raise
        raise SharedSuiteError(
            f"one suite cannot drive both revisions: {error}",
            hint="where the contract changed on purpose, give each revision its own suite: --suites each",
        ) from error


def _write(report: GateDocument, folder: Path) -> None:
    """Write the verdict before it is told: a reader that has gone must not cost what was measured."""
    save(folder / "verdict.json", report)
    with replacing(folder / "verdict.md") as temporary:
        temporary.write_text(gate_markdown(report), encoding="utf-8")
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as out:
            out.write(gate_markdown(report))


def _conclude(report: GateDocument, folder: Path) -> int:
    """Tell the verdict."""
    try:
        click.echo(gate_text(report))
        click.echo(f"\nWritten: {folder / 'verdict.json'}, {folder / 'verdict.md'}")
    except OutputError as error:
        if not error.reader_left:
            raise
        let_go_of_output()  # as `| head` does; the status is the verdict all the same
    return report.exit_status
