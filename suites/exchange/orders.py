"""What an order is, how a request becomes one, and how the API writes it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from suites.exchange.account import ZERO, text
from suites.exchange.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

FINAL: Final = frozenset({"filled", "canceled", "expired", "rejected", "replaced"})
_TIMES_IN_FORCE: Final = frozenset({"day", "gtc", "ioc", "fok"})
_MAX_CLIENT_ID: Final = 128
_MOST_DIGITS: Final = 15  # before the point, and zeros behind it


@dataclass(slots=True)
class PaperOrder:
    """One order and what has become of it so far. Times are RFC 3339; an order in a FINAL status never changes."""

    id: str
    client_order_id: str
    symbol: str
    side: str
    type: str
    time_in_force: str
    quantity: Decimal | None  # None while only the notional is known
    notional: Decimal | None
    limit_price: Decimal | None
    created_at: str
    status: str = "new"
    filled: Decimal = ZERO
    cost: Decimal = ZERO
    updated_at: str = ""
    ended_at: str = ""
    replaces: str | None = None
    replaced_by: str | None = None
    final_states: int = 0  # how often a final state was set: exactly once, in the end

    @property
    def open(self) -> bool:
        """Say whether the order can still be filled, canceled or replaced."""
        return self.status not in FINAL

    @property
    def remaining(self) -> Decimal:
        """Give the quantity that is still to be filled."""
        return (self.quantity or ZERO) - self.filled

    def accepts(self, price: Decimal) -> bool:
        """Say whether the order may trade at a price."""
        if self.limit_price is None:
            return True
        return price <= self.limit_price if self.side == "buy" else price >= self.limit_price

    def as_json(self) -> dict[str, object]:
        """Give the order as the API writes it: numbers as strings, absent values null."""
        crypto = "/" in self.symbol
        ended = {"filled": "filled_at", "canceled": "canceled_at", "expired": "expired_at", "replaced": "replaced_at"}
        times = {name: self.ended_at if ended.get(self.status) == name else None for name in ended.values()}
        return {
            "id": self.id,
            "client_order_id": self.client_order_id,
            "created_at": self.created_at,
            "updated_at": self.updated_at or self.created_at,
            "submitted_at": self.created_at,
            **times,
            "failed_at": None,
            "replaced_by": self.replaced_by,
            "replaces": self.replaces,
            "asset_id": str(uuid.uuid5(uuid.NAMESPACE_OID, self.symbol)),
            "symbol": self.symbol,
            "asset_class": "crypto" if crypto else "us_equity",
            "notional": _text_or_none(self.notional),
            "qty": _text_or_none(self.quantity if self.notional is None else None),
            "filled_qty": text(self.filled),
            "filled_avg_price": text(self.cost / self.filled) if self.filled else None,
            "order_class": "",
            "order_type": self.type,
            "type": self.type,
            "side": self.side,
            "time_in_force": self.time_in_force,
            "limit_price": _text_or_none(self.limit_price),
            "stop_price": None,
            "status": self.status,
            "extended_hours": False,
            "legs": None,
            "trail_percent": None,
            "trail_price": None,
            "hwm": None,
        }


def parse(body: Mapping[str, Any], order_id: str, now: str) -> PaperOrder:
    """Make an order of a request's body, or raise OrderError 422 naming the field."""
    quantity, notional = amount(body, "qty"), amount(body, "notional")
    if (quantity is None) == (notional is None):
        raise invalid("qty or notional is required, and only one of them")
    kind = _choice(body, "type", frozenset({"market", "limit"}))
    limit_price = amount(body, "limit_price")
    if (kind == "limit") != (limit_price is not None):
        raise invalid("limit orders require limit_price, market orders must not have one")
    symbol = body.get("symbol")
    if not isinstance(symbol, str) or not symbol:
        raise invalid("symbol is required")
    return PaperOrder(
        id=order_id,
        client_order_id=client_id(body) or order_id,
        symbol=symbol,
        side=_choice(body, "side", frozenset({"buy", "sell"})),
        type=kind,
        time_in_force=time_in_force(body),
        quantity=quantity,
        notional=notional,
        limit_price=limit_price,
        created_at=now,
    )


def amount(body: Mapping[str, Any], name: str) -> Decimal | None:
    """Give a positive amount of a request (a number or its text), None when absent."""
    value = body.get(name)
    if value is None:
        return None
    try:
        number = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number <= 0 or abs(number.adjusted()) > _MOST_DIGITS:
        raise invalid(f"{name} must be a number above 0 of a size that can be traded, it is {str(value)[:40]!r}")
    return number


def time_in_force(body: Mapping[str, Any]) -> str:
    """Give the request's time_in_force."""
    return _choice(body, "time_in_force", _TIMES_IN_FORCE)


def client_id(body: Mapping[str, Any]) -> str:
    """Give the request's client_order_id, "" when absent."""
    value = body.get("client_order_id") or ""
    if not isinstance(value, str) or len(value) > _MAX_CLIENT_ID:
        raise invalid(f"client_order_id must be a text of at most {_MAX_CLIENT_ID} characters")
    return value


def _choice(body: Mapping[str, Any], name: str, choices: frozenset[str]) -> str:
    value = body.get(name)
    if not isinstance(value, str) or value not in choices:
        raise invalid(f"{name} must be one of {', '.join(sorted(choices))}, it is {value!r}")
    return value


def _text_or_none(number: Decimal | None) -> str | None:
    return None if number is None else text(number)
