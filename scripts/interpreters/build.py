"""Build one interpreter: the instrumented tree, the trainings, the optimised tree, the install, the manifest."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from scripts.interpreters.counters import Counters, counters_of
from scripts.interpreters.inspection import inspect
from scripts.interpreters.layout import Layout, size_bytes
from scripts.interpreters.manifest import FILE, Manifest, TrainingRun, read_manifest, write_manifest
from scripts.interpreters.phases import Phases, digest
from scripts.interpreters.releases import choose_compiler, missing_for, profdata, release_of
from scripts.interpreters.toolchain import Compiler, Machine, refuse
from scripts.interpreters.training import (
    PIPELINE_COMMAND,
    Workload,
    cpython_workload,
    install_packages,
    installer,
    pipeline_workload,
    report_of,
    train,
)
from scripts.interpreters.trees import Tree, ccache_shims
from scripts.interpreters.variants import Base, Training, Variant
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from scripts.interpreters.commands import Runner
    from scripts.interpreters.sources import Source


@dataclass(frozen=True, slots=True)
class Order:
    """Hold what is to be built, and how; `replica` above 1 builds and trains the same once more, beside it."""

    variant: Variant
    checkout: Path
    jobs: int = 2
    passes: int = 25
    replica: int = 1
    compiler: str | None = None
    command: tuple[str, ...] = PIPELINE_COMMAND


class PackageInstaller(Protocol):
    """Fill `folder` with the wheels of `needs` that `python` can load; return the others with the reason."""

    def __call__(
        self, needs: Sequence[str], python: Path, folder: Path, counters: Mapping[str, str], log: Path
    ) -> dict[str, str]:
        """Install; `counters` is the environment that keeps this run out of the training."""


@dataclass(frozen=True, slots=True)
class Shop:
    """Hold what every build uses: the cache, the machine, the runner of commands, and where to report."""

    layout: Layout
    machine: Machine
    runner: Runner
    say: Callable[[str], None]
    fetch_packages: PackageInstaller = install_packages


def check(order: Order, release: str, shop: Shop) -> Compiler:
    """Find the compiler, or raise ONE error that names all that is missing; nothing is fetched before this."""
    compiler = choose_compiler(shop.machine, order.variant, order.compiler)
    series = release_of(release)
    missing = missing_for(order.variant, series, shop.machine, compiler)
    refuse(missing, f"{order.variant} of CPython {series.series}")
    if compiler is None:
        raise TailgateError(f"no compiler is called {order.compiler}", hint="give --cc NAME of a gcc or clang")
    if Training.PIPELINE in order.variant.trainings:
        pipeline_workload(order.checkout, order.passes, order.command)
        installer(Path(sys.executable))
    return compiler


def build(order: Order, source: Source, compiler: Compiler, shop: Shop) -> Manifest:
    """Build what is not built yet and return its manifest; a build that is whole already is only read.

    Every phase that ended is remembered below the cache, so after a failure or Ctrl-C the same call goes on.
    """
    with exclusive(shop.layout.lock):
        return _Build(order, source, compiler, shop).run()


@contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Hold the cache's lock, or raise TailgateError at once when another build holds it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TailgateError(
                f"another build holds {lock}", hint="wait for it: two builds at once spoil each other's times"
            ) from None
        yield


class _Build:
    """One build, phase by phase; the instance holds what the phases share."""

    def __init__(self, order: Order, source: Source, compiler: Compiler, shop: Shop) -> None:
        self.order, self.source, self.compiler, self.shop = order, source, compiler, shop
        self.replica = "" if order.replica == 1 else f".r{order.replica}"
        self.name = f"{source.version}-{order.variant}{self.replica}"
        self.prefix = shop.layout.interpreters / self.name
        self.ccache = shop.machine.which("ccache")
        self.shims = ccache_shims(self.ccache, compiler, shop.layout.cache)
        self.tree = self._tree(self.name)
        self.instrumented = self._tree(f"{source.version}-{order.variant.instrumented}")
        self.counters: Counters | None = None
        if order.variant.base is not Base.PLAIN:
            self.counters = counters_of(compiler, profdata(shop.machine, compiler))
        self.phases: list[dict[str, object]] = []

    def run(self) -> Manifest:
        """Do every phase that is not done."""
        if (self.prefix / FILE).is_file():
            self.shop.say(f"{self.name} is built already: {self.prefix}")
            return read_manifest(self.prefix)
        if self.prefix.exists():
            raise TailgateError(f"{self.prefix} is there, but no build made it", hint="move it away")
        runs: list[TrainingRun] = []
        profile = self._profile(runs) if self.counters else None
        line = self._configure_line()
        phases = Phases(self.tree.folder, self._saying(self.name))
        phases.run("configure", {**self._base_facts(), "line": line}, lambda: self.tree.configure(line))
        if profile is not None:
            key = {"profile": [profile.name, self._trained(profile)]}
            phases.run("counters", key, lambda: self._apply(profile))
        extra = self.counters.make_arguments() if self.counters else []
        phases.run("build", {"arguments": extra}, lambda: self.tree.make(*extra))
        self._keep(self.name, phases)
        start = time.monotonic()
        self._install(extra, line, runs, start)
        return read_manifest(self.prefix)

    def _tree(self, name: str) -> Tree:
        folder = self.shop.layout.trees / name
        return Tree(folder, self.source.folder, self.compiler, self.order.jobs, self.shop.runner, self.shims)

    def _saying(self, where: str) -> Callable[[str], None]:
        return lambda text: self.shop.say(f"{where}: {text}")

    def _keep(self, where: str, phases: Phases) -> None:
        self.phases += [{"where": where, **asdict(phase)} for phase in phases.done]

    def _base_facts(self) -> dict[str, object]:
        source = self.source
        return {"source": source.sha256 or str(source.folder), "compiler": self.compiler.banner}

    def _configure_line(self) -> list[str]:
        commands = [" ".join(work.command) for work in self._workloads()]
        task = [f"PROFILE_TASK={' && '.join(commands)}"] if commands else []  # recorded, so that sysconfig can tell
        return self.tree.configure_line([*self.order.variant.options(), *task], self.prefix)

    def _workloads(self) -> list[Workload]:
        order = self.order
        made = {
            Training.CPYTHON: lambda: cpython_workload(self.instrumented.folder),
            Training.PIPELINE: lambda: pipeline_workload(order.checkout, order.passes, order.command),
        }
        return [made[training]() for training in order.variant.trainings]

    def _profile(self, runs: list[TrainingRun]) -> Path:
        """Build the instrumented tree, run the trainings one after the other, return the folder of counters."""
        tree, counters = self.instrumented, self.counters
        assert counters is not None  # noqa: S101 - for the type checker: plain builds do not come here
        line = tree.configure_line(self.order.variant.instrumented_options(), self.prefix.with_name(tree.folder.name))
        phases = Phases(tree.folder, self._saying(tree.folder.name))
        phases.run("configure", {**self._base_facts(), "line": line}, lambda: tree.configure(line))
        phases.run("build", {}, lambda: tree.make("profile-gen-stamp"))
        self._keep(tree.folder.name, phases)
        folder, before = self.shop.layout.profiles, phases.done[-1].key
        previous: Path | None = None
        for work in self._workloads():
            before = digest({**work.facts(), "before": before, "replica": self.order.replica})
            here = folder / f"{self.source.version}-{work.training.value}-{before}"
            runs.append(self._train(work, here, previous, counters))
            previous = here
        assert previous is not None  # noqa: S101 - as above: a profile has at least one training
        return previous

    def _train(self, work: Workload, here: Path, previous: Path | None, counters: Counters) -> TrainingRun:
        """Run one training on top of the counters of the one before it; done once for all builds that share it."""
        raw, log, note = here / "counters", here / "training.log", here / "packages.json"
        packages = here / "packages" if work.needs else None
        scrap = counters.environment(here / "scrap")  # pip's own run must not train the interpreter
        python = self.instrumented.python

        def fetch() -> None:
            here.mkdir(parents=True, exist_ok=True)
            folder = here / "packages"
            note.write_text(json.dumps(self.shop.fetch_packages(work.needs, python, folder, scrap, log)))

        def rehearse() -> None:
            if work.rehearsal:
                once = replace(work, command=work.rehearsal)
                train(once, python, scrap, packages, self.shop.runner, here / "rehearsal.log")
            shutil.rmtree(here / "scrap", ignore_errors=True)

        def replay() -> None:
            here.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(raw, ignore_errors=True)
            if previous is not None:
                shutil.copytree(previous / "counters", raw)
            raw.mkdir(exist_ok=True)
            train(work, python, counters.environment(raw), packages, self.shop.runner, log)

        phases = Phases(here, self._saying(f"training {work.training.value}"))
        if packages is not None:
            phases.run("packages", {"needs": work.needs}, fetch)
            phases.run("rehearsal", work.facts(), rehearse)
        phases.run("train", work.facts(), replay)
        self._keep(here.name, phases)
        report = report_of(log)
        return TrainingRun(
            name=work.training.value,
            command=" ".join(work.command),
            tape_digest=str(report.get("tape_digest", "")),
            report=report,
            packages=installed(packages),
            unavailable=json.loads(note.read_text()) if packages is not None else {},
            counters=sum(1 for path in raw.rglob("*") if path.is_file()),
        )

    @staticmethod
    def _trained(profile: Path) -> str:
        return str(json.loads((profile / ".phases" / "train.json").read_text())["finished"])

    def _apply(self, profile: Path) -> None:
        assert self.counters is not None  # noqa: S101 - for the type checker: there is a profile
        tree, variant = self.tree, self.order.variant
        count = self.counters.apply(profile / "counters", self.instrumented.folder, tree.folder, variant)
        if count == 0:
            raise TailgateError(f"{profile} holds no counters: the training left none", hint=f"remove {profile}")
        (tree.folder / "profile-run-stamp").touch()  # make's own word for: the profile is there

    def _install(self, extra: list[str], line: list[str], runs: list[TrainingRun], start: float) -> None:
        """Install beside, look at what was installed, write its manifest, and only then give it its name."""
        say = self._saying(self.name)
        say("install ...")
        staging = self.shop.layout.interpreters / f".{self.name}.part"
        whole = self.tree.install(self.prefix, staging, *extra)
        facts = inspect(whole / "bin" / "python3", self.order.variant)
        seconds = round(time.monotonic() - start, 1)
        finished = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.phases.append({"where": self.name, "phase": "install", "seconds": seconds, "finished": finished})
        write_manifest(self._manifest(whole, facts, line, runs), whole)
        whole.rename(self.prefix)
        shutil.rmtree(staging)
        say(f"install: {seconds:.0f} s; it is whole: {self.prefix}")

    def _manifest(self, whole: Path, facts: dict[str, object], line: list[str], runs: list[TrainingRun]) -> Manifest:
        source = self.source
        origin = {"origin": source.origin, "sha256": source.sha256, "vouched_by": source.vouched}
        flags = facts.pop("flags")
        return Manifest(
            name=self.name,
            version=source.version,
            variant=str(self.order.variant),
            replica=self.order.replica,
            executable="bin/python3",
            source={**origin, "size_bytes": source.size_bytes},
            configure=" ".join(line),
            compiler=self.compiler.banner,
            flags={**flags, "make": " ".join(self.counters.make_arguments() if self.counters else [])},  # type: ignore[dict-item] # JSON of a child
            trainings=runs,
            phases=self.phases,
            facts=facts,
            size_bytes=size_bytes(whole),
            built=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            machine={"system": platform.platform(), "cpus": os.cpu_count(), "cpu": cpu_model()},
            jobs=self.order.jobs,
            ccache=self.ccache or "",
        )


def installed(packages: Path | None) -> dict[str, str]:
    """Read names and versions of the packages in a folder that pip filled."""
    if packages is None:
        return {}
    pairs = (path.name.removesuffix(".dist-info").rpartition("-") for path in packages.glob("*.dist-info"))
    return {name: version for name, _, version in sorted(pairs)}


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Read the processor's name; empty where the system does not tell."""
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
