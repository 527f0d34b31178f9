"""What every command that measures needs first: the project, its suite, the suite's own options, the CPUs."""

from __future__ import annotations

import fcntl
import importlib
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tailgate.benchmark import Suite, load_suite
from tailgate.config import Config, find_root, load_config
from tailgate.errors import TailgateError
from tailgate.machine.fitness import Fitness, assess
from tailgate.machine.placement import CpuPlan, take_seat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tailgate.benchmark import Benchmark, Setting


@dataclass(frozen=True, slots=True)
class Project:
    """A project's configuration and its suite."""

    config: Config
    suite: Suite

    @property
    def root(self) -> Path:
        """Give the folder of the project."""
        return self.config.root


def open_project(start: Path | None = None) -> Project:
    """Find the project around the current folder and import its suite."""
    root = find_root(start or Path.cwd())
    config = load_config(root)
    if not config.benchmarks:
        raise TailgateError(
            f"[tool.tailgate] in {root / 'pyproject.toml'} names no benchmarks",
            hint='add: benchmarks = "your_benchmarks_module"',
        )
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return Project(config, load_suite(config.benchmarks))


class SuiteCommand(click.Command):
    """A command that also takes the options which the project's suite declares in its SETTINGS."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Give the command's own options and the suite's."""
        own = super().get_params(ctx)
        return own[:-1] + [_option(setting) for setting in _settings()] + own[-1:]


def _settings() -> tuple[Setting, ...]:
    try:
        return open_project().suite.settings
    except TailgateError:  # told when the command runs; `--help` works anywhere
        return ()


def _whole_path(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """Give the whole path of a file that the user names from where the user stands; an empty name stays empty."""
    return str(Path(value).expanduser().absolute()) if value else ""


def _option(setting: Setting) -> click.Option:
    return click.Option(
        [f"--{setting.name.replace('_', '-')}", f"setting_{setting.name}"],
        type=type(setting.default),
        callback=_whole_path if setting.kind == "file" else None,
        default=setting.default,
        show_default=bool(setting.default),
        metavar=setting.metavar or None,
        help=setting.help,
    )


def settings_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the suite's settings out of a command's options."""
    return {key.removeprefix("setting_"): value for key, value in options.items() if key.startswith("setting_")}


@dataclass(frozen=True, slots=True)
class Place:
    """Where to measure, and what this machine is worth for it."""

    cpu: int | None
    coordinator_cpus: frozenset[int]
    fitness: Fitness
    seat: Callable[[int], None] | None


def choose_place(affinity: int | None, probe_seconds: float) -> Place:
    """Assess the machine; `affinity` overrules the choice of the worker's CPU."""
    if affinity is None:
        fitness = assess(seconds=probe_seconds)
    else:
        fitness = assess(seconds=probe_seconds, plan=_plan_for(affinity))
    plan = fitness.plan
    return Place(plan.worker_cpu, frozenset(plan.coordinator_cpus), fitness, seat_of(plan))


def seat_of(plan: CpuPlan) -> Callable[[int], None] | None:
    """Give what puts a worker (by its process id) in its seat; None where pinning it is enough."""
    return (lambda pid: take_seat(plan, process=pid)) if plan.enter else None


def _plan_for(cpu: int) -> CpuPlan:
    allowed = sorted(os.sched_getaffinity(0))
    if cpu not in allowed:
        raise TailgateError(
            f"--affinity {cpu}: this process may not run on CPU {cpu}",
            hint=f"it may run on {', '.join(map(str, allowed))}",
        )
    others = tuple(each for each in allowed if each != cpu) or (cpu,)
    return CpuPlan(cpu, others, isolated=False, reason="--affinity")


def subject_of(project: Project, suites: str) -> tuple[str, ...]:
    """Give what a revision brings along: the subject, and with `each` the suite too, a folder or a single file."""
    if suites != "each":
        return project.config.subject
    top = project.config.benchmarks.partition(".")[0]
    suite = f"{top}.py" if (project.root / f"{top}.py").is_file() else top
    return tuple(dict.fromkeys((*project.config.subject, suite)))


def output_folder(folder: Path) -> Path:
    """Make the folder that results go to, before anything is measured; TailgateError where no file can be put there."""
    probe = folder / f".writable.{os.getpid()}.tmp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise TailgateError(
            f"no results can be written into {folder}: {error.strerror}",
            hint="choose another folder with --output",
        ) from error
    return folder


def guard_file(path: Path, root: Path, hint: str) -> None:
    """Refuse to replace a file that is not under the project's build/."""
    if path.exists() and not path.resolve().is_relative_to((root / "build").resolve()):
        raise TailgateError(f"{path} exists and is not under build/", hint=hint)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keep other runs out of the folder where revisions are laid out, as long as this one lasts.

    TailgateError where another one is in. The lock is the operating system's: it ends with the process, in any case.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TailgateError(
                f"another run is at work in {folder}: it would lose the revisions that it measures",
                hint="wait until it has ended, or run this one in a checkout of its own (git worktree add)",
            ) from None
        yield


def default_benchmark(project: Project) -> Benchmark:
    """Give what a command is about when nothing is named: the first gated benchmark, else the first recommended one."""
    if project.config.gate.benchmarks:
        return project.suite.find(project.config.gate.benchmarks[0])
    recommended = (each for each in project.suite.benchmarks if each.role == "recommended")
    return next(recommended, project.suite.benchmarks[0])


def call_hook(target: str, *arguments: object) -> Any:
    """Call `module:function` as the project's configuration names it."""
    module, _, function = target.partition(":")
    try:
        hook = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise TailgateError(
            f"the hook {target!r} of [tool.tailgate] cannot be used: {error}", hint="write module:function"
        ) from error
    return hook(*arguments)
