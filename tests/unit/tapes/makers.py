"""Makes captures of formats of which no real one is at hand: single messages as tests write them, and long walks.

What a walk ends with is known, so that an import of it can be held to that.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import zlib
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from suites.tapes.recording import FORMAT, event_line, frame_line, pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def depth(first: int, last: int, bids: list[list[str]], asks: list[list[str]]) -> dict[str, object]:
    data = {"e": "depthUpdate", "E": 1_700_000_000_250, "s": "AAAUSDT", "U": first, "u": last, "b": bids, "a": asks}
    return {"stream": "aaausdt@depth@100ms", "data": data}


def binance(messages: list[dict[str, object]]) -> bytes:
    return b"".join(
        f"{1_700_000_000_000_000_000 + n * 1000} {json.dumps(m)}\n".encode() for n, m in enumerate(messages)
    )


def lines(*messages: object) -> bytes:
    return "".join(f"{1_700_000_000 + n / 8}: {json.dumps(m)}\n" for n, m in enumerate(messages)).encode()


def okx(action: str, bids: list[str], asks: list[str], crc: str, ids: tuple[int, int]) -> dict[str, object]:
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


def kraken_v2(kind: str, bids: str, asks: str, crc: str) -> str:
    sides = [
        ",".join(f'{{"price":{level.split("x")[0]},"qty":{level.split("x")[1]}}}' for level in side.split())
        for side in (bids, asks)
    ]
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"AAA/USD","bids":[{sides[0]}],"asks":[{sides[1]}],'
        f'"checksum":{zlib.crc32(crc.encode())},"timestamp":"2023-11-14T22:13:20.5Z"}}]}}'
    )


def futures_depth(
    first: int, last: int, before: int, bids: list[list[str]], asks: list[list[str]]
) -> dict[str, object]:
    message = depth(first, last, bids, asks)
    return {**message, "data": {**message["data"], "pu": before, "T": 1_700_000_000_240}}  # type: ignore[dict-item]  # made above


def deribit(kind: str, number: int, bids: list[list[object]], asks: list[list[object]]) -> dict[str, object]:
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


def bybit(kind: str, number: int, bids: list[list[str]], asks: list[list[str]]) -> dict[str, object]:
    data = {"s": "AAAUSDT", "b": bids, "a": asks, "u": number, "seq": 7 * number}
    return {"topic": "orderbook.50.AAAUSDT", "type": kind, "ts": 1_700_000_000_000 + number, "data": data}


def kraken_futures(number: int, side: str, price: float, size: float) -> dict[str, object]:
    return {
        "feed": "book",
        "product_id": "PI_AAAUSD",
        "side": side,
        "seq": number,
        "price": price,
        "qty": size,
        "timestamp": 1_700_000_000_000 + number,
    }


def advanced(number: int, kind: str, updates: list[tuple[str, str, str]]) -> dict[str, object]:
    changes = [
        {"side": side, "event_time": "1970-01-01T00:00:00Z", "price_level": price, "new_quantity": size}
        for side, price, size in updates
    ]
    events = [{"type": kind, "product_id": "AAA-USD", "updates": changes}]
    return {"channel": "l2_data", "timestamp": "2023-11-14T22:13:20.5Z", "sequence_num": number, "events": events}


def old_bybit(kind: str, data: object) -> dict[str, object]:
    topic = {"topic": "orderBookL2_25.AAAUSD", "type": kind, "cross_seq": 5, "timestamp_e6": 1_700_000_000_000_250}
    return {**topic, "data": data}


def bitstamp(kind: str, us: int, bids: list[list[str]], asks: list[list[str]]) -> dict[str, object]:
    data = {"timestamp": "1700000000", "microtimestamp": str(1_700_000_000_000_000 + us), "bids": bids, "asks": asks}
    return {"event": "data", "channel": f"{kind}_aaausd", "data": data}


def gemini(changes: list[list[str]], **more: object) -> dict[str, object]:
    return {"type": "l2_updates", "symbol": "AAAUSD", "changes": changes, **more}


def alpaca(*messages: dict[str, object]) -> list[dict[str, object]]:
    return [{"S": "AAA/USD", "t": "2023-11-14T22:13:20.123456789Z", **each} for each in messages]


ALPACA = (
    [{"T": "success", "msg": "connected"}],
    alpaca({"T": "o", "b": [{"p": 9.5, "s": 2}], "a": [{"p": 10, "s": 1}, {"p": 10.5, "s": 3}], "r": True}),
    alpaca({"T": "o", "b": [{"p": 9.75, "s": 1}], "a": []}, {"T": "t", "p": 10, "s": 0.5, "i": 7, "tks": "B"}),
    alpaca({"T": "q", "bp": 9.75, "bs": 1, "ap": 10, "as": 0.5}),
    alpaca({"T": "o", "b": [], "a": [{"p": 10, "s": 0}]}),
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


# Walks: a snapshot, then one level that comes or goes in each message, in the same order in every format.

Levels = list[tuple[str, str]]
Change = tuple[str, str, str]  # "bid" or "ask", price, size; "0.00" removes
Books = tuple[list[tuple[float, float]], list[tuple[float, float]]]

BIDS: Final[Levels] = [("9.50", "2.00")]
ASKS: Final[Levels] = [("10.00", "1.00"), ("10.50", "3.00")]
_START: Final = 1_700_000_000
_NS: Final = 10**9
_PRICE: Final = 10**9  # a unit of Databento's prices
_LEVELS: Final = 3  # as many as a walk ever has on a side


def changes(updates: int) -> Iterator[Change]:
    """Yield updates: a bid comes, an ask comes, the ask goes, the bid goes, and again with other sizes."""
    for n in range(updates):
        size = f"{1 + n // 4 % 9}.00"
        yield (("bid", "9.75", size), ("ask", "10.25", size), ("ask", "10.25", "0.00"), ("bid", "9.75", "0.00"))[n % 4]


def books(updates: int) -> list[Books]:
    """Return the book after each message of a walk, best levels first."""
    return [_sorted(sides) for sides in _states(updates)]


def _states(updates: int) -> Iterator[dict[str, dict[str, str]]]:
    sides = {"bid": dict(BIDS), "ask": dict(ASKS)}
    yield sides
    for side, price, size in changes(updates):
        if float(size):
            sides[side][price] = size
        else:
            del sides[side][price]
        yield sides


def _sorted(sides: dict[str, dict[str, str]]) -> Books:
    bids, asks = (sorted((float(p), float(s)) for p, s in sides[side].items()) for side in ("bid", "ask"))
    return bids[::-1], asks


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk in one format: files by name, the first of which is the capture; `truth` holds an import of it right."""

    venue: str
    truth: str
    files: dict[str, bytes]


