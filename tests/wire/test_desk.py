"""The order desk's laws: one final state for each order, money that adds up, nothing filled outside its limit."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suites.exchange.desk import Desk, rfc3339
from suites.exchange.errors import OrderError
from suites.exchange.market import Market
from suites.exchange.orders import FINAL
from suites.exchange.ratelimit import RateLimit
from suites.exchange.settings import Settings


def new_desk(updates: Any = None, cash: Any = 100_000, shorting: Any = "allowed") -> Any:
    ids = map("id-{}".format, itertools.count())
    market = Market(("X",))
    desk = Desk(
        Settings(cash=Decimal(cash), shorting=shorting),
        market,
        on_update=(updates if updates is not None else []).append,
        clock_ns=lambda: 0,
        new_id=lambda: next(ids),
    )
    return desk, market


def quote(bid: Any, ask: Any, size: Any = 5.0) -> Any:
    return {"T": "q", "S": "X", "bp": bid, "bs": size, "ap": ask, "as": size, "t": "2026-01-01T00:00:00Z"}


def request(side: Any = "buy", qty: Any = 1, price: Any = 10.0, tif: Any = "gtc", **more: Any) -> Any:
    return {
        "symbol": "X", "side": side, "qty": qty, "type": "limit", "limit_price": price, "time_in_force": tif, **more
    }  # fmt: skip


def submit(desk: Any, **fields: Any) -> Any:
    order = desk.accept(request(**fields))
    desk.match(order)
    return order


@pytest.mark.parametrize(
    ("tif", "size", "status", "filled"),
    [
        ("ioc", 5, "filled", 3),
        ("ioc", 2, "canceled", 2),
        ("fok", 2, "canceled", 0),
        ("fok", 3, "filled", 3),
        ("gtc", 2, "partially_filled", 2),
    ],
)
def test_time_in_force(tif: Any, size: Any, status: Any, filled: Any) -> None:
    desk, market = new_desk()
    market.apply(quote(9, 10, float(size)))
    order = submit(desk, qty=3, tif=tif)
    assert (order.status, order.filled) == (status, filled)


def test_a_resting_order_is_filled_when_the_market_comes_to_it() -> None:
    desk, market = new_desk()
    market.apply(quote(11, 12))
    order = submit(desk, price=10)
    assert order.status == "new"
    desk.market_changed(market.apply(quote(9, 9.5)))
    assert (order.status, order.cost) == ("filled", Decimal("9.5"))


def test_the_book_is_taken_level_by_level_best_first() -> None:
    desk, market = new_desk()
    levels = [{"p": 10.5, "s": 1}, {"p": 10.0, "s": 1}, {"p": 11.0, "s": 1}]
    market.apply({"T": "o", "S": "X", "t": "2026-01-01T00:00:00Z", "b": [], "a": levels})
    updates: list[Any] = []
    desk._on_update = updates.append
    submit(desk, qty=3, price=10.5, tif="ioc")
    assert [(u["event"], u.get("price")) for u in updates] == [
        ("new", None), ("partial_fill", "10"), ("partial_fill", "10.5"), ("canceled", None)
    ]  # fmt: skip


def test_a_notional_order_buys_for_its_amount() -> None:
    desk, market = new_desk()
    market.apply(quote(9, 10))
    order = desk.accept({"symbol": "X", "side": "buy", "notional": 25, "type": "market", "time_in_force": "day"})
    desk.match(order)
    assert (order.status, order.filled) == ("filled", Decimal("2.5"))


def test_selling_what_is_not_held_is_refused_where_shorting_is() -> None:
    desk, market = new_desk(shorting="refused")
    market.apply(quote(9, 10))
    submit(desk, qty=2)
    submit(desk, side="sell", qty=1, price=20)
    with pytest.raises(OrderError, match=r"requested: 2, available: 1") as refused:
        submit(desk, side="sell", qty=2, price=9)
    assert refused.value.status == 403


def test_a_replacement_that_cannot_be_paid_leaves_the_old_order_as_it_was() -> None:
    desk, _ = new_desk(cash=100)
    order = submit(desk, qty=5)
    with pytest.raises(OrderError, match="buying power"):
        desk.replace(order.id, {"qty": 11})
    assert order.open
    assert desk.account.buying_power() == 50
    desk.cancel(order.id)
    assert desk.account.buying_power() == 100


def test_a_final_state_is_never_left() -> None:
    desk, _ = new_desk()
    order = submit(desk)
    desk.cancel(order.id)
    with pytest.raises(RuntimeError, match="is canceled and cannot become filled"):
        desk._end(order, "filled")


def test_reducing_a_position_keeps_its_average_price() -> None:
    desk, _ = new_desk()
    account = desk.account
    for side, quantity, price in [("buy", 2, 10), ("buy", 2, 20), ("sell", 1, 99)]:
        account.fill("X", side, Decimal(quantity), Decimal(price))
    assert (account.positions["X"].quantity, account.positions["X"].entry) == (3, 15)
    account.fill("X", "sell", Decimal(5), Decimal(30))
    assert (account.positions["X"].quantity, account.positions["X"].entry) == (-2, 30)


@pytest.mark.parametrize(
    "wrong",
    [
        {"qty": None}, {"notional": 5}, {"qty": -1}, {"qty": True}, {"qty": "many"}, {"side": "hold"}, {"type": "stop"},
        {"limit_price": None}, {"time_in_force": "never"}, {"symbol": ""}, {"client_order_id": "x" * 129},
        {"side": []}, {"type": {}}, {"qty": "1e999999999"}, {"limit_price": "1e-30"},
    ],
)  # fmt: skip
def test_requests_that_cannot_be_used_are_422(wrong: Any) -> None:
    desk, _ = new_desk()
    with pytest.raises(OrderError) as refused:
        desk.accept({**request(), **wrong})
    assert (refused.value.status, desk.orders) == (422, {})


@pytest.mark.parametrize("wrong", [{"time_in_force": "xyz"}, {"time_in_force": [1]}, {"qty": "1e99"}])
def test_a_replacement_that_cannot_be_used_is_422_and_changes_nothing(wrong: Any) -> None:
    desk, _ = new_desk()
    order = submit(desk)
    with pytest.raises(OrderError) as refused:
        desk.replace(order.id, wrong)
    assert (refused.value.status, order.status, list(desk.orders)) == (422, "new", [order.id])


def test_a_market_order_does_not_become_a_limit_order() -> None:
    desk, _ = new_desk()
    order = submit(desk, type="market", limit_price=None)
    with pytest.raises(OrderError, match="market order"):
        desk.replace(order.id, {"limit_price": 5})


def test_a_notional_too_small_for_any_quantity_buys_when_the_price_allows() -> None:
    desk, market = new_desk()
    market.apply(quote(90.0, 100.0))
    order = submit(desk, qty=None, price=None, type="market", notional="0.00000001", tif="day")
    assert (order.status, order.quantity) == ("new", None)
    market.apply(quote(1.0, 1.0))
    desk.market_changed("X")
    assert (order.status, order.filled) == ("filled", Decimal("0.00000001"))


def test_a_window_that_has_passed_is_told_as_new() -> None:
    now = [0.0]
    limit = RateLimit(2, 60, lambda: now[0])
    limit.take()
    now[0] = 61.0
    assert limit.headers() == {
        "X-Ratelimit-Limit": "2", "X-Ratelimit-Remaining": "2", "X-Ratelimit-Reset": "120"
    }  # fmt: skip


def test_times_keep_their_nanoseconds() -> None:
    assert rfc3339(1_680_782_061_670_905_508) == "2023-04-06T11:54:21.670905508Z"


PRICES = st.integers(5, 15).map(float)
ACTIONS = st.one_of(
    st.tuples(
        st.just("submit"), st.sampled_from(["buy", "sell"]), st.integers(1, 8), PRICES,
        st.sampled_from(["day", "gtc", "ioc", "fok"]),
    ),
    st.tuples(st.just("quote"), PRICES, st.integers(0, 3), st.integers(0, 6)),
    st.tuples(st.just("cancel"), st.integers(0, 30)),
    st.tuples(st.just("replace"), st.integers(0, 30), st.integers(1, 9), PRICES),
)  # fmt: skip


@given(st.lists(ACTIONS, max_size=40))
def test_every_order_ends_in_exactly_one_final_state_and_the_money_adds_up(actions: Any) -> None:
    updates: list[Any] = []
    desk, market = new_desk(updates, cash=500)
    for action in actions:
        try:
            match action:
                case ("submit", side, qty, price, tif):
                    submit(desk, side=side, qty=qty, price=price, tif=tif)
                case ("quote", bid, spread, size):
                    desk.market_changed(market.apply(quote(bid, bid + spread, float(size))))
                case ("cancel", number):
                    desk.cancel(f"id-{number}")
                case ("replace", number, qty, price):
                    desk.match(desk.replace(f"id-{number}", {"qty": qty, "limit_price": price}))
        except OrderError:
            pass
    desk.close()
    finals = [u["order"]["id"] for u in updates if u["event"] in {"fill", "canceled", "expired", "replaced"}]
    assert sorted(finals) == sorted(desk.orders)
    assert all(order.final_states == 1 and order.status in FINAL for order in desk.orders.values())
    assert not desk.account.held_cash
    assert not desk.account.held_quantity
    spent = sum(order.cost * (1 if order.side == "buy" else -1) for order in desk.orders.values())
    held = sum(order.filled * (1 if order.side == "buy" else -1) for order in desk.orders.values())
    assert desk.account.cash == 500 - spent
    assert sum(position.quantity for position in desk.account.positions.values()) == held
    for order in desk.orders.values():
        if order.filled:
            average = order.cost / order.filled
            assert average <= order.limit_price if order.side == "buy" else average >= order.limit_price
