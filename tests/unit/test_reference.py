"""docs/reference.md says what the docstrings say, and of every field something."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from scripts import write_reference
from tailgate.benchmark import Benchmark, Setting, Workload
from tailgate.config import Config, GateConfig


@pytest.mark.parametrize("cls", [Workload, Benchmark, Setting, Config, GateConfig])
def test_every_field_is_described(cls: Any) -> None:
    described = write_reference.meanings(cls)
    assert [each.name for each in fields(cls) if each.name not in {*described, "root", "gate"}] == []


def test_the_page_is_what_the_code_says() -> None:
    assert write_reference.PAGE.read_text(encoding="utf-8") == write_reference.page(), (
        "write it again: python scripts/write_reference.py"
    )


def test_equal_answers_stand_where_a_benchmark_is_first_named() -> None:
    text = " ".join(write_reference.page().split())
    assert "Implementations of one path give equal answers" in text.partition("## ")[0]
    assert "equal answers" in write_reference.meanings(Benchmark)["path"]


def test_a_meaning_ends_where_the_next_field_begins() -> None:
    meant = write_reference.meanings(Workload)
    assert meant["loop"] == "Where they run."
    assert meant["tasks"].endswith("each with its own latency.")
    assert "`pass-env`" in write_reference.page()
