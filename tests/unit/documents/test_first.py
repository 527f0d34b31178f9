"""Files as the version before envelopes wrote them, made by running it: each is read, and judged anew."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.documents.allocations import Allocations
from tailgate.documents.allocators import Allocators
from tailgate.documents.anatomy import UNEXPLAINED, Anatomy
from tailgate.documents.doctor import Diagnosis
from tailgate.documents.duel import DuelDocument
from tailgate.documents.envelope import BEFORE, load, read, recognise, save
from tailgate.documents.gate import GateDocument
from tailgate.documents.run import RunFacts

if TYPE_CHECKING:
    from pathlib import Path

FILES: dict[str, type[Any]] = {
    "duel.json": DuelDocument,
    "verdict.json": GateDocument,
    "anatomy.json": Anatomy,
    "allocations.jsonl": Allocations,
    "allocators.jsonl": Allocators,
    "run.json": RunFacts,
    "doctor.json": Diagnosis,
}


@pytest.fixture
def first(root: Path) -> Path:
    return root / "tests" / "golden" / "documents" / "first"


@pytest.mark.parametrize(("name", "of"), FILES.items())
def test_what_the_version_before_wrote_is_recognised_read_and_written_anew(
    first: Path, tmp_path: Path, name: str, of: type[Any]
) -> None:
    told, found = read(first / name)
    assert told.schema == BEFORE
    assert isinstance(found, of)
    again = save(tmp_path / "again.json", found)
    assert recognise(again).kind == told.kind
    assert load(again, of) == found


def test_an_old_anatomy_names_its_reasons_as_a_new_one(first: Path) -> None:
    assert UNEXPLAINED in dict(load(first / "anatomy.json", Anatomy).raw.why)


def test_an_old_duel_says_what_it_said(first: Path) -> None:
    duel = load(first / "duel.json", DuelDocument)
    assert (duel.verdict, len(duel.figures), duel.blocks) == ("undecided", 8, len(duel.series.rows["raw"][duel.base]))
    assert duel.primary.shift.low is not None
    # Two passes over 2,000 operations were 4,000 for the raw p90 then; they are 2,000 different ones.
    advisory = {(each.kind, each.p) for each in duel.figures if each.advisory}
    assert advisory == {(kind, p) for kind in ("raw", "reproducible") for p in (0.99, 0.999)}


def test_what_an_old_duel_took_for_enough_operations_is_judged_anew(first: Path, tmp_path: Path) -> None:
    """Seven passes over 10,000 operations were 70,000 for the raw p99, and it bore no mark."""
    plain = json.loads((first / "duel.json").read_text(encoding="utf-8"))
    plain["series"] |= {"operations": 10_000, "recorded": 70_000}
    for each in plain["shifts"]:
        each["advisory"] = False
    path = tmp_path / "duel.json"
    path.write_text(json.dumps(plain), encoding="utf-8")
    advisory = {(each.kind, each.p) for each in load(path, DuelDocument).figures if each.advisory}
    assert advisory == {(kind, p) for kind in ("raw", "reproducible") for p in (0.99, 0.999)}
