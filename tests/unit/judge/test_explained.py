"""What an explanation says of made blocks: the stage, the label, the functions of the diff, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tailgate.documents.comparison import Shift
from tailgate.documents.explanation import Explanation, Part, sentences
from tailgate.documents.gate import GateDocument
from tailgate.judge.shifts import shifted_parts, tail_of
from tailgate.judge.touched import touched_functions
from tailgate.measure.lockstep import SideRecord
from tailgate.measure.sides import Side
from tailgate.results.gate_report import gate_markdown, gate_text

if TYPE_CHECKING:
    from pathlib import Path

OPERATIONS, PASSES, BLOCKS = 600, 3, 8
RARE = np.arange(OPERATIONS) % 20 == 3
LABELS = [{"kind": "rare" if rare else "common", "levels": int(n % 40)} for n, rare in enumerate(RARE)]


def record(durations: Any, stages: Any = None, collections: Any = ()) -> SideRecord:
    samples = np.tile(np.asarray(durations, dtype=np.int64), (PASSES, 1))
    parts = None if stages is None else np.tile(np.asarray(stages, dtype=np.int64), (PASSES, 1, 1))
    gc = np.array(collections, dtype=np.int64).reshape(-1, 3)
    seen = {"labels": LABELS, "gc": gc, "stages": parts}
    return SideRecord(Side("", "x"), samples, np.ones(samples.shape, dtype=np.bool_), "", "", seen)


def pairs(more: Any, seed: int = 1, *, split: bool = False) -> list[tuple[SideRecord, SideRecord]]:
    """Return blocks in which head's operations take `more` ns; each process is off by a factor of its own."""
    rng = np.random.default_rng(seed)
    plain = 2_000.0 + 30.0 * (np.arange(OPERATIONS) % 37)
    found = []
    for _ in range(BLOCKS):
        made = []
        for extra in (np.zeros(OPERATIONS), np.broadcast_to(more, OPERATIONS)):
            factor = np.exp(rng.normal(0.0, 0.01))
            noise = rng.integers(0, 30, OPERATIONS)
            whole = plain * factor + extra + noise
            parts = np.stack([plain * factor * 0.5, plain * factor * 0.5 + extra], axis=1) if split else None
            made.append(record(whole, parts))
        found.append((made[0], made[1]))
    return found


def named(parts: list[Part], alpha: float = 0.025) -> list[tuple[str, str]]:
    return [(part.kind, part.name) for part in parts if part.p_value <= alpha and part.rise > 0]


def test_a_slow_rare_kind_and_its_stage_are_named() -> None:
    more = np.where(RARE, 900.0, 0.0)
    parts = shifted_parts(pairs(more), pairs(more, 2, split=True), ("parse", "book"), 0.99)
    assert named(parts) == [("stage", "book"), ("label", "rares")]
    label = next(part for part in parts if part.kind == "label")
    assert label.whole == pytest.approx(0.05)
    assert label.share is not None
    assert label.share > 0.9


def test_what_strikes_every_operation_alike_has_a_stage_and_no_label() -> None:
    parts = shifted_parts(pairs(300.0), pairs(300.0, 2, split=True), ("parse", "book"), 0.99)
    assert named(parts) == [("stage", "book")]


def test_identical_code_is_named_in_no_more_than_its_error() -> None:
    false = sum(
        bool(named(shifted_parts(pairs(0.0, seed), pairs(0.0, 1000 + seed, split=True), ("parse", "book"), 0.99)))
        for seed in range(60)
    )
    assert false <= 5


def test_collections_that_head_alone_makes_are_named() -> None:
    made = pairs(0.0)
    with_them = [(base, record(head.reproducible(), None, [(0, 40_000 + n, 0)])) for n, (base, head) in enumerate(made)]
    assert ("collections", "garbage collections") in named(shifted_parts(with_them, [], (), 0.99))


def test_the_tail_is_the_same_whichever_side_is_called_base() -> None:
    durations = np.arange(1_000.0)
    assert tail_of(durations, 0.99).sum() == 20
    assert tail_of(durations, 0.5).all()


def test_only_functions_whose_code_differs_are_touched(tmp_path: Path) -> None:
    old = "X = 1\ndef same():\n    return 1\ndef outer():\n    def inner():\n        return 1\n    return inner\n"
    new = (
        old.replace("def same", "# moved\ndef same").replace("        return 1", "        return 2")
        + "def more(): pass\n"
    )
    base, head = tmp_path / "base", tmp_path / "head"
    for folder, text in ((base, old), (head, new)):
        folder.mkdir()
        (folder / "code.py").write_text(text)
    assert touched_functions(base, head) == {("code.py", "inner"), ("code.py", "more")}
    (head / "code.py").write_text("X = 2\n" + (base / "code.py").read_text().partition("\n")[2])
    assert touched_functions(base, head) == {("code.py", "<module>")}


def explanation(*parts: Part, rises: bool = True, **more: Any) -> Explanation:
    shift = Shift(0.034, 0.02, 0.05, 0.95)
    return Explanation("path/name", 0.99, 8, shift, 5_000.0, 5_190.0, rises, 0.05, parts, **more)


def test_what_the_diff_touches_is_said_first_and_what_is_within_the_error_not_at_all() -> None:
    told = explanation(
        Part("function", "a.py slow", 100.0, 400.0, 0.01),
        Part("function", "a.py changed", 100.0, 150.0, 0.01, changed=True),
        Part("function", "a.py noisy", 100.0, 900.0, 0.2, changed=True),
        Part("stage", "book", 1_000.0, 1_160.0, 0.01, share=0.84),
        Part("stage", "send", 1_000.0, 1_160.0, 0.01, share=0.04),
    )
    lines = sentences(told)
    assert lines[0] == "path/name: the p99 rises by 190 ns, +3.46 % [+2.02 %, +5.13 %], in 8 more blocks"
    assert lines[1] == "where: 84 % of it in the stage book: 1,000 ns -> 1,160 ns in the tail"
    assert lines[2].startswith("what: changed by this diff: a.py changed: 100 ns -> 150 ns")
    assert lines[3].startswith("what: a.py slow")
    assert len(lines) == 4


def test_nothing_is_named_where_nothing_is_beyond_its_error() -> None:
    lines = sentences(explanation(Part("stage", "book", 1.0, 2.0, 0.06), rises=False))
    assert lines[0].startswith("path/name: no rise of the p99 beyond the error of 8 more blocks")
    assert lines[1].startswith("nothing is named")


def test_an_explanation_has_twelve_lines_at_most_and_keeps_its_notes() -> None:
    kinds: list[Any] = ["stage", "label", "module", "function", "calls", "allocations", "collections", "instructions"]
    parts = [Part(kind, f"{kind} {n}", 0.0, 1.0, 0.0) for kind in kinds for n in range(5)]
    lines = sentences(explanation(*parts, notes=("a note",), files=("difference.svg",)))
    assert len(lines) == 12
    assert lines[-2:] == ("see difference.svg", "a note")


def test_terminal_and_markdown_say_the_same_lines() -> None:
    told = explanation(Part("stage", "book", 1_000.0, 1_160.0, 0.01, share=0.84))
    gate = GateDocument("REGRESSION", 1, "REGRESSION: it is", "a", "b", 0.02, 0.99, 1.0, "3", (), explanations=(told,))
    for line in sentences(told):
        assert line in gate_text(gate)
        assert f"- {line}" in gate_markdown(gate)
