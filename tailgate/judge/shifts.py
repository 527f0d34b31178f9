"""Where a tail's shift is: by stage and by what the operations are, tested over the blocks that looked for it.

Pure functions over the records of base and head, one pair a block. Operations are held against themselves, by their
least duration over the passes. The tail is found in base and head together, so that exchanging the two changes nothing:
if they are equal, every figure here is as likely above zero as below.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tailgate.documents.explanation import Part
from tailgate.measure.observe import GC
from tailgate.profilers.anatomy import properties
from tailgate.statistics.joint import joint_p_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tailgate.measure.lockstep import SideRecord

    Floats = NDArray[np.float64]
    Pair = tuple[SideRecord, SideRecord]

_LEAST_OPERATIONS: Final = 5
"""A label that fewer operations have is not held against the others."""

_LEAST_LIFT: Final = 2.0
"""A label is worth telling where its operations rise at least so many times as much as the others."""


@dataclass(frozen=True, slots=True)
class _Figure:
    """A part before it is tested; differences: head minus base, one value a block. A label also has its split."""

    part: Part
    differences: Floats
    split: float = 0.0


def shifted_parts(whole: Sequence[Pair], split: Sequence[Pair], stages: Sequence[str], percentile: float) -> list[Part]:
    """Return stages, the label that tells most, and collections, with adjusted p-values over all that were looked at.

    whole: base and head of each block, observed. split: the same benchmark split by stage, none where there is none.
    """
    figures = [*_stages(split, stages, percentile), *_labels(whole, percentile), *_collections(whole)]
    if not figures:
        return []
    p_values = joint_p_values(np.transpose([each.differences for each in figures]))
    tested = [
        replace(each, part=replace(each.part, p_value=float(p))) for each, p in zip(figures, p_values, strict=True)
    ]
    labels = sorted((each for each in tested if each.part.kind == "label"), key=lambda each: -each.split)
    return [*(each.part for each in tested if each.part.kind != "label"), *(each.part for each in labels[:1])]


def tail_of(durations: Floats, percentile: float) -> NDArray[np.bool_]:
    """Return which operations the shift of a percentile is looked for in: twice what lies beyond it, and never few."""
    count = min(len(durations), max(_LEAST_OPERATIONS, round(2.0 * (1.0 - percentile) * len(durations))))
    tail: NDArray[np.bool_] = durations >= np.partition(durations, -count)[-count]
    return tail


def _stages(split: Sequence[Pair], stages: Sequence[str], percentile: float) -> list[_Figure]:
    if not split:
        return []
    tail = tail_of(_together(split), percentile)
    least = np.array([[record.observed["stages"].min(axis=0)[tail].mean(axis=0) for record in pair] for pair in split])
    differences = least[:, 1] - least[:, 0]  # (blocks, stages)
    base, head = np.median(least[:, 0], axis=0), np.median(least[:, 1], axis=0)
    rises = np.maximum(np.median(differences, axis=0), 0.0)
    whole = float(rises.sum()) or 1.0
    return [
        _Figure(
            Part("stage", name, float(base[n]), float(head[n]), 1.0, share=float(rises[n]) / whole), differences[:, n]
        )
        for n, name in enumerate(stages)
    ]


def _labels(whole: Sequence[Pair], percentile: float) -> list[_Figure]:
    """Return each value of each label whose operations rise by more than the others do."""
    labels: Sequence[Mapping[str, Any]] = whole[0][0].observed["labels"] or ()
    if not labels:
        return []
    least = np.array([[record.reproducible() for record in pair] for pair in whole], dtype=np.float64)
    d = least[:, 1] - least[:, 0]  # (blocks, operations)
    typical = np.median(d, axis=0)
    tail = tail_of(_together(whole), percentile)
    found = []
    for key in dict.fromkeys(key for label in labels for key in label):
        for name, mask in properties(key, [label.get(key) for label in labels]):
            count = int(mask.sum())
            if not _LEAST_OPERATIONS <= count <= len(mask) - _LEAST_OPERATIONS:
                continue
            inside, outside = d[:, mask].mean(axis=1), d[:, ~mask].mean(axis=1)
            rise, rest = float(np.median(inside)), max(float(np.median(outside)), 0.0)
            if rise < _LEAST_LIFT * rest:
                continue
            base, head = (float(np.median(least[:, side][:, mask].mean(axis=1))) for side in (0, 1))
            shift = float(typical[tail].sum())
            share = float(typical[tail & mask].sum()) / shift if shift > 0.0 else 0.0
            weight = count * (len(mask) - count) / len(mask)
            split = weight * (float(typical[mask].mean()) - float(typical[~mask].mean())) ** 2
            part = Part("label", name, base, head, 1.0, share=max(share, 0.0), whole=count / len(mask))
            found.append(_Figure(part, inside - outside, split))
    return found


def _collections(whole: Sequence[Pair]) -> list[_Figure]:
    """Return the time that garbage collections take of an operation."""
    if any(record.observed[GC] is None for pair in whole for record in pair):
        return []
    spent = np.array([[_collecting(record) for record in pair] for pair in whole])
    base, head = (float(np.median(spent[:, side])) for side in (0, 1))
    return [_Figure(Part("collections", "garbage collections", base, head, 1.0), spent[:, 1] - spent[:, 0])]


def _collecting(record: SideRecord) -> float:
    triples = record.observed[GC]
    return float((triples[:, 1] - triples[:, 0]).sum()) / record.samples.size


def _together(pairs: Sequence[Pair]) -> Floats:
    """Return the durations of each operation, added up over all blocks and both sides."""
    total: Floats = np.sum([record.reproducible() for pair in pairs for record in pair], axis=0, dtype=np.float64)
    return total
