from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from scripts.interpreters.counters import ClangCounters, GccCounters, counters_of
from scripts.interpreters.toolchain import Compiler
from scripts.interpreters.training import (
    clean_environment,
    install_packages,
    installer,
    pipeline_workload,
    report_of,
    subject_requirements,
)
from scripts.interpreters.trees import ccache_shims
from scripts.interpreters.variants import parse_variant
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.interpreters.conftest import Bench

CLANG = Compiler("/usr/bin/clang-19", "clang", 19, "clang version 19.1.7")


def test_the_packages_are_those_of_the_project_itself(root: Path) -> None:
    names = {need.partition(">")[0] for need in subject_requirements(root)}
    assert {"orjson", "msgspec", "sortedcontainers"} <= names


def test_the_key_of_a_training_changes_with_its_passes_and_its_code(bench: Bench) -> None:
    first = pipeline_workload(bench.checkout, 3).facts()
    assert pipeline_workload(bench.checkout, 3).facts() == first
    assert pipeline_workload(bench.checkout, 4).facts() != first
    (bench.checkout / "suites" / "training.py").write_text("# other\n")
    assert pipeline_workload(bench.checkout, 3).facts() != first


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('noise\n{"tape_digest": "a"}\n', {"tape_digest": "a"}),
        ('{"tape_digest": "a"}\nbye\n', {"tape_digest": "a"}),
        ("{broken\n", {}),
        ("nothing\n", {}),
        ("", {}),
    ],
)
def test_the_report_is_the_last_json_object_that_was_printed(
    tmp_path: Path, text: str, found: dict[str, object]
) -> None:
    (tmp_path / "log").write_text(text)
    assert report_of(tmp_path / "log") == found
    assert report_of(tmp_path / "absent") == {}


def test_flags_and_python_variables_of_the_person_do_not_reach_a_build() -> None:
    kept = clean_environment({"CFLAGS": "-O0", "PYTHONPATH": "/x", "MAKEFLAGS": "-j9", "PATH": "/bin", "CC": "tcc"})
    assert kept == {"PATH": "/bin", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}


def write_pip(folder: Path, script: str) -> Path:
    """Write a python that stands for `sys.executable`: it sees `-m pip --python P install ... --target T ... NEEDS`."""
    path = folder / "pip-host"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_package_without_a_wheel_is_named_and_the_others_are_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = 'case "$*" in *orjson*) echo "ERROR: No matching distribution found for orjson" >&2; exit 1;; esac; exit 0'
    monkeypatch.setattr("sys.executable", str(write_pip(tmp_path, script)))
    log = tmp_path / "log"
    missing = install_packages(["orjson>=3", "msgspec"], tmp_path / "python", tmp_path / "packages", {}, log)
    assert missing == {"orjson>=3": "No matching distribution found for orjson"}
    calls = [line for line in log.read_text().splitlines() if line.startswith("$")]
    assert len(calls) == 3
    assert all("--only-binary :all:" in call or "--only-binary" not in call for call in calls)


def test_pip_runs_inside_the_built_interpreter_and_never_builds_from_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", str(write_pip(tmp_path, f'echo "$*" "$GCOV_PREFIX" > {tmp_path}/args')))
    counters = {"GCOV_PREFIX": "/scrap"}
    packages = tmp_path / "packages"
    assert install_packages(["msgspec"], tmp_path / "python", packages, counters, tmp_path / "log") == {}
    words = (tmp_path / "args").read_text().split()
    assert words[words.index("--python") + 1] == str(tmp_path / "python")
    assert words[words.index("--only-binary") + 1] == ":all:"
    assert words[-2:] == ["msgspec", "/scrap"]


def test_without_pip_uv_installs_and_without_both_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert installer(tmp_path / "python") == ["/usr/bin/uv", "pip", "install", "--python", str(tmp_path / "python")]
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(TailgateError, match="there is no uv"):
        installer(tmp_path / "python")


def test_gccs_counters_are_found_below_the_instrumented_path_and_nowhere_else(tmp_path: Path) -> None:
    instrumented, tree, folder = tmp_path / "instrumented", tmp_path / "tree", tmp_path / "counters"
    written = folder / instrumented.relative_to(instrumented.anchor) / "Python"
    written.mkdir(parents=True)
    (written / "ceval.gcda").write_text("counts")
    (folder / "stray.gcda").write_text("another program")
    assert GccCounters().apply(folder, instrumented, tree, parse_variant("pgo")) == 1
    assert (tree / "Python" / "ceval.gcda").read_text() == "counts"


def test_clangs_profiles_are_merged_by_its_own_tool_into_the_file_that_cpython_reads(tmp_path: Path) -> None:
    merge = tmp_path / "llvm-profdata-19"
    merge.write_text('#!/bin/sh\n[ "$1" = merge ] || exit 1\nout=${2#-output=}; shift 2; cat "$@" > "$out"\n')
    merge.chmod(0o755)
    folder, tree = tmp_path / "counters", tmp_path / "tree"
    folder.mkdir()
    tree.mkdir()
    counters = counters_of(CLANG, str(merge))
    assert counters.apply(folder, tmp_path, tree, parse_variant("pgo")) == 0
    for name in ("run-1-a.profraw", "run-2-a.profraw"):
        (folder / name).write_text(name)
    assert counters.apply(folder, tmp_path, tree, parse_variant("pgo")) == 2
    assert (tree / "code.profclangd").read_text() == "run-1-a.profrawrun-2-a.profraw"
    assert counters.environment(folder)["LLVM_PROFILE_FILE"].startswith(str(folder))


def test_a_merge_that_fails_is_told(tmp_path: Path) -> None:
    merge = tmp_path / "llvm-profdata-19"
    merge.write_text("#!/bin/sh\necho raw profile version mismatch >&2; exit 1\n")
    merge.chmod(0o755)
    (tmp_path / "run-1-a.profraw").touch()
    with pytest.raises(TailgateError, match="version mismatch"):
        ClangCounters(str(merge)).apply(tmp_path, tmp_path, tmp_path, parse_variant("pgo"))


def test_clang_without_a_merger_has_no_counters() -> None:
    with pytest.raises(TailgateError, match="llvm-profdata"):
        counters_of(CLANG, None)


def test_ccache_stands_on_the_path_under_the_compilers_names(tmp_path: Path, gcc: Compiler) -> None:
    assert ccache_shims(None, gcc, tmp_path) is None
    folder = ccache_shims("/usr/bin/ccache", gcc, tmp_path)
    assert folder is not None
    assert {path.name: str(path.readlink()) for path in folder.iterdir()} == dict.fromkeys(
        ("gcc", "g++"), "/usr/bin/ccache"
    )


def test_a_report_is_json(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(json.dumps({"tape_digest": "b", "passes": 3}))
    assert report_of(tmp_path / "log")["passes"] == 3


@pytest.mark.parametrize("name", ["OPT", "LIBS", "PROFILE_TASK", "CFLAGS_NODIST", "GNUMAKEFLAGS", "CONFIG_SITE"])
def test_no_variable_that_configure_or_make_reads_changes_a_build_behind_the_manifests_back(name: str) -> None:
    assert name not in clean_environment({name: "-O0"})
    assert clean_environment({"CPATH": "/opt/include"})["CPATH"] == "/opt/include"
