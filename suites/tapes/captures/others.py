"""Names what is a known venue's message but has no importer, so that nobody is told that a good file is damaged."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_HOST: Final = re.compile(rb"[a-z]+://([a-z0-9.-]+)")

# In the order in which they are asked: a message of the first that fits is what the file holds.
_PRODUCTS: Final[tuple[tuple[str, Callable[[dict[str, Any]], bool]], ...]] = (
    ("Bitget's books", lambda m: "instType" in _part(m, "arg")),
    ("OKX v3's or OKCoin's books (OKX v5 is read)", lambda m: {"table", "data"} <= m.keys() and "/" in str(m["table"])),
    ("BitMEX's tables", lambda m: {"table", "action", "data"} <= m.keys()),
    ("Huobi's channels", lambda m: str(m.get("ch", "")).startswith("market.")),
    ("HitBTC's, Bequant's or FMFW's books", lambda m: {"ch", "snapshot"} <= m.keys() or {"ch", "update"} <= m.keys()),
    ("HitBTC's, Bequant's or FMFW's books", lambda m: str(m.get("method", "")).endswith("Orderbook")),
    ("dYdX's v3 channels", lambda m: {"connection_id", "channel", "contents"} <= m.keys()),
    ("Hyperliquid's l2Book", lambda m: m.get("channel") in {"l2Book", "bbo"} and "data" in m),
    ("Gate.io's channels", lambda m: {"channel", "event", "result"} <= m.keys()),
    ("KuCoin's level2", lambda m: {"topic", "subject", "data"} <= m.keys()),
    ("AscendEX's depth", lambda m: "m" in m and ("symbol" in m or "s" in m) and "data" in m),
    ("Bitfinex's channels", lambda m: {"event", "chanId"} <= m.keys()),
    ("Bit.com's depth", lambda m: {"channel", "timestamp", "module", "data"} <= m.keys()),
    ("bitFlyer's boards", lambda m: m.get("method") == "channelMessage"),
    ("Phemex's books", lambda m: {"book", "depth", "sequence", "symbol"} <= m.keys()),
    ("Delta Exchange's books", lambda m: m.get("type") in {"l2_orderbook", "l2_updates"} and "product_id" in m),
    ("Bithumb's transactions", lambda m: {"type", "content"} <= m.keys()),
    ("Blockchain.com's l2", lambda m: {"seqnum", "channel", "event"} <= m.keys()),
    ("Upbit's order books", lambda m: "orderbook_units" in m or {"code", "stream_type"} <= m.keys()),
    ("ProBit's market data", lambda m: {"channel", "market_id"} <= m.keys()),
    ("Bittrex's messages", lambda m: {"C", "M"} <= m.keys()),
    ("Independent Reserve's channels", lambda m: {"Channel", "Nonce", "Event"} <= m.keys()),
    ("Crypto.com's market channels", lambda m: {"method", "result"} <= m.keys() and "channel" in _part(m, "result")),
    ("Coinbase's full or level3 channel (level2 is read)", lambda m: {"type", "product_id", "order_id"} <= m.keys()),
    ("a combined stream of Binance without an order book, quote or trade", lambda m: {"stream", "data"} <= m.keys()),
)


def _part(message: dict[str, Any], key: str) -> dict[str, Any]:
    part = message.get(key)
    return part if isinstance(part, dict) else {}


def other_product(messages: Iterable[Any], lines: Iterable[bytes]) -> str:
    """Return the name of the venue and product that messages are of, or of the host that they came from, or ""."""
    known = [each for each in messages if isinstance(each, dict)]
    if name := next((name for message in known for name, fits in _PRODUCTS if fits(message)), ""):
        return name
    hosts = (match[1].decode() for match in map(_HOST.match, lines) if match)
    return next((f"a channel of {host} that is not known here" for host in hosts), "")
