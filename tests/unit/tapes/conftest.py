"""Small captures, made up: the formats of the real ones with invented prices."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.unit.tapes import makers

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
        makers.depth(90, 99, [["9.00", "9.0"]], []),
        makers.depth(100, 102, [["9.90", "2.0"]], []),
        {"lastUpdateId": 100, "bids": [["9.80", "1.0"]], "asks": [["10.00", "1.0"]]},
        makers.depth(103, 104, [], [["10.00", "1.50"]]),
        {"stream": "aaausdt@bookTicker", "data": quote},
        {"stream": "aaausdt@trade", "data": trade},
    ]


@pytest.fixture(scope="session")
def binance_bytes(binance_messages: list[dict[str, object]]) -> bytes:
    return makers.binance(binance_messages)


@pytest.fixture(scope="session")
def binance() -> Callable[[list[dict[str, object]]], bytes]:
    return makers.binance


@pytest.fixture(scope="session")
def samples(coinbase_bytes: bytes, kraken_bytes: bytes, binance_bytes: bytes) -> dict[str, bytes]:
    """Give a small capture of each format of lines, under the name of its importer; made up.

    All but the three older ones end with bids 9.75 x 1, 9.5 x 2 and the ask 10.5 x 3 in four books: a snapshot, the bid
    that was added, the ask that was removed.
    """
    return {
        "Coinbase level2": coinbase_bytes,
        "Kraken v1 book": kraken_bytes,
        "Binance depth": binance_bytes,
        "Binance depth, futures": makers.binance(
            [
                makers.futures_depth(90, 99, 80, [["9.00", "9.0"]], []),
                {"lastUpdateId": 100, "bids": [["9.50", "2"]], "asks": [["10.0", "1"], ["10.50", "3.0"]]},
                makers.futures_depth(98, 103, 95, [["9.75", "1"]], []),
                makers.futures_depth(106, 107, 103, [], [["10.00", "0.0"]]),
                makers.futures_depth(109, 110, 107, [["9.75", "1"]], []),
            ]
        ),
        "OKX books": makers.lines(
            makers.okx("snapshot", ["9.5x2"], ["10x1", "10.5x3"], "9.5:2:10:1:10.5:3", (-1, 10)),
            makers.okx("update", ["9.75x1"], [], "9.75:1:10:1:9.5:2:10.5:3", (10, 15)),
            makers.okx("update", [], ["10x0"], "9.75:1:10.5:3:9.5:2", (15, 17)),
            makers.okx("update", [], [], "9.75:1:10.5:3:9.5:2", (17, 18)),
        ),
        "Kraken v2 book": "".join(
            f"{1_700_000_000 + n}: {text}\n"
            for n, text in enumerate(
                [
                    makers.kraken_v2("snapshot", "9.50x2.00", "10.00x1.00 10.50x3.00", "10001001050300950200"),
                    makers.kraken_v2("update", "9.75x1.00", "", "10001001050300975100950200"),
                    makers.kraken_v2("update", "", "10.00x0.00", "1050300975100950200"),
                    makers.kraken_v2("update", "9.75x1.00", "", "1050300975100950200"),
                ]
            )
        ).encode(),
        "Kraken Futures book": makers.lines(
            {
                "feed": "book_snapshot",
                "product_id": "PI_AAAUSD",
                "timestamp": 1_700_000_000_001,
                "seq": 10,
                "bids": [{"price": 9.5, "qty": 2.0}],
                "asks": [{"price": 10.0, "qty": 1}, {"price": 10.5, "qty": 3}],
            },
            makers.kraken_futures(11, "buy", 9.75, 1.0),
            makers.kraken_futures(12, "sell", 10.0, 0.0),
            makers.kraken_futures(13, "buy", 9.75, 1.0),
        ),
        "Bybit order book": makers.lines(
            makers.bybit("snapshot", 5, [["9.5", "2"]], [["10", "1"], ["10.5", "3"]]),
            makers.bybit("delta", 6, [["9.75", "1"]], []),
            makers.bybit("delta", 7, [], [["10", "0"]]),
            makers.bybit("delta", 8, [["9.75", "1"]], []),
        ),
        "Bybit order book, before v5": makers.lines(
            makers.old_bybit(
                "snapshot",
                [
                    {"price": price, "symbol": "AAAUSD", "side": side, "size": size}
                    for side, price, size in (("Buy", "9.5", 2), ("Sell", "10", 1), ("Sell", "10.5", 3))
                ],
            ),
            makers.old_bybit(
                "delta", {"delete": [], "update": [], "insert": [{"price": "9.75", "side": "Buy", "size": 1}]}
            ),
            makers.old_bybit("delta", {"delete": [{"price": "10", "side": "Sell"}], "update": [], "insert": []}),
        ),
        "Deribit book": makers.lines(
            makers.deribit("snapshot", 10, [["new", 9.5, 2.0]], [["new", 10.0, 1], ["new", 10.5, 3]]),
            makers.deribit("change", 13, [["new", 9.75, 1]], []),
            makers.deribit("change", 16, [], [["delete", 10.0, 0.0]]),
            makers.deribit("change", 19, [["change", 9.75, 1]], []),
        ),
        "Bitstamp order book": makers.lines(
            makers.bitstamp("order_book", 0, [["9.5", "2"]], [["10", "1"], ["10.5", "3"]]),
            makers.bitstamp("diff_order_book", 5, [["9.75", "1.0"]], []),
            makers.bitstamp("diff_order_book", 9, [], [["10", "0.0000"]]),
        ),
        "Gemini l2": makers.lines(
            makers.gemini(
                [["buy", "9.5", "2"], ["sell", "10", "1"], ["sell", "10.5", "3"]], trades=[], auction_events=[]
            ),
            makers.gemini([["buy", "9.75", "1"]]),
            makers.gemini([["sell", "10", "0"]]),
        ),
        "Coinbase Advanced Trade": makers.lines(
            makers.advanced(0, "snapshot", [("bid", "9.5", "2"), ("offer", "10", "1"), ("offer", "10.5", "3")]),
            makers.advanced(1, "update", [("bid", "9.75", "1")]),
            makers.advanced(2, "update", [("offer", "10", "0")]),
            makers.advanced(3, "update", [("bid", "9.75", "1")]),
        ),
        "Alpaca frames": b"".join(json.dumps(frame).encode() + b"\n" for frame in makers.ALPACA),
        "Tardis CSV": makers.TARDIS,
        "LOBSTER": makers.LOBSTER,
    }
