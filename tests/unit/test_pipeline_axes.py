"""A composition made on demand is the one that its name says, or is refused."""

from __future__ import annotations

import pytest

from suites.pipeline.benchmarks import resolve
from tailgate import TailgateError


def test_axes_change_the_composition_and_the_name() -> None:
    made = resolve("pipeline/recommended[codec=json,gc=frozen]")
    assert made is not None
    assert made.name == "pipeline/recommended[codec=json,gc=frozen]"
    assert made.role == ""
    assert made.prepare.args[0].codec == "json"  # type: ignore[attr-defined]  # a partial


@pytest.mark.parametrize("axes", ["cdec=json", "=json", "gc=forzen", "split=stage", "codec=json,codec=struct"])
def test_an_axis_that_would_change_nothing_is_refused(axes: str) -> None:
    with pytest.raises(TailgateError, match="the axes: gc=frozen, split=stages") as caught:
        resolve(f"pipeline/recommended[{axes}]")
    assert axes.rsplit(",", maxsplit=1)[-1] in caught.value.message
