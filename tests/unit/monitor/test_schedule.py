"""Two rates, by a clock that is moved by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tailgate.errors import TailgateError
from tailgate.monitor.schedule import Rhythm, run_rhythm

if TYPE_CHECKING:
    from collections.abc import Callable


def calls(clock: Any, rhythm: Rhythm, *, until_s: float, slow: Callable[[str], float] = lambda name: 0.0) -> list[Any]:
    """Run a rhythm until a time and give (seconds since the start, name) of each call."""
    begun = clock.monotonic
    seen: list[Any] = []

    def called(name: str) -> Callable[[], None]:
        def call() -> None:
            seen.append((round((clock.monotonic - begun) / 1e9, 3), name))
            clock.advance(slow(name))

        return call

    def wait(seconds: float) -> bool:
        assert seconds >= 0
        clock.advance(seconds)
        return bool(clock.monotonic - begun > until_s * 1e9)

    run_rhythm(rhythm, called("short"), called("long"), monotonic_ns=clock.monotonic_ns, wait=wait)
    return seen


def test_both_are_called_at_their_rates(clock: Any) -> None:
    seen = calls(clock, Rhythm(short_s=0.25, long_s=1.0), until_s=2.0)
    each = [(0.25, "short"), (0.5, "short"), (0.75, "short"), (1.0, "long")]
    assert seen == each + [(1 + at, name) for at, name in each]


def test_missed_deadlines_are_left_out_and_the_rate_does_not_drift(clock: Any) -> None:
    seen = calls(
        clock, Rhythm(short_s=1.0, long_s=3.0), until_s=12.0, slow=lambda name: 4.5 if name == "long" else 0.25
    )
    assert seen == [(1.0, "short"), (2.0, "short"), (3.0, "long"), (8.0, "short"), (9.0, "long")]


def test_an_early_wake_up_calls_nothing(clock: Any) -> None:
    stops = iter([False, True])
    seen: list[str] = []
    run_rhythm(
        Rhythm(short_s=1.0, long_s=2.0),
        lambda: seen.append("short"),
        lambda: seen.append("long"),
        monotonic_ns=clock.monotonic_ns,
        wait=lambda _: next(stops),
    )
    assert seen == []


@pytest.mark.parametrize(("short_s", "long_s"), [(0, 1), (2, 1), (-1, 1)])
def test_a_rhythm_that_would_spin_is_refused(short_s: float, long_s: float) -> None:
    with pytest.raises(TailgateError, match="both must be above zero"):
        Rhythm(short_s=short_s, long_s=long_s)
