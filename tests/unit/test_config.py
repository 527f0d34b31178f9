"""[tool.tailgate]: what is read, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tailgate.config import find_root, load_config, of_base
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path


def write(tmp_path: Path, text: str) -> Any:
    (tmp_path / "pyproject.toml").write_text(text)
    return tmp_path


def test_a_whole_configuration(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        """
        [tool.tailgate]
        benchmarks = "bench"
        subject = ["package"]
        [tool.tailgate.gate]
        margin = 0.05
        looks = [6, 12]
        accept-allocations = { "a/b" = "cache of results" }
        [tool.tailgate.budgets]
        "a/b" = 10
        """,
    )
    config = load_config(root)
    assert (config.benchmarks, config.subject, config.gate.margin) == ("bench", ("package",), 0.05)
    assert config.gate.interim_analyses == (6, 12)  # by its former name
    assert config.gate.accept_allocations == {"a/b": "cache of results"}
    assert config.budgets == {"a/b": 10}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[tool.tailgate]\nbenchmark = "x"', "unknown key 'benchmark'; did you mean 'benchmarks'"),
        (
            "[tool.tailgate.gate]\nmargn = 1",
            r"\[tool.tailgate.gate\] has an unknown key 'margn'; did you mean 'margin'",
        ),
        ('[tool.tailgate.gate]\nmargin = "2 %"', "margin = '2 %' should be a number"),
        ("[tool.tailgate]\nsubject = 3", "subject = 3 should be a list"),
        ("[tool.tailgate.gate]\nmargin = -0.1", "margin = -0.1: out of range"),
        ("[tool.tailgate.gate]\npercentiles = [50, 95]", r"percentiles = \(50, 95\): out of range"),
        ('[tool.tailgate.gate]\nfatal-budgets = "yes"', "fatal_budgets = 'yes' should be true or false"),
        ("[tool.tailgate.gate]\npasses = 0", "passes = 0: out of range"),
        ("[tool.tailgate.gate]\ninterim-analyses = [18, 12]", r"interim_analyses = \(18, 12\): out of range"),
        ("[tool.tailgate.gate]\nalpha = 1", "alpha = 1: out of range"),
        ("[tool.tailgate\n", "is not valid TOML"),
        ('[tool.tailgate]\nrequirements = [{ include-group = "none" }]', "requirements: .*none"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TailgateError, match=message):
        load_config(write(tmp_path, text))


def test_the_hint_names_what_may_be_set_and_nothing_that_is_given(tmp_path: Path) -> None:
    with pytest.raises(TailgateError, match="unknown key 'root'") as told:
        load_config(write(tmp_path, '[tool.tailgate]\nroot = "elsewhere"'))
    known = told.value.hint.removeprefix("it knows ").split(", ")
    assert {"benchmarks", "subject"} <= {*known}
    assert "root" not in known


def test_the_root_is_found_from_below_and_missed_with_a_hint(tmp_path: Path) -> None:
    write(tmp_path, "[tool.tailgate]\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_root(below) == tmp_path
    (tmp_path / "pyproject.toml").unlink()
    with pytest.raises(TailgateError, match=r"no pyproject.toml with a \[tool.tailgate\] table"):
        find_root(below)


def test_requirements_may_name_a_dependency_group(tmp_path: Path) -> None:
    text = """
    [dependency-groups]
    fast = ["orjson>=3"]
    all = [{ include-group = "fast" }, "msgpack"]
    [tool.tailgate]
    requirements = [{ include-group = "all" }, "numpy"]
    """
    assert load_config(write(tmp_path, text)).requirements == ("orjson>=3", "msgpack", "numpy")


def test_a_margin_of_a_single_benchmark_that_is_no_number_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.tailgate.gate]\nmargins = { "a/b" = "wide" }\n')
    with pytest.raises(TailgateError, match="out of range"):
        load_config(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[tool.tailgate.gate]\nmargins = { "a/b raw" = 0.1, "c/d" = 1 }\n')
    assert load_config(tmp_path).gate.margins == {"a/b raw": 0.1, "c/d": 1}


def test_a_change_cannot_raise_its_own_margin_and_may_say_what_it_changes_on_purpose(tmp_path: Path) -> None:
    base = "[tool.tailgate.gate]\nmargin = 0.02\nbenchmarks = ['a/b']\n"
    root = write(
        tmp_path,
        """
        [tool.tailgate.gate]
        margin = 0.5
        benchmarks = ["c/d"]
        accept-answers = { "a/b" = "lower case" }
        """,
    )
    gate, told = of_base(load_config(root), base)
    assert (gate.margin, gate.benchmarks) == (0.02, ("a/b", "c/d"))
    assert gate.accept_answers == {"a/b": "lower case"}
    assert told == (
        "[tool.tailgate.gate] benchmarks: head says ('c/d',), base's ('a/b',) counts",
        "[tool.tailgate.gate] margin: head says 0.5, base's 0.02 counts",
    )


@pytest.mark.parametrize("base", ["", "[project]\nname = 'x'", "[tool.tailgate.gate]\nmargin = 'wide'", "not TOML ["])
def test_head_counts_where_base_says_nothing_that_is_understood(tmp_path: Path, base: str) -> None:
    config = load_config(write(tmp_path, "[tool.tailgate.gate]\nmargin = 0.5\n"))
    assert of_base(config, base)[0] == config.gate
