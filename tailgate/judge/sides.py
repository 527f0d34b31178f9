"""From the words of a duel to its two sides: what differs is an implementation, a revision, an interpreter, ..."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tailgate.errors import TailgateError
from tailgate.measure.revisions import WORKTREE, dirty
from tailgate.measure.sides import Side
from tailgate.profilers.allocators import allocator
from tailgate.project.environments import environment_for, executable_of
from tailgate.project.opening import subject_of
from tailgate.project.revisions import lay_out
from tailgate.project.selection import select_each

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tailgate.project.opening import Project

SIDES = Path("build") / "sides"
"""Where the revisions of a duel are laid out."""


def two_sides(project: Project, words: Sequence[str], options: Mapping[str, Any]) -> tuple[Side, Side]:
    """Build the two sides; an error says what is missing when they would be the same."""
    named = select_each(project.suite, words)
    if not 1 <= len(named) <= 2:
        raise TailgateError("name one benchmark or two", hint="tailgate duel parse=simple parse=fast")
    pair = [Side("", each.name, gc=each.gc) for each in (named[0], named[-1])]
    labels: list[list[str]] = [[], []]
    if len(named) == 2:
        for label, each in zip(labels, named, strict=True):
            label.append(each.name)
    _revisions(project, options, pair, labels)
    _interpreters(project, options, pair, labels)
    _variables(options, pair, labels)
    _allocators(options, pair, labels)
    names = [" ".join(label) or named[0].name for label in labels]
    if pair[0] == pair[1] and not options["identical"]:
        raise TailgateError(
            "the two sides are the same",
            hint="name two benchmarks, or --base/--head, --python, --env, --allocator or --with; --identical: A/A",
        )
    if names[0] == names[1]:
        names = [f"{names[0]} (1)", f"{names[1]} (2)"]
    return replace(pair[0], name=names[0]), replace(pair[1], name=names[1])


def _revisions(project: Project, options: Mapping[str, Any], pair: list[Side], labels: list[list[str]]) -> None:
    if not options["base"] and not options["head"]:
        return
    revisions = (options["base"] or "HEAD", options["head"] or "HEAD")
    subject = subject_of(project, project.suites(options.get("suites")))
    for number, (revision, place) in enumerate(zip(revisions, ("base", "head"), strict=True)):
        checkout = lay_out(project, revision, subject, project.root / SIDES / place)
        pair[number] = replace(pair[number], roots=checkout.roots, replaced=checkout.replaced, python=checkout.python)
        labels[number].append(checkout.label)


def left_out(project: Project, options: Mapping[str, Any]) -> list[str]:
    """List what is not committed, where a side is HEAD and none is the working tree: neither side has it."""
    revisions = (options["base"], options["head"])
    if not any(revisions) or WORKTREE in revisions or not {"", "HEAD"} & set(revisions):
        return []
    return dirty(project.root, subject_of(project, project.suites(options.get("suites"))))


def _interpreters(project: Project, options: Mapping[str, Any], pair: list[Side], labels: list[list[str]]) -> None:
    pythons, packages = options["python"], options["with_packages"]
    for words, option in ((pythons, "--python"), (packages, "--with")):
        if len(words) > 2:
            raise TailgateError(f"{option} was given {len(words)} times; a duel has two sides")
    for number in range(2):
        python = _of_side(pythons, number)
        extra = _of_side(packages, number)
        if not python and not extra:
            continue
        executable = executable_of(project, python) if python else pair[number].python
        pair[number] = replace(pair[number], python=environment_for(project, executable, extra.split()))
        labels[number] += [word for word in (python, extra) if word]


def _of_side(words: Sequence[str], number: int) -> str:
    """Return a side's word: one word alone is the second side's, the first stays as it is."""
    if len(words) == 1:
        return words[0] if number == 1 else ""
    return words[number] if words else ""


def _variables(options: Mapping[str, Any], pair: list[Side], labels: list[list[str]]) -> None:
    words = options["env"]
    if len(words) > 2:
        raise TailgateError(
            "--env was given more than twice; a duel has two sides", hint="--env 'A=1 B=2' sets several"
        )
    for number in range(2):
        text = _of_side(words, number)
        if not text:
            continue
        parts = [part.partition("=") for part in text.split()]
        if not all(equals for _, equals, _ in parts):
            raise TailgateError(f"--env {text!r} is not of the form KEY=VALUE")
        pair[number] = replace(pair[number], env={key: value for key, _, value in parts})
        labels[number].append(text)


def _allocators(options: Mapping[str, Any], pair: list[Side], labels: list[list[str]]) -> None:
    names = options.get("allocator", ())
    if len(names) > 2:
        raise TailgateError(f"--allocator was given {len(names)} times; a duel has two sides")
    for number in range(2):
        name = _of_side(names, number)
        if name:
            env = allocator(name, pair[number].python).env
            pair[number] = replace(pair[number], env={**pair[number].env, **env})
            labels[number].append(name)
