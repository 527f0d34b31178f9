"""What is measured in lockstep: leagues of sides that share their blocks, and which two of them make a row."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

from implementations.pipeline.composition import BOTTLENECK, RECOMMENDED
from implementations.registry import catalogue
from suites.ledger.builds import NATIVE, TRAINED
from suites.ledger.claims import STEP_OF
from tailgate.measure.sides import Side
from tailgate.profilers.allocators import allocators

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suites.ledger.builds import Builds

Where = Literal["path", "pipeline"]
RECOMMENDED_PIPELINE: Final = "pipeline/recommended"
BOTTLENECK_PIPELINE: Final = "pipeline/bottleneck"
ONE_MISSING: Final = "pipeline, one fix missing"
ONE_MADE: Final = "pipeline, one fix made"
ALLOCATORS: Final = ("jemalloc", "mimalloc")
COMPILED: Final = {"I4": "pipeline/native", "I6": "pipeline/fused"}
"""Native code against the recommended composition: the same stages as extension modules, and all of them in one."""
NO_MYPYC: Final = "mypyc builds no path of the pipeline here"
FIXES: Final = RECOMMENDED.but("handoff=ring")
"""What the analysis advises for each step, measured also where `recommended` does better without it."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: blocks of a league, passes, operations of a pass, seconds a process may take."""

    blocks: int
    passes: int
    operations: int
    process_budget_s: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sides of one league: the row's bottleneck and its fix, by the names of the sides."""

    id: str
    where: Where
    base: str
    head: str

    @property
    def benchmark(self) -> str:
        """Say what was compared."""
        return f"{self.base} → {self.head}"


@dataclass(frozen=True, slots=True)
class Contest:
    """One league, the rows it answers for, and what it cannot have here."""

    name: str
    sides: tuple[Side, ...]
    pairs: tuple[Pair, ...]
    effort: Effort
    missing: Mapping[str, str] = field(default_factory=dict)  # a row's id and side -> why

    @property
    def recommended(self) -> str:
        """Name the side that a budget is held against; none in the league of one fix made."""
        if self.pairs[0].where == "path":
            return self.pairs[0].head
        return RECOMMENDED_PIPELINE if self.name == ONE_MISSING else ""


_Others = tuple[list[Side], list[Pair], dict[str, str]]
"""Sides, pairs, and what is missing."""


@dataclass(frozen=True, slots=True)
class _Path:
    id: str
    path: str
    axes: str
    base: str
    first: str  # the fix that the row is about; the others stand behind it


PATHS: Final = (
    _Path("B1", "decode", "", BOTTLENECK.decode, RECOMMENDED.decode),
    _Path("B2", "handoff", "[capacity=1024]", BOTTLENECK.handoff, FIXES.handoff),
    _Path("B3", "book", "[read_every=1]", BOTTLENECK.book, RECOMMENDED.book),
    _Path("B4", "handoff", "[burst=pareto]", "deque", "ring"),
    _Path("B5", "risk", "", BOTTLENECK.risk, RECOMMENDED.risk),
    _Path("B6", "limiter", "", BOTTLENECK.limiter, RECOMMENDED.limiter),
    _Path("B8", "codec", "[direction=encode,message=order]", BOTTLENECK.codec, RECOMMENDED.codec),
    _Path("M1", "buffers", "", "allocate", "pool"),
    _Path("M2", "sharing", "", "deepcopy", "shared"),
    _Path("M3", "snapshots", "", "fresh", "preallocated"),
    _Path("C1", "manager", "", "locked", "lock-free"),
)

FULL_PATHS: Final = Effort(10, 5, 20_000, 3.0)
FULL_BOOK: Final = Effort(10, 4, 10_000, 60.0)
FULL_MISSING: Final = Effort(10, 4, 20_000, 60.0)  # one side of it is slow
FULL_MADE: Final = Effort(10, 4, 5_000, 60.0)  # all sides but a few
QUICK_PATHS: Final = Effort(6, 3, 20_000, 0.3)
QUICK_SLOW: Final = Effort(6, 3, 2_200, 60.0)
"""The slow ones' budget is no limit: the tape's opening snapshots must stay below one operation in a hundred."""


def contests(builds: Builds, *, quick: bool) -> list[Contest]:
    """Return all leagues, the paths' first."""
    efforts = (FULL_PATHS, FULL_BOOK, FULL_MISSING, FULL_MADE)
    fast, book, missing, made = (QUICK_PATHS, QUICK_SLOW, QUICK_SLOW, QUICK_SLOW) if quick else efforts
    paths = [_on_path(each, builds, book if each.path == "book" else fast, quick=quick) for each in PATHS]
    return [*paths, _missing_one(builds, missing, quick=quick), _made_one(builds, made, quick=quick)]


def _on_path(row: _Path, builds: Builds, effort: Effort, *, quick: bool) -> Contest:
    """Return the bottleneck against its fix, and against whatever else the registry has unless it shall be quick."""
    fixes = [row.first]
    if not quick and row.id != "B4":
        entries = [each.implementation for each in catalogue(row.path) if each.implementation]
        fixes += [each.name for each in entries if not each.bottleneck and each.name != row.first]
    names = [f"{row.path}/{name}{row.axes}" for name in (row.base, *fixes)]
    sides = tuple(Side(name, name, python=builds.base) for name in names)
    return Contest(
        f"{row.id} {row.path}{row.axes}",
        sides,
        tuple(Pair(row.id, "path", names[0], name) for name in names[1:]),
        effort,
    )


