"""Effects are found back: alone, in pairs, under noise, and what is best of a landscape."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from tailgate.statistics.effects import BARRED, Draws, Layout, Prior, Tried, fit, gather, likeliest_prior
from tailgate.statistics.errors import StatisticsError

SIZES = (3, 4, 2)
MAINS = {(0, 1): 0.1, (0, 2): 2.0, (1, 1): -0.05, (1, 2): 0.04, (1, 3): 30.0, (2, 1): 0.02}
PAIRS = {((0, 1), (1, 2)): -0.2}


def cost(composition: tuple[int, ...]) -> float:
    alone = sum(MAINS.get((axis, level), 0.0) for axis, level in enumerate(composition))
    together = sum(value for ((a, i), (b, j)), value in PAIRS.items() if composition[a] == i and composition[b] == j)
    return 1.0 + alone + together


def blocks(seed: int, count: int, sd: float, sides: int = 6) -> list[tuple[list[tuple[int, ...]], list[float]]]:
    """Return blocks of random compositions behind the base, each block with a level of its own."""
    rng = np.random.default_rng(seed)
    every = [each for each in product(*map(range, SIZES)) if any(each)]
    made = []
    for _ in range(count):
        chosen = [(0, 0, 0), *(every[n] for n in rng.choice(len(every), sides - 1, replace=False))]
        machine = rng.normal(0.0, 0.3)
        made.append((chosen, [cost(c) * math.exp(machine + rng.normal(0.0, sd)) for c in chosen]))
    return made


def test_the_level_of_a_block_is_taken_out_and_the_scatter_is_told() -> None:
    tried = gather(blocks(1, 40, 0.01))
    assert tried.sd == pytest.approx(0.01, rel=0.25)
    errors = [math.log(found / cost(tuple(map(int, row)))) for row, found in zip(tried.levels, tried.cost, strict=True)]
    assert max(map(abs, errors)) < 0.015
    assert tried.cost[tried.row((0, 0, 0))] == 1.0
    assert tried.row((9, 9, 9)) == -1
    assert tried.blocks.sum() == 240


def test_a_wild_block_does_not_decide() -> None:
    made = blocks(1, 40, 0.01)
    made[3][1][2] *= 8.0
    calm, wild = gather(blocks(1, 40, 0.01)), gather(made)
    assert np.abs(np.log(wild.cost / calm.cost)).max() < 0.05  # of a factor of eight


def test_without_noise_there_is_the_least_scatter() -> None:
    assert gather(blocks(1, 5, 0.0), least_sd=0.001).sd == 0.001


def test_a_block_without_the_base_is_refused() -> None:
    with pytest.raises(StatisticsError, match="not the base"):
        gather([([(0, 1), (0, 0)], [1.0, 1.0])])


def test_effects_alone_and_in_pairs_are_found_back() -> None:
    layout, tried = Layout(SIZES), gather(blocks(2, 60, 0.01))
    prior = likeliest_prior(layout, tried)
    effects = fit(layout, tried, prior)
    for (axis, level), value in MAINS.items():
        found, sd = effects.main(axis, level)
        assert abs(found - value) < 4.0 * sd + 1e-3
    found, sd = effects.pair(((0, 1), (1, 2)))
    assert found == pytest.approx(-0.2, abs=0.03)
    assert sd < 0.03
    assert abs(effects.pair(((0, 1), (2, 1)))[0]) < 0.03


def test_the_prior_learns_whether_pairs_do_much() -> None:
    layout = Layout(SIZES)
    rng = np.random.default_rng(1)
    every = np.array(list(product(*map(range, SIZES))))
    none = 1.0 + layout.design(every)[:, : layout.mains[-1]] @ rng.uniform(0.1, 0.4, layout.mains[-1])
    much = none + layout.design(every)[:, layout.mains[-1] :] @ rng.normal(0.0, 0.3, layout.count - layout.mains[-1])
    found = [likeliest_prior(layout, Tried(every, c, np.full(len(every), 9), 0.005)) for c in (none, much)]
    assert found[0].pair_sd < found[1].pair_sd


def test_the_layout_has_a_place_for_every_effect_once() -> None:
    layout = Layout(SIZES)
    places = [layout.main(axis, level) for axis, size in enumerate(SIZES) for level in range(1, size)]
    places += [
        layout.pair(((a, i), (b, j))) for a, b in layout.pairs for i in range(1, SIZES[a]) for j in range(1, SIZES[b])
    ]
    assert sorted(places) == list(range(layout.count))
    design = layout.design(np.array([[0, 0, 0], [1, 2, 1]]))
    assert design[0].sum() == 0.0
    assert set(np.flatnonzero(design[1])) == {
        *(layout.main(0, 1), layout.main(1, 2), layout.main(2, 1)),
        *(layout.pair(((0, 1), (1, 2))), layout.pair(((0, 1), (2, 1))), layout.pair(((1, 2), (2, 1)))),
    }


def _truth(count: int = 1) -> Draws:
    layout = Layout(SIZES)
    effects = np.zeros((count, layout.count))
    for (axis, level), value in MAINS.items():
        effects[:, layout.main(axis, level)] = value
    for pair, value in PAIRS.items():
        effects[:, layout.pair(pair)] = value
    return Draws.of(layout, effects, np.ones((count, 1)), ())


def test_the_best_is_found_though_neither_of_its_levels_is_good_alone() -> None:
    found, costs = _truth(3).best(np.array([[0, 0, 0]]))
    assert [tuple(row) for row in found.tolist()] == [(1, 2, 0)] * 3
    assert costs == pytest.approx([cost((1, 2, 0))] * 3)


def test_the_best_of_random_landscapes_is_what_trying_all_finds() -> None:
    sizes = (4, 3, 5, 2)
    layout, rng = Layout(sizes), np.random.default_rng(5)
    effects = rng.normal(0.0, 0.1, (40, layout.count))
    begin = np.array([[0, 0, 0, 0], [1, 1, 1, 1], [3, 2, 4, 1]])
    _, costs = Draws.of(layout, effects, np.ones((40, 1)), ()).best(begin, sweeps=6)
    every = np.array(list(product(*map(range, sizes))))
    least = (1.0 + layout.design(every) @ effects.T).min(axis=0)
    assert (costs < least + 1e-9).mean() >= 0.95


def test_what_is_barred_is_not_proposed() -> None:
    layout = Layout(SIZES)
    tried = gather(blocks(2, 60, 0.01))
    effects = fit(layout, tried, Prior())
    rng = np.random.default_rng(1)
    found, costs = effects.draw(rng, 20, [((0, 1), (1, 2)), (1, 1)]).best(np.array([[0, 0, 0], [1, 2, 1]]))
    assert not any(row[0] == 1 and row[1] == 2 for row in found)
    assert not any(row[1] == 1 for row in found)
    assert costs.max() < BARRED / 2


def test_what_was_tried_counts_for_itself_beyond_its_effects() -> None:
    layout = Layout(SIZES)
    made = blocks(2, 60, 0.005)
    odd = (2, 2, 1)
    for sides, costs in made:
        for number, side in enumerate(sides):
            if side == odd:
                costs[number] *= 0.8  # what no pair explains
    effects = fit(layout, gather(made), Prior(0.02, 0.1))
    expected = effects.cost(np.array([odd, (0, 1, 0)]))
    assert expected[0] == pytest.approx(0.8 * cost(odd), rel=0.02)
    assert expected[1] == pytest.approx(0.95, rel=0.02)
