"""Why the tail is the tail: operations above a percentile against the whole tape, by what they are and what happened.

Pure functions over what observing workers bring back (measure/observe.py). There are two tails. The raw one is
over all samples: what a user would have felt. The reproducible one is over the least duration of each operation: what
data and code cause. For each, a share always stands beside its share of everything: a label that is as frequent in
the tape as in the tail explains nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tailgate.documents.anatomy import LEAST_LIFT, SLOW_ITSELF, UNEXPLAINED, Anatomy, Share, Tail
from tailgate.profilers.causes import MOST_LOST, Cause, causes_of, is_free
from tailgate.statistics.quantiles import quantiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from tailgate.benchmark import Label
    from tailgate.measure.lockstep import SideRecord

    Mask = NDArray[np.bool_]

MANY_VALUES: Final = 12
"""A number with more different values than this is split at a power of two instead of by value."""


@dataclass(slots=True)
class _Process:
    """One process, dissected: masks over (passes, operations) or over operations."""

    record: SideRecord
    causes: list[Cause]
    raw_tail: Mask
    raw_threshold: float
    reproducible_tail: Mask
    reproducible_threshold: float


def anatomy_of(
    records: Sequence[SideRecord], percentile: float = 99.0, sentinel_gaps: Sequence[NDArray[np.int64]] = ()
) -> Anatomy:
    """Dissect the processes of one benchmark. sentinel_gaps: of each process, (n, 2): begin and end on another CPU.

    A sentinel that ran brings at least its own begin and end.
    """
    gaps = list(sentinel_gaps) or [np.empty((0, 2), np.int64)] * len(records)
    processes = [_dissect(record, percentile, each) for record, each in zip(records, gaps, strict=True)]
    first = records[0]
    labels: Sequence[Mapping[str, Label]] = first.observed.get("labels") or ()
    counters: dict[str, int] = {}
    for record in records:
        for key, value in record.observed["counters"].items():
            counters[key] = counters.get(key, 0) + value
    notes = dict.fromkeys(note for record in records for note in record.observed["notes"])
    if any(len(each) and not is_free(each) for each in gaps):
        notes[f"the sentinel's CPU was not free: it lost more than {100 * MOST_LOST:.0f} % and was not heard"] = None
    if sentinel_gaps and not all(len(each) for each in gaps):
        notes["a sentinel brought nothing back, so stalls of the host are unknown"] = None
    if not labels:
        notes["the workload gives no labels: what the operations are is unknown"] = None
    return Anatomy(
        first.side.benchmark,
        percentile,
        len(records),
        first.samples.shape[0],
        first.samples.shape[1],
        _raw_tail(processes, labels),
        _reproducible_tail(processes, labels),
        counters,
        tuple(notes),
    )


def _dissect(record: SideRecord, percentile: float, gaps: NDArray[np.int64]) -> _Process:
    least = record.reproducible()
    p = round(percentile / 100, 9)
    (raw_threshold,), (threshold,) = quantiles(record.raw(), [p]), quantiles(least, [p])
    return _Process(
        record,
        causes_of(record, gaps),
        record.counted & (record.samples > raw_threshold),
        raw_threshold,
        least > threshold,
        threshold,
    )


def _raw_tail(processes: Sequence[_Process], labels: Sequence[Mapping[str, Label]]) -> Tail:
    counts = [each.raw_tail.sum(axis=0) for each in processes]  # how often each operation is in the tail
    wholes = [each.record.counted.sum(axis=0) for each in processes]
    causes = _causes(
        (cause.name, each.raw_tail & cause.mask, each.record.counted & cause.mask)
        for each in processes
        for cause in each.causes
    )
    tail, of = (int(sum(part.sum() for part in parts)) for parts in (counts, wholes))
    return Tail(
        "raw",
        tail,
        of,
        float(np.mean([each.raw_threshold for each in processes])),
        _label_shares(labels, np.sum(counts, axis=0), np.sum(wholes, axis=0)),
        tuple(Share(name, t, t / max(tail, 1), w, w / max(of, 1)) for name, (t, w) in causes.items()),
        _why(processes, tail, {name for name, (t, w) in causes.items() if t * of >= LEAST_LIFT * w * tail > 0}),
    )


def _reproducible_tail(processes: Sequence[_Process], labels: Sequence[Mapping[str, Label]]) -> Tail:
    counts = [each.reproducible_tail.astype(np.int64) for each in processes]
    tail = int(sum(part.sum() for part in counts))
    of = sum(len(part) for part in counts)
    causes = _causes(
        (cause.name, each.reproducible_tail & always, always)
        for each in processes
        for cause in each.causes
        for always in [_in_every_pass(cause.mask)]
    )
    return Tail(
        "reproducible",
        tail,
        of,
        float(np.mean([each.reproducible_threshold for each in processes])),
        _label_shares(labels, np.sum(counts, axis=0), np.full(len(counts[0]), len(counts))),
        tuple(Share(name, t, t / max(tail, 1), w, w / max(of, 1)) for name, (t, w) in causes.items()),
    )


def _in_every_pass(mask: Mask) -> Mask:
    """Return the operations that were struck in each pass: one without it would be the least, which is what counts."""
    every: Mask = np.asarray(mask.all(axis=0))
    return every


def _causes(masks: Iterable[tuple[str, Mask, Mask]]) -> dict[str, tuple[int, int]]:
    """Sum up by name: in the tail, in the whole."""
    found: dict[str, tuple[int, int]] = {}
    for name, tail, whole in masks:
        a, b = found.get(name, (0, 0))
        found[name] = (a + int(tail.sum()), b + int(whole.sum()))
    return found


def _why(processes: Sequence[_Process], tail: int, telling: set[str]) -> tuple[tuple[str, float], ...]:
    """Return each sample of the raw tail to the first reason that fits: what is slow by itself, then what happened.

    telling: the causes that are more frequent in the tail than elsewhere; the others are no reasons.
    """
    counts: dict[str, int] = {}
    for each in processes:
        left = each.raw_tail.copy()
        itself = each.record.reproducible() > each.raw_threshold
        for name, mask in [(SLOW_ITSELF, itself), *((c.name, c.mask) for c in each.causes if c.name in telling)]:
            hit = left & mask
            counts[name] = counts.get(name, 0) + int(hit.sum())
            left &= ~hit
        counts[UNEXPLAINED] = counts.get(UNEXPLAINED, 0) + int(left.sum())
    shares = ((name, count / max(tail, 1)) for name, count in counts.items() if count)
    return tuple(sorted(shares, key=lambda item: -item[1]))


def _label_shares(
    labels: Sequence[Mapping[str, Label]], counts: NDArray[np.int64], wholes: NDArray[np.int64]
) -> tuple[Share, ...]:
    """Return of each label the value that is most typical of the tail, the most typical label first."""
    found = []
    for key in dict.fromkeys(key for label in labels for key in label):
        values = [label.get(key) for label in labels]
        candidates = [_share(name, mask, counts, wholes) for name, mask in properties(key, values)]
        found.append(max(candidates, key=lambda share: share.tail_share - share.whole_share))
    return tuple(sorted(found, key=lambda share: share.whole_share - share.tail_share))


def _share(name: str, mask: Mask, counts: NDArray[np.int64], wholes: NDArray[np.int64]) -> Share:
    tail, whole = int(counts[mask].sum()), int(wholes[mask].sum())
    return Share(name, tail, tail / max(int(counts.sum()), 1), whole, whole / max(int(wholes.sum()), 1))


def properties(key: str, values: Sequence[Any]) -> list[tuple[str, Mask]]:
    """Return what a label may say of an operation, and of which operations it says it."""
    there = np.array([value is not None for value in values])  # a label that an operation does not have
    different = {value for value in values if value is not None}
    if len(different) <= MANY_VALUES or not all(isinstance(value, int | float) for value in different):
        array = np.array(values, dtype=object)
        return [(_worded(key, value), array == value) for value in sorted(different, key=str)]
    numbers = np.array([0 if value is None else value for value in values])
    found: list[tuple[str, Mask]] = []
    edge = 1
    while edge <= max(different):
        found += [
            (f"of {edge:,} {key} or more", there & (numbers >= edge)),
            (f"of less than {edge:,} {key}", there & (numbers < edge)),
        ]
        edge *= 2
    return found or [(f"of {key} {min(different)} or more", there & (numbers >= min(different)))]


def _worded(key: str, value: Label) -> str:
    if isinstance(value, bool | np.bool_):
        return key if value else f"not {key}"
    return f"{value}s" if key == "kind" else f"of {key} {value}"
