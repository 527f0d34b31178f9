"""What can be traded: the symbols of the settings and of the tape, each found by its names and written as an asset."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from suites.exchange.errors import invalid, not_found
from suites.exchange.fields import DECIMALS, only

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FILTERS = {"status", "asset_class", "exchange", "attributes"}


class Assets:
    """The symbols of one exchange and the class of each.

    A symbol is crypto when it has a slash, or when the tape has an order book or a taker's side of it: stocks
    have neither on this wire. Everything else is a stock.
    """

    def __init__(self, symbols: Iterable[str] = ()) -> None:
        self._crypto: dict[str, bool] = {}
        self._names: dict[str, str] = {}  # every name of an asset: its symbol
        for symbol in symbols:
            self.learn({"S": symbol})

    def learn(self, message: Mapping[str, Any]) -> None:
        """Take note of the symbol of one message of the tape."""
        symbol = message["S"]
        if not self._crypto.get(symbol):
            self._crypto[symbol] = "/" in symbol or message.get("T") == "o" or "tks" in message
            self._names.update(dict.fromkeys((symbol, symbol.replace("/", ""), asset_id(symbol)), symbol))

    def crypto(self, symbol: str) -> bool:
        """Say whether a symbol belongs to the crypto stream."""
        return self._crypto.get(symbol, "/" in symbol)

    def asset_class(self, symbol: str) -> str:
        """Return the class as the API writes it."""
        return "crypto" if self.crypto(symbol) else "us_equity"

    def find(self, name: str) -> str | None:
        """Return the symbol that `BTC/USD`, `BTCUSD` or an asset id stands for, None where nothing is."""
        return self._names.get(name)

    def traded(self, name: object) -> str:
        """Return the symbol of an order, or raise OrderError 422."""
        if not isinstance(name, str) or (symbol := self._names.get(name)) is None:
            raise invalid(f"symbol {name!r} is not traded here: neither the settings nor the tape has it")
        return symbol

    def asset(self, name: str) -> dict[str, object]:
        """Return one asset as the API writes it, or raise OrderError 404."""
        if (symbol := self.find(name)) is None:
            raise not_found(f"asset not found for {name}")
        smallest = f"{10**-DECIMALS:.{DECIMALS}f}"
        sizes = {"min_order_size": smallest, "min_trade_increment": smallest, "price_increment": smallest}
        return {
            "id": asset_id(symbol),
            "class": self.asset_class(symbol),
            "exchange": self.exchange(symbol),
            "symbol": symbol,
            "name": symbol,
            "status": "active",
            "tradable": True,
            "marginable": False,
            "maintenance_margin_requirement": 100,
            "shortable": True,
            "easy_to_borrow": True,
            "fractionable": True,
            "attributes": [],
            **(sizes if self.crypto(symbol) else {}),
        }

    def exchange(self, symbol: str) -> str:
        """Return the venue that the API names for a symbol."""
        return "CRYPTO" if self.crypto(symbol) else "NASDAQ"

    def select(self, query: Mapping[str, str]) -> list[dict[str, object]]:
        """Choose assets as GET /v2/assets is asked to: status, asset_class, exchange; none has attributes."""
        only(query, _FILTERS)
        wanted = {"class" if name == "asset_class" else name: value for name, value in query.items() if value}
        assets = [self.asset(symbol) for symbol in sorted(self._crypto)]
        return [asset for asset in assets if all(asset[name] == value for name, value in wanted.items())]


def asset_id(symbol: str) -> str:
    """Return the id of a symbol's asset, the same in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, symbol))
