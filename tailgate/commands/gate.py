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

from tailgate.adapters import is_adapted
from tailgate.documents.comparison import Series
from tailgate.documents.envelope import save
from tailgate.errors import TailgateError
from tailgate.files import replacing
from tailgate.judge.arms import BASE, CONTROL, HEAD, BlindError, Scouting, arms_of, scout
from tailgate.judge.counts import counted
from tailgate.judge.documents import gate_blocks, gate_document
from tailgate.judge.gate import GateRules, Trial, Verdict, interrupt_trials, measured, run_gate
from tailgate.machine.place import choose_place
from tailgate.measure.listing import listing
from tailgate.measure.protocol import Injection
from tailgate.measure.revisions import Checkout, dirty, resolve
from tailgate.measure.sides import BrokenSideError, Side
from tailgate.measure.timing import timing_table
from tailgate.project.folders import claimed, output_folder
from tailgate.project.opening import Project, open_project, subject_of
from tailgate.project.plans import gate_plan
from tailgate.project.revisions import lay_out
from tailgate.project.selection import select_each
from tailgate.results.gate_report import gate_markdown, gate_text
from tailgate.statistics.sequential import Plan as Looks
from tailgate.terminal.options import SuiteCommand, names_of, settings_of, words_of
from tailgate.terminal.output import OutputError, let_go_of_output

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from tailgate.documents.gate import Counted, GateDocument
    from tailgate.measure.lockstep import Plan

_EPILOG = """\b
Examples:
  tailgate gate --base origin/main              this commit against the branch it goes to
  tailgate gate --quick --base HEAD --head worktree    in fifteen seconds, before a push
  tailgate gate --base HEAD --head worktree     what is not committed yet against what is
  tailgate gate --base v1.2 parse render=fast

\b
Exit status: 0 pass, 1 regression, 2 error, 3 undecided (budget spent), 4 unfit (the machine cannot judge now),
130 interrupted (what the whole blocks say is reported and written, and nothing passes).
"""


_QUICK_PASSES: Final = 3
_QUICK_LOOKS: Final = (8, 10, 12)
_QUICK_MARGIN: Final = 0.03
_QUICK_CANARY: Final = 2.0
_QUICK_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class _Revisions:
    base: Checkout
    head: Checkout
    control: Checkout


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
    options["suites"] = project.suites(options["suites"])
    began = time.monotonic()
    options["no_allocations"] |= options["quick"]
    revisions = _lay_out(project, options)
    names, skipped = _gated(project, revisions, options)
    place = choose_place(options["affinity"], probe_seconds=0.3)
    folder = output_folder(options["output"] or project.root / "build" / "gate")
    rules = _rules(project, options)
    plan = gate_plan(project.config, settings_of(options), place)
    plan = replace(plan, passes=min(plan.passes, _QUICK_PASSES)) if options["quick"] else plan
    rng = random.Random()
    trials: list[Trial] = []
    counts: tuple[Counted, ...] = ()
    notes: tuple[str, ...] = ()
    interrupted = False
    console = Console(stderr=True)
    phase = plan.timing.phase
    with console.status("starting") as status:
        try:
            with phase("else"):
                trials += _trials(names, project, revisions, plan, rng, options)
            with phase("counting"):
                counts, notes = counted(trials, plan, project.config.gate, options, status.update)
            rules = replace(rules, budget_s=rules.budget_s - (time.monotonic() - began))
            with phase("else"):
                verdict = run_gate(
                    trials,
                    rules,
                    measured(rng),
                    heard=lambda block, most, left: status.update(f"block {block} of at most {most}, {left} undecided"),
                )
        except KeyboardInterrupt:
            if not any(len(trial.series) for trial in trials):
                raise TailgateError("interrupted before the first block was whole; nothing was written") from None
            interrupted, verdict = True, interrupt_trials(trials)
    if options["timing"]:
        console.print(timing_table(plan.timing).text(), highlight=False)
    if any(each.worse for each in counts):
        verdict = Verdict.REGRESSION
    found = gate_document(
        revisions.base.label,
        revisions.head.label,
        verdict,
        trials,
        rules.margin,
        counts=counts,
        accepted=project.config.gate.accept_answers,
        notes=notes,
        skipped=skipped,
        machine=place.fitness.summary(),
        seconds=time.monotonic() - began,
        interrupted=interrupted,
    )
    save(folder / "blocks.json", gate_blocks(trials))
    return _conclude(found, folder)


