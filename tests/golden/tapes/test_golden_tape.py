"""A generated tape is the same bytes on every machine and Python: its digests are kept here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from suites.tapes.generator import GENERATOR_VERSION, generate

GOLDEN = json.loads(Path(__file__).with_name("digests.json").read_text())


def test_the_golden_digests_are_of_this_version_of_the_generator() -> None:
    assert GOLDEN["generator_version"] == GENERATOR_VERSION


@pytest.mark.parametrize("case", GOLDEN["tapes"], ids=lambda case: f"{case['seed']}-{case['messages']}")
def test_a_tape_has_its_golden_digest(case: dict[str, Any]) -> None:
    tape = generate(case["seed"], case["messages"])
    assert tape.digest == case["digest"], "a tape changed: raise GENERATOR_VERSION, then write the new digests"
    assert tape.frames[-1].decode() == case["last_frame"]
    assert tape.times_ns[-1] == case["last_time_ns"]
