from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.interpreters.variants import Base, Modifier, Training, Variant, parse_variant
from tailgate.errors import TailgateError

VARIANTS = st.builds(Variant, st.sampled_from(Base), st.frozensets(st.sampled_from(Modifier)))


@given(VARIANTS)
def test_a_variant_is_read_back_from_its_name(variant: Variant) -> None:
    assert parse_variant(str(variant)) == variant


def test_modifiers_have_one_spelling_whatever_their_order() -> None:
    assert (
        str(parse_variant("pgo-both+native+lto")) == str(parse_variant("PGO-BOTH+LTO+NATIVE")) == "pgo-both+lto+native"
    )


@pytest.mark.parametrize(("text", "word"), [("fast", "'fast'"), ("pgo+speed", "'speed'"), ("", "''")])
def test_a_word_that_is_not_known_is_named(text: str, word: str) -> None:
    with pytest.raises(TailgateError, match=word):
        parse_variant(text)


def test_each_base_says_what_it_trains_on() -> None:
    assert Variant(Base.PLAIN).trainings == ()
    assert Variant(Base.TRAINED).trainings == (Training.PIPELINE,)
    assert Variant(Base.BOTH).trainings == (Training.CPYTHON, Training.PIPELINE)


def test_only_a_profiled_build_asks_for_optimizations() -> None:
    assert "--enable-optimizations" not in Variant(Base.PLAIN).options()
    assert all("--enable-optimizations" in Variant(base).options() for base in Base if base is not Base.PLAIN)


def test_lto_and_native_share_the_instrumented_build_and_freethreading_does_not() -> None:
    assert parse_variant("pgo-both+lto+native").instrumented == parse_variant("pgo").instrumented == "instrumented"
    assert parse_variant("pgo+freethreaded+lto").instrumented == "instrumented+freethreaded"
    assert "--with-lto" not in parse_variant("pgo+lto").instrumented_options()
    assert "--disable-gil" in parse_variant("pgo+lto+freethreaded").instrumented_options()


def test_every_build_is_given_the_same_options_but_for_what_its_name_says() -> None:
    plain, all_of_it = Variant(Base.PLAIN).options(), Variant(Base.PGO, frozenset(Modifier)).options()
    assert all_of_it[: len(plain)] == plain
    assert len(all_of_it) == len(plain) + 1 + len(Modifier)
