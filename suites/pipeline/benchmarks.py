"""The whole pipeline, from frame bytes to encoded order: recommended, bottleneck, and any composition by name.

`pipeline/recommended[book=heap-lazy,codec=json]` is a composition made on demand: the axes are its changes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from implementations.pipeline.composition import NAMED, STEPS, BadCompositionError, Composition, parse
from implementations.registry import UnavailableError, UnknownNameError, load
from suites.pipeline.workload import staged, whole
from tailgate import Benchmark, TailgateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PATH: Final = "pipeline"


def benchmarks() -> list[Benchmark]:
    """Return the named compositions whole, with the collector frozen, and split by stage."""
    variants: tuple[dict[str, str], ...] = ({}, {"gc": "frozen"}, {"split": "stages"})
    return [_benchmark(name, axes) for axes in variants for name in NAMED]


def resolve(name: str) -> Benchmark | None:
    """Make the benchmark of a composition that is not declared: `pipeline/recommended[codec=json]`."""
    path, _, rest = name.partition("/")
    base, _, axes = rest.removesuffix("]").partition("[")
    if path != PATH or base not in NAMED:
        return None
    return _benchmark(base, _checked(name, [part for part in axes.split(",") if part]))


def _checked(name: str, parts: Sequence[str]) -> dict[str, str]:
    """Return the axes; TailgateError for one that changes nothing, which would be measured under a wrong name."""
    known = {**dict.fromkeys(STEPS, ""), "gc": "on, frozen", "split": "stages"}
    axes = {}
    for part in parts:
        axis, _, value = part.partition("=")
        if axis not in known or axis in axes or (known[axis] and value not in known[axis].split(", ")):
            raise TailgateError(
                f"{name}: {part!r} is no axis of the pipeline, or comes twice",
                hint=f"the axes: gc=frozen, split=stages, and PATH=NAME for the paths {', '.join(STEPS)}",
            )
        axes[axis] = value
    return axes


def _benchmark(base: str, axes: Mapping[str, str]) -> Benchmark:
    changes = ",".join(f"{path}={name}" for path, name in axes.items() if path in STEPS)
    try:
        composition = parse(f"{base},{changes}" if changes else base)
    except (UnknownNameError, BadCompositionError) as error:
        raise TailgateError(f"pipeline/{base}[{changes}]: {error}") from error
    prepare = staged if axes.get("split") == "stages" else whole
    role: Any = "" if changes else base
    return Benchmark(PATH, base, partial(prepare, composition), axes, role, partial(_check, composition))


def _check(composition: Composition) -> str:
    for path in STEPS:
        try:
            load(path, getattr(composition, path))
        except UnavailableError as error:
            return f"{path}={getattr(composition, path)}: {error}"
    return ""
