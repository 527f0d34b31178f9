"""The documented errors of the streams and of the order API."""

from __future__ import annotations

from typing import Final

from tailgate.errors import TailgateError

SYNTAX: Final = 400
NOT_AUTHENTICATED: Final = 401
AUTH_FAILED: Final = 402
ALREADY_AUTHENTICATED: Final = 403
AUTH_TIMEOUT: Final = 404
SYMBOL_LIMIT: Final = 405
CONNECTION_LIMIT: Final = 406
SLOW_CLIENT: Final = 407
INSUFFICIENT_SUBSCRIPTION: Final = 409
INVALID_ACTION: Final = 410
INTERNAL: Final = 500

STREAM_ERRORS: Final[dict[int, str]] = {
    SYNTAX: "invalid syntax",
    NOT_AUTHENTICATED: "not authenticated",
    AUTH_FAILED: "auth failed",
    ALREADY_AUTHENTICATED: "already authenticated",
    AUTH_TIMEOUT: "auth timeout",
    SYMBOL_LIMIT: "symbol limit exceeded",
    CONNECTION_LIMIT: "connection limit exceeded",
    SLOW_CLIENT: "slow client",
    INSUFFICIENT_SUBSCRIPTION: "insufficient subscription",
    INVALID_ACTION: "invalid subscribe action for this feed",
    INTERNAL: "internal error",
}

FATAL: Final = frozenset(
    {AUTH_FAILED, AUTH_TIMEOUT, CONNECTION_LIMIT, SLOW_CLIENT, INSUFFICIENT_SUBSCRIPTION, INTERNAL}
)
"""After these the server closes the connection."""


class StreamError(Exception):
    """An error of a stream; `code` is one of STREAM_ERRORS."""

    def __init__(self, code: int) -> None:
        super().__init__(STREAM_ERRORS[code])
        self.code = code

    def message(self) -> dict[str, object]:
        """Return the message as the wire has it."""
        return {"T": "error", "code": self.code, "msg": STREAM_ERRORS[self.code]}


class OrderError(Exception):
    """A request that the order API refuses: the HTTP status, Alpaca's code and the reason."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def invalid(message: str) -> OrderError:
    """Return the error for a request whose fields cannot be used."""
    return OrderError(422, 40010001, message)


def unprocessable(message: str) -> OrderError:
    """Return the error for an order whose fields do not go together, or come too late."""
    return OrderError(422, 42210000, message)


def forbidden(message: str) -> OrderError:
    """Return the error for an order that the account cannot carry."""
    return OrderError(403, 40310000, message)


def not_found(message: str) -> OrderError:
    """Return the error for an order, position or asset that does not exist."""
    return OrderError(404, 40410000, message)


def no_page(message: str) -> OrderError:
    """Return the error for a page that is not played: never the code of a position that does not exist."""
    return OrderError(404, 40400000, message)


class ExchangeError(TailgateError):
    """The exchange cannot start: a port in use, a tape that does not fit."""
