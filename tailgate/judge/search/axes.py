"""From the words of a search to its axes: what the suite lists, and interpreters and allocators beside it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tailgate.documents.search import SearchAxis, Space
from tailgate.errors import TailgateError
from tailgate.judge.search.measuring import Means
from tailgate.profilers.allocators import allocator
from tailgate.project.environments import environment_for, executable_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.benchmark import Axis, Benchmark
    from tailgate.documents.search import Composition
    from tailgate.project.opening import Project

OWN: Final = "own"
"""The level of an interpreter or an allocator that is the benchmark's own."""

_OF_SIDES: Final = ("allocator", "python")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is searched over. unavailable: `axis=level` -> why it is left out."""

    space: Space
    means: Mapping[tuple[str, str], Means] = field(default_factory=dict)
    unavailable: Mapping[str, str] = field(default_factory=dict)


def searched_benchmark(project: Project, name: str) -> Benchmark:
    """Return the benchmark to search from: the one of that name, else the recommended one that has axes."""
    if name:
        found = project.suite.find(name)
        if not project.suite.axes(found.name):
            raise TailgateError(f"the suite lists nothing that may be exchanged in {found.name}", hint=_HOW)
        return found
    for each in project.suite.benchmarks:
        if each.role == "recommended" and project.suite.axes(each.name):
            return each
    raise TailgateError(f"{project.config.benchmarks} has no recommended benchmark with axes to search over", hint=_HOW)


_HOW: Final = (
    "a suite's function axes(name) lists them, each a tailgate.Axis; its resolve(name) makes what is put together"
)


def chosen_axes(project: Project, base: Benchmark, words: Sequence[str]) -> Chosen:
    """Return the axes that the words name, or all that need not be asked for; what cannot run here is left out."""
    known = {axis.name: axis for axis in project.suite.axes(base.name)}
    asked = dict(_parted(word, known) for word in words)
    ordinary = [name for name, axis in known.items() if not axis.asked]
    wanted = [name for name in asked if name in ordinary] or ordinary
    names = [*(name for name in known if name in wanted), *(name for name in asked if name not in ordinary)]
    axes: list[SearchAxis] = []
    unavailable: dict[str, str] = {}
    means: dict[tuple[str, str], Means] = {}
    for name in names:
        if name in _OF_SIDES:
            axis = _of_sides(project, name, asked[name], means)
        else:
            axis = _of_benchmark(known[name], asked.get(name, ()), unavailable)
        if len(axis.levels) > 1:
            axes.append(axis)
    if not axes:
        raise TailgateError("there is nothing to exchange: each axis has one level here", hint=_told(unavailable))
    return Chosen(Space(tuple(axes)), means, unavailable)


def _told(unavailable: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {why}" for name, why in unavailable.items()) or "name other axes, or more levels of them"


def _parted(word: str, known: Mapping[str, Axis]) -> tuple[str, tuple[str, ...]]:
    name, equals, levels = word.partition("=")
    if name not in known and name not in _OF_SIDES:
        near = difflib.get_close_matches(name, [*known, *_OF_SIDES], n=1)
        raise TailgateError(
            f"there is no axis {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
            hint=f"the right ones: {', '.join([*known, *_OF_SIDES])}",
        )
    listed = tuple(each for each in levels.split(",") if each)
    if (equals or name in _OF_SIDES) and not listed:
        raise TailgateError(f"{word!r} names no level", hint=f"write {name}=ONE,OTHER")
    return name, listed


def _of_benchmark(axis: Axis, listed: Sequence[str], unavailable: dict[str, str]) -> SearchAxis:
    for level in listed:
        if level not in axis.levels:
            near = difflib.get_close_matches(level, axis.levels, n=1)
            raise TailgateError(
                f"{axis.name} has no level {level!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
                hint=f"it has {', '.join(axis.levels)}",
            )
    wanted = [level for level in axis.levels[1:] if not listed or level in listed]
    unavailable.update({f"{axis.name}={level}": axis.missing[level] for level in wanted if level in axis.missing})
    return SearchAxis(axis.name, (axis.levels[0], *(level for level in wanted if level not in axis.missing)))


def _of_sides(project: Project, name: str, levels: Sequence[str], means: dict[tuple[str, str], Means]) -> SearchAxis:
    for level in levels:
        if name == "allocator":
            means[name, level] = Means(env=tuple(allocator(level).env.items()))
        else:
            means[name, level] = Means(python=environment_for(project, executable_of(project, level), []))
    return SearchAxis(name, (OWN, *levels), "allocator" if name == "allocator" else "python")


def composition_of(space: Space, text: str) -> Composition:
    """Return the composition of `axis=level,axis=level`; an empty text is the base. TailgateError for a wrong one."""
    levels = dict.fromkeys((axis.name for axis in space.axes), 0)
    axes = {axis.name: axis for axis in space.axes}
    for part in filter(None, text.split(",")):
        name, _, level = part.partition("=")
        if name not in axes or level not in axes[name].levels:
            raise TailgateError(
                f"{part!r} is nothing that is searched over",
                hint="; ".join(f"{axis.name}={'|'.join(axis.levels)}" for axis in space.axes),
            )
        levels[name] = axes[name].levels.index(level)
    return tuple(levels.values())
