"""Every bus: order, numbers, and the count of what a full reader did not get."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from implementations.messages import Ack, Book, Level, Notice, Order, Quote, Trade, astuple
from implementations.registry import UnavailableError, catalogue, load

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = [name for name in (*(entry.name for entry in catalogue("bus")), "reference") if name != "null"]
CODECS = [*(entry.name for entry in catalogue("codec")), "reference"]
MESSAGES: list[Any] = [
    Trade("X", 1.5, 2.0, "2024-03-12T10:27:48Z", 7),
    Quote("X", 1.0, 2.0, 3.0, 4.0, "2024-03-12T10:27:48Z"),
    Book("X", "2024-03-12T10:27:48Z", [Level(1.0, 2.0)], [], False),
    Order("a-1", "X", "buy", 1.0, 2.0),
    Ack("a-1", "X", "filled", 1.0, 2.0, "2024-03-12T10:27:48Z"),
]


def codec(name: str) -> Any:
    try:
        return load("codec", name).factory()
    except UnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(params=NAMES)
def new_bus(request: pytest.FixtureRequest) -> Iterator[Any]:
    try:
        factory: Any = load("bus", request.param).factory
    except UnavailableError as error:
        pytest.skip(str(error))
    made: list[Any] = []

    def new(codec_name: str = "json", mark: int = 1000) -> Any:
        made.append(factory(codec(codec_name), mark))
        return made[-1]

    yield new
    for bus in made:
        bus.close()
        bus.close()  # twice does no harm


@pytest.mark.parametrize("codec_name", CODECS)
def test_every_message_arrives_once_in_order_with_any_codec(new_bus: Any, codec_name: str) -> None:
    bus = new_bus(codec_name)
    reader = bus.subscribe()
    assert all(bus.publish(message) for message in MESSAGES * 3)
    got: list[Any] = [reader.receive(5) for _ in range(15)]
    assert [astuple(message) for message in got] == [astuple(message) for message in MESSAGES * 3]
    assert (bus.published, bus.dropped, reader.missed) == (15, 0, 0)


def test_each_reader_sees_what_is_published_after_it_came(new_bus: Any) -> None:
    bus = new_bus()
    first = bus.subscribe()
    bus.publish(MESSAGES[0])
    second = bus.subscribe()
    bus.publish(MESSAGES[1])
    assert [first.receive(5).kind, first.receive(5).kind, second.receive(5).kind] == [
        MESSAGES[0].kind,
        MESSAGES[1].kind,
        MESSAGES[1].kind,
    ]
    assert (first.missed, second.missed) == (0, 0)


def test_a_reader_that_comes_when_another_has_left_misses_nothing(new_bus: Any) -> None:
    bus = new_bus()
    for _ in range(40):  # the publisher hears of the leaving late: what it hears is not always the new reader
        bus.subscribe().close()
        time.sleep(0.005)
        reader = bus.subscribe()
        assert bus.publish(MESSAGES[0])
        assert reader.receive(1) is not None
        assert reader.missed == 0
        reader.close()


def test_what_a_full_reader_does_not_get_is_counted_on_both_sides(new_bus: Any) -> None:
    bus = new_bus(mark=10)
    reader = bus.subscribe()
    # ipc and tcp hold more in the kernel's buffers than the mark says, so large messages and many of them.
    large = Ack("a", "X", "filled", 1.0, 2.0, "x" * 255)
    sent = 0
    while not bus.dropped and sent < 200_000:
        sent += bus.publish(large)
    assert bus.dropped == 1
    assert bus.published == sent >= 10
    for _ in range(sent):
        assert reader.receive(5) is not None
    while not bus.publish(MESSAGES[0]):  # ZeroMQ's sender hears a little later that there is room again
        assert bus.dropped < 1_000_000
    assert reader.receive(5).kind == MESSAGES[0].kind
    assert reader.missed == bus.dropped


@pytest.mark.parametrize(("name", "held"), [("reference", 10), ("zeromq-inproc", 20)])
def test_a_bus_without_a_kernel_between_holds_what_the_contract_says(name: str, held: int) -> None:
    bus: Any = load("bus", name).factory(codec("json"), 10)
    bus.subscribe()
    assert sum(bus.publish(MESSAGES[0]) for _ in range(100)) == held
    bus.close()


def test_nothing_in_time_is_none(new_bus: Any) -> None:
    assert new_bus().subscribe().receive(0.001) is None


def test_a_notice_is_not_for_the_bus(new_bus: Any) -> None:
    with pytest.raises(TypeError):
        new_bus().publish(Notice("b"))


def test_the_null_bus_counts_and_carries_nothing() -> None:
    bus: Any = load("bus", "null").factory(codec("json"), 10)
    reader = bus.subscribe()
    assert bus.publish(MESSAGES[0])
    assert (bus.published, bus.dropped, reader.receive(0)) == (1, 0, None)
    with pytest.raises(TypeError):
        bus.publish(Notice("b"))
