"""What a tape holds, as tables: messages, symbols, and each statistic beside that of the generator's default."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

from suites.tapes.generator import generate
from suites.tapes.likeness import Likeness, likeness
from suites.tapes.profile import Profile, profile
from tailgate.results.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suites.tapes.market import Market
    from suites.tapes.tape import Tape

SYMBOLS_SHOWN: Final = 20
_MOST_GENERATED: Final = 20_000
_SEEDS: Final = 3


def contents(tape: Tape, of: Profile) -> Iterator[Table]:
    """Return a tape's messages and its symbols; the notes under the first say what was left out."""
    kinds = tuple((kind, f"{round(share * of.messages):,}", f"{share:.1%}") for kind, share in of.kinds.items())
    title = f"{tape.name}: {of.messages:,} messages in {of.seconds:,.3f} s, {of.rate_per_s:,.1f} a second"
    yield Table(title, ("messages", "number", "share"), kinds, (f"digest {tape.digest}", *_levels(of), *tape.notes))
    shown = list(of.symbols.items())[:SYMBOLS_SHOWN]
    rows = tuple(
        (name or "none", f"{count:,}", f"{count / of.messages:.1%}", *_depth(of, name)) for name, count in shown
    )
    more = len(of.symbols) - len(shown)
    columns = ("symbol", "messages", "share", "least depth", "most depth")
    depth = "depth: levels of both sides together, after each book message"
    yield Table(f"{len(of.symbols)} symbols", columns, rows, (depth, *((f"and {more} more",) if more else ())))


def _levels(of: Profile) -> tuple[str, ...]:
    if not of.levels:
        return ("no book updates",)
    total, reached = sum(of.levels.values()), list(accumulate(of.levels.values()))
    at = {
        share: next(n for n, up_to in zip(of.levels, reached, strict=True) if up_to >= share * total)
        for share in (0.5, 0.99)
    }
    mean, most = of.levels_per_update, max(of.levels)
    return (f"levels an update: mean {mean:.2f}, half up to {at[0.5]}, 99 % up to {at[0.99]}, the most {most}",)


def _depth(of: Profile, symbol: str) -> tuple[str, str]:
    least, most = of.depths.get(symbol, (0, 0))
    return f"{least:,}", f"{most:,}"


def generated(of: Profile, market: Market) -> list[Profile]:
    """Return the statistics of a few tapes of a generator, as long as a tape (up to 20,000 messages)."""
    messages = min(max(of.messages, 100), _MOST_GENERATED)
    return [profile(generate(seed, messages, market)) for seed in range(_SEEDS)]


def beside(of: Profile, others: Sequence[Profile], whose: str) -> Table:
    """Return every statistic of a tape beside the mean of a generator's tapes, and whether it is in the band."""
    each = list(likeness(of, others))
    out = sum(not one.within for one in each)
    return Table(
        f"beside {whose}: {out} of {len(each)} statistics outside their bands",
        ("statistic", "this tape", "generated", "band", "within"),
        tuple((one.figure.name, *_texts(one)) for one in each),
        (f"generated: the mean of {len(others)} tapes of {others[0].messages:,} messages; shares are of 1",),
    )


def _texts(one: Likeness) -> tuple[str, ...]:
    figure = one.figure
    band = f"x {figure.band:g}" if figure.factor else f"± {figure.band:g}"
    return f"{one.wanted:,.3f}", f"{one.found:,.3f}", band, "yes" if one.within else "no"
