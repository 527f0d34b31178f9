"""Which benchmarks share a process: those whose wider fixtures agree, in as few companies as that takes."""

from __future__ import annotations

from tailgate.judge.sharing import companies
from tailgate.measure.listing import Listed


def seated(**needs: tuple[str, ...]) -> set[frozenset[str]]:
    """Return the companies, each as the names in it."""
    found = companies(needs, {name: Listed("", needs=each) for name, each in needs.items()})
    return {frozenset(name for name in found if found[name] == number) for number in found.values()}


def test_what_needs_nothing_sits_with_anybody() -> None:
    assert seated(a=(), b=("mode=1",), c=()) == {frozenset("abc")}


def test_two_values_of_one_fixture_are_two_processes() -> None:
    assert seated(a=("mode=1",), b=("mode=2",), c=("mode=1",)) == {frozenset("ac"), frozenset("b")}


def test_who_needs_less_joins_a_company_that_is_there() -> None:
    both = {f"{m}{k}": (f"kind={k}", f"mode={m}") for m in (1, 2) for k in (1, 2)}
    one = {f"m{m}": (f"mode={m}",) for m in (1, 2)}
    assert len(seated(**both, **one)) == 4


def test_what_changes_the_process_has_one_of_its_own() -> None:
    assert companies(["a", "b"], {"a": Listed("", shares=False), "b": Listed("")}) == {"b": "0"}
