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
Cells: TypeAlias = list[State]  # of one symbol: a state at or before the end of each of its three chains

UPPER: Final = 0  # {"sum": position + open buys}
LOWER: Final = 1  # {"sum": position - open sells}
HELD: Final = 2  # {"position", "cost"}
_KEEP: Final = 1 - ROUNDING
_WIDE: Final = 1 + ROUNDING


@implementation(source="compare-and-swap on immutable states; the swap is dict.setdefault, atomic in C", fixes="B5")
class LockFreeRisk:
    """Every sum is a chain of states; a limit is judged on the very state that is replaced.

    A state is a small dict. `state.setdefault("next", new) is new` is true for exactly one of the threads that try,
    with the GIL and without, so a sum moves from each state to one successor; who loses judges anew on the winner's.
    What `self` and the cells hold is a hint where a chain ends: set back by a slow thread it costs a step, never an
    answer. A sum that only has to be added to tries the hint at once, and walks when that one has a successor.

    The position limit needs one number a symbol and side, `UPPER` and `LOWER`; a fill moves only the other side's. A
    check reserves that number first and the account (open orders, notional) second, and gives the first back when the
    second has moved and refuses. An order is a chain too: its first state holds the order, each later one what is left.
    """

    __slots__ = (
        "_account",
        "_max_loss",
        "_max_notional",
        "_max_open",
        "_max_position",
        "_max_quantity",
        "_orders",
        "_profit",
        "_symbols",
    )

    def __init__(self, limits: Limits) -> None:
        self._max_quantity = limits.order_quantity
        self._max_open = limits.open_orders
        self._max_loss = limits.daily_loss * _KEEP
        self._max_position = limits.position * _WIDE
        self._max_notional = limits.notional * _WIDE
        self._account: State = {"open": 0, "notional": 0.0}
        self._profit: Cells = [{"sum": 0.0}]
        self._symbols: dict[str, Cells] = {}
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
        try:
            cells = self._symbols[symbol]
        except KeyError:
            cells = self._symbols.setdefault(symbol, [{"sum": 0.0}, {"sum": 0.0}, {"position": 0.0, "cost": 0.0}])
        if order.side == "buy":
            side = UPPER
            change = quantity
        else:
            side = LOWER
            change = -quantity
        cost = order.price * quantity
        while True:
            account = self._account
            while "next" in account:
                account = account["next"]
            if account["open"] >= self._max_open:
                return OPEN_ORDERS
            profit = self._profit[0]
            while "next" in profit:
                profit = profit["next"]
            if -profit["sum"] >= self._max_loss:
                return DAILY_LOSS
            state = cells[side]
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
            cells[side] = new
            new = {"open": account["open"] + 1, "notional": notional}
            if account.setdefault("next", new) is new:
                break
            _add(cells, side, -change)
        self._account = new
        entry = {"order": order}
        if orders.setdefault(name, entry) is entry:
            return ADMITTED
        _add(cells, side, -change)
        self._release(1, cost)
        return DUPLICATE

    def on_fill(self, client_order_id: str, quantity: float, price: float) -> None:
        """Claim the filled quantity by a swap on the order, then move it from reserved to held."""
        try:
            entry = self._orders[client_order_id]
        except KeyError:
            return
        order: Order = entry["order"]
        left, after = _claim(entry, quantity)
        if not left:
            return
        booked = quantity if quantity < left else left  # noqa: FURB136  min() is a call
        cells = self._symbols[order.symbol]
        rest = left - after - booked  # of an ended order, what rounding left over
        if order.side == "buy":
            self._book(cells, booked, price)
            _add(cells, LOWER, booked)
            if rest:
                _add(cells, UPPER, -rest)
        else:
            self._book(cells, -booked, price)
            _add(cells, UPPER, -booked)
            if rest:
                _add(cells, LOWER, rest)
        if after:
            self._release(0, order.price * booked)
        else:
            del self._orders[client_order_id]
            self._release(1, order.price * left)

    def on_cancel(self, client_order_id: str) -> None:
        """Claim what is left by a swap on the order, then free it."""
        try:
            entry = self._orders[client_order_id]
        except KeyError:
            return
        order: Order = entry["order"]
        end = {"left": 0.0}
        if entry.setdefault("next", end) is end:
            left = order.quantity
        elif not (left := _claim(entry, order.quantity)[0]):
            return
        if order.side == "buy":
            _add(self._symbols[order.symbol], UPPER, -left)
        else:
            _add(self._symbols[order.symbol], LOWER, left)
        del self._orders[client_order_id]
        self._release(1, order.price * left)

    on_reject = on_cancel

    def exposure(self) -> Exposure:
        """Read the end of every chain."""
        account = _newest(self._account)
        held = {symbol: _newest(cells[HELD])["position"] for symbol, cells in self._symbols.copy().items()}
        return Exposure(
            account["open"],
            account["notional"],
            _newest(self._profit[0])["sum"],
            {symbol: position for symbol, position in held.items() if position},
        )

    def _release(self, orders: int, notional: float) -> None:
        state = self._account
        while True:
            still_open = state["open"] - orders
            # With nothing open, what rounding left over goes.
            new = {"open": still_open, "notional": state["notional"] - notional if still_open else 0.0}
            if state.setdefault("next", new) is new:
                self._account = new
                return
            state = _newest(state)

    def _book(self, cells: Cells, quantity: float, price: float) -> None:
        state = cells[HELD]
        while True:
            position = state["position"]
            cost = state["cost"]
            after = position + quantity
            realised = 0.0
            if position * quantity >= 0:
                cost = (position * cost + quantity * price) / after
            else:
                # Past zero `after` has the sign of `quantity`; within `flat` of zero it counts as zero.
                past = after * quantity
                flat = quantity * quantity * ROUNDING
                if past > flat:
                    realised = position * (price - cost)
                    cost = price
                else:
                    realised = quantity * (cost - price)
                    if past >= -flat:
                        after = 0.0
            new = {"position": after, "cost": cost}
            if state.setdefault("next", new) is new:
                break
            state = _newest(state)
        cells[HELD] = new
        if realised:
            _add(self._profit, 0, realised)


def _newest(state: State) -> State:
    while "next" in state:
        state = state["next"]
    return state


def _add(cells: Cells, chain: int, change: float) -> None:
    state = cells[chain]
    while True:
        new = {"sum": state["sum"] + change}
        if state.setdefault("next", new) is new:
            cells[chain] = new
            return
        state = _newest(state)


def _claim(entry: State, quantity: float) -> tuple[float, float]:
    """Take up to `quantity` of an order; return what was left before (0: another call ended it) and after."""
    whole: float = entry["order"].quantity
    left = whole
    state = entry
    while True:
        after = left - quantity
        if after <= whole * ROUNDING:
            after = 0.0
        new = {"left": after}
        if state.setdefault("next", new) is new:
            if after:
                entry["hint"] = new
            return left, after
        state = _newest(entry.get("hint", entry))
        left = state["left"]
        if not left:
            return 0.0, 0.0
