"""The file in which a fitted generator is kept: its parameters, and what they were fitted to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from suites.tapes.market import Market  # noqa: TC001  msgspec reads the types of the fields
from tailgate.documents.envelope import document, load
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path


@document(
    "generator",
    1,
    title="the parameters of a generator",
    made_by="nox -s tape -- CAPTURE --fit FILE",
)
@dataclass(frozen=True, slots=True)
class Fitted:
    """Parameters of the generator, the name of the tape that they were fitted to, and how many messages it has."""

    tape: str
    messages: int
    market: Market


def market_of(path: Path) -> Market:
    """Read the parameters of a file; TailgateError where they are none that the generator can use."""
    market = load(path, Fitted).market
    if not market.instruments or len(market.level_counts) != len(market.level_edges) + 1:
        raise TailgateError(
            f"{path} has no symbols, or as many edges as numbers of levels", hint="nox -s tape -- CAPTURE --fit FILE"
        )
    return market
