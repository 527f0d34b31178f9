from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.errors import TailgateError
from tailgate.machine.cpulist import format_cpus, parse_cpus


@pytest.mark.parametrize(
    ("text", "cpus"), [("", ()), (" (null)\n", ()), ("3", (3,)), ("0-2,5", (0, 1, 2, 5)), ("5, 0-1\n", (0, 1, 5))]
)
def test_kernel_lists_are_read(text: str, cpus: tuple[int, ...]) -> None:
    assert parse_cpus(text) == cpus


@pytest.mark.parametrize("text", ["a", "1-", "-1", "3-1", "1,,2", "0x3", "1-2-3"])
def test_what_is_no_list_is_refused_with_the_right_form(text: str) -> None:
    with pytest.raises(TailgateError, match="2-5,7"):
        parse_cpus(text)


@given(st.sets(st.integers(0, 300)))
def test_a_list_survives_writing_and_reading(cpus: set[int]) -> None:
    assert parse_cpus(format_cpus(cpus)) == tuple(sorted(cpus))
