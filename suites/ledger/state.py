"""What was measured so far, on disk after every league: a killed run loses the league in flight and goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from suites.ledger.contention import Runs
from tailgate.documents.envelope import document, keys, load
from tailgate.errors import TailgateError
from tailgate.judge.league import League

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "measured.json"


@document(
    "ledger-measured",
    2,
    title="a ledger's measurements",
    made_by="nox -s ledger, without --resume and --document-only",
    migrations={1: lambda plain: plain},
    bare=keys("terms", "leagues"),
)
@dataclass(slots=True)
class State:
    """The results by name.

    terms: what they were measured under; a run that resumes under other terms is refused. failed, uncounted: why a
    league ended without a result, and a benchmark without a count, until another try succeeds. contention: None before
    it was measured. allocations: calls an operation, by benchmark. raw: the histogram of all processes of a side that
    a budget may be held against. seconds: of all runs.
    """

    terms: Mapping[str, Any]
    leagues: dict[str, League] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    contention: Runs | None = None
    allocations: dict[str, float] = field(default_factory=dict)
    uncounted: dict[str, str] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def resume(path: Path, terms: Mapping[str, Any]) -> State:
    """Read what an earlier run left; nothing where there is none. What failed then is there to be tried again."""
    if not path.exists():
        return State(terms)
    state = load(path, State)
    if state.terms != terms:
        differ = ", ".join(key for key in terms if state.terms.get(key) != terms[key])
        raise TailgateError(
            f"{path} was measured under other terms ({differ}): its results do not go together with new ones",
            hint="name the same terms, or measure anew, without --resume and --document-only",
        )
    return state
