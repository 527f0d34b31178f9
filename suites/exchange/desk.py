"""The order desk: accepts, matches, replaces and cancels; every order ends in exactly one final state."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace as changed
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any

from suites.exchange.account import ZERO, Account, text
from suites.exchange.errors import forbidden, invalid, not_found, unprocessable
from suites.exchange.fields import DECIMALS, amount, only
from suites.exchange.orders import FINAL, PaperOrder, checked, client_id, new_time_in_force, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from suites.exchange.market import Market
    from suites.exchange.settings import Settings

Update = dict[str, object]
_WHOLE = 100  # per cent
_SMALLEST = Decimal(1).scaleb(-DECIMALS)


def rfc3339(time_ns: int) -> str:
    """Return a time as the wire writes it, nanoseconds and Z."""
    seconds, nanoseconds = divmod(time_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z"


class Desk:
    """Orders of one account, matched against the market as the tape shows it.

    Matching is simple and says so: an order takes what stands on the other side within its limit, and taking it
    leaves the market as it is (the tape goes on as it was recorded). `ioc` cancels the rest, `fok` takes all or
    nothing, `day` and `gtc` rest and are tried again whenever the symbol's prices change.
    `on_update` gets every trade update in order, as the wire's `data` object. Threading: one thread.
    """

    def __init__(
        self,
        settings: Settings,
        market: Market,
        *,
        on_update: Callable[[Update], None] = lambda _update: None,
        clock_ns: Callable[[], int] = time.time_ns,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self.account = Account(settings.cash, settings.shorting)
        self.orders: dict[str, PaperOrder] = {}
        self._market = market
        self._by_client: dict[str, PaperOrder] = {}
        self._open: dict[str, dict[str, PaperOrder]] = {}
        self._on_update = on_update
        self._clock_ns = clock_ns
        self._new_id = new_id

    def accept(self, body: Mapping[str, Any]) -> PaperOrder:
        """Take a new order and reserve what it needs, or raise OrderError."""
        order = parse(body, self._market.assets, self._new_id(), rfc3339(self._clock_ns()))
        self._check_configuration(order)
        self._check_client_id(order.client_order_id)
        self._hold(order)
        self._enter(order)
        self._tell("new", order)
        return order

    def match(self, order: PaperOrder) -> None:
        """Fill what the market allows now; end the order if its time in force says so."""
        levels = self._market.asks(order.symbol) if order.side == "buy" else self._market.bids(order.symbol)
        reachable = [(price, size) for price, size in levels if order.accepts(price)]
        if order.quantity is None and reachable and order.notional is not None:
            affordable = (order.notional / reachable[0][0]).quantize(_SMALLEST, rounding=ROUND_DOWN)
            order.quantity = affordable or None  # less than the smallest quantity buys nothing at this price
        enough = order.quantity is not None and sum((size for _, size in reachable), ZERO) >= order.remaining
        if order.time_in_force != "fok" or enough:
            for price, size in reachable:
                if order.open and order.remaining:
                    self._fill(order, min(size, order.remaining), price)
        if order.open and order.time_in_force in {"ioc", "fok"}:
            self._end(order, "canceled")

    def market_changed(self, symbol: str) -> None:
        """Try the resting orders of a symbol again, oldest first."""
        for order in list(self._open.get(symbol, {}).values()):
            self.match(order)

    def cancel(self, order_id: str) -> None:
        """End one open order, or raise OrderError 404 or 422."""
        order = self.get(order_id)
        if not order.open:
            raise unprocessable(f"order is already {order.status}")
        self._end(order, "canceled")

    def cancel_all(self) -> list[str]:
        """End every open order; return their ids."""
        ids = [order.id for orders in self._open.values() for order in orders.values()]
        for order_id in ids:
            self.cancel(order_id)
        return ids

    def replace(self, order_id: str, body: Mapping[str, Any]) -> PaperOrder:
        """Put a changed order in the place of an open one, which ends as `replaced`; the new one has its own id."""
        old = self.get(order_id)
        only(body, {"qty", "limit_price", "time_in_force", "client_order_id"})
        if not old.open:
            raise unprocessable(f"order is already {old.status}")
        quantity = amount(body, "qty") or old.quantity
        if quantity is None or quantity <= old.filled:
            raise invalid("qty must be more than what is filled already")
        limit_price = amount(body, "limit_price") or old.limit_price
        if limit_price is not None and old.limit_price is None:
            raise invalid("a market order must not have limit_price")
        name = client_id(body)
        self._check_client_id(name)
        new_id = self._new_id()
        new = changed(
            old,
            id=new_id,
            client_order_id=name or new_id,
            quantity=quantity - old.filled,
            notional=None,
            limit_price=limit_price,
            time_in_force=new_time_in_force(body, old.time_in_force),
            created_at=rfc3339(self._clock_ns()),
            updated_at="",
            status="new",
            filled=ZERO,
            cost=ZERO,
            replaces=old.id,
        )
        self._check_configuration(checked(new))
        self.account.release(old.id)
        try:
            self._hold(new)
        except Exception:
            self.account.keep(old.id, old.symbol, old.side, old.remaining, self._price(old))
            raise
        old.replaced_by = new.id
        self._end(old, "replaced")
        self._enter(new)
        self._tell("new", new)
        return new

    def close_position(self, symbol: str, query: Mapping[str, str]) -> PaperOrder:
        """Enter the market order that ends a position, or as much of it as `qty` or `percentage` says."""
        only(query, {"qty", "percentage"})
        quantity, percentage = amount(query, "qty"), amount(query, "percentage")
        held = self.account.positions[symbol].quantity
        if percentage is not None:
            if quantity is not None or percentage > _WHOLE:
                raise invalid("percentage must be at most 100, and not beside qty")
            quantity = (abs(held) * percentage / _WHOLE).quantize(_SMALLEST, rounding=ROUND_DOWN)
        side = "sell" if held > 0 else "buy"
        quantity = abs(held) if quantity is None else quantity
        self.account.check_closable(symbol, side, quantity)
        tif = "gtc" if self._market.assets.crypto(symbol) else "day"
        return self.accept({"symbol": symbol, "qty": quantity, "side": side, "type": "market", "time_in_force": tif})

    def get(self, order_id: str) -> PaperOrder:
        """Return an order by its id, or raise OrderError 404."""
        order = self.orders.get(order_id)
        if order is None:
            raise not_found(f"order not found for {order_id}")
        return order

    def by_client_id(self, name: str) -> PaperOrder:
        """Return an order by its client_order_id, or raise OrderError 404."""
        order = self._by_client.get(name)
        if order is None:
            raise not_found(f"order not found for {name}")
        return order

    def close(self) -> None:
        """End the trading day: what is still open expires."""
        for orders in list(self._open.values()):
            for order in list(orders.values()):
                self._end(order, "expired")

    def _check_configuration(self, order: PaperOrder) -> None:
        if self.account.suspended:
            raise forbidden("new orders are rejected by user request: suspend_trade")
        if order.fractional and order.asset_class != "crypto" and not self.account.fractional:
            raise invalid("qty must be an integer: fractional_trading is off")

    def _check_client_id(self, name: str) -> None:
        if name in self._by_client:
            raise invalid("client_order_id must be unique")

    def _price(self, order: PaperOrder) -> Decimal:
        return order.limit_price or self._market.mark(order.symbol) or ZERO

    def _hold(self, order: PaperOrder) -> None:
        price = self._price(order)
        if order.quantity is not None:
            self.account.hold(order.id, order.symbol, order.side, order.remaining, price)
        elif order.side == "buy":
            self.account.hold(order.id, order.symbol, "buy", order.notional or ZERO, Decimal(1))
        elif price:
            self.account.hold(order.id, order.symbol, "sell", (order.notional or ZERO) / price, price)
        else:
            raise unprocessable(f"notional: {order.symbol} has no price yet, so a sale needs qty")

    def _enter(self, order: PaperOrder) -> None:
        self.orders[order.id] = order
        self._by_client[order.client_order_id] = order
        self._open.setdefault(order.symbol, {})[order.id] = order

    def _fill(self, order: PaperOrder, quantity: Decimal, price: Decimal) -> None:
        order.filled += quantity
        order.cost += quantity * price
        self.account.release(order.id)
        self.account.fill(order.symbol, order.side, quantity, price)
        order.updated_at = rfc3339(self._clock_ns())
        execution = {"price": text(price), "qty": text(quantity), "execution_id": self._new_id()}
        if order.remaining:
            order.status = "partially_filled"
            self.account.keep(order.id, order.symbol, order.side, order.remaining, self._price(order))
            self._tell("partial_fill", order, execution)
        else:
            self._end(order, "filled", execution)

    def _end(self, order: PaperOrder, status: str, details: Mapping[str, object] | None = None) -> None:
        if order.status in FINAL:
            raise RuntimeError(f"order {order.id} is {order.status} and cannot become {status}")
        order.status = status
        order.final_states += 1
        order.updated_at = order.ended_at = rfc3339(self._clock_ns())
        self.account.release(order.id)
        del self._open[order.symbol][order.id]
        self._tell("fill" if status == "filled" else status, order, details)

    def _tell(self, event: str, order: PaperOrder, details: Mapping[str, object] | None = None) -> None:
        position = self.account.positions.get(order.symbol)
        held = text(position.quantity) if position else "0"
        now = rfc3339(self._clock_ns())
        self._on_update(
            {"event": event, "timestamp": now, "position_qty": held, "order": order.as_json(), **(details or {})}
        )
