"""What a run says of itself beside its figures: the command, the machine's fitness, what could not be measured."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from tailgate.errors import TailgateError
from tailgate.results.store import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RUN: Final = "run.json"


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The facts of one run; began is seconds since the epoch, budgets are microseconds at p99.

    documents: the names of what was made of the results, beside them.
    """

    command: str
    began: float
    seconds: float
    verdict: str
    notes: tuple[str, ...] = ()
    unavailable: Mapping[str, str] = field(default_factory=dict)
    budgets: Mapping[str, float] = field(default_factory=dict)
    documents: tuple[str, ...] = ()


def write_run_facts(folder: Path, facts: RunFacts) -> None:
    """Write run.json into the folder of a run."""
    with replacing(folder / RUN) as temporary:
        temporary.write_text(json.dumps(asdict(facts), indent=1) + "\n", encoding="utf-8")


def left_by_run(folder: Path) -> tuple[str, ...]:
    """Name what a finished run left in its folder beside the results; nothing that it does not say is its own."""
    try:
        facts = load_run_facts(folder)
    except TailgateError:
        facts = None
    names = () if facts is None else facts.documents
    return (RUN, *(name for name in names if PurePath(name).name == name and (folder / name).is_file()))


def load_run_facts(folder: Path) -> RunFacts | None:
    """Read run.json back; None where a run was interrupted before it was written."""
    path = folder / RUN
    if not path.is_file():
        return None
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        lists = {"notes": tuple(plain["notes"]), "documents": tuple(plain.get("documents", ()))}
        return RunFacts(**(plain | lists))
    except (ValueError, TypeError, KeyError) as error:
        raise TailgateError(f"{path} is damaged: {error}", hint="run the bench again") from error
