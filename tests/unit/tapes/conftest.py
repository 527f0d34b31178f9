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


def _lines(*messages: object) -> bytes:
    return "".join(f"{1_700_000_000 + n / 8}: {json.dumps(m)}\n" for n, m in enumerate(messages)).encode()


def _okx(action: str, bids: list[str], asks: list[str], crc: str, ids: tuple[int, int]) -> dict[str, object]:
    checksum = zlib.crc32(crc.encode())
    data = {
        "bids": [[*each.split("x"), "0", "1"] for each in bids],
        "asks": [[*each.split("x"), "0", "1"] for each in asks],
        "ts": "1700000000100",
        "checksum": checksum - (1 << 32) if checksum >> 31 else checksum,
        "prevSeqId": ids[0],
        "seqId": ids[1],
    }
    return {"arg": {"channel": "books", "instId": "AAA-USDT"}, "action": action, "data": [data]}


def _kraken_v2(kind: str, bids: str, asks: str, crc: str) -> str:
    sides = [
        ",".join(f'{{"price":{level.split("x")[0]},"qty":{level.split("x")[1]}}}' for level in side.split())
        for side in (bids, asks)
    ]
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"AAA/USD","bids":[{sides[0]}],"asks":[{sides[1]}],'
        f'"checksum":{zlib.crc32(crc.encode())},"timestamp":"2023-11-14T22:13:20.5Z"}}]}}'
    )


def _futures_depth(
    first: int, last: int, before: int, bids: list[list[str]], asks: list[list[str]]
) -> dict[str, object]:
    message = _depth(first, last, bids, asks)
    return {**message, "data": {**message["data"], "pu": before, "T": 1_700_000_000_240}}  # type: ignore[dict-item]  # made above