WRITTEN: Final = "the book after each message is the one that was written"


def walks(updates: int) -> dict[str, Walk]:
    """Return a walk in each format of which the project has no real capture at hand, by the importer's name."""
    made: dict[str, tuple[str, str, Callable[[int], bytes]]] = {
        "Alpaca frames": ("Alpaca", "", _alpaca_walk),
        "recording": ("Alpaca", "", _recording_walk),
        "Bitstamp order book": ("Bitstamp", "; times rise", _bitstamp_walk),
        "Bybit order book": ("Bybit v5", "; `u` without a hole", _bybit_walk),
        "Coinbase Advanced Trade": ("Coinbase", "; `sequence_num` without a hole", _advanced_walk),
        "Deribit book": ("Deribit", "; `prev_change_id` without a hole", _deribit_walk),
        "Gemini l2": ("Gemini", "; never crosses", _gemini_walk),
        "Kraken Futures book": ("Kraken Futures", "; `seq` without a hole", _kraken_futures_walk),
        "Kraken v2 book": ("Kraken", "; CRC-32 in each message", _kraken_v2_walk),
        "Tardis CSV": ("Tardis, incremental_book_L2", "", _tardis_walk),
        "Databento DBN": ("Databento, MBO", "", dbn_walk),
    }
    found = {
        name: Walk(venue, WRITTEN + truth, {f"aaausd_20231114{'.dbn' if 'DBN' in name else '.raw'}": make(updates)})
        for name, (venue, truth, make) in made.items()
    }
    found["hftbacktest npz"] = Walk("Binance, by hftbacktest", WRITTEN, {"aaausd_20231114.npz": npz_walk(updates)})
    message, rows = lobster_walk(updates)
    names = [f"AAA_2023-11-14_34200000_57600000_{kind}_{_LEVELS}.csv" for kind in ("message", "orderbook")]
    truth = f"{WRITTEN}; equal to the orderbook file in every row"
    found["LOBSTER"] = Walk("Nasdaq, by LOBSTER", truth, dict(zip(names, (message, rows), strict=True)))
    return found


