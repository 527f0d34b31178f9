"""Every way of sharing an order between attempts: no attempt sees what another one did."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from implementations.messages import Order, astuple
from implementations.registry import catalogue, load

NAMES = [*(entry.name for entry in catalogue("sharing")), "reference"]
FIELDS = ("client_order_id", "symbol", "side", "quantity", "price", "time_in_force")

orders = st.builds(
    Order,
    st.text(max_size=20),
    st.text(max_size=8),
    st.sampled_from(["buy", "sell"]),
    st.floats(allow_nan=False),
    st.floats(allow_nan=False),
    st.sampled_from(["ioc", "day"]),
)


@pytest.mark.parametrize("name", NAMES)
@given(orders, st.lists(st.tuples(st.integers(0, 3), st.sampled_from(FIELDS), st.text(max_size=3)), max_size=8))
def test_every_attempt_gets_the_order_as_it_was(name: str, order: Order, changes: Any) -> None:
    sharing: Any = load("sharing", name).factory()
    before = astuple(order)
    shared = sharing.share(order)
    holders = [order, *(sharing.attempt(shared) for _ in range(3))]
    for who, field, value in changes:
        with contextlib.suppress(AttributeError):  # a change may be refused
            setattr(holders[who], field, value)
        assert astuple(sharing.attempt(shared)) == before


def test_the_shared_order_is_one_and_cannot_be_changed() -> None:
    sharing: Any = load("sharing", "shared").factory()
    shared = sharing.share(Order("a", "X", "buy", 1.0, 2.0))
    assert sharing.attempt(shared) is sharing.attempt(shared) is sharing.share(shared)
    with pytest.raises(AttributeError):
        shared.price = 3.0
