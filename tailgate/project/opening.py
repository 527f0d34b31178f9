"""What every command that measures needs first: the project around it, its suite, what it brings along."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tailgate.adapters import is_adapted
from tailgate.benchmark import Suite, load_suite
from tailgate.config import Config, find_root, load_config
from tailgate.errors import MissingToolError, TailgateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.benchmark import Benchmark


@dataclass(frozen=True, slots=True)
class Project:
    """A project's configuration and its suite."""

    config: Config
    suite: Suite

    @property
    def root(self) -> Path:
        """Return the folder of the project."""
        return self.config.root

    def inspect(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what the suite says of its inputs; its TailgateError where they cannot be used. Before any worker."""
        return tuple(self.suite.inspect(settings))

    def suites(self, asked: str | None) -> str:
        """Return which suite drives a revision: as asked, else its own if it is another tool's, else the checkout's."""
        return asked or ("each" if is_adapted(self.config.benchmarks) else "shared")


def open_project(start: Path | None = None, *, passing: Sequence[str] = ()) -> Project:
    """Find the project around the current folder and import its suite.

    passing: variables that its workers get, beside those that its configuration names.
    """
    root = find_root(start or Path.cwd())
    config = load_config(root)
    config = replace(config, pass_env=(*config.pass_env, *passing))
    if not config.benchmarks:
        raise TailgateError(
            f"[tool.tailgate] in {root / 'pyproject.toml'} names no benchmarks",
            hint='add: benchmarks = "your_benchmarks_module"',
        )
    if is_adapted(config.benchmarks) and not config.subject:
        config = replace(config, subject=(".",))  # tests may open any file of the project
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return Project(config, load_suite(config.benchmarks))


def subject_of(project: Project, suites: str) -> tuple[str, ...]:
    """Return what a revision brings along: the subject, and with `each` the suite too, a folder or a single file."""
    if suites != "each" or "." in project.config.subject:
        return project.config.subject
    if is_adapted(project.config.benchmarks):
        return (*project.config.subject, project.config.benchmarks.partition(":")[2])
    top = project.config.benchmarks.partition(".")[0]
    suite = f"{top}.py" if (project.root / f"{top}.py").is_file() else top
    return tuple(dict.fromkeys((*project.config.subject, suite)))


def register_documents(root: Path) -> None:
    """Import the module of the project's report hook, where there is one, for the documents that are its own."""
    module = load_config(root).report.partition(":")[0]
    if module and not module.startswith("tailgate."):
        if str(root) not in sys.path:
            sys.path.insert(0, str(root))
        importlib.import_module(module)


def default_benchmark(project: Project) -> Benchmark:
    """Return the default benchmark of a command: the first gated one, else the first recommended one."""
    if project.config.gate.benchmarks:
        return project.suite.find(project.config.gate.benchmarks[0])
    recommended = (each for each in project.suite.benchmarks if each.role == "recommended")
    return next(recommended, project.suite.benchmarks[0])


def call_hook(target: str, *arguments: object) -> Any:
    """Call `module:function` as the project's configuration names it.

    MissingToolError where it is one of the instrument's own, and its extra is not installed.
    """
    module, _, function = target.partition(":")
    try:
        hook = getattr(importlib.import_module(module), function)
    except ModuleNotFoundError as error:
        if module.startswith("tailgate.report.") and error.name in {"jinja2", "matplotlib"}:
            told = f"{target} draws nothing, since {error.name} is not installed"
            raise MissingToolError(told, hint="pip install 'tailgate[report]'") from error
        raise _unusable(target, error) from error
    except (ImportError, AttributeError) as error:
        raise _unusable(target, error) from error
    return hook(*arguments)


def _unusable(target: str, error: Exception) -> TailgateError:
    return TailgateError(
        f"the hook {target!r} of [tool.tailgate] cannot be used: {error}", hint="write module:function"
    )