def _deribit(kind: str, number: int, bids: list[list[object]], asks: list[list[object]]) -> dict[str, object]:
    data = {
        "type": kind,
        "timestamp": 1_700_000_000_000 + number,
        "instrument_name": "AAA-PERPETUAL",
        "change_id": number,
        "bids": bids,
        "asks": asks,
    }
    if kind == "change":
        data["prev_change_id"] = number - 3
    return {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": "book.AAA-PERPETUAL.raw", "data": data}}


def _bybit(kind: str, number: int, bids: list[list[str]], asks: list[list[str]]) -> dict[str, object]:
    data = {"s": "AAAUSDT", "b": bids, "a": asks, "u": number, "seq": 7 * number}
    return {"topic": "orderbook.50.AAAUSDT", "type": kind, "ts": 1_700_000_000_000 + number, "data": data}


def _kraken_futures(number: int, side: str, price: float, size: float) -> dict[str, object]:
    return {
        "feed": "book",
        "product_id": "PI_AAAUSD",
        "side": side,
        "seq": number,
        "price": price,
        "qty": size,
        "timestamp": 1_700_000_000_000 + number,
    }


def _advanced(number: int, kind: str, updates: list[tuple[str, str, str]]) -> dict[str, object]:
    changes = [
        {"side": side, "event_time": "1970-01-01T00:00:00Z", "price_level": price, "new_quantity": size}
        for side, price, size in updates
    ]
    events = [{"type": kind, "product_id": "AAA-USD", "updates": changes}]
    return {"channel": "l2_data", "timestamp": "2023-11-14T22:13:20.5Z", "sequence_num": number, "events": events}


def _old_bybit(kind: str, data: object) -> dict[str, object]:
    topic = {"topic": "orderBookL2_25.AAAUSD", "type": kind, "cross_seq": 5, "timestamp_e6": 1_700_000_000_000_250}
    return {**topic, "data": data}


def _bitstamp(kind: str, us: int, bids: list[list[str]], asks: list[list[str]]) -> dict[str, object]:
    data = {"timestamp": "1700000000", "microtimestamp": str(1_700_000_000_000_000 + us), "bids": bids, "asks": asks}
    return {"event": "data", "channel": f"{kind}_aaausd", "data": data}


def _gemini(changes: list[list[str]], **more: object) -> dict[str, object]:
    return {"type": "l2_updates", "symbol": "AAAUSD", "changes": changes, **more}


def _alpaca(*messages: dict[str, object]) -> list[dict[str, object]]:
    return [{"S": "AAA/USD", "t": "2023-11-14T22:13:20.123456789Z", **each} for each in messages]


ALPACA = (
    [{"T": "success", "msg": "connected"}],
    _alpaca({"T": "o", "b": [{"p": 9.5, "s": 2}], "a": [{"p": 10, "s": 1}, {"p": 10.5, "s": 3}], "r": True}),
    _alpaca({"T": "o", "b": [{"p": 9.75, "s": 1}], "a": []}, {"T": "t", "p": 10, "s": 0.5, "i": 7, "tks": "B"}),
    _alpaca({"T": "q", "bp": 9.75, "bs": 1, "ap": 10, "as": 0.5}),
    _alpaca({"T": "o", "b": [], "a": [{"p": 10, "s": 0}]}),
)

TARDIS = b"""exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount
okex,AAA-USDT,1700000000000000,1700000000100000,true,bid,9.5,2
okex,AAA-USDT,1700000000000000,1700000000100000,true,ask,10,1
okex,AAA-USDT,1700000000000000,1700000000100000,true,ask,10.5,3
okex,AAA-USDT,1700000000200000,1700000000225000,false,bid,9.75,1
okex,AAA-USDT,1700000000300000,1700000000350000,false,ask,10,0
"""

LOBSTER = b"""34200.1,1,11,2,95000,1
34200.2,1,12,1,100000,-1
34200.3,1,13,3,105000,-1
34200.4,1,14,1,97500,1
34200.5,4,12,1,100000,-1
"""


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
        "Binance depth, futures": _binance(
            [
                _futures_depth(90, 99, 80, [["9.00", "9.0"]], []),
                {"lastUpdateId": 100, "bids": [["9.50", "2"]], "asks": [["10.0", "1"], ["10.50", "3.0"]]},
                _futures_depth(98, 103, 95, [["9.75", "1"]], []),
                _futures_depth(106, 107, 103, [], [["10.00", "0.0"]]),
                _futures_depth(109, 110, 107, [["9.75", "1"]], []),
            ]
        ),
        "OKX books": _lines(
            _okx("snapshot", ["9.5x2"], ["10x1", "10.5x3"], "9.5:2:10:1:10.5:3", (-1, 10)),
            _okx("update", ["9.75x1"], [], "9.75:1:10:1:9.5:2:10.5:3", (10, 15)),
            _okx("update", [], ["10x0"], "9.75:1:10.5:3:9.5:2", (15, 17)),
            _okx("update", [], [], "9.75:1:10.5:3:9.5:2", (17, 18)),
        ),
        "Kraken v2 book": "".join(
            f"{1_700_000_000 + n}: {text}\n"
            for n, text in enumerate(
                [
                    _kraken_v2("snapshot", "9.50x2.00", "10.00x1.00 10.50x3.00", "10001001050300950200"),
                    _kraken_v2("update", "9.75x1.00", "", "10001001050300975100950200"),
                    _kraken_v2("update", "", "10.00x0.00", "1050300975100950200"),
                    _kraken_v2("update", "9.75x1.00", "", "1050300975100950200"),
                ]
            )
        ).encode(),
        "Kraken Futures book": _lines(
            {
                "feed": "book_snapshot",
                "product_id": "PI_AAAUSD",
                "timestamp": 1_700_000_000_001,
                "seq": 10,
                "bids": [{"price": 9.5, "qty": 2.0}],
                "asks": [{"price": 10.0, "qty": 1}, {"price": 10.5, "qty": 3}],
            },
            _kraken_futures(11, "buy", 9.75, 1.0),
            _kraken_futures(12, "sell", 10.0, 0.0),
            _kraken_futures(13, "buy", 9.75, 1.0),
        ),
        "Bybit order book": _lines(
            _bybit("snapshot", 5, [["9.5", "2"]], [["10", "1"], ["10.5", "3"]]),
            _bybit("delta", 6, [["9.75", "1"]], []),
            _bybit("delta", 7, [], [["10", "0"]]),
            _bybit("delta", 8, [["9.75", "1"]], []),
        ),
        "Bybit order book, before v5": _lines(
            _old_bybit(
                "snapshot",
                [
                    {"price": price, "symbol": "AAAUSD", "side": side, "size": size}
                    for side, price, size in (("Buy", "9.5", 2), ("Sell", "10", 1), ("Sell", "10.5", 3))
                ],
            ),
            _old_bybit("delta", {"delete": [], "update": [], "insert": [{"price": "9.75", "side": "Buy", "size": 1}]}),
            _old_bybit("delta", {"delete": [{"price": "10", "side": "Sell"}], "update": [], "insert": []}),
        ),
        "Deribit book": _lines(
            _deribit("snapshot", 10, [["new", 9.5, 2.0]], [["new", 10.0, 1], ["new", 10.5, 3]]),
            _deribit("change", 13, [["new", 9.75, 1]], []),
            _deribit("change", 16, [], [["delete", 10.0, 0.0]]),
            _deribit("change", 19, [["change", 9.75, 1]], []),
        ),
        "Bitstamp order book": _lines(
            _bitstamp("order_book", 0, [["9.5", "2"]], [["10", "1"], ["10.5", "3"]]),
            _bitstamp("diff_order_book", 5, [["9.75", "1.0"]], []),
            _bitstamp("diff_order_book", 9, [], [["10", "0.0000"]]),
        ),
        "Gemini l2": _lines(
            _gemini([["buy", "9.5", "2"], ["sell", "10", "1"], ["sell", "10.5", "3"]], trades=[], auction_events=[]),
            _gemini([["buy", "9.75", "1"]]),
            _gemini([["sell", "10", "0"]]),
        ),
        "Coinbase Advanced Trade": _lines(
            _advanced(0, "snapshot", [("bid", "9.5", "2"), ("offer", "10", "1"), ("offer", "10.5", "3")]),
            _advanced(1, "update", [("bid", "9.75", "1")]),
            _advanced(2, "update", [("offer", "10", "0")]),
            _advanced(3, "update", [("bid", "9.75", "1")]),
        ),
        "Alpaca frames": b"".join(json.dumps(frame).encode() + b"\n" for frame in ALPACA),
        "Tardis CSV": TARDIS,
        "LOBSTER": LOBSTER,
    }
