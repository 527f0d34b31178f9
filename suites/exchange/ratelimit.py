"""The order API's limit: so many requests in each fixed window, reported in the headers of every response."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class RateLimit:
    """Count requests in windows of `window_s` seconds of the clock (epoch seconds); 0 requests means no limit."""

    def __init__(self, requests: int, window_s: int, clock_s: Callable[[], float]) -> None:
        self.requests = requests
        self.refused = 0
        self._window_s = window_s
        self._clock_s = clock_s
        self._reset = 0
        self._used = 0

    def take(self) -> bool:
        """Count one request; say whether it is within the limit."""
        self._turn()
        if self.requests and self._used >= self.requests:
            self.refused += 1
            return False
        self._used += 1
        return True

    def headers(self) -> dict[str, str]:
        """Return the three headers: the limit, what remains of it, and when it starts anew (epoch seconds)."""
        self._turn()
        return {
            "X-Ratelimit-Limit": str(self.requests),
            "X-Ratelimit-Remaining": str(max(0, self.requests - self._used)),
            "X-Ratelimit-Reset": str(self._reset),
        }

    def _turn(self) -> None:
        """Begin a new window when it is time."""
        now = self._clock_s()
        if now >= self._reset:
            self._reset = (int(now) // self._window_s + 1) * self._window_s
            self._used = 0
