"""What an order is, how a request becomes one, and how the API writes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from suites.exchange.account import ZERO, text
from suites.exchange.assets import asset_id
from suites.exchange.errors import invalid, unprocessable
from suites.exchange.fields import amount, choice, decimals, only

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from suites.exchange.assets import Assets

FINAL: Final = frozenset({"filled", "canceled", "expired", "rejected", "replaced"})
_TIMES_IN_FORCE: Final = ("day", "gtc", "ioc", "fok")
_MAX_CLIENT_ID: Final = 128
_PLAYED: Final = frozenset(
    ("symbol", "qty", "notional", "side", "type", "time_in_force", "limit_price", "client_order_id")
)


@dataclass(slots=True)
class PaperOrder:
    """One order and what has become of it so far. Times are RFC 3339; an order in a FINAL status never changes."""

    id: str
    client_order_id: str
    symbol: str
    asset_class: str
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
    def created(self) -> datetime:
        """Return when the order was made, to the microsecond."""
        return datetime.fromisoformat(self.created_at)

    @property
    def remaining(self) -> Decimal:
        """Return the quantity that is still to be filled."""
        return (self.quantity or ZERO) - self.filled

    @property
    def fractional(self) -> bool:
        """Say whether the order is for parts of a share, or for a sum of money."""
        return self.quantity is None or bool(decimals(self.quantity))

    def accepts(self, price: Decimal) -> bool:
        """Say whether the order may trade at a price."""
        if self.limit_price is None:
            return True
        return price <= self.limit_price if self.side == "buy" else price >= self.limit_price

    def as_json(self) -> dict[str, object]:
        """Return the order as the API writes it: numbers as strings, absent values null."""
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
            "asset_id": asset_id(self.symbol),
            "symbol": self.symbol,
            "asset_class": self.asset_class,
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


def parse(body: Mapping[str, Any], assets: Assets, order_id: str, now: str) -> PaperOrder:
    """Make an order of a request's body, or raise OrderError 422 naming the field."""
    only(body, _PLAYED)
    quantity, notional = amount(body, "qty"), amount(body, "notional")
    if (quantity is None) == (notional is None):
        raise invalid("qty or notional is required, and only one of them")
    kind = choice(body, "type", ("market", "limit"))
    limit_price = amount(body, "limit_price")
    if (kind == "limit") != (limit_price is not None):
        raise invalid("limit orders require limit_price, market orders must not have one")
    symbol = assets.traded(body.get("symbol"))
    return checked(
        PaperOrder(
            id=order_id,
            client_order_id=client_id(body) or order_id,
            symbol=symbol,
            asset_class=assets.asset_class(symbol),
            side=choice(body, "side", ("buy", "sell")),
            type=kind,
            time_in_force=choice(body, "time_in_force", _TIMES_IN_FORCE),
            quantity=quantity,
            notional=notional,
            limit_price=limit_price,
            created_at=now,
        )
    )


def checked(order: PaperOrder) -> PaperOrder:
    """Return an order that its asset class allows, or raise OrderError 422 with the vendor's own words."""
    if order.asset_class == "crypto":
        if order.time_in_force not in {"gtc", "ioc"}:
            raise unprocessable("invalid crypto time_in_force")
        return order
    if order.fractional and order.time_in_force != "day":
        raise unprocessable("fractional orders must be DAY orders: time_in_force")
    price = order.limit_price
    if price is not None and decimals(price) > (2 if price >= 1 else 4):
        raise unprocessable(
            f"invalid limit_price {text(price)}. sub-penny increment does not fulfill minimum pricing criteria"
        )
    return order


def new_time_in_force(body: Mapping[str, Any], old: str) -> str:
    """Return the time_in_force of a replacement, the old one where it names none."""
    return choice({"time_in_force": body.get("time_in_force") or old}, "time_in_force", _TIMES_IN_FORCE)


def client_id(body: Mapping[str, Any]) -> str:
    """Return the request's client_order_id, "" when absent."""
    value = body.get("client_order_id") or ""
    if not isinstance(value, str) or len(value) > _MAX_CLIENT_ID:
        raise invalid(f"client_order_id must be a text of at most {_MAX_CLIENT_ID} characters")
    return value


def _text_or_none(number: Decimal | None) -> str | None:
    return None if number is None else text(number)