def _sides(change: Change) -> tuple[list[list[str]], list[list[str]]]:
    side, price, size = change
    return ([[price, size]], []) if side == "bid" else ([], [[price, size]])


def _pairs(levels: Levels) -> list[list[str]]:
    return [list(level) for level in levels]


def _alpaca_messages(updates: int) -> Iterator[list[dict[str, object]]]:
    def level(pair: list[str]) -> dict[str, float]:
        return {"p": float(pair[0]), "s": float(pair[1])}

    sides = (_pairs(BIDS), _pairs(ASKS))
    yield alpaca({"T": "o", "b": list(map(level, sides[0])), "a": list(map(level, sides[1])), "r": True})
    for b, a in map(_sides, changes(updates)):
        yield alpaca({"T": "o", "b": list(map(level, b)), "a": list(map(level, a))})


def _alpaca_walk(updates: int) -> bytes:
    return lines(*_alpaca_messages(updates))


def _recording_walk(updates: int) -> bytes:
    at = _START * _NS
    frames = [json.dumps(each).encode() for each in _alpaca_messages(updates)]
    kept = [frame_line(at + n * 10**6, frame) for n, frame in enumerate(frames)]
    return pack(b"".join([event_line(at, "recording", format=FORMAT), *kept]))


def _bitstamp_walk(updates: int) -> bytes:
    first = bitstamp("order_book", 0, _pairs(BIDS), _pairs(ASKS))
    return lines(first, *(bitstamp("diff_order_book", n + 1, *_sides(each)) for n, each in enumerate(changes(updates))))


def _bybit_walk(updates: int) -> bytes:
    first = bybit("snapshot", 5, _pairs(BIDS), _pairs(ASKS))
    return lines(first, *(bybit("delta", n + 6, *_sides(each)) for n, each in enumerate(changes(updates))))


def _advanced_walk(updates: int) -> bytes:
    name = {"bid": "bid", "ask": "offer"}
    first = [*(("bid", *each) for each in BIDS), *(("offer", *each) for each in ASKS)]
    rest = enumerate(changes(updates), 1)
    return lines(
        advanced(0, "snapshot", first), *(advanced(n, "update", [(name[side], p, s)]) for n, (side, p, s) in rest)
    )


def _deribit_walk(updates: int) -> bytes:
    def level(pair: list[str], action: str = "") -> list[object]:
        return [action or ("new" if float(pair[1]) else "delete"), float(pair[0]), float(pair[1])]

    first = deribit("snapshot", 10, list(map(level, _pairs(BIDS))), list(map(level, _pairs(ASKS))))
    rest = (
        deribit("change", 13 + 3 * n, list(map(level, b)), list(map(level, a)))
        for n, (b, a) in enumerate(map(_sides, changes(updates)))
    )
    return lines(first, *rest)


def _gemini_walk(updates: int) -> bytes:
    name = {"bid": "buy", "ask": "sell"}
    first = [*(["buy", *each] for each in BIDS), *(["sell", *each] for each in ASKS)]
    rest = (gemini([[name[side], price, size]]) for side, price, size in changes(updates))
    return lines(gemini(first, trades=[], auction_events=[]), *rest)


