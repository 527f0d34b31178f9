"""The folder of a run: what goes with the first write, what does not belong into it, what is damaged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyperf
import pytest

from tailgate.errors import TailgateError
from tailgate.results import histogram, schema
from tailgate.results.load import load_results
from tailgate.results.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EMPTY = histogram.encode(histogram.fill([]))
TEXT = histogram.encode(histogram.fill([100, 200, 300]))
FACTS = {
    schema.VERSION: schema.SCHEMA,
    schema.HISTOGRAM: TEXT,
    schema.REPRODUCIBLE: TEXT,
    schema.FIRST_PASS: TEXT,
    schema.DIGEST: "d",
    schema.OPERATIONS: 3,
    schema.PASSES: 1,
    schema.FLOOR_INSIDE: 50.0,
    schema.FLOOR_TOTAL: 140.0,
    schema.PEAK_RSS: 1,
    schema.SETTINGS: "{}",
}


def add(store: Store, tmp_path: Path, name: str = "book/bisect", python: str = "3.11.7", **facts: Any) -> None:
    run = pyperf.Run([1.0], metadata={"name": "x", "python_version": python}, collect_metadata=False)
    record = tmp_path / "record.json"
    pyperf.Benchmark([run]).dump(str(record), replace=True)
    store.add(name, record.read_text(), {**FACTS, **facts})


def test_what_an_earlier_run_said_of_itself_goes_with_the_first_write_and_not_before(tmp_path: Path) -> None:
    facts = tmp_path / "run.json"
    facts.write_text("{}")
    store = Store(tmp_path, stale=("run.json",))
    add(store, tmp_path)
    assert facts.exists()
    store.write()
    assert not facts.exists()
    facts.write_text("{}")  # of this run
    store.write()
    assert facts.exists()


def test_a_write_makes_the_sidecars_of_what_has_changed_and_leaves_the_others(tmp_path: Path) -> None:
    store = Store(tmp_path)
    add(store, tmp_path)
    store.write()
    first = tmp_path / "book-bisect.hgrm"
    first.unlink()
    add(store, tmp_path, name="risk/lock")
    store.write()
    assert not first.exists()
    assert (tmp_path / "risk-lock.hgrm").is_file()
    again = Store(tmp_path)
    again.resume()  # what the interrupted run had not come to is made up for
    again.write()
    assert first.is_file()
    assert [each.name for each in load_results(again.path).benchmarks] == ["book/bisect", "risk/lock"]


def test_a_new_run_takes_the_sidecars_of_an_earlier_one_away_and_nothing_else(tmp_path: Path) -> None:
    store = Store(tmp_path)
    add(store, tmp_path)
    add(store, tmp_path, name="risk/lock")
    store.write()
    mine = tmp_path / "mine.hgrm"
    mine.write_text("kept by hand")
    new = Store(tmp_path)
    add(new, tmp_path, name="risk/lock")
    assert new.hgrm_path("book/bisect").exists()  # until there is something to take its place
    new.write()
    assert [new.hgrm_path(name).exists() for name in ("book/bisect", "risk/lock")] == [False, True]
    assert mine.exists()


def test_results_that_are_not_ours_are_replaced_without_touching_what_is_beside_them(tmp_path: Path) -> None:
    pyperf.Benchmark([pyperf.Run([1.0], metadata={"name": "x"}, collect_metadata=False)]).dump(
        str(tmp_path / "results.json")
    )
    theirs = tmp_path / "x.hgrm"
    theirs.write_text("of another tool")
    for _ in range(2):
        store = Store(tmp_path)
        add(store, tmp_path)
        store.write()
        assert theirs.exists()
        store.path.write_text("{")  # damaged


def test_a_run_of_another_interpreter_is_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    store = Store(tmp_path)
    add(store, tmp_path)
    with pytest.raises(TailgateError, match=r"does not belong into .*python_version"):
        add(store, tmp_path, python="3.13.15")
    store.write()
    assert len(load_results(store.path).benchmarks[0].processes) == 1


def _without(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda suite: suite["metadata"].pop(key, None)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_without(schema.OPERATIONS), "lacks tailgate_operations"),
        (lambda suite: suite["metadata"].update({schema.OPERATIONS: "many"}), "invalid literal"),
        (lambda suite: suite["metadata"].update({schema.SETTINGS: "{"}), "tailgate_settings is no JSON"),
        (lambda suite: suite["metadata"].update({schema.HISTOGRAM: EMPTY}), "tailgate_histogram holds no samples"),
        (lambda suite: suite["metadata"].update({schema.HISTOGRAM: "HISTFA"}), "not a compressed HdrHistogram"),
        (
            lambda suite: suite["benchmarks"][0]["runs"][1].setdefault("metadata", {}).update({schema.VERSION: 99}),
            "schema 99",
        ),
    ],
)
def test_damage_is_told_with_the_file_and_the_reason(
    tmp_path: Path, damage: Callable[[dict[str, Any]], object], message: str
) -> None:
    store = Store(tmp_path)
    add(store, tmp_path)
    add(store, tmp_path)
    store.write()
    suite = json.loads(store.path.read_text())
    suite["metadata"] |= suite["benchmarks"][0].pop("metadata", {})
    damage(suite)
    store.path.write_text(json.dumps(suite))
    with pytest.raises(TailgateError, match=message) as caught:
        load_results(store.path)
    assert str(store.path) in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "null", "3", '{"version": "1.0", "benchmarks": []}'])
def test_json_of_another_shape_is_no_suite(tmp_path: Path, text: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(TailgateError, match="is no pyperf suite"):
        load_results(path)


def test_benchmarks_of_like_names_have_a_file_each(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for name in ("book/heap-lazy", "book-heap/lazy"):
        add(store, tmp_path, name=name)
    store.write()
    assert len(list(tmp_path.glob("*.hgrm"))) == 2
