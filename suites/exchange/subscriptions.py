"""What one client of a market data stream has subscribed to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from suites.exchange.errors import INVALID_ACTION, SYMBOL_LIMIT, SYNTAX, StreamError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

AssetClass = Literal["stocks", "crypto"]

_COMMON: Final = {"t": "trades", "q": "quotes", "b": "bars", "u": "updatedBars", "d": "dailyBars"}
CHANNELS: Final[dict[AssetClass, dict[str, str]]] = {
    "stocks": {**_COMMON, "s": "statuses", "l": "lulds", "c": "corrections", "x": "cancelErrors"},
    "crypto": {**_COMMON, "o": "orderbooks"},
}
"""Per stream, the channel in which a message of each tag travels."""

_FOLLOW_TRADES: Final = ("corrections", "cancelErrors")  # on stocks they come with the trades, unasked


class Subscriptions:
    """The symbols of every channel of one client; `*` stands for all."""

    def __init__(self, asset_class: AssetClass, crypto: Callable[[str], bool], symbol_limit: int = 0) -> None:
        self._tags = CHANNELS[asset_class]
        self._stocks = asset_class == "stocks"
        self._crypto = crypto
        self._limit = symbol_limit
        self._symbols: dict[str, dict[str, None]] = {channel: {} for channel in self._tags.values()}

    def subscribe(self, request: Mapping[str, Any]) -> dict[str, list[str]]:
        """Add what a request names; return what is new. Nothing is added when StreamError is raised."""
        wanted = self._named(request)
        new = {channel: [s for s in names if s not in self._symbols[channel]] for channel, names in wanted.items()}
        total = {s for names in (*self._symbols.values(), *new.values()) for s in names if s != "*"}
        if self._limit and len(total) > self._limit:
            raise StreamError(SYMBOL_LIMIT)
        for channel, names in new.items():
            self._symbols[channel].update(dict.fromkeys(names))
        return new

    def unsubscribe(self, request: Mapping[str, Any]) -> None:
        """Take out what a request names; a symbol that is not there changes nothing."""
        for channel, names in self._named(request).items():
            for symbol in names:
                self._symbols[channel].pop(symbol, None)

    @property
    def empty(self) -> bool:
        """Say whether nothing is subscribed to."""
        return not any(self._symbols.values())

    def wants(self, message: Mapping[str, Any]) -> bool:
        """Say whether a message of the tape is for this client."""
        channel = self._tags.get(message.get("T", ""))
        symbol = message.get("S", "")
        if channel is None or self._crypto(symbol) == self._stocks:
            return False
        if self._stocks and channel in _FOLLOW_TRADES:
            channel = "trades"
        names = self._symbols[channel]
        return symbol in names or "*" in names

    def message(self) -> dict[str, object]:
        """Return the full list, as the server sends it after every change."""
        lists = {channel: list(names) for channel, names in self._symbols.items()}
        if self._stocks:
            lists.update(dict.fromkeys(_FOLLOW_TRADES, lists["trades"]))
        return {"T": "subscription", **lists}

    def _named(self, request: Mapping[str, Any]) -> dict[str, list[str]]:
        named = {key: value for key, value in request.items() if key != "action"}
        if any(channel not in self._symbols for channel in named):
            raise StreamError(INVALID_ACTION)
        if not all(isinstance(value, list) and _texts(value) for value in named.values()):
            raise StreamError(SYNTAX)
        return named


def _texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)
