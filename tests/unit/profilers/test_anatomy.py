"""Shares of labels and causes, each beside its share of everything, and the sentences about them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tailgate.documents.anatomy import SLOW_ITSELF, UNEXPLAINED, Share
from tailgate.measure.lockstep import SideRecord
from tailgate.measure.sides import Side
from tailgate.profilers.anatomy import anatomy_of
from tailgate.results.anatomy_report import percent, sentences

OPERATIONS, PASSES = 2_000, 5


def record(samples: np.ndarray[Any, Any], labels: list[dict[str, Any]] | None = None, **observed: Any) -> SideRecord:
    starts = np.concatenate(([0], np.cumsum(samples.ravel()[:-1] + 100))).reshape(samples.shape)
    plain: dict[str, Any] = {
        "gc": None,
        "switches": None,
        "segments": None,
        "faults": None,
        "labels": labels,
        "counters": {},
        "notes": [],
    }
    counted = np.ones(samples.shape, dtype=np.bool_)
    return SideRecord(Side("x", "x/y"), samples, counted, "", "", {"starts": starts} | plain | observed)


def flat() -> np.ndarray[Any, Any]:
    """Return samples without a tail: 1 to 2 µs, the same in each pass."""
    return np.tile(1_000 + np.arange(OPERATIONS) * 7 % 1_000, (PASSES, 1)).astype(np.int64)


def test_what_a_tail_is_is_told_beside_what_the_tape_is() -> None:
    samples = flat()
    slow = np.arange(0, OPERATIONS, 100)
    samples[:, slow] += 50_000
    labels = [
        {"kind": "snapshot" if index % 100 == 0 else "update", "even": index % 2 == 0} for index in range(OPERATIONS)
    ]
    anatomy = anatomy_of([record(samples, labels)])
    best = anatomy.reproducible.labels[0]
    assert (best.name, best.tail_count, best.tail_share, best.whole_share) == ("snapshots", 20, 1.0, 0.01)
    even = anatomy.reproducible.labels[1]
    assert (even.name, even.tail_share, even.whole_share) == ("even", 1.0, 0.5)
    assert sentences(anatomy)[:2] == [
        "100 % of the reproducible p99 are snapshots (1.0 % of the tape)",
        "100 % of the reproducible p99 are even (50 % of the tape)",
    ]
    assert dict(anatomy.raw.why) == {SLOW_ITSELF: 1.0}


def test_a_number_with_many_values_is_split_where_it_tells_most() -> None:
    samples = flat()
    sizes = np.arange(OPERATIONS) % 700
    samples[:, sizes >= 690] += 9_000
    labels = [{"bytes": int(size)} for size in sizes]
    told = anatomy_of([record(samples, labels)]).reproducible.labels[0]
    assert told.name == "of 512 bytes or more"
    assert told.tail_share == 1.0


def test_numbers_below_a_split_are_told_too() -> None:
    samples = flat()
    sizes = np.arange(OPERATIONS) % 700
    samples[:, sizes < 7] += 9_000
    labels = [{"bytes": int(size)} for size in sizes]
    assert anatomy_of([record(samples, labels)], 99.0).reproducible.labels[0].name == "of less than 8 bytes"


@pytest.mark.parametrize(("values", "name"), [(1, "of size 7"), (700, "of less than 8 size")])
def test_a_label_that_only_some_operations_have_is_told_of_those(values: int, name: str) -> None:
    samples = flat()
    samples[:, ::100] += 9_000
    labels: list[dict[str, Any]] = [{"kind": "sum"} for _ in range(OPERATIONS)]
    for index in range(0, OPERATIONS, 2):
        labels[index]["size"] = 7 if index % 100 == 0 else 8 if values == 1 else 16 + index % values
    told = next(each for each in anatomy_of([record(samples, labels)]).reproducible.labels if "size" in each.name)
    assert (told.name, told.tail_count, told.whole_count) == (name, 20, 20)


def test_an_accident_of_one_pass_is_in_the_raw_tail_alone() -> None:
    samples = flat()
    struck = list(range(50, 1950, 19))  # a hundred operations of one pass: one per cent of all samples
    samples[2, struck] += 4_000_000
    made = record(samples)
    begins = made.observed["starts"][2, struck] + 500
    switches = np.column_stack((begins, begins + 3_900_000, np.ones(len(struck), np.int64)))
    anatomy = anatomy_of([record(samples, None, switches=switches)])
    raw, reproducible = (
        next(share for share in tail.causes if "involuntary" in share.name)
        for tail in (anatomy.raw, anatomy.reproducible)
    )
    assert (raw.tail_count, raw.whole_count) == (100, 100)
    assert reproducible.whole_count == 0
    assert dict(anatomy.raw.why)["an involuntary context switch"] == 1.0
    assert "100 % of the raw p99 fall together with an involuntary context switch (1.0 % of the samples)" in sentences(
        anatomy
    )


def test_a_collection_in_every_pass_belongs_to_the_reproducible_tail() -> None:
    samples = flat()
    collecting = np.arange(99, OPERATIONS, 100)
    samples[:, collecting] += 30_000
    starts = record(samples).observed["starts"][:, collecting].ravel()
    collections = np.column_stack((starts + 100, starts + 30_000, np.full(len(starts), 2)))
    anatomy = anatomy_of([record(samples, None, gc=collections)])
    share = next(each for each in anatomy.reproducible.causes if "generation 2" in each.name)
    assert (share.tail_count, share.tail_share, share.whole_share) == (20, 1.0, 0.01)


def test_a_cause_as_frequent_elsewhere_is_no_reason() -> None:
    samples = flat()
    samples[1, ::20] += 100_000
    starts = record(samples).observed["starts"]
    everywhere = starts[:, ::2].ravel() + 10  # a fault in every other operation, slow or not
    anatomy = anatomy_of([record(samples, None, faults=everywhere)])
    why = dict(anatomy.raw.why)
    assert "a page fault" in why  # all the slow ones have one: twice as often as the others
    third = starts[:, ::1].ravel() + 10
    assert dict(anatomy_of([record(samples, None, faults=third)]).raw.why) == {UNEXPLAINED: 1.0}


def test_processes_are_summed_and_each_has_its_own_threshold() -> None:
    one, other = flat(), flat() * 10
    for samples in (one, other):
        samples[:, ::100] *= 50
    labels = [{"kind": "snapshot" if index % 100 == 0 else "update"} for index in range(OPERATIONS)]
    anatomy = anatomy_of([record(one, labels), record(other, labels)])
    assert anatomy.processes == 2
    assert anatomy.reproducible.count == 40
    assert anatomy.reproducible.labels[0].tail_share == 1.0


def test_a_workload_without_labels_is_told() -> None:
    assert "gives no labels" in anatomy_of([record(flat())]).notes[0]


def test_a_sentinel_that_brought_nothing_back_is_told() -> None:
    seen = np.array([[0, 0], [10**9, 10**9]])
    assert anatomy_of([record(flat())], 99.0, [seen]).notes == anatomy_of([record(flat())]).notes
    notes = anatomy_of([record(flat())] * 2, 99.0, [seen, np.empty((0, 2), np.int64)]).notes
    assert any("brought nothing back" in note for note in notes)


@pytest.mark.parametrize(
    ("share", "explains"),
    [
        (Share("x", 20, 0.5, 40, 0.1), True),
        (Share("x", 4, 0.5, 4, 0.1), False),  # too few
        (Share("x", 20, 0.04, 20, 0.01), False),  # too small a part
        (Share("x", 20, 0.5, 900, 0.4), False),  # hardly more than elsewhere
    ],
)
def test_what_is_worth_a_sentence(share: Share, explains: bool) -> None:  # noqa: FBT001  a parameter of the test
    assert share.explains == explains


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.714, "71 %"),
        (0.0712, "7.1 %"),
        (0.0042, "0.4 %"),
        (0.0004, "0.04 %"),
        (0.00001, "less than 0.01 %"),
        (0.0, "0.00 %"),
    ],
)
def test_shares_are_told_as_precisely_as_they_are_small(share: float, text: str) -> None:
    assert percent(share) == text
