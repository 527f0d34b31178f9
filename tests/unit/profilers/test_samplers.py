"""A sampler that saw the program start and prepare, and no operation of it."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tailgate.measure.lockstep import Plan
from tailgate.measure.sides import Side
from tailgate.profilers import py_spy, sampling, scalene
from tailgate.profilers.launch import Finished, ProfilerError
from tailgate.profilers.profile import Job

if TYPE_CHECKING:
    from pathlib import Path

    from tailgate.profilers.profile import Profiler

SPEEDSCOPE = json.dumps(
    {
        "shared": {"frames": [{"name": "prepare", "file": "suite.py", "line": 3}]},
        "profiles": [{"type": "sampled", "samples": [[0]], "weights": [0.004]}],
    }
)


@pytest.mark.parametrize(
    ("module", "profiler", "file", "text"),
    [
        (py_spy, py_spy.PySpy(), "py-spy.speedscope.json", SPEEDSCOPE),
        (scalene, scalene.Scalene(), "scalene.json", "{}"),
        (sampling, sampling.Sampling(), "sampling.collapsed", "tid:1;suite.py:prepare:3 4\n"),
    ],
)
def test_samples_beside_the_operations_alone_are_no_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any, profiler: Profiler, file: str, text: str
) -> None:
    def launch(*_: object, **__: object) -> Finished:
        (tmp_path / file).write_text(text, encoding="utf-8")
        return Finished({"operations": 5, "wall_ns": 1_000}, "", "")

    monkeypatch.setattr(module, "launch", launch)
    monkeypatch.setattr(py_spy, "tool", lambda _: "py-spy")
    monkeypatch.setattr(sampling, "run", lambda *_: subprocess.CompletedProcess((), 0, "3 15\n", ""))
    with pytest.raises(ProfilerError, match="took no sample of"):
        profiler.record(Job(Side("x", "x/y"), Plan("known", tmp_path, {}), tmp_path, 1.0))
