"""`tailgate gate`: stop a change that makes the p99 worse; the exit status is the verdict."""

from __future__ import annotations

import os
import random
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from tailgate.documents.envelope import save
from tailgate.errors import TailgateError
from tailgate.files import replacing
from tailgate.judge.arms import BlindError, arms_of, scout
from tailgate.judge.counts import counted
from tailgate.judge.documents import gate_blocks, gate_document
from tailgate.judge.gate import GateRules, Trial, Verdict, interrupt_trials, measured, run_gate
from tailgate.machine.place import choose_place
from tailgate.measure.listing import listing
from tailgate.measure.lockstep import run_block
from tailgate.measure.protocol import Injection
from tailgate.measure.revisions import Checkout, check_out, dirty, resolve
from tailgate.measure.sides import BrokenSideError, Side
from tailgate.project.folders import claimed, output_folder
from tailgate.project.opening import Project, open_project, subject_of
from tailgate.project.plans import gate_plan
from tailgate.results.gate_report import gate_markdown, gate_text
from tailgate.statistics.sequential import Plan as Looks
from tailgate.terminal.options import SuiteCommand, settings_of
from tailgate.terminal.output import OutputError, let_go_of_output

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tailgate.documents.gate import Counted, GateDocument
    from tailgate.measure.lockstep import Plan

_EPILOG = """\b
Examples:
  tailgate gate --base origin/main              this commit against the branch it goes to
  tailgate gate --base HEAD --head worktree     what is not committed yet against what is
  tailgate gate --base v1.2 --only pipeline/recommended,book/bisect

\b
Exit status: 0 pass, 1 regression, 2 error, 3 undecided (budget spent), 4 unfit (the machine cannot judge now),
130 interrupted (what the whole blocks say is told and written, and nothing is passed).
"""


@dataclass(frozen=True, slots=True)
class _Revisions:
    base: Checkout
    head: Checkout
    control: Checkout


@click.command("gate", cls=SuiteCommand, epilog=_EPILOG)
@click.option("--base", metavar="REV", required=True, help="The revision to hold head against.")
@click.option("--head", metavar="REV", default="HEAD", show_default=True, help="A revision, or `worktree`.")
@click.option("--only", metavar="NAME,NAME", default="", help="Gate these benchmarks instead of the configured ones.")
@click.option(
    "--margin",
    type=click.FloatRange(0),
    help="Tolerated slowdown, as a fraction.  [default: the configuration's, 0.02]",
)
@click.option("--budget", type=click.FloatRange(0, min_open=True), help="Seconds for one benchmark at most.")
@click.option(
    "--suites", type=click.Choice(["shared", "each"]), default="shared", help="Each revision with its own suite."
)
@click.option("--instructions", is_flag=True, help="Also count instructions by callgrind: exact, slow.")
@click.option("--no-allocations", is_flag=True, help="Leave the allocations out.")
@click.option("--affinity", type=int, metavar="CPU", help="Pin the workers here.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where to write.  [default: build/gate]",
)
def gate(**options: Any) -> int:
    """Judge head's p99 against base's in lockstep, with a control and a canary; certify the judgement or refuse it."""
    project = open_project()
    began = time.monotonic()
    revisions = _lay_out(project, options)
    names, skipped = _gated(project, revisions, options)
    place = choose_place(options["affinity"], probe_seconds=0.3)
    folder = output_folder(options["output"] or project.root / "build" / "gate")
    rules = _rules(project, options)
    plan = gate_plan(project.config, settings_of(options), place)
    rng = random.Random()
    trials: list[Trial] = []
    counts: tuple[Counted, ...] = ()
    notes: tuple[str, ...] = ()
    interrupted = False
    with Console(stderr=True).status("starting") as status:
        try:
            trials += (_trial(name, project, revisions, plan, rng, suites=options["suites"]) for name in names)
            verdict = run_gate(
                trials,
                rules,
                measured(rng),
                heard=lambda trial, to: status.update(f"{trial.name}: block {len(trial.series)} of {to}"),
            )
            counts, notes = counted(trials, plan, project.config.gate, options, status.update)
        except KeyboardInterrupt:
            if not any(len(trial.series) for trial in trials):
                raise TailgateError("interrupted before the first block was whole; nothing was written") from None
            interrupted, verdict = True, interrupt_trials(trials)
    if any(each.worse for each in counts):
        verdict = Verdict.REGRESSION
    found = gate_document(
        revisions.base.label,
        revisions.head.label,
        verdict,
        trials,
        rules.margin,
        counts=counts,
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
        check_out(project.root, options["base"], subject, folder / "base"),
        check_out(project.root, options["head"], subject, folder / "head"),
        check_out(project.root, options["base"], subject, folder / "control-of-the-base"),
    )


def _gated(project: Project, revisions: _Revisions, options: Mapping[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Give the benchmarks that both revisions have and can run, and why the others are not judged."""
    wanted: Sequence[str] = list(dict.fromkeys(name for name in options["only"].split(",") if name))
    wanted = wanted or project.config.gate.benchmarks or [each.name for each in project.suite.benchmarks]
    module = project.config.benchmarks
    with _one_suite(options["suites"]):
        base, head = (
            listing(Side(checkout.label, "", roots=checkout.roots), module, project.root)
            for checkout in (revisions.base, revisions.head)
        )
    skipped: dict[str, str] = {}
    for name in wanted:
        if name not in base and name not in head:
            project.suite.find(name)  # says what is near, or makes it on demand
        elif name not in base:
            skipped[name] = f"it is new: {revisions.base.label} does not have it"
        elif name not in head:
            skipped[name] = f"it is gone: {revisions.head.label} does not have it any more"
        elif base[name] or head[name]:
            skipped[name] = f"it cannot run here: {base[name] or head[name]}"
    names = [name for name in wanted if name not in skipped]
    if not names:
        raise TailgateError(
            "no benchmark can be judged: " + "; ".join(f"{name}: {why}" for name, why in skipped.items()),
            hint="name others with --only, or in [tool.tailgate.gate] benchmarks",
        )
    return names, skipped


def _rules(project: Project, options: Mapping[str, Any]) -> GateRules:
    config = project.config.gate
    margin = config.margin if options["margin"] is None else options["margin"]
    return GateRules(Looks(config.looks, config.alpha), margin, options["budget"] or config.budget_s)


def _trial(name: str, project: Project, revisions: _Revisions, plan: Plan, rng: random.Random, *, suites: str) -> Trial:
    gc = project.suite.find(name).gc if suites == "shared" else "on"
    base, head, control = (
        Side(each.label, name, roots=each.roots, replaced=each.replaced, gc=gc)
        for each in (revisions.base, revisions.head, revisions.control)
    )
    try:
        with _one_suite(suites):
            scouted = scout(base, plan, rng)
            run_block((head,), replace(plan, passes=1, operations=scouted.plan.operations), rng)
    except BlindError:
        arms = arms_of(base, head, control, Injection())  # what is counted is counted all the same
        return Trial(name, arms, plan, verdict=Verdict.UNFIT, fitness="no delay was seen while scouting")
    canary = scouted.spin(project.config.gate.canary_percent)
    return Trial(name, arms_of(base, head, control, canary), scouted.plan)


@contextmanager
def _one_suite(suites: str) -> Iterator[None]:
    """Offer each revision its own suite where the shared one cannot be imported with it, or fails over it."""
    try:
        yield
    except BrokenSideError as error:
        if suites == "each":
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