def _kraken_futures_walk(updates: int) -> bytes:
    first = {
        "feed": "book_snapshot",
        "product_id": "PI_AAAUSD",
        "timestamp": _START * 1000 + 1,
        "seq": 10,
        "bids": [{"price": float(p), "qty": float(s)} for p, s in BIDS],
        "asks": [{"price": float(p), "qty": float(s)} for p, s in ASKS],
    }
    rest = (
        kraken_futures(11 + n, {"bid": "buy", "ask": "sell"}[side], float(price), float(size))
        for n, (side, price, size) in enumerate(changes(updates))
    )
    return lines(first, *rest)


def _kraken_v2_walk(updates: int) -> bytes:
    def checked(sides: dict[str, dict[str, str]]) -> str:
        asks = sorted(sides["ask"].items(), key=lambda level: float(level[0]))
        bids = sorted(sides["bid"].items(), key=lambda level: -float(level[0]))
        return "".join(text.replace(".", "").lstrip("0") for level in (*asks, *bids) for text in level)

    states = (checked(sides) for sides in _states(updates))
    both = [" ".join("x".join(level) for level in side) for side in (BIDS, ASKS)]
    texts = [kraken_v2("snapshot", both[0], both[1], next(states))]
    for (side, price, size), text in zip(changes(updates), states, strict=True):
        level = f"{price}x{size}"
        texts.append(kraken_v2("update", level if side == "bid" else "", level if side == "ask" else "", text))
    return "".join(f"{_START + n}: {text}\n" for n, text in enumerate(texts)).encode()


def _tardis_walk(updates: int) -> bytes:
    first = [*(("bid", *each) for each in BIDS), *(("ask", *each) for each in ASKS)]
    rows = ["exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"]
    rows += [f"okex,AAA-USDT,{_START}000000,{_START}000000,true,{','.join(each)}" for each in first]
    for n, each in enumerate(changes(updates), 1):
        at = _START * 10**6 + 1000 * n
        rows.append(f"okex,AAA-USDT,{at},{at + 25},false,{','.join(each)}")
    return "\n".join([*rows, ""]).encode()


# what carries orders: an order comes with its level and goes with it

Order = tuple[int, bool, str, str, str]  # its number, whether it comes, side, price, size


def orders(updates: int) -> Iterator[Order]:
    """Yield the orders of a walk, one behind the other, those of the snapshot first."""
    number, held = 0, dict[tuple[str, str], tuple[int, str]]()
    first = [*(("bid", *each) for each in BIDS), *(("ask", *each) for each in ASKS)]
    for side, price, size in (*first, *changes(updates)):
        if float(size):
            number += 1
            held[side, price] = number, size
            yield number, True, side, price, size
        else:
            gone, was = held.pop((side, price))
            yield gone, False, side, price, was


def lobster_walk(updates: int) -> tuple[bytes, bytes]:
    """Return a message file, and the orderbook file of three levels beside it."""
    sides: dict[str, dict[int, int]] = {"bid": {}, "ask": {}}
    messages, rows = [], []
    for n, (number, comes, side, price, size) in enumerate(orders(updates), 1):
        units, shares = round(float(price) * 10_000), round(float(size))
        kind, sign = (1 if comes else 3), (1 if side == "bid" else -1)
        messages.append(f"{34_200 + n / 1000:.9f},{kind},{number},{shares},{units},{sign}")
        if comes:
            sides[side][units] = shares
        else:
            del sides[side][units]
        asks = [*sorted(sides["ask"].items()), *[(9_999_999_999, 0)] * _LEVELS][:_LEVELS]
        bids = [*sorted(sides["bid"].items(), reverse=True), *[(-9_999_999_999, 0)] * _LEVELS][:_LEVELS]
        rows.append(",".join(f"{a[0]},{a[1]},{b[0]},{b[1]}" for a, b in zip(asks, bids, strict=True)))
    return "\n".join([*messages, ""]).encode(), "\n".join([*rows, ""]).encode()


