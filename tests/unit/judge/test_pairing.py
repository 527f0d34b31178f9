"""What is held against what when a change adds, deletes, renames or rewrites benchmarks."""

from __future__ import annotations

import pytest

from tailgate.judge.pairing import Pairs, pair
from tailgate.measure.listing import Listed


def paired(base: dict[str, Listed], head: dict[str, Listed]) -> Pairs:
    return pair([*head, *base], base, head, "main")


def test_what_is_in_both_is_judged_and_what_one_lacks_is_named() -> None:
    found = paired({"a": Listed("", "1"), "old": Listed("", "2")}, {"a": Listed("", "1"), "fresh": Listed("", "3")})
    assert found.base_of == {"a": "a"}
    assert (found.new, found.deleted) == (["fresh"], ["old"])
    assert found.skipped == {"fresh": "it is new: main does not have it", "old": "it was deleted: main has it"}
    assert found.notes == []


def test_a_new_name_for_the_same_code_is_judged_against_the_old_one() -> None:
    found = paired({"old": Listed("", "1")}, {"fresh": Listed("", "1")})
    assert found.base_of == {"fresh": "old"}
    assert (found.skipped, found.new, found.deleted) == ({}, [], [])
    assert "fresh was called old in main" in found.notes[0]


def test_the_same_code_twice_says_nothing_of_which_became_which() -> None:
    twins = {"old": Listed("", "1"), "older": Listed("", "1")}
    found = paired(twins, {"fresh": Listed("", "1")})
    assert found.base_of == {}
    assert (found.new, found.deleted) == (["fresh"], ["old", "older"])


def test_code_that_nobody_knows_makes_no_pair() -> None:
    assert paired({"old": Listed("")}, {"fresh": Listed("")}).base_of == {}


def test_a_name_that_was_given_to_other_code_is_judged_and_told() -> None:
    found = paired({"a": Listed("", "1")}, {"a": Listed("", "2")})
    assert found.base_of == {"a": "a"}
    assert "may stand for other work" in found.notes[0]


def test_what_cannot_run_is_skipped_with_its_reason() -> None:
    found = paired({"a": Listed("no abacus")}, {"a": Listed(""), "b": Listed("no slate")})
    assert found.skipped == {
        "a": "skipped: it cannot run here: no abacus",
        "b": "skipped: it cannot run here: no slate",
    }
    assert found.new == []


@pytest.mark.parametrize(("file", "name"), [("t.py", "t.py::a"), ("sums", "sums.Totals.time_a")])
def test_a_test_whose_file_cannot_be_collected_is_neither_new_nor_deleted(file: str, name: str) -> None:
    broken = {file: Listed("it cannot be collected: SyntaxError")}
    for base, head in ((broken, {name: Listed("", "1")}), ({name: Listed("", "1")}, broken)):
        found = paired(base, head)
        assert found.base_of == {name: name}  # it is tried, and fails by name
        assert (found.new, found.deleted) == ([], [])
