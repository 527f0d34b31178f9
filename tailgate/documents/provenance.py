"""provenance.json: where a result comes from: the commits, the machine, the interpreter and the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tailgate.documents.envelope import document

FILE: Final = "provenance.json"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. parent: the first one, empty for none. time: when it was committed.

    tree: names its files: a branch that was squashed or rebased onto its own base has the tree of the branch.
    """

    id: str
    tree: str
    parent: str
    time: datetime
    title: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a machine is, as far as figures depend on it. fingerprint: a digest of the facts, and of no name of it."""

    fingerprint: str
    facts: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Which Python it was, and how that was built."""

    version: str
    build: str


@document("provenance", 1, title="where a result comes from", made_by="any command that measures")
@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the result files of a folder come from.

    files: name -> digest of what stands beside this file: another content has another provenance. head: what was
    measured, of a comparison the second side; None where there is no repository. base: the first side's, where
    revisions are compared. dirty: head had changes that are in no commit. chained: head and base differ in the
    revision and in nothing else, so that their ratio is one of the chain. benchmark: that of a duel, whose document
    names none. settings: as JSON.
    """

    project: str
    command: str
    files: Mapping[str, str]
    head: Commit | None
    base: Commit | None
    dirty: bool
    chained: bool
    machine: Machine
    interpreter: Interpreter
    settings: str
    benchmark: str = ""
