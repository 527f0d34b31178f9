"""What a project says of itself in `[tool.tailgate]` of its pyproject.toml."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, TypeVar

import dependency_groups

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path

_FILE: Final = "pyproject.toml"
_FORMER: Final = {"looks": "interim_analyses", "canary_percent": "positive_control_percent"}
"""Keys of the first round, which are still taken."""

PERCENTILES: Final = (50, 90, 99, 99.9)
"""Those that every report shows."""

_Section = TypeVar("_Section")


@dataclass(frozen=True, slots=True)
class GateConfig:
    """What is judged, and how strictly.

    percentiles: what is judged of a tape (of 50, 90, 99, 99.9), the first one by the positive control. margin: the
    relative slowdown that is tolerated (0.02: 2 %). margins: others, by benchmark (`path/name`), percentile (`p50`),
    kind (`raw`, `reproducible`) or several of these in this order. fatal_budgets: whether a budget of
    [tool.tailgate.budgets] that head breaks and base keeps is a regression. alpha: false alarms per run over all
    benchmarks. interim_analyses: blocks after which a verdict may fall. budget_s: time for the whole gate. operations:
    of the tape per pass. allocations_margin: in allocations per operation. accept_allocations: benchmark -> reason,
    for an intended change of its allocations. accept_answers: likewise of its answers.
    """

    benchmarks: tuple[str, ...] = ()  # selectors of those that are judged; all, where none is named
    percentiles: tuple[float, ...] = (99.0,)
    margin: float = 0.02
    margins: Mapping[str, float] = field(default_factory=dict)
    alpha: float = 0.01
    interim_analyses: tuple[int, ...] = (8, 11, 14, 18, 24)
    budget_s: float = 300.0
    operations: int = 20_000
    passes: int = 7  # measured passes of each process over the tape
    positive_control_percent: float = 5.0  # the delay that must be seen, of the p99
    allocations_margin: float = 0.0
    accept_allocations: Mapping[str, str] = field(default_factory=dict)
    fatal_budgets: bool = False
    accept_answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Config:
    """A project's whole configuration; `root` is the folder of its pyproject.toml.

    benchmarks: the module that declares them, or `pytest:`, `pyperf:` or `asv:` and where that suite lies.
    subject: folders or files that a revision brings along when two revisions
    are compared (everything else, the suite among it, stays the checkout's). report: `module:function` that gets the
    folder of a finished `bench` and adds the project's own documents. shift_plot: likewise, of a duel's JSON.
    requirements: what a side with an environment of its own gets installed; a group may stand for its packages.
    budgets: benchmark -> microseconds at p99. build: the command that makes a revision ready to run (compiles its
    extensions), in its folder. not_shipped: patterns of files that git ignores and a revision may lack. pass_env: names
    of variables, or patterns of them (`AWS_*`), that workers get beside their small environment, where they are set.
    environments: "shared": both revisions run in the environment of the instrument; "each": each in one of its own,
    made from its lock (uv.lock, poetry.lock, requirements files), else its pyproject.toml.
    history: where runs are kept, a file of SQLite or a URL of PostgreSQL (.tailgate/history.sqlite3 where it is empty),
    `off` for nowhere; the variable TAILGATE_HISTORY comes before it.
    fleet_refuses: what a host of a cluster may not have other than the host of the command: "python", "libc",
    "packages"; what is not named is told.
    """

    root: Path
    benchmarks: str = ""
    subject: tuple[str, ...] = ()
    report: str = ""
    shift_plot: str = ""
    requirements: tuple[str, ...] = ()
    gate: GateConfig = field(default_factory=GateConfig)
    budgets: Mapping[str, float] = field(default_factory=dict)
    build: str = ""
    not_shipped: tuple[str, ...] = ()
    pass_env: tuple[str, ...] = ()
    environments: str = "shared"
    history: str = ""
    fleet_refuses: tuple[str, ...] = ()

    def passed(self) -> dict[str, str]:
        """Return the variables of this process that workers get beside their own."""
        found = (name for name in os.environ if any(fnmatchcase(name, each) for each in self.pass_env))
        return {name: os.environ[name] for name in sorted(found)}


def find_root(start: Path) -> Path:
    """Return the nearest folder at or above `start` whose pyproject.toml has a [tool.tailgate] table."""
    for folder in (start, *start.parents):
        if "tailgate" in _tables(folder / _FILE):
            return folder
    raise TailgateError(
        f"no pyproject.toml with a [tool.tailgate] table in {start} or above",
        hint='add:  [tool.tailgate]  benchmarks = "your_benchmarks_module"',
    )


def load_config(root: Path) -> Config:
    """Read the project's configuration; an unknown key is an error that names the nearest."""
    plain = dict(_tables(root / _FILE).get("tailgate", {}))
    gate = _section(GateConfig, plain.pop("gate", {}), "tool.tailgate.gate")
    _check_gate(gate)
    if any(isinstance(each, Mapping) for each in plain.get("requirements", ())):
        plain["requirements"] = _resolved(plain["requirements"], root)
    found = _section(Config, plain, "tool.tailgate", root=root, gate=gate)
    if found.environments not in {"shared", "each"}:
        raise TailgateError(
            f"[tool.tailgate] environments = {found.environments!r} is not known", hint='write "shared" or "each"'
        )
    if strange := sorted({*found.fleet_refuses} - {"python", "libc", "packages"}):
        raise TailgateError(
            f"[tool.tailgate] fleet-refuses = {strange!r} is not known", hint='write "python", "libc", "packages"'
        )
    return found


_OF_HEAD: Final = ("accept_allocations", "accept_answers")
"""What a change says of itself, by name and reason; everything else of [tool.tailgate.gate] is base's to say."""


def of_base(config: Config, text: str) -> tuple[GateConfig, tuple[str, ...]]:
    """Return how base judges, and a sentence for each key that head changes: a change must not raise its own margin.

    text: base's pyproject.toml. Where base has no [tool.tailgate] yet, or one that is not understood, head's counts.
    """
    try:
        tool = tomllib.loads(text).get("tool", {})
        if "tailgate" not in tool:
            return config.gate, ()
        base = _section(GateConfig, tool["tailgate"].get("gate", {}), "tool.tailgate.gate")
        _check_gate(base)
    except (tomllib.TOMLDecodeError, TailgateError, AttributeError) as error:
        return config.gate, (f"base's [tool.tailgate.gate] is not understood, so head's counts: {error}",)
    changed = {
        each.name: getattr(config.gate, each.name)
        for each in fields(GateConfig)
        if each.name not in _OF_HEAD and getattr(config.gate, each.name) != getattr(base, each.name)
    }
    told = tuple(
        f"[tool.tailgate.gate] {name.replace('_', '-')}: head says {new!r}, base's {getattr(base, name)!r} counts"
        for name, new in changed.items()
    )
    own = {name: getattr(config.gate, name) for name in _OF_HEAD}
    benchmarks = tuple(dict.fromkeys((*base.benchmarks, *config.gate.benchmarks))) if base.benchmarks else ()
    return replace(base, benchmarks=benchmarks, **own), told


def _resolved(requirements: list[Any], root: Path) -> list[str]:
    """Return requirements with each `{include-group = "..."}` filled in, as PEP 735 has it."""
    own = "tool.tailgate.requirements"
    groups = _document(root / _FILE).get("dependency-groups", {})
    try:
        return list(dependency_groups.resolve({**groups, own: requirements}, own))
    except (LookupError, ValueError, TypeError) as error:
        raise TailgateError(f"[tool.tailgate] requirements: {error}") from error


def _check_gate(gate: GateConfig) -> None:
    """Refuse figures that would show only after minutes of measuring, or never."""
    wrong = [
        name for name in ("budget_s", "operations", "passes", "positive_control_percent") if not getattr(gate, name) > 0
    ]
    wrong += [name for name in ("margin", "allocations_margin") if not getattr(gate, name) >= 0]
    margins: list[Any] = list(gate.margins.values())  # as TOML has them
    wrong += [] if all(isinstance(each, int | float) and each >= 0 for each in margins) else ["margins"]
    wrong += [] if 0 < gate.alpha < 1 else ["alpha"]
    wrong += [] if gate.percentiles and all(each in PERCENTILES for each in gate.percentiles) else ["percentiles"]
    analyses = gate.interim_analyses
    rising = all(isinstance(blocks, int) for blocks in analyses) and list(analyses) == sorted({*analyses})
    wrong += [] if rising and analyses and analyses[0] > 0 else ["interim_analyses"]
    if wrong:
        told = ", ".join(f"{name} = {getattr(gate, name)!r}" for name in wrong)
        raise TailgateError(
            f"[tool.tailgate.gate] {told}: out of range",
            hint="margins from 0, percentiles of 50, 90, 99, 99.9, alpha between 0 and 1, interim_analyses rising "
            "numbers of blocks, the others above 0",
        )


def _tables(path: Path) -> Mapping[str, Any]:
    tool: Mapping[str, Any] = _document(path).get("tool", {})
    return tool


def _document(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TailgateError(f"{path} is not valid TOML: {error}") from error


def _section(cls: type[_Section], plain: Mapping[str, Any], table: str, **given: Any) -> _Section:
    known = {each.name: each for each in fields(cls)}  # type: ignore[arg-type]  # both sections are dataclasses
    values: dict[str, Any] = {}
    for key, value in plain.items():
        name = key.replace("-", "_")
        name = _FORMER.get(name, name)
        if name not in known or name in given:
            near = difflib.get_close_matches(name, [each for each in known if each not in given], n=1)
            raise TailgateError(
                f"[{table}] has an unknown key {key!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
                hint=f"it knows {', '.join(each for each in known if each not in given)}",
            )
        values[name] = tuple(value) if isinstance(value, list) else value
    _check_types(cls(**given), values, table)
    return cls(**given, **values)


def _check_types(defaults: object, values: Mapping[str, Any], table: str) -> None:
    for name, value in values.items():
        expected = getattr(defaults, name)
        fits = isinstance(value, Mapping) if isinstance(expected, Mapping) else isinstance(value, type(expected))
        if not (fits or (isinstance(expected, float) and isinstance(value, int) and not isinstance(value, bool))):
            raise TailgateError(f"[{table}] {name} = {value!r} should be {_described(expected)}")


def _described(expected: object) -> str:
    if isinstance(expected, Mapping):
        return "a table"
    return {"str": "a text", "bool": "true or false", "tuple": "a list", "float": "a number", "int": "a whole number"}[
        type(expected).__name__
    ]
