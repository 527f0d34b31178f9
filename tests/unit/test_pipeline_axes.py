"""A composition made on demand is the one that its name says, or is refused."""

from __future__ import annotations

import pytest

from implementations.pipeline.composition import NAMED
from implementations.registry import names
from suites.pipeline.benchmarks import benchmarks, resolve
from tailgate import TailgateError


def test_axes_change_the_composition_and_the_name() -> None:
    made = resolve("pipeline/recommended[codec=json,gc=frozen]")
    assert made is not None
    assert made.name == "pipeline/recommended[codec=json,gc=frozen]"
    assert made.role == ""
    assert made.prepare.args[0].args[0].codec == "json"  # type: ignore[attr-defined]  # a partial


def test_pipelines_that_are_no_composition_stand_beside_the_named_ones() -> None:
    declared = {each.name: each.role for each in benchmarks()}
    for name in (*NAMED, *(name for name in names("pipeline") if name != "composed")):
        assert {f"pipeline/{name}", f"pipeline/{name}[gc=frozen]"} <= set(declared)
    assert "pipeline/fused" in declared
    assert "pipeline/native[split=stages]" in declared
    assert "pipeline/fused[split=stages]" not in declared
    assert {name for name, role in declared.items() if role and "[" not in name} == {
        "pipeline/recommended",
        "pipeline/bottleneck",
    }


@pytest.mark.parametrize("axes", ["cdec=json", "=json", "gc=forzen", "split=stage", "codec=json,codec=struct"])
def test_an_axis_that_would_change_nothing_is_refused(axes: str) -> None:
    with pytest.raises(TailgateError, match="the axes: gc=frozen, gc=pauses, split=stages") as caught:
        resolve(f"pipeline/recommended[{axes}]")
    assert axes.rsplit(",", maxsplit=1)[-1] in caught.value.message