def _lay_out(project: Project, options: Mapping[str, Any]) -> _Revisions:
    subject = subject_of(project, options["suites"])
    resolve(project.root, options["base"])
    if options["head"] == "HEAD" and (changed := dirty(project.root, subject)):
        raise TailgateError(
            f"the tree is dirty: {', '.join(changed[:5])}{' ...' if len(changed) > 5 else ''} differ from HEAD",
            hint="commit them, or judge them as they are with --head worktree",
        )
    folder = project.root / "build" / "gate" / "sides"
    click.get_current_context().with_resource(claimed(folder))
    return _Revisions(
        lay_out(project, options["base"], subject, folder / "base"),
        lay_out(project, options["head"], subject, folder / "head"),
        lay_out(project, options["base"], subject, folder / "control-of-the-base"),
    )


def _gated(project: Project, revisions: _Revisions, options: Mapping[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Return the benchmarks that both revisions have and can run, and why the others are not judged."""
    words = words_of(options) or project.config.gate.benchmarks
    module = project.config.benchmarks
    with _one_suite(options["suites"]):
        base, head = (
            listing(
                Side(checkout.label, "", checkout.python, checkout.roots), module, project.root, project.config.passed()
            )
            for checkout in (revisions.base, revisions.head)
        )
    skipped: dict[str, str] = {}
    wanted = _wanted(project, words, {*base, *head})
    for name in wanted:
        if name not in base and name not in head:
            continue  # made on demand, on either side
        if name not in base:
            skipped[name] = f"it is new: {revisions.base.label} does not have it"
        elif name not in head:
            skipped[name] = f"it is gone: {revisions.head.label} does not have it any more"
        elif base[name] or head[name]:
            skipped[name] = f"it cannot run here: {base[name] or head[name]}"
    names = [name for name in wanted if name not in skipped]
    if not names:
        raise TailgateError(
            "no benchmark can be judged: " + "; ".join(f"{name}: {why}" for name, why in skipped.items()),
            hint="name others, or list them in [tool.tailgate.gate] benchmarks",
        )
    return names, skipped


def _wanted(project: Project, words: Sequence[str], listed: Collection[str]) -> list[str]:
    """Return the names to judge: one that a revision has counts as it is, though the checkout may not have it."""
    if not words:
        return [each.name for each in project.suite.benchmarks]
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
    names: Sequence[str],
    project: Project,
    revisions: _Revisions,
    plan: Plan,
    rng: random.Random,
    options: Mapping[str, Any],
) -> list[Trial]:
    """Scout all benchmarks, in processes that carry them all; report what fails there with the others' verdicts."""
    shares = not is_adapted(plan.module)
    sides = {
        name: tuple(
            Side(
                each.label,
                name,
                each.python,
                each.roots,
                each.replaced,
                gc=project.suite.find(name).gc if options["suites"] == "shared" else "on",
                process=arm if shares else "",
                may_differ=arm == HEAD and name in project.config.gate.accept_answers,
            )
            for arm, each in ((BASE, revisions.base), (HEAD, revisions.head), (CONTROL, revisions.control))
        )
        for name in names
    }
    size = _canary_percent(project, options)
    found = scout(sides, plan, rng, percents=(size / 2, size))
    failed = [each for each in found.values() if isinstance(each, TailgateError) and not isinstance(each, BlindError)]
    if len(failed) == len(names):
        with _one_suite(options["suites"]):
            raise failed[0]
    trials = []
    for name, (base, head, control) in sides.items():
        scouted = found[name]
        if isinstance(scouted, Scouting):
            arms = arms_of(base, head, control, scouted.spin(size))
            fresh = Series(grain_ns=scouted.series.grain_ns)
            trials.append(Trial(name, arms, scouted.plan, fresh, scouted.percentile, unequal=scouted.unequal))
            continue
        arms = arms_of(base, head, control, Injection())  # what is counted is counted all the same
        if isinstance(scouted, BlindError):
            trials.append(Trial(name, arms, plan, verdict=Verdict.UNFIT, fitness="no delay was seen while scouting"))
        else:
            trials.append(Trial(name, arms, plan, failure=str(scouted)))
    return trials


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
        raise TailgateError(
            f"one suite cannot drive both revisions: {error}",
            hint="where the contract changed on purpose, give each revision its own suite: --suites each",
        ) from error


def _conclude(report: GateDocument, folder: Path) -> int:
    """Write the verdict first, then tell it: a reader that has gone must not cost what was measured."""
    save(folder / "verdict.json", report)
    with replacing(folder / "verdict.md") as temporary:
        temporary.write_text(gate_markdown(report), encoding="utf-8")
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as out:
            out.write(gate_markdown(report))
    try:
        click.echo(gate_text(report))
        click.echo(f"\nWritten: {folder / 'verdict.json'}, {folder / 'verdict.md'}")
    except OutputError as error:
        if not error.reader_left:
            raise
        let_go_of_output()  # as `| head` does; the status is the verdict all the same
    return report.exit_status
