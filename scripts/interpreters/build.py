"""Build one interpreter: the trainings, the optimised tree, the install, the manifest."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.interpreters.counters import Counters, counters_of
from scripts.interpreters.inspection import inspect
from scripts.interpreters.layout import size_bytes
from scripts.interpreters.manifest import FILE, Manifest, TrainingRun, read_manifest, write_manifest
from scripts.interpreters.phases import Phases
from scripts.interpreters.profiling import Profile, Trainer
from scripts.interpreters.releases import choose_compiler, missing_for, profdata, release_of
from scripts.interpreters.toolchain import Compiler, refuse
from scripts.interpreters.training import (
    PIPELINE_COMMAND,
    Workload,
    cpython_workload,
    installer,
    pipeline_workload,
)
from scripts.interpreters.trees import Tree, ccache_shims
from scripts.interpreters.variants import Base, Training, Variant
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from scripts.interpreters.shop import Shop
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

    Every phase that ended is remembered below the cache, so after a failure or Ctrl-C the same call goes on. The caller
    holds the cache's lock (shop.exclusive), for the source as well: two that unpack one would spoil it.
    """
    return _Build(order, source, compiler, shop).run()


class _Build:
    """One build, phase by phase; the instance holds what the phases share."""

    def __init__(self, order: Order, source: Source, compiler: Compiler, shop: Shop) -> None:
        self.order, self.source, self.compiler, self.shop = order, source, compiler, shop
        told = f".{Path(order.compiler).name}" if order.compiler else ""  # as in 3.13.15-pgo.clang-19
        replica = f".r{order.replica}" if order.replica > 1 else ""
        self.name = f"{source.version}-{order.variant}{told}{replica}"
        self.prefix = shop.layout.interpreters / self.name
        self.ccache = shop.machine.which("ccache")
        self.shims = ccache_shims(self.ccache, compiler, shop.layout.cache)
        self.tree = self._tree(self.name)
        self.instrumented = self._tree(f"{source.version}-{order.variant.instrumented}{told}")
        self.facts = {"source": source.sha256 or str(source.folder), "compiler": compiler.banner}
        self.counters: Counters | None = None
        if order.variant.base is not Base.PLAIN:
            self.counters = counters_of(compiler, profdata(shop.machine, compiler))

    def run(self) -> Manifest:
        """Do every phase that is not done."""
        if (self.prefix / FILE).is_file():
            return self._found()
        if self.prefix.exists():
            raise TailgateError(f"{self.prefix} is there, but no build made it", hint="move it away")
        profile = self._profile(self.counters) if self.counters else None
        line = self._configure_line()
        extra = self.counters.make_arguments() if self.counters else []
        # make does not know that objects depend on counters: with others the tree is begun anew
        facts = {**self.facts, "line": line, "profile": profile.key() if profile else []}
        phases = Phases(self.tree.folder, self.shop.saying(self.name))
        phases.run("configure", facts, lambda: self.tree.configure(line))
        if profile is not None:
            phases.run("counters", {}, lambda: self._apply(profile))
        phases.run("build", {"arguments": extra}, lambda: self.tree.make(*extra))
        before = profile.phases if profile else []
        done = [*before, *({"where": self.name, **asdict(phase)} for phase in phases.done)]
        self._install(line, extra, profile.runs if profile else [], done)
        return read_manifest(self.prefix)

    def _found(self) -> Manifest:
        """Take what is built; say what it was made of that is not what stands here now, since its name does not."""
        found = read_manifest(self.prefix)
        self.shop.say(f"{self.name} is built already: {self.prefix}")
        now = {work.training.value: work for work in self._workloads()}
        trained = [(run, now[run.name]) for run in found.trainings if run.name in now]
        if any(run.code != work.code for run, work in trained):
            self.shop.say(f"  other code trained it than stands here now: `remove {found.name}` to train it anew")
        others = [f"trained by `{run.command}`" for run, work in trained if run.command != " ".join(work.command)]
        if (self.source.sha256 or self.source.origin) not in (found.source["sha256"], found.source["origin"]):
            others.append(f"its source was {found.source['origin']}")
        if found.compiler != self.compiler.banner:
            others.append(f"its compiler was {found.compiler}")
        if others:
            self.shop.say(f"  not as asked now: {'; '.join(others)}: `remove {found.name}` to build it anew")
        return found

    def _tree(self, name: str) -> Tree:
        folder = self.shop.layout.trees / name
        return Tree(folder, self.source.folder, self.compiler, self.order.jobs, self.shop.runner, self.shims)

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

    def _profile(self, counters: Counters) -> Profile:
        tree = self.instrumented
        options = self.order.variant.instrumented_options()
        line = tree.configure_line(options, self.prefix.with_name(tree.folder.name))
        trainer = Trainer(tree, counters, self.shop, self.source.version, self.order.replica)
        return trainer.profile(self._workloads(), line, self.facts)

    def _apply(self, profile: Profile) -> None:
        assert self.counters is not None  # noqa: S101 - for the type checker: there is a profile
        tree, variant = self.tree.folder, self.order.variant
        if self.counters.apply(profile.counters, self.instrumented.folder, tree, variant) == 0:
            raise TailgateError(
                f"{profile.folder} holds no counters: the training left none", hint=f"remove {profile.folder}"
            )
        (tree / "profile-run-stamp").touch()  # make's own word for: the profile is there

    def _install(self, line: list[str], extra: list[str], runs: list[TrainingRun], done: list[dict[str, Any]]) -> None:
        """Install beside, look at what was installed, write its manifest, and only then give it its name."""
        say, start = self.shop.saying(self.name), time.monotonic()
        say("install ...")
        staging = self.shop.layout.interpreters / f".{self.name}.part"
        whole = self.tree.install(self.prefix, staging, *extra)
        facts = inspect(whole / "bin" / "python3", self.order.variant)
        seconds = round(time.monotonic() - start, 1)
        installed = {"where": self.name, "phase": "install", "seconds": seconds, "finished": now_utc()}
        write_manifest(self._manifest(whole, facts, line, runs, [*done, installed]), whole)
        whole.rename(self.prefix)
        shutil.rmtree(staging)
        say(f"install: {seconds:.0f} s; it is whole: {self.prefix}")

    def _manifest(
        self, whole: Path, facts: dict[str, Any], line: list[str], runs: list[TrainingRun], phases: list[dict[str, Any]]
    ) -> Manifest:
        source, counters = self.source, self.counters
        origin = {"origin": source.origin, "sha256": source.sha256, "vouched_by": source.vouched}
        return Manifest(
            name=self.name,
            version=source.version,
            variant=str(self.order.variant),
            replica=self.order.replica,
            executable="bin/python3",
            source={**origin, "size_bytes": source.size_bytes},
            configure=" ".join(line),
            compiler=self.compiler.banner,
            flags={**facts.pop("flags"), "make": " ".join(counters.make_arguments() if counters else [])},
            trainings=runs,
            phases=phases,
            facts=facts,
            size_bytes=size_bytes(whole),
            built=now_utc(),
            machine={"system": platform.platform(), "cpus": os.cpu_count(), "cpu": cpu_model()},
            jobs=self.order.jobs,
            ccache=self.ccache or "",
        )


def now_utc() -> str:
    """Return the time in UTC, as the manifests write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Read the processor's name; empty where the system does not tell."""
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
