"""How one paper exchange behaves: its account, its limits, its manners."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Shorting = Literal["allowed", "refused"]
Reply = Literal["before_match", "after_match"]
Batching = Literal["as_taped", "due"]


@dataclass(frozen=True, slots=True)
class Settings:
    """One account on one exchange. Money is in the quote currency; 0 means no limit."""

    key: str = "paper-key"
    secret: str = "paper-secret"  # noqa: S105  the documented default of a local server, no secret of anyone's
    cash: Decimal = Decimal(100_000)
    symbols: frozenset[str] = frozenset()  # traded from the start; what the tape shows is traded from then on
    shorting: Shorting = "allowed"
    requests_per_window: int = 200
    window_s: int = 60
    auth_timeout_s: float = 10.0
    symbol_limit: int = 0
    connection_limit: int = 1  # per stream, as on the vendor's basic subscription
    slow_client_messages: int = 1024  # frames that may wait for one client before it gets 407 and is dropped
    stock_feeds: frozenset[str] = frozenset({"iex", "test"})  # any other feed answers 409
    reply: Reply = "before_match"  # what POST /v2/orders shows: the accepted order, or what became of it
    batching: Batching = "as_taped"  # or all messages that are due in one frame
