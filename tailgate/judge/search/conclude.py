"""What a search came to, as its document: judged here, drawn elsewhere."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from tailgate.documents.comparison import Shift
from tailgate.documents.search import Effect, Rival, Search
from tailgate.judge.search.engine import pairs_of
from tailgate.statistics.decision import decide
from tailgate.statistics.estimate import log_shift
from tailgate.statistics.sequential import Plan as Looks
from tailgate.statistics.sign_flip import estimate_shift, sign_flip_p_value

if TYPE_CHECKING:
    from typing import Literal

    from tailgate.documents.search import Composition
    from tailgate.judge.search.engine import CompositionSearch, SearchRules, Standing
    from tailgate.statistics.effects import Effects
    from tailgate.statistics.estimate import Floats

CONFIDENCE: Final = 0.95
_TWO_SIDED: Final = 1.96
_PAIRS_TOLD: Final = 24
_FASTER_ALPHA: Final = 0.05


def search_of(search: CompositionSearch, benchmark: str, *, interrupted: bool = False, **facts: object) -> Search:
    """Return a search as its document; facts: seconds, settings, inputs, notes, unavailable."""
    winner = search.winner
    proved, rivals = _rivals(search)
    told: dict[str, object] = {}
    if search.blocks:
        effects = search.effects()
        told = {
            "effects": tuple(_alone(search, effects)),
            "pairs": tuple(_together(search, effects)),
            "base_figures": _base_figures(search),
            "tried": len(effects.tried.cost),
            "untried_pairs": tuple(search.untried_pairs()),
        }
    return Search(
        "proved" if proved and not interrupted else "open",
        benchmark,
        search.terms,
        search.space,
        search.rules.sides,
        search.rules.margin,
        search.rules.alpha,
        search.seed,
        tuple(search.blocks),
        tuple(search.stages),
        tuple(search.left_out),
        winner,
        _against(search, winner),
        rivals,
        interrupted=interrupted,
        **told,  # type: ignore[arg-type]  # fields of the document
        **facts,  # type: ignore[arg-type]  # likewise
    )


def _against(search: CompositionSearch, winner: Composition | None) -> Shift | None:
    if winner is None or not any(winner):
        return None
    d = search.ratios(search.proof_blocks(), winner, search.space.base)
    return Shift.of(estimate_shift(d, CONFIDENCE)) if d.size else None


def _rivals(search: CompositionSearch) -> tuple[bool, tuple[Rival, ...]]:
    """Return whether the winner is proved, and how it stands to its swaps and to what the race did not drop."""
    swaps = list(search.swaps())
    told = [_rival(each, d, at_the_end(d, standing, search.rules), swap=True) for each, d, standing in swaps]
    proved = bool(told) and all(each.verdict in {"worse", "not better"} for each in told)
    known = {each for each, _, _ in swaps}
    if search.winner is not None and any(stage.phase == "race" for stage in search.stages):
        for each, standing in search.race_standings().items():
            if each not in known and each != search.winner and standing.low <= 0.0:
                d = search.ratios(search.race_blocks(), search.winner, each)
                if d.size:
                    told.append(_rival(each, d, "undecided", swap=False))
    return proved, tuple(sorted(told, key=lambda each: -each.shift.log_ratio))


def at_the_end(d: Floats, standing: Standing, rules: SearchRules) -> Standing:
    """Return how a swap stands whose blocks ended early, for lack of time: the last look spends what is left."""
    if standing != "continue" or d.size < rules.looks[0]:
        return standing
    looks = Looks(rules.looks, 0.01).cut_at(d.size)
    return decide(d, looks, looks.last, log_shift(100.0 * rules.margin)).verdict


def _rival(each: Composition, d: Floats, standing: Standing, *, swap: bool) -> Rival:
    if not d.size:
        return Rival(each, Shift(0.0, None, None), 0, "open", swap)
    shift = Shift.of(estimate_shift(d, CONFIDENCE))
    verdict: Literal["worse", "not better", "open", "better"] = "open"
    if standing == "regression":
        verdict = "better"
    elif standing == "pass":
        verdict = "worse" if sign_flip_p_value(d, 0.0, "less") <= _FASTER_ALPHA else "not better"
    return Rival(each, shift, int(d.size), verdict, swap)


def _alone(search: CompositionSearch, effects: Effects) -> list[Effect]:
    ran = {level for block in search.blocks for each in block.sides for level in enumerate(each) if level[1]}
    return [_effect((level,), *effects.main(*level)) for level in sorted(ran)]


def _together(search: CompositionSearch, effects: Effects) -> list[Effect]:
    """Return the pairs that ran and do something beyond their error, the largest part of what they cost first."""
    ran = {pair for block in search.blocks for each in block.sides for pair in pairs_of(each)}
    found = [_effect(pair, *effects.pair(pair), wide=_wide(len(ran))) for pair in ran]
    clear = [each for each in found if each.clear]
    clear.sort(
        key=lambda each: -abs(each.added) / max(1.0 + sum(effects.main(*level)[0] for level in each.levels), 0.05)
    )
    return clear[:_PAIRS_TOLD]


def _wide(many: int) -> float:
    """Return how many standard deviations bound one of so many effects, so that one false one in all is expected."""
    return NormalDist().inv_cdf(1.0 - 0.5 / max(many, 20))


def _effect(levels: tuple[tuple[int, int], ...], added: float, sd: float, *, wide: float = _TWO_SIDED) -> Effect:
    return Effect(levels, added, added - wide * sd, added + wide * sd)


def _base_figures(search: CompositionSearch) -> tuple[float, ...]:
    rows = np.array([block.figures[0] for block in search.blocks])
    return tuple(float(each) for each in np.median(rows, axis=0))