CLEAR, SNAPSHOT, LAST, BAD = "R", 32, 128, 4


def dbn_metadata(schema: Any) -> bytes:
    """Return the head of a file of Databento's: the instrument 7 is AAA."""
    import databento_dbn as dbn

    day = SimpleNamespace(start_date=dt.date(2023, 11, 14), end_date=dt.date(2023, 11, 15), symbol="7")
    made = dbn.Metadata(
        dataset="GLBX.MDP3",
        schema=schema,
        start=0,
        stype_in=dbn.SType.RAW_SYMBOL,  # type: ignore[arg-type,unused-ignore]  # the stubs take its members for texts
        stype_out=dbn.SType.INSTRUMENT_ID,  # type: ignore[arg-type,unused-ignore]  # as above
        symbols=["AAA"],
        partial=[],
        not_found=[],
        mappings=[SimpleNamespace(raw_symbol="AAA", intervals=[day])],
    )
    return bytes(made.encode())


def mbo(rows: tuple[tuple[Any, ...], ...]) -> bytes:
    """Return a file of MBO; a row is action, side, price or None, size, order and flags."""
    import databento_dbn as dbn

    records = [
        dbn.MBOMsg(
            publisher_id=1,
            instrument_id=7,
            ts_event=_START * _NS + n,
            order_id=order,
            price=dbn.UNDEF_PRICE if price is None else round(price * _PRICE),
            size=size,
            action=dbn.Action(action),
            side=dbn.Side(side),
            ts_recv=_START * _NS + 1000 + n,
            flags=flags,
            sequence=n,
        )
        for n, (action, side, price, size, order, flags) in enumerate(rows)
    ]
    return dbn_metadata(dbn.Schema.MBO) + b"".join(bytes(each) for each in records)


def dbn_walk(updates: int) -> bytes:
    """Return a walk as MBO."""
    rows: list[tuple[Any, ...]] = [(CLEAR, "N", None, 0, 0, SNAPSHOT)]
    last = len(BIDS) + len(ASKS)
    for n, (number, comes, side, price, size) in enumerate(orders(updates), 1):
        flags = (SNAPSHOT if n <= last else 0) | (LAST if n >= last else 0)
        rows.append(("A" if comes else "C", side[0].upper(), float(price), round(float(size)), number, flags))
    return mbo(tuple(rows))


NPZ_FIELDS: Final = (
    *(("ev", "<u8"), ("exch_ts", "<i8"), ("local_ts", "<i8"), ("px", "<f8"), ("qty", "<f8")),
    *(("order_id", "<u8"), ("ival", "<i8"), ("fval", "<f8")),
)
_LOCAL, _OF = 1 << 30, {"bid": 1 << 29, "ask": 1 << 28}
_DEPTH, _NPZ_SNAPSHOT = 1, 4


def npz(rows: list[tuple[int, int, int, float, float]]) -> bytes:
    """Return an array of events as hftbacktest keeps it: flags, both times, price, quantity."""
    packed = io.BytesIO()
    np.savez_compressed(packed, data=np.array([(*row, 0, 0, 0.0) for row in rows], dtype=list(NPZ_FIELDS)))
    return packed.getvalue()


def npz_walk(updates: int) -> bytes:
    """Return a walk as such an array."""
    at = _START * _NS
    first = [*(("bid", *each) for each in BIDS), *(("ask", *each) for each in ASKS)]
    rows = [
        (_LOCAL | _OF[side] | _NPZ_SNAPSHOT, at, at + 1000, float(price), float(size)) for side, price, size in first
    ]
    for n, (side, price, size) in enumerate(changes(updates), 1):
        when = at + n * 10**6
        rows.append((_LOCAL | _OF[side] | _DEPTH, when, when + 1000, float(price), float(size)))
    return npz(rows)
