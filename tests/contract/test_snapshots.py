"""Every source of depth snapshots gives the reference's levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from implementations import registry
from implementations.messages import Book, Level

if TYPE_CHECKING:
    from implementations.registry import Implementation
    from implementations.snapshots.contract import Snapshot, Snapshots

PATH = "snapshots"

levels = st.lists(
    st.builds(Level, st.integers(1, 40).map(lambda tick: tick / 8), st.sampled_from([0.0, 0.0, 1.0, 2.5])), max_size=12
)
messages = st.builds(Book, st.just("X/USD"), st.just("2026-01-02T03:04:05Z"), levels, levels, st.booleans())


def make(implementation: Implementation, depth: int) -> Snapshots:
    factory: Any = implementation.factory
    source: Snapshots = factory(depth)
    return source


def plain(snapshot: Snapshot) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    bids, asks = (
        [(level.price, level.size) for level in side[:count]]
        for side, count in ((snapshot.bids, snapshot.bid_count), (snapshot.asks, snapshot.ask_count))
    )
    return bids, asks


@given(sent=st.lists(messages, max_size=20), depth=st.integers(1, 6))
def test_it_follows_the_reference(implementation: Implementation, sent: list[Book], depth: int) -> None:
    source, oracle = make(implementation, depth), make(registry.load(PATH, "reference"), depth)
    for message in sent:
        source.apply(message)
        oracle.apply(message)
        assert plain(source.snapshot()) == plain(oracle.snapshot())


@pytest.mark.parametrize(("name", "same"), [("fresh", False), ("preallocated", True)])
def test_who_preallocates_gives_the_same_levels_again(name: str, same: bool) -> None:  # noqa: FBT001  a parameter
    source = make(registry.load(PATH, name), 3)
    source.apply(Book("X/USD", "", [Level(1.0, 2.0)], [Level(3.0, 4.0)], reset=True))
    first = source.snapshot().bids[0]
    source.apply(Book("X/USD", "", [Level(1.5, 2.0)], []))
    assert (source.snapshot().bids[0] is first) is same
    assert plain(source.snapshot()) == ([(1.5, 2.0), (1.0, 2.0)], [(3.0, 4.0)])
