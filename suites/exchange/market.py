"""The market as the tape has shown it so far: what orders are matched against, and what a new subscriber is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from suites.exchange.assets import Assets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Levels = list[tuple[Decimal, Decimal]]


class Market:
    """Best prices of every symbol, from order books where the tape has them, else from quotes.

    `apply` takes one decoded message of the wire (any tag) and returns the symbol whose prices it changed, or "".
    `assets` are the symbols that can be traded: those given, and those that the tape has shown.
    """

    def __init__(self, symbols: Iterable[str] = ()) -> None:
        self.assets = Assets(symbols)
        self._books: dict[str, tuple[dict[float, float], dict[float, float]]] = {}
        self._quotes: dict[str, Mapping[str, Any]] = {}
        self._times: dict[str, str] = {}

    def apply(self, message: Mapping[str, Any]) -> str:
        """Take one message of the tape."""
        tag = message.get("T")
        if "S" in message:
            self.assets.learn(message)
        if tag == "o":
            symbol = str(message["S"])
            if message.get("r") or symbol not in self._books:
                self._books[symbol] = ({}, {})
            self._times[symbol] = str(message["t"])
            for levels, changes in zip(self._books[symbol], (message["b"], message["a"]), strict=True):
                for change in changes:
                    if change["s"]:
                        levels[change["p"]] = change["s"]
                    else:
                        levels.pop(change["p"], None)
            return symbol
        if tag == "q":
            symbol = str(message["S"])
            self._quotes[symbol] = message
            return symbol
        return ""

    def bids(self, symbol: str) -> Levels:
        """Return what can be sold into: (price, size), best first."""
        if symbol in self._books:
            return _decimals(sorted(self._books[symbol][0].items(), reverse=True))
        return self._quote(symbol, "bp", "bs")

    def asks(self, symbol: str) -> Levels:
        """Return what can be bought: (price, size), best first."""
        if symbol in self._books:
            return _decimals(sorted(self._books[symbol][1].items()))
        return self._quote(symbol, "ap", "as")

    def mark(self, symbol: str) -> Decimal | None:
        """Return the middle of the market, the one side there is, or None."""
        best = [levels[0][0] for levels in (self.bids(symbol), self.asks(symbol)) if levels]
        return sum(best, Decimal(0)) / len(best) if best else None

    def book_symbols(self) -> tuple[str, ...]:
        """List the symbols that have an order book."""
        return tuple(self._books)

    def snapshot(self, symbol: str) -> dict[str, object]:
        """Return the whole book of a symbol as the message that replaces a subscriber's."""
        bids, asks = self._books[symbol]
        return {
            "T": "o",
            "S": symbol,
            "t": self._times[symbol],
            "b": [{"p": price, "s": size} for price, size in sorted(bids.items(), reverse=True)],
            "a": [{"p": price, "s": size} for price, size in sorted(asks.items())],
            "r": True,
        }

    def _quote(self, symbol: str, price: str, size: str) -> Levels:
        quote = self._quotes.get(symbol)
        if quote is None or not quote[price] or not quote[size]:
            return []
        return _decimals([(quote[price], quote[size])])


def _decimals(levels: list[tuple[float, float]]) -> Levels:
    # repr is the shortest text that reads back as the same float: the price as the tape wrote it.
    return [(Decimal(repr(price)), Decimal(repr(size))) for price, size in levels]
