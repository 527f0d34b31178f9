"""Which compositions the next block holds: each level alone, then what the model hopes for, a race, and a proof.

Nothing is measured here. The state is the blocks so far and where each phase began, so a search goes on from its
document as if it had never stopped. docs/search.md gives the reasons and the simulation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from tailgate.documents.search import LeftOut, SearchBlock, Stage
from tailgate.errors import TailgateError
from tailgate.statistics.anytime import anytime_estimate
from tailgate.statistics.decision import decide
from tailgate.statistics.effects import Effects, Layout, Pair, Prior, Tried, fit, gather, likeliest_prior
from tailgate.statistics.estimate import log_shift
from tailgate.statistics.sequential import Plan as Looks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tailgate.documents.search import Composition, Phase, Space, Term
    from tailgate.statistics.estimate import Estimate, Floats

Standing = Literal["continue", "pass", "regression", "undecided"]

_DRAWS: Final = 24
_RELEARNED_AFTER: Final = 1.25
"""The prior is learned anew when so many times as many compositions were tried."""

_STARTS: Final = 3
_NEAR: Final = 0.05
"""What the model expects further behind the leader than this is no candidate of the race."""

_LEAST_RACE: Final = 2


@dataclass(frozen=True, slots=True)
class SearchRules:
    """How a search goes about it.

    sides: of a block, the base among them. alone: blocks of each level alone. candidates: of the race, at most. alpha:
    the chance that the race drops the best of its candidates, over all its looks. margin: a fraction; better by less is
    not better. reach: pairs are brought together unless their levels alone cost more than this part of the base: no
    pair is taken to save so much. tolerance: the expected loss, a fraction, at which no more is looked for.
    pairs_until, race_until: shares of the budget at which these phases end in any case. looks: blocks after which a
    swap of the winner may be decided.
    """

    sides: int = 8
    alone: int = 2
    candidates: int = 12
    alpha: float = 0.05
    margin: float = 0.01
    reach: float = 0.5
    tolerance: float = 0.002
    pairs_until: float = 0.45
    race_until: float = 0.6
    looks: tuple[int, ...] = (8, 11, 14, 18, 24, 32)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a block gave: the figures of each composition that ran, and of each that failed the reason."""

    figures: Mapping[Composition, tuple[float, ...]]
    failed: Mapping[Composition, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(slots=True)
class CompositionSearch:
    """A search at work.

    measure: runs one block of these compositions, the base first. spent: the share of the budget that is used up.
    at_once: runs the same block several times at once, each on a CPU of its own, and returns what each gave; where it
    is there, `measure` is not used.
    """

    space: Space
    terms: tuple[Term, ...]
    rules: SearchRules
    measure: Callable[[Phase, Sequence[Composition]], Measured]
    spent: Callable[[], float]
    seed: int = 0
    blocks: list[SearchBlock] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    heard: Callable[[CompositionSearch], None] = lambda _: None
    at_once: Callable[[Phase, Sequence[Composition]], Sequence[Measured]] | None = None
    layout: Layout = field(init=False)
    _prior: Prior = field(default_factory=Prior)
    _learned_at: int = 0
    _costs: dict[int, tuple[float, ...]] = field(default_factory=dict)
    _standings: dict[tuple[int, Composition, int], Standing] = field(default_factory=dict)
    _effects: tuple[int, Effects] | None = None
    _order: tuple[Stage, dict[Composition, float]] | None = None

    def __post_init__(self) -> None:
        """Lay out what is to be learned."""
        self.layout = Layout(self.space.sizes)

    def run(self) -> None:
        """Run blocks until the winner is proved or the budget is spent; Ctrl-C leaves whole blocks."""
        while self.spent() < 1.0 and (sides := self.next_block()):
            if self.at_once is None:
                self._take(sides, self.measure(self.phase, sides))
            else:
                for done in self.at_once(self.phase, sides):
                    self._take(sides, done)
            self.heard(self)

    @property
    def phase(self) -> Phase:
        """Return the phase under way."""
        return self.stages[-1].phase if self.stages else "alone"

    def next_block(self) -> tuple[Composition, ...]:
        """Return the compositions of the next block, the base first; nothing where all is told. Begins phases."""
        if not self.stages:
            self.stages.append(Stage("alone", 0))
        while True:
            sides = self._wanted()
            if sides is not None:
                return (self.space.base, *sides) if sides else ()

    def _wanted(self) -> list[Composition] | None:
        """Return the others of the next block, empty at the end; None where another phase has begun."""
        match self.phase:
            case "alone":
                return self._alone() or self._begin("pairs")
            case "pairs":
                return self._pairs() or self._begin("race", self._candidates())
            case "race":
                return self._race() or self._begin("proof", [self.race_leader()])
            case "proof":
                return self._proof()

    def _begin(self, phase: Phase, compositions: Sequence[Composition] = ()) -> list[Composition] | None:
        """Note that another phase begins; None says so to who asked for a block."""
        self.stages.append(Stage(phase, len(self.blocks), tuple(compositions)))
        return None

    def _take(self, sides: Sequence[Composition], done: Measured) -> None:
        self.left_out += [LeftOut(each, why) for each, why in done.failed.items()]
        ran = [each for each in sides if each in done.figures]
        if len(ran) > 1:
            figures = tuple(done.figures[each] for each in ran)
            self.blocks.append(SearchBlock(self.phase, tuple(ran), figures, done.seconds))

    def _rng(self) -> np.random.Generator:
        """Return a generator of this block alone, so that a search that goes on proposes what it would have."""
        return np.random.default_rng([self.seed, len(self.blocks), len(self.left_out)])

    # What may be tried.

    def allowed(self, composition: Composition) -> bool:
        """Tell whether a composition holds nothing that failed."""
        failed = {each.composition for each in self.left_out}
        if composition in failed:
            return False
        levels = {(axis, level) for axis, level in enumerate(composition) if level}
        for each in self.barred():
            if isinstance(each[0], tuple):
                if set(each) <= levels:
                    return False
            elif each in levels:
                return False
        return True

    def barred(self) -> list[tuple[int, int] | Pair]:
        """Return the levels that failed alone, and the pairs that two failed compositions hold and none that ran."""
        alone: list[tuple[int, int]] = []
        pairs: dict[Pair, int] = {}
        for each in self.left_out:
            levels = [(axis, level) for axis, level in enumerate(each.composition) if level]
            if len(levels) == 1:
                alone.append(levels[0])
            for pair in combinations(levels, 2):
                pairs[pair] = pairs.get(pair, 0) + 1
        if not pairs:
            return [*alone]
        ran = {pair for block in self.blocks for each in block.sides for pair in pairs_of(each)}
        return [*alone, *(pair for pair, count in pairs.items() if count > 1 and pair not in ran)]

    # Each level alone.

    def _alone(self) -> list[Composition]:
        runs = self._runs(self.blocks)
        swaps = [each for each in self.space.swaps(self.space.base) if self.allowed(each)]
        wanting = [each for each in swaps if runs.get(each, 0) < self.rules.alone]
        order = self._rng().permutation(len(wanting))
        chosen = sorted((wanting[n] for n in order), key=lambda each: runs.get(each, 0))
        return chosen[: self.rules.sides - 1]

    @staticmethod
    def _runs(blocks: Sequence[SearchBlock]) -> dict[Composition, int]:
        runs: dict[Composition, int] = {}
        for block in blocks:
            for each in block.sides:
                runs[each] = runs.get(each, 0) + 1
        return runs

    def _costs_of(self, block: SearchBlock) -> tuple[float, ...]:
        """Return the costs of a block's sides, computed once."""
        found = self._costs.get(id(block))
        if found is None:
            found = self._costs[id(block)] = block.costs(self.terms)
        return found

    def _gathered(self, blocks: Sequence[SearchBlock]) -> Tried:
        return gather([(block.sides, self._costs_of(block)) for block in blocks])

    # What the model hopes for.

    def tried(self) -> Tried:
        """Return what all blocks say of the compositions that ran."""
        return self._gathered(self.blocks)

    def effects(self) -> Effects:
        """Return what is known of all effects by now; the prior is learned from time to time."""
        if self._effects is None or self._effects[0] != len(self.blocks):
            tried = self.tried()
            if len(tried.cost) >= _RELEARNED_AFTER * self._learned_at:
                self._prior, self._learned_at = likeliest_prior(self.layout, tried), len(tried.cost)
            self._effects = len(self.blocks), fit(self.layout, tried, self._prior)
        return self._effects[1]

    def _tried_leader(self, effects: Effects) -> tuple[Composition, float]:
        """Return what is expected to be the best of what was tried, and its expected cost."""
        expected = effects.cost(effects.tried.levels)
        order = np.argsort(expected)
        for row in order:
            each = tuple(int(level) for level in effects.tried.levels[row])
            if self.allowed(each):
                return each, float(expected[row])
        return self.space.base, 1.0

    def _pairs(self) -> list[Composition]:
        """Return what brings pairs together that never were, then what is best where the blocks allow it.

        That is the leader and, of so many landscapes drawn from the posterior, the best composition of each.
        """
        if not self.blocks:
            told = "; ".join(f"{self.space.words(each.composition)}: {each.why}" for each in self.left_out)
            raise TailgateError(
                f"nothing can be exchanged here: {told}", hint="name other axes, or other levels of them"
            )
        if self.spent() >= self.rules.pairs_until:
            return []
        effects, rng = self.effects(), self._rng()
        if together := self._covering(effects, rng):
            return together
        leader, _ = self._tried_leader(effects)
        found, costs, of_leader = self._hopes(effects, leader, rng)
        loss = float(np.mean(np.maximum(of_leader - costs, 0.0)) / max(float(np.mean(of_leader)), 1e-9))
        if loss < self.rules.tolerance:
            return []
        chosen = [leader] if any(leader) else []
        for each in found:
            if len(chosen) == self.rules.sides - 1:
                break
            if any(each) and each not in chosen and self.allowed(each):
                chosen.append(each)
        return chosen if len(chosen) > 1 else []

    def untried_pairs(self) -> list[Pair]:
        """Return the pairs of levels that no composition held; what failed is not among them."""
        ran = {pair for block in self.blocks for each in block.sides for pair in pairs_of(each)}
        barred = self.barred()
        free = [each for each in _levels(self.space) if each not in barred]
        every = ((one, other) for one, other in combinations(free, 2) if one[0] != other[0])
        return [pair for pair in every if pair not in ran and pair not in barred]

    def _covering(self, effects: Effects, rng: np.random.Generator) -> list[Composition]:
        """Return compositions that bring untried pairs together, as many in each as fit.

        Left out are pairs whose levels cost more alone than what two may ever save together.
        """
        alone = {(axis, level): effects.main(axis, level)[0] for axis, level in _levels(self.space)}
        wanted = {pair for pair in self.untried_pairs() if alone[pair[0]] + alone[pair[1]] < self.rules.reach}
        chosen: list[Composition] = []
        while wanted and len(chosen) < self.rules.sides - 1:
            order = sorted(wanted)
            first = order[int(rng.integers(len(order)))]
            levels = list(self.space.base)
            for axis, level in first:
                levels[axis] = level
            others = [axis for axis in range(len(levels)) if axis not in {first[0][0], first[1][0]}]
            for axis in rng.permutation(others):
                levels[axis] = self._most_new(int(axis), levels, wanted, alone)
            made = tuple(levels)
            if not self.allowed(made):  # with what failed: the two alone
                made = tuple(dict(first).get(axis, 0) for axis in range(len(levels)))
            wanted -= {first, *pairs_of(made)}
            if made not in chosen and self.allowed(made):
                chosen.append(made)
        return chosen

    def _most_new(
        self, axis: int, levels: Sequence[int], wanted: set[Pair], alone: Mapping[tuple[int, int], float]
    ) -> int:
        """Return the level of an axis that meets most of the wanted pairs, the cheapest of several such."""

        def worth(level: int) -> tuple[int, float]:
            met = [(min((axis, level), (a, n)), max((axis, level), (a, n))) for a, n in enumerate(levels) if n]
            return -len(wanted.intersection(met)), alone.get((axis, level), 0.0)

        return min(range(self.space.sizes[axis]), key=lambda level: worth(level) if level else (0, 0.0))

    def _hopes(
        self, effects: Effects, leader: Composition, rng: np.random.Generator
    ) -> tuple[list[Composition], Floats, Floats]:
        """Return the best composition of each draw, its cost there, and the leader's cost there."""
        draws = effects.draw(rng, _DRAWS, self.barred())
        begin = np.array([leader, *(rng.integers(0, self.space.sizes) for _ in range(_STARTS - 1))])
        levels, costs = draws.best(begin)
        of_leader = draws.tried[:, effects.tried.row(leader)]
        found = []
        for number, row in enumerate(levels):
            each, place = tuple(int(level) for level in row), effects.tried.row(row)
            cheapest = int(draws.tried[number].argmin())
            if place >= 0:
                costs[number] = draws.tried[number, place]
            if draws.tried[number, cheapest] < costs[number]:
                costs[number] = draws.tried[number, cheapest]
                each = tuple(int(level) for level in effects.tried.levels[cheapest])
            found.append(each)
        return found, costs, of_leader

    def _candidates(self) -> list[Composition]:
        """Return what may be the best: first what is so in most draws, then what is expected to be near it."""
        effects, rng = self.effects(), self._rng()
        leader, cost = self._tried_leader(effects)
        votes: dict[Composition, int] = {}
        for _ in range(4):
            for each in self._hopes(effects, leader, rng)[0]:
                votes[each] = votes.get(each, 0) + 1
        tried = [tuple(int(level) for level in row) for row in effects.tried.levels]
        hoped = list(dict.fromkeys((leader, *sorted(votes, key=lambda each: -votes[each]), *tried)))
        expected = dict(zip(hoped, effects.cost(np.array(hoped)), strict=True))
        near = [each for each in hoped if self.allowed(each) and expected[each] <= cost * (1.0 + _NEAR)]
        near.sort(key=lambda each: (-votes.get(each, 0) if each != leader else -math.inf, expected[each]))
        return near[: self.rules.candidates]

    # The race.

    def _stage_blocks(self, phase: Phase) -> tuple[Stage, list[SearchBlock]]:
        """Return the last stage of a phase and its blocks: those before it chose its compositions, and do not count."""
        stage = next(each for each in reversed(self.stages) if each.phase == phase)
        after = [each.block for each in self.stages if each.block > stage.block]
        return stage, [each for each in self.blocks[stage.block : min(after, default=None)] if each.phase == phase]

    def race_blocks(self) -> list[SearchBlock]:
        """Return the blocks of the race."""
        return self._stage_blocks("race")[1]

    def proof_blocks(self) -> list[SearchBlock]:
        """Return the blocks of the proof of this winner: chosen before them, it has no luck of theirs."""
        return self._stage_blocks("proof")[1]

    def race_leader(self) -> Composition:
        """Return the candidate whose blocks are best so far; the model's choice where there are none."""
        stage, blocks = self._stage_blocks("race")
        alive = [each for each in stage.compositions if self.allowed(each)]
        mean = self._race_means(blocks)
        runs = self._runs(blocks)
        known = [each for each in alive if runs.get(each, 0) >= _LEAST_RACE and each in mean]
        return min(known, key=mean.__getitem__) if known else (alive or [self.space.base])[0]

    def _race_means(self, blocks: Sequence[SearchBlock]) -> dict[Composition, float]:
        if not blocks:
            return {}
        tried = self._gathered(blocks)
        return {tuple(int(n) for n in row): float(cost) for row, cost in zip(tried.levels, tried.cost, strict=True)}

    def race_standings(self) -> dict[Composition, Estimate]:
        """Return how each candidate stands to the leader, as a log ratio that holds at any time."""
        stage, blocks = self._stage_blocks("race")
        leader = self.race_leader()
        alpha = self.rules.alpha / max(len(stage.compositions) - 1, 1)
        sd = math.sqrt(2.0) * self.effects().tried.sd
        others = (each for each in stage.compositions if each != leader and self.allowed(each))
        found = ((each, self.ratios(blocks, each, leader)) for each in others)
        return {each: anytime_estimate(d, sd, alpha) for each, d in found if d.size}

    def _race(self) -> list[Composition]:
        """Return the candidates that may still be the best, those with the fewest blocks first."""
        stage, blocks = self._stage_blocks("race")
        alive = [each for each in stage.compositions if self.allowed(each)]
        if len(alive) < 2 or self.spent() >= self.rules.race_until:
            return []
        standings, leader = self.race_standings(), self.race_leader()
        margin = log_shift(100.0 * self.rules.margin)
        alive = [each for each in alive if each == leader or each not in standings or standings[each].low <= 0.0]
        better = [each for each in alive if each != leader and (each not in standings or standings[each].low < -margin)]
        if not better:  # nobody may be better by more than the margin
            return []
        runs, order = self._runs(blocks), list(alive)
        order.sort(key=lambda each: (each != leader or not blocks, runs.get(each, 0)))
        return [each for each in order if any(each)][: self.rules.sides - 1]

    def ratios(self, blocks: Sequence[SearchBlock], head: Composition, base: Composition) -> Floats:
        """Return the log ratio of two compositions in each block that has both."""
        found = []
        for block in blocks:
            if head in block.sides and base in block.sides:
                costs = self._costs_of(block)
                found.append(math.log(costs[block.sides.index(head)] / costs[block.sides.index(base)]))
        return np.array(found, dtype=np.float64)

    # The proof.

    @property
    def winner(self) -> Composition | None:
        """Return what the proof is about; None before it has begun."""
        proofs = [each for each in self.stages if each.phase == "proof"]
        return proofs[-1].compositions[0] if proofs else None

    def swaps(self) -> Iterator[tuple[Composition, Floats, Standing]]:
        """Yield every single swap of the winner with the winner's log ratios over it, and how that stands."""
        winner = self.winner
        if winner is None:
            return
        stage, blocks = self._stage_blocks("proof")
        for each in self.space.swaps(winner):
            if self.allowed(each):
                d = self.ratios(blocks, winner, each)
                known = stage.block, each, d.size  # blocks are only added
                if known not in self._standings:
                    self._standings[known] = self.standing(d)
                yield each, d, self._standings[known]

    def standing(self, d: Floats) -> Standing:
        """Return what the planned looks say of the winner over a swap: the first that decides counts."""
        looks = Looks(self.rules.looks, 0.01)
        margin = log_shift(100.0 * self.rules.margin)
        for look, blocks in enumerate(looks.looks):
            if d.size < blocks:
                return "continue"
            verdict = decide(d[:blocks], looks, look, margin).verdict
            if verdict != "continue":
                return verdict
        return "undecided"

    def _proof(self) -> list[Composition] | None:
        """Return the winner and the swaps that are still open, the nearest first; a swap that is better takes over."""
        winner = self.winner
        assert winner is not None  # noqa: S101  the phase has begun with one
        standing = list(self.swaps())
        if not self.allowed(winner):
            return self._begin(
                "proof", [min((e for e, _, _ in standing), key=self._expected(), default=self.space.base)]
            )
        better = [(each, float(np.median(d))) for each, d, verdict in standing if verdict == "regression"]
        if better:
            return self._begin("proof", [max(better, key=lambda each: each[1])[0]])
        waiting = [each for each, _, verdict in standing if verdict == "continue"]
        waiting.sort(key=self._expected())
        others = [each for each in (winner, *waiting) if any(each)]
        room = self.rules.sides - 1
        return others[:room] if waiting else []

    def _expected(self) -> Callable[[Composition], float]:
        """Return what each swap was expected to cost when the proof began: their order must not follow their blocks."""
        stage = self._stage_blocks("proof")[0]
        if self._order is None or self._order[0] != stage:
            swaps = self.space.swaps(stage.compositions[0])
            costs = np.zeros(len(swaps))
            if stage.block:  # else nothing was looked for before: in the order of the axes
                before = self._gathered(self.blocks[: stage.block])
                costs = fit(self.layout, before, self._prior).cost(np.array(swaps))
            self._order = stage, dict(zip(swaps, map(float, costs), strict=True))
        return self._order[1].__getitem__


def _levels(space: Space) -> Iterator[tuple[int, int]]:
    yield from ((axis, level) for axis, size in enumerate(space.sizes) for level in range(1, size))


def pairs_of(composition: Composition) -> Iterator[Pair]:
    """Yield the pairs of levels of a composition, both not the base's."""
    yield from combinations([(axis, level) for axis, level in enumerate(composition) if level], 2)
