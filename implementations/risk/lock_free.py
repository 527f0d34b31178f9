"""Sums as chains of immutable states, advanced by compare-and-swap: no lock, no thread ever waits for another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from implementations.registry import implementation
from implementations.risk.contract import (
    ADMITTED,
    DAILY_LOSS,
    DUPLICATE,
    NOTIONAL,
    OPEN_ORDERS,
    ORDER_SIZE,
    POSITION,
    ROUNDING,
    Exposure,
    Limits,
)

if TYPE_CHECKING:
    from implementations.messages import Order

State: TypeAlias = dict[str, Any]  # numbers, and "next" once there is a successor
_KEEP: Final = 1 - ROUNDING
_WIDE: Final = 1 + ROUNDING


@implementation(source="compare-and-swap on immutable states; the swap is dict.setdefault, atomic in C", mends="B5")
class LockFreeRisk:
    """Every sum is a chain of states; a limit is judged on the very state that is replaced.

    A state is a small dict. `state.setdefault("next", new) is new` is true for exactly one of the threads that try,
    with the GIL and without, so a sum moves from each state to one successor; who loses judges anew on the winner's.
    What `self` holds is a hint where a chain ends: set back by a slow thread it costs a step, never an answer.

    The position limit needs one number a symbol and side: `upper` is position + open buys, `lower` is position - open
    sells, and a fill moves only the other side's. A check reserves that number first and the account (open orders,
    notional) second, and gives the first back when the second has moved and refuses.
    """

    __slots__ = (
        "_account",
        "_held",
        "_lower",
        "_max_loss",
        "_max_notional",
        "_max_open",
        "_max_position",
        "_max_quantity",
        "_orders",
        "_profit",
        "_upper",
    )

    def __init__(self, limits: Limits) -> None:
        self._max_quantity = limits.order_quantity
        self._max_open = limits.open_orders
        self._max_loss = limits.daily_loss * _KEEP
        self._max_position = limits.position * _WIDE
        self._max_notional = limits.notional * _WIDE
        self._account: State = {"open": 0, "notional": 0.0}
        self._profit: State = {"sum": 0.0}
        self._upper: dict[str, State] = {}
        self._lower: dict[str, State] = {}
        self._held: dict[str, State] = {}
        self._orders: dict[str, State] = {}

    def admit(self, order: Order) -> int:  # noqa: C901, PLR0911, PLR0912  the hot path: one return a reason, no calls
        """Judge on the newest states, then swap both; start again when another thread was first."""
        quantity = order.quantity
        if quantity > self._max_quantity:
            return ORDER_SIZE
        name = order.client_order_id
        orders = self._orders
        if name in orders:
            return DUPLICATE
        symbol = order.symbol
        if order.side == "buy":
            reaches = self._upper
            change = quantity
        else:
            reaches = self._lower
            change = -quantity
        cost = order.price * quantity
        account = self._account
        while True:
            while "next" in account:
                account = account["next"]
            if account["open"] >= self._max_open:
                return OPEN_ORDERS
            profit = self._profit
            while "next" in profit:
                profit = profit["next"]
            if -profit["sum"] >= self._max_loss:
                return DAILY_LOSS
            try:
                state = reaches[symbol]
            except KeyError:
                state = reaches.setdefault(symbol, {"sum": 0.0})
            while "next" in state:
                state = state["next"]
            reach = state["sum"] + change
            if not -self._max_position <= reach <= self._max_position:
                return POSITION
            notional = account["notional"] + cost
            if notional > self._max_notional:
                return NOTIONAL
            new = {"sum": reach}
            if state.setdefault("next", new) is not new:
                continue
            reaches[symbol] = new
            new = {"open": account["open"] + 1, "notional": notional}
            if account.setdefault("next", new) is new:
                break
            _add(reaches, symbol, -change)
        self._account = new
        entry = {"order": order}
        if orders.setdefault(name, entry) is entry:
            return ADMITTED
        _add(reaches, symbol, -change)
        self._release(1, cost)
        return DUPLICATE

    def on_fill(self, client_order_id: str, quantity: float, price: float) -> None:
        """Claim the filled quantity by a swap on the order, then move it from reserved to held."""
        entry = self._orders.get(client_order_id)
        if entry is None:
            return
        order: Order = entry["order"]
        left, after = self._claim(entry, client_order_id, quantity)
        if not left:
            return
        booked = min(quantity, left)
        rest = left - after - booked  # of an ended order, what rounding left over
        if order.side == "buy":
            self._book(order.symbol, booked, price)
            _add(self._lower, order.symbol, booked)
            if rest:
                _add(self._upper, order.symbol, -rest)
        else:
            self._book(order.symbol, -booked, price)
            _add(self._upper, order.symbol, -booked)
            if rest:
                _add(self._lower, order.symbol, rest)
        self._release(0 if after else 1, order.price * (left - after))

    def on_cancel(self, client_order_id: str) -> None:
        """Claim what is left by a swap on the order, then free it."""
        entry = self._orders.get(client_order_id)
        if entry is None:
            return
        order: Order = entry["order"]
        left, _ = self._claim(entry, client_order_id, order.quantity)
        if not left:
            return
        if order.side == "buy":
            _add(self._upper, order.symbol, -left)
        else:
            _add(self._lower, order.symbol, left)
        self._release(1, order.price * left)

    def _claim(self, entry: State, name: str, quantity: float) -> tuple[float, float]:
        """Take up to `quantity` of an order; give what was left before (0: another call ended it) and after."""
        order: Order = entry["order"]
        state = entry.get("hint", entry)
        while True:
            while "next" in state:
                state = state["next"]
            left: float = order.quantity if state is entry else state["left"]
            if not left:
                return 0.0, 0.0
            after = left - quantity
            if after <= order.quantity * ROUNDING:
                after = 0.0
            new = {"left": after}
            if state.setdefault("next", new) is new:
                break
        if after:
            entry["hint"] = new
        else:
            del self._orders[name]
        return left, after

    def on_reject(self, client_order_id: str) -> None:
        """Claim what is left by a swap on the order, then free it."""
        self.on_cancel(client_order_id)

    def exposure(self) -> Exposure:
        """Read the end of every chain."""
        account = _newest(self._account)
        held = {symbol: _newest(state)["position"] for symbol, state in self._held.copy().items()}
        return Exposure(
            account["open"],
            account["notional"],
            _newest(self._profit)["sum"],
            {symbol: position for symbol, position in held.items() if position},
        )

    def _release(self, orders: int, notional: float) -> None:
        state = self._account
        while True:
            state = _newest(state)
            still_open = state["open"] - orders
            # With nothing open, what rounding left over goes.
            new = {"open": still_open, "notional": state["notional"] - notional if still_open else 0.0}
            if state.setdefault("next", new) is new:
                self._account = new
                return

    def _book(self, symbol: str, quantity: float, price: float) -> None:
        held = self._held
        state = held.get(symbol) or held.setdefault(symbol, {"position": 0.0, "cost": 0.0})
        while True:
            state = _newest(state)
            position = state["position"]
            cost = state["cost"]
            after = position + quantity
            realised = 0.0
            if position * quantity >= 0:
                cost = (position * cost + quantity * price) / after
            else:
                closed = min(abs(position), abs(quantity))
                realised = closed * (price - cost) * (1 if position > 0 else -1)
                if abs(quantity) > abs(position):
                    cost = price
            new = {"position": after if abs(after) > abs(quantity) * ROUNDING else 0.0, "cost": cost}
            if state.setdefault("next", new) is new:
                break
        held[symbol] = new
        if realised:
            state = self._profit
            while True:
                state = _newest(state)
                new = {"sum": state["sum"] + realised}
                if state.setdefault("next", new) is new:
                    self._profit = new
                    return


def _newest(state: State) -> State:
    while "next" in state:
        state = state["next"]
    return state


def _add(chains: dict[str, State], symbol: str, change: float) -> None:
    state = chains.get(symbol) or chains.setdefault(symbol, {"sum": 0.0})
    while True:
        state = _newest(state)
        new = {"sum": state["sum"] + change}
        if state.setdefault("next", new) is new:
            chains[symbol] = new
            return
