"""What every rate limiter must hold."""

from __future__ import annotations

from typing import Protocol


class RateLimiter(Protocol):
    """A token bucket before the order leaves: `rate` tokens a second, at most `burst` saved, full at the start.

    Factory: called as factory(rate, burst, clock), rate above 0, burst 1 or above; `clock` gives seconds as a float and
    never goes back (an implementation that follows the event loop's own clock says so).
    The caller tries `try_acquire` first and awaits `acquire` only when it answers False. `try_acquire` may decline
    although a token is left (an implementation that knows only how to await always declines: that is bottleneck B6),
    and declines while anyone waits; it never waits, and True means that one token was taken. `acquire` returns when one
    token was taken; waiters are served in the order of their calls. In any window of t seconds at most burst + rate * t
    tokens are given, whichever way, up to one part in 10^9 of a token. A cancelled `acquire` takes no token.
    Threading: one event loop's thread, with the loop running. Cost of a token that is there: below a microsecond is
    the aim.
    """

    def try_acquire(self) -> bool:
        """Take a token now, or answer False."""

    async def acquire(self) -> None:
        """Take a token as soon as there is one."""
