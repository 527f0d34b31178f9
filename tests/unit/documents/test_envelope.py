"""The envelope of every result file: what is written is read back, and what cannot be read is one line."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest

from tailgate.documents import envelope
from tailgate.documents.envelope import document, keys, load, read, recognise, save
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Shift:
    low: float | None
    high: float
    advisory: bool = False


@dataclass(frozen=True, slots=True)
class Race:
    name: str
    winner: Literal["left", "right"]
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True, slots=True)
class Walk:
    steps: int


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "KINDS", {})
    monkeypatch.setattr(envelope, "_KIND_OF", {})
    document(
        "race",
        3,
        title="a race",
        made_by="tailgate race",
        bare=keys("name", "first"),
        migrations={1: named_winner, 2: lambda plain: plain | {"shifts": []}},
    )(Race)
    document("walk", 1, title="a walk", made_by="tailgate walk")(Walk)


def named_winner(plain: dict[str, Any]) -> dict[str, Any]:
    return {"name": plain["name"], "winner": plain["first"]}


RACE = Race("a", "left", (Shift(None, 2.5), Shift(-1.0, 0.0, advisory=True)))


def refusal(path: Path, of: type[Any] = Race) -> str:
    with pytest.raises(TailgateError) as told:
        load(path, of)
    assert "\n" not in told.value.message
    assert told.value.message.startswith((str(path), f"there is no {path}"))
    assert told.value.hint
    return str(told.value)


def test_what_is_saved_is_read_back_with_what_the_file_says_of_itself(tmp_path: Path) -> None:
    path = save(tmp_path / "new" / "race.json", RACE, NOON)
    assert load(path, Race) == RACE
    told, found = read(path)
    assert (told.kind, told.schema, told.when, found) == ("race", 3, NOON, RACE)
    assert json.loads(path.read_text())["when"] == "2026-11-28T12:00:00Z"
    assert recognise(path) == told
    assert re.fullmatch(r"\d+\.\d+.*", told.tailgate)


def test_an_open_end_is_none_and_an_infinity_where_there_may_be_none_is_never_written(tmp_path: Path) -> None:
    path = save(tmp_path / "race.json", Race("a", "left", (Shift(-math.inf, 1.0),)))
    assert load(path, Race).shifts[0].low is None
    before = path.read_bytes()
    for high in (math.inf, math.nan):
        with pytest.raises(ValueError, match=r"Expected `float`, got `null` - at `\$\.shifts\[0\]\.high`"):
            save(path, Race("a", "left", (Shift(None, high),)))
    assert path.read_bytes() == before


def test_numpy_scalars_are_written_as_numbers_and_other_objects_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "race.json", Race("a", "left", (Shift(np.float64(0.5), 1.0, np.bool_(True)),)))  # type: ignore[arg-type]
    assert load(path, Race).shifts == (Shift(0.5, 1.0, advisory=True),)
    with pytest.raises(TypeError, match="Path"):
        save(tmp_path / "other.json", Race(tmp_path, "left"))  # type: ignore[arg-type]
    assert not (tmp_path / "other.json").exists()


def test_older_schemas_are_brought_up_to_date_step_by_step(tmp_path: Path) -> None:
    path = tmp_path / "race.json"
    path.write_text('{"name": "a", "first": "right"}')  # before envelopes
    assert load(path, Race) == Race("a", "right")
    assert (recognise(path).kind, recognise(path).schema, recognise(path).tailgate) == ("race", 1, "")
    path.write_text(json.dumps(letter(schema=2, document={"name": "b", "winner": "left"})))
    assert read(path)[1] == Race("b", "left")


def letter(**changed: Any) -> dict[str, Any]:
    plain = {"name": "a", "winner": "left", "shifts": []}
    return {
        "kind": "race",
        "schema": 3,
        "when": "2026-11-28T12:00:00Z",
        "tailgate": "0.1.0",
        "document": plain,
    } | changed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (json.dumps(letter())[:90], "is damaged: "),
        ("", "is damaged: "),
        ("\xff\xfe", "is no result file"),
        ("[" * 100_000, "is damaged: "),
        ('{"kind": "race"}', "is no result file"),
        ('{"name": "a"}', "is no result file"),
        ("[1, 2]", "is no result file"),
        (json.dumps(letter(kind="walk", schema=1, document={"steps": 1})), "is a walk, not a race"),
        (json.dumps(letter(kind="dance")), "is of kind 'dance', not a race"),
        (json.dumps(letter(schema=4)), "a race of schema 4, written by tailgate 0.1.0; this one reads up to schema 3"),
        (json.dumps(letter(schema=0)), "a race of schema 0, which is no longer read"),
        (json.dumps(letter(document={"name": "a"})), "is damaged: Object missing required field `winner`"),
        (json.dumps(letter(document={"name": "a", "winner": "up"})), "at `$.winner`"),
        (json.dumps(letter(schema=1)), "is damaged: it lacks 'first'"),
        (json.dumps(letter(schema=2, document=[])), "is damaged: "),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "race.json"
    path.write_bytes(text.encode("latin-1") if text != "\xff\xfe" else b'{"name": "\xc3\xa9"}')
    assert said in refusal(path)


def test_a_missing_file_names_the_command_and_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "make it with: tailgate race" in refusal(tmp_path / "none.json")
    with pytest.raises(TailgateError, match="cannot be read"):
        load(tmp_path, Race)


def test_a_file_of_a_kind_that_nobody_registered_is_recognised_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "dance.json"
    path.write_text(json.dumps(letter(kind="dance", schema=9)))
    assert recognise(path).kind == "dance"
    with pytest.raises(TailgateError, match="'dance', which is not known here"):
        read(path)


def test_a_worker_never_imports_what_reads_documents() -> None:
    """A side may pin its own msgspec; the worker's own imports must not choose one for it."""
    code = "import sys, tailgate.measure.worker; sys.exit('msgspec' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
