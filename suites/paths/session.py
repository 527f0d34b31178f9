"""A trading session for the risk check: orders and the reports on them, in which every limit is met now and then.

It is played once against an implementation that says what is admitted, so that the reports fit. Quantities are whole
and prices multiples of 1/4: a sum that is held against a limit is exact, in whatever order it was added up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Final, TypeAlias

from implementations.messages import Order
from implementations.risk.contract import ADMITTED, Limits
from suites.tapes.market import INSTRUMENTS

if TYPE_CHECKING:
    from implementations.messages import Side
    from implementations.risk.contract import RiskCheck

NONE: Final = 0
FILL: Final = 1
CANCEL: Final = 2
REJECT: Final = 3
REPORTS: Final = ("none", "fill", "cancel", "reject")

Step: TypeAlias = tuple[Order, int, str, float, float]
"""An order to admit, then the report that follows: its kind, the order it is on, quantity and price of a fill."""

LIMITS: Final = Limits(order_quantity=10.0, open_orders=32, daily_loss=1e6, position=60.0, notional=15_500.0)

_OVERSIZE_SHARE: Final = 0.01
_DUPLICATE_SHARE: Final = 0.01
_LATE_SHARE: Final = 0.02  # of the reports: on an order that is long closed, which changes nothing
_PHASE_STEPS: Final = 64
_PHASES: Final = 8
_BUILDING_PHASE: Final = 6  # the exchange is silent and open orders pile up
_TREND_PHASE: Final = 7  # one symbol is ordered on one side until its position is full, and open orders thin out
_LOSS_STEPS: Final = 1024  # this often a loss beyond the limit is made, and made good again
_HALTED_STEPS: Final = 8
_CALM_OPEN: Final = 12  # open orders that the exchange lets stand


_Report: TypeAlias = tuple[int, str, float, float]
_SILENCE: Final[_Report] = (NONE, "", 0.0, 0.0)


def play(risk: RiskCheck, seed: int, steps: int) -> tuple[list[Step], list[int]]:
    """Return the steps of a session, and the code that `risk`, in its fresh state, gave to each order."""
    session = _Session(Random(seed), risk)
    played: list[Step] = []
    codes: list[int] = []
    for number in range(1, steps + 1):
        order = session.order(number)
        code = risk.admit(order)
        if code == ADMITTED:
            session.open.append(order)
            session.left[order.client_order_id] = order.quantity
        played.append((order, *session.report(number)))
        codes.append(code)
    return played, codes


@dataclass(slots=True)
class _Session:
    """What is open, as the exchange of this session sees it."""

    rng: Random
    risk: RiskCheck
    open: list[Order] = field(default_factory=list)
    left: dict[str, float] = field(default_factory=dict)
    last_closed: str = "o0"
    next_loss: int = _LOSS_STEPS // 2
    rescue: Order | None = None  # the open order whose fill makes a loss good again
    halted: int = 0  # steps until it is filled

    def order(self, number: int) -> Order:
        """Draw an order: now and then too large, or under the name of one that is open."""
        rng = self.rng
        symbol = int(rng.random() * rng.random() * len(INSTRUMENTS))
        side: Side = "buy" if rng.random() < 0.5 else "sell"
        cycle, phase = divmod(number // _PHASE_STEPS, _PHASES)
        if phase == _TREND_PHASE:
            symbol, side = cycle % len(INSTRUMENTS), "sell" if cycle % 2 else "buy"
        price = 80.0 + 2.0 * symbol + rng.getrandbits(4) * 0.25
        quantity = 11.0 if rng.random() < _OVERSIZE_SHARE else float(1 + int(rng.random() * 10))
        duplicate = bool(self.open) and rng.random() < _DUPLICATE_SHARE
        name = self.open[-1].client_order_id if duplicate else f"o{number}"
        return Order(name, INSTRUMENTS[symbol].symbol, side, quantity, price)

    def report(self, step: int) -> _Report:
        """Draw the report that follows the step's order, and book it."""
        if self.rescue is not None:
            return self._wait_for_rescue()
        if step >= self.next_loss and (pair := self._losing_pair()):
            self.next_loss += _LOSS_STEPS
            losing, self.rescue = pair
            self.halted = _HALTED_STEPS
            return self._fill_beyond(losing)
        building = step // _PHASE_STEPS % _PHASES == _BUILDING_PHASE
        if building or len(self.open) <= _CALM_OPEN * self.rng.random():
            return _SILENCE
        if self.rng.random() < _LATE_SHARE:
            self.risk.on_fill(self.last_closed, 1.0, 80.0)
            return FILL, self.last_closed, 1.0, 80.0
        return self._ordinary(self.open[int(self.rng.random() * len(self.open))])

    def _ordinary(self, order: Order) -> _Report:
        choice = self.rng.random()
        if choice < 0.65:
            left = self.left[order.client_order_id]
            return self._fill(order, left if choice < 0.6 else float(1 + int(self.rng.random() * left)), order.price)
        if choice < 0.9:
            self.risk.on_cancel(order.client_order_id)
            self._close(order)
            return CANCEL, order.client_order_id, 0.0, 0.0
        self.risk.on_reject(order.client_order_id)
        self._close(order)
        return REJECT, order.client_order_id, 0.0, 0.0

    def _wait_for_rescue(self) -> _Report:
        self.halted -= 1
        if self.halted or self.rescue is None:
            return _SILENCE
        rescue, self.rescue = self.rescue, None
        return self._fill_beyond(rescue)

    def _losing_pair(self) -> tuple[Order, Order] | None:
        """Find a buy that would close a short position, and a sale that would close a long one."""
        positions = self.risk.exposure().positions
        closing: dict[Side, Order] = {}
        for order in self.open:
            position = positions.get(order.symbol, 0.0)
            if position < 0 if order.side == "buy" else position > 0:
                closing[order.side] = order
        return (closing["buy"], closing["sell"]) if len(closing) == 2 else None

    def _fill_beyond(self, order: Order) -> _Report:
        """Fill what closes the position, no more, at a price that makes twice the daily loss, or that much gain."""
        held = abs(self.risk.exposure().positions[order.symbol])
        quantity = min(held, self.left[order.client_order_id])
        return self._fill(order, quantity, order.price + LIMITS.daily_loss * 2 / quantity // 0.25 * 0.25)

    def _fill(self, order: Order, quantity: float, price: float) -> _Report:
        self.risk.on_fill(order.client_order_id, quantity, price)
        self.left[order.client_order_id] -= quantity
        if self.left[order.client_order_id] == 0.0:
            self._close(order)
        return FILL, order.client_order_id, quantity, price

    def _close(self, order: Order) -> None:
        self.open.remove(order)
        del self.left[order.client_order_id]
        self.last_closed = order.client_order_id
