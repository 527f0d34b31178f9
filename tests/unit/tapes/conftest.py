"""Small captures, made up: the formats of the real ones with invented prices."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def _feed(*messages: object) -> bytes:
    lines = [f"{1_700_000_000 + n / 8}: {json.dumps(m)}" for n, m in enumerate(messages)]
    return "\n".join(["wss://feed.example <-> 1700000000.5", *lines, ""]).encode()


BOOK = ("book-2", "AAA/XBT")


def _crc(text: str) -> str:
    """What Kraken would send: of asks, then bids, price and size without point and leading zeros."""
    return str(zlib.crc32(text.encode()))


@pytest.fixture(scope="session")
def coinbase_bytes() -> bytes:
    product = {"product_id": "AAA-USD"}
    return _feed(
        {"type": "subscriptions", "channels": []},
        {"type": "snapshot", **product, "bids": [["10.10", "2.50"]], "asks": [["10.30", "1"], ["10.4", "7.000"]]},
        {"type": "l2update", **product, "changes": [["buy", "10.20", "3.0"]], "time": "2023-11-14T22:13:20.123456Z"},
        {
            "type": "match",
            **product,
            "trade_id": 7,
            "side": "sell",
            "size": "0.5",
            "price": "10.30",
            "time": "2023-11-14T22:13:21Z",
        },
        {"type": "ticker", **product, "best_bid": "10.20", "best_ask": "10.30", "time": "2023-11-14T22:13:21Z"},
        {"type": "l2update", **product, "changes": [["sell", "10.3", "0.0"]], "time": "2023-11-14T22:13:22.5Z"},
    )


@pytest.fixture(scope="session")
def kraken_bytes() -> bytes:
    return _feed(
        {"event": "systemStatus", "status": "online"},
        [
            9,
            {
                "as": [["0.00500", "5.00000000", "1700000000.1"], ["0.00600", "6.0", "1700000000.2"]],
                "bs": [["0.00400", "4.0", "1700000000.3"]],
            },
            *BOOK,
        ],
        [9, {"a": [["0.00450", "1.50000000", "1700000001.000001"]], "c": _crc("45015000000050050000000040040")}, *BOOK],
        [
            9,
            {"a": [["0.00450", "0.0", "1700000002.5"]]},
            {
                "b": [["0.00410", "1.0", "1700000002.25"], ["0.00390", "9.0", "1700000002.25"]],
                "c": _crc("5005000000004101040040"),
            },
            *BOOK,
        ],
    )


def _depth(first: int, last: int, bids: list[list[str]], asks: list[list[str]]) -> dict[str, object]:
    data = {"e": "depthUpdate", "E": 1_700_000_000_250, "s": "AAAUSDT", "U": first, "u": last, "b": bids, "a": asks}
    return {"stream": "aaausdt@depth@100ms", "data": data}


@pytest.fixture(scope="session")
def binance_messages() -> list[dict[str, object]]:
    quote = {"u": 104, "s": "AAAUSDT", "b": "9.90", "B": "2.0", "a": "10.00", "A": "1.50"}
    trade = {
        "e": "trade",
        "E": 1,
        "s": "AAAUSDT",
        "t": 77,
        "p": "10.00",
        "q": "0.10",
        "T": 1_700_000_000_300,
        "m": False,
    }
    return [
        _depth(90, 99, [["9.00", "9.0"]], []),
        _depth(100, 102, [["9.90", "2.0"]], []),
        {"lastUpdateId": 100, "bids": [["9.80", "1.0"]], "asks": [["10.00", "1.0"]]},
        _depth(103, 104, [], [["10.00", "1.50"]]),
        {"stream": "aaausdt@bookTicker", "data": quote},
        {"stream": "aaausdt@trade", "data": trade},
    ]


@pytest.fixture(scope="session")
def binance_bytes(binance_messages: list[dict[str, object]]) -> bytes:
    return _binance(binance_messages)


@pytest.fixture(scope="session")
def binance() -> Callable[[list[dict[str, object]]], bytes]:
    return _binance


def _binance(messages: list[dict[str, object]]) -> bytes:
    return b"".join(
        f"{1_700_000_000_000_000_000 + n * 1000} {json.dumps(m)}\n".encode() for n, m in enumerate(messages)
    )
