"""The instrumented build and its trainings: counters that any number of variants are optimised by."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from scripts.interpreters.manifest import TrainingRun
from scripts.interpreters.phases import Phases, digest
from scripts.interpreters.training import Workload, report_of, train

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from scripts.interpreters.counters import Counters
    from scripts.interpreters.shop import Shop
    from scripts.interpreters.trees import Tree


@dataclass(slots=True)
class Profile:
    """Tell where the counters are after the last training, which trainings made them, and what that took."""

    folder: Path
    runs: list[TrainingRun] = field(default_factory=list)
    phases: list[dict[str, Any]] = field(default_factory=list)

    @property
    def counters(self) -> Path:
        """Return the folder that the counters were sent to."""
        return self.folder / "counters"

    def key(self) -> list[str]:
        """Name the profile and the moment it was finished: another one means another build."""
        return [self.folder.name, str(self.phases[-1]["finished"])]


@dataclass(frozen=True, slots=True)
class Trainer:
    """Train one instrumented tree; `replica` keeps the runs of a second training apart from those of the first."""

    tree: Tree
    counters: Counters
    shop: Shop
    version: str
    replica: int

    def profile(self, workloads: Sequence[Workload], line: Sequence[str], facts: Mapping[str, object]) -> Profile:
        """Build the tree, run the workloads one after the other, each on top of the counters of the one before."""
        tree, name = self.tree, self.tree.folder.name
        phases = Phases(tree.folder, self.shop.saying(name))
        phases.run("configure", {**facts, "line": line}, lambda: tree.configure(line))
        phases.run("build", {}, lambda: tree.make("profile-gen-stamp"))
        profile = Profile(tree.folder, phases=[{"where": name, **asdict(phase)} for phase in phases.done])
        previous, before = None, phases.done[-1].key
        for work in workloads:
            before = digest({**work.facts(), "before": before, "replica": self.replica})
            here = self.shop.layout.profiles / f"{self.version}-{work.training.value}-{before}"
            profile.runs.append(self._train(work, here, previous, profile.phases))
            profile.folder = previous = here
        return profile

    def _train(self, work: Workload, here: Path, previous: Path | None, done: list[dict[str, Any]]) -> TrainingRun:
        """Run one training; done once for all builds that share it."""
        raw, log, note = here / "counters", here / "training.log", here / "packages.json"
        packages = here / "packages" if work.needs else None
        scrap = self.counters.environment(here / "scrap")  # pip's run and the rehearsal must not train
        python, runner = self.tree.python, self.shop.runner

        def fetch() -> None:
            here.mkdir(parents=True, exist_ok=True)
            missing = self.shop.fetch_packages(work.needs, python, here / "packages", scrap, log)
            note.write_text(json.dumps(missing))

        def rehearse() -> None:
            train(replace(work, command=work.rehearsal), python, scrap, packages, runner, here / "rehearsal.log")
            shutil.rmtree(here / "scrap", ignore_errors=True)

        def replay() -> None:
            shutil.rmtree(raw, ignore_errors=True)
            if previous is not None:
                shutil.copytree(previous / "counters", raw)
            raw.mkdir(parents=True, exist_ok=True)
            train(work, python, self.counters.environment(raw), packages, runner, log)

        phases = Phases(here, self.shop.saying(f"training {work.training.value}"))
        if packages is not None:
            phases.run("packages", {"needs": work.needs}, fetch)
        if work.rehearsal:
            phases.run("rehearsal", work.facts(), rehearse)
        phases.run("train", work.facts(), replay)
        done += [{"where": here.name, **asdict(phase)} for phase in phases.done]
        report = report_of(log)
        return TrainingRun(
            name=work.training.value,
            command=" ".join(work.command),
            code=work.code,
            tape_digest=str(report.get("tape_digest", "")),
            report=report,
            packages=installed(packages),
            unavailable=json.loads(note.read_text()) if packages is not None else {},
            counters=sum(1 for path in raw.rglob("*") if path.is_file()),
        )


def installed(packages: Path | None) -> dict[str, str]:
    """Read names and versions of the packages in a folder that pip filled."""
    if packages is None:
        return {}
    pairs = (path.name.removesuffix(".dist-info").rpartition("-") for path in packages.glob("*.dist-info"))
    return {name: version for name, _, version in sorted(pairs)}