def pipeline(base: str, steps: Mapping[str, str]) -> str:
    """Name the benchmark of a named pipeline with some of its steps changed."""
    changes = ",".join(f"{step}={name}" for step, name in steps.items())
    return f"pipeline/{base}[{changes}]" if changes else f"pipeline/{base}"


def _missing_one(builds: Builds, effort: Effort, *, quick: bool) -> Contest:
    """Return the recommended pipeline against itself with one step as it was, and on other builds and allocators."""
    whole = Side(RECOMMENDED_PIPELINE, RECOMMENDED_PIPELINE, python=builds.base)
    sides, pairs = [whole], []
    for row, step in STEP_OF.items():
        without, made = (
            pipeline("recommended", {step: name} if name != getattr(RECOMMENDED, step) else {})
            for name in (getattr(BOTTLENECK, step), getattr(FIXES, step))
        )
        sides += [Side(name, name, python=builds.base) for name in (without, made) if name != whole.name]
        pairs.append(Pair(row, "pipeline", without, made))
    sides += [Side(name, name, python=whole.python) for name in COMPILED.values()]
    pairs += [Pair(row, "pipeline", whole.name, name) for row, name in COMPILED.items()]
    others, more, missing = _on_builds(whole, builds, quick=quick)
    return Contest(ONE_MISSING, (*sides, *others), (*pairs, *more), effort, {**missing, "I5 mypyc": NO_MYPYC})


def _made_one(builds: Builds, effort: Effort, *, quick: bool) -> Contest:
    """Return the bottleneck pipeline against itself with one step fixed, on other builds, and phase upon phase."""
    whole = Side(BOTTLENECK_PIPELINE, BOTTLENECK_PIPELINE, python=builds.base)
    sides, pairs = [whole], []
    for row, step in STEP_OF.items():
        name = pipeline("bottleneck", {step: getattr(FIXES, step)})
        sides.append(Side(name, name, python=builds.base))
        pairs.append(Pair(row, "pipeline", whole.name, name))
    others, more, missing = (
        ([], [], {}) if quick else _on_builds(whole, builds, quick=True)
    )  # each costs seconds a block
    phases = [side for _, _, side in phase_sides(builds, quick=quick)]
    return Contest(ONE_MADE, (*sides, *others, *phases), (*pairs, *more), effort, missing)


def _on_builds(whole: Side, builds: Builds, *, quick: bool) -> _Others:
    """Return a pipeline on other builds (compared with the same environment's plain one) and under other allocators."""
    sides, pairs, missing = [], [], {}
    plain = builds.variants.get("plain", builds.base)
    base = whole
    for row, variants in (("I1", (NATIVE,)), ("I2", TRAINED[:1] if quick else TRAINED)):
        for variant in variants:
            python = builds.variants.get(variant)
            if python is None:
                missing[f"{row} {variant}"] = builds.missing[variant]
                continue
            if base is whole:  # the base's environment has memray besides: the twin is what builds are held against
                base = replace(whole, name=f"{whole.name} on plain", python=plain)
                sides.append(base)
            side = replace(whole, name=f"{whole.name} on {variant}", python=python)
            sides.append(side)
            pairs.append(Pair(row, "pipeline", base.name, side.name))
    for name, env in _allocators(builds.base, missing).items():
        side = replace(whole, name=f"{whole.name} under {name}", env=env)
        sides.append(side)
        pairs.append(Pair("I3", "pipeline", whole.name, side.name))
    return sides, pairs, missing


def _allocators(python: str, missing: dict[str, str]) -> dict[str, Mapping[str, str]]:
    """Return the environment of each allocator that is here; CPython's own mimalloc before the preloaded one."""
    known = allocators(python)
    found: dict[str, Mapping[str, str]] = {}
    for name in ALLOCATORS:
        choices = [known[each] for each in (name, f"{name}-preload") if each in known]
        there = next((each for each in choices if not each.missing), None)
        if there is None:
            missing[f"I3 {name}"] = f"{choices[0].missing}: {choices[0].hint}"
        else:
            found[name] = there.env
    return found


def phase_sides(builds: Builds, *, quick: bool) -> list[tuple[str, tuple[str, ...], Side]]:
    """Return (phase, the fixes it really adds here, side): each side has all fixes up to its phase."""
    first = {"book": RECOMMENDED.book, "codec": RECOMMENDED.codec, "limiter": RECOMMENDED.limiter}
    native = builds.variants.get(NATIVE)
    python = native or builds.base
    flags = ("I1",) if native else ()
    one = Side("phase 1", pipeline("bottleneck", first), python=python)
    two = Side("phase 2", RECOMMENDED_PIPELINE, python=python)
    found = [("1", ("B3", "B8", "B6", *flags), one), ("2", ("B1", "B5"), two)]
    trained = builds.variants.get(TRAINED[0])
    if trained:
        two = replace(two, python=trained)
        found.append(("3: PGO", ("I2",), replace(two, name="phase 3: PGO")))
    pgo = ("I2",) if trained else ()
    chosen = _allocators(builds.base, {})
    for name in list(chosen)[: 1 if quick else None]:
        title = f"3: {'PGO, ' if trained else ''}{name}"
        found.append((title, (*pgo, "I3"), replace(two, name=f"phase {title}", env=chosen[name])))
    return found
