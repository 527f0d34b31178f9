"""What was measured so far, on disk after every league: a killed run loses the league in flight and goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tailgate.errors import TailgateError
from tailgate.judge.league import League
from tailgate.judge.series import Series
from tailgate.results.store import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA: Final = 2
FILE: Final = "measured.json"
_ANEW: Final = "measure anew, without --resume and --document-only"


@dataclass(slots=True)
class State:
    """The results by name.

    terms: what they were measured under; a run that resumes under other terms is refused. failed, uncounted: why a
    league ended without a result, and a benchmark without a count, until another try succeeds. contention:
    `Runs.to_plain`, None before it was measured. allocations: calls an operation, by benchmark. raw: the histogram of
    all processes of a side that a budget may be held against. seconds: of all runs.
    """

    path: Path
    terms: Mapping[str, Any]
    leagues: dict[str, League] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    contention: dict[str, Any] | None = None
    allocations: dict[str, float] = field(default_factory=dict)
    uncounted: dict[str, str] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def save(self) -> None:
        """Write everything: whole or not at all."""
        plain = {
            "schema": SCHEMA,
            "terms": dict(self.terms),
            "leagues": {name: _plain(league) for name, league in self.leagues.items()},
            "failed": self.failed,
            "contention": self.contention,
            "allocations": self.allocations,
            "uncounted": self.uncounted,
            "raw": self.raw,
            "seconds": self.seconds,
        }
        with replacing(self.path) as temporary:
            temporary.write_text(json.dumps(plain) + "\n", encoding="utf-8")


def resume(path: Path, terms: Mapping[str, Any]) -> State:
    """Read what an earlier run left; nothing where there is none. What failed then is there to be tried again."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return State(path, terms)
    except (OSError, ValueError) as error:
        raise TailgateError(f"{path} cannot be read: {error}", hint=_ANEW) from error
    try:
        known = json.loads(json.dumps(dict(terms)))
        differ = ", ".join(key for key in terms if plain["terms"].get(key) != known[key])
        if plain["schema"] != SCHEMA or plain["terms"] != known:
            differ = differ or "another version's schema"
            raise TailgateError(
                f"{path} was measured under other terms ({differ}): its results do not go together with new ones",
                hint=f"name the same terms, or {_ANEW}",
            )
        return State(
            path,
            terms,
            {name: _league(each) for name, each in plain["leagues"].items()},
            plain["failed"],
            plain["contention"],
            plain["allocations"],
            plain["uncounted"],
            plain["raw"],
            plain["seconds"],
        )
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise TailgateError(f"{path} is damaged: {error!r}", hint=_ANEW) from error


def _plain(league: League) -> dict[str, Any]:
    return {
        "base": league.base,
        "series": league.series.to_plain(),
        "unavailable": dict(league.unavailable),
        "seconds": league.seconds,
    }


def _league(plain: Mapping[str, Any]) -> League:
    return League(plain["base"], Series.from_plain(plain["series"]), plain["unavailable"], plain["seconds"])
