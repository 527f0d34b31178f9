"""The phases of a build, on a CPython of four files: real configure, make and install, in a tenth of a second."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scripts.interpreters.build import build, check
from scripts.interpreters.manifest import built, read_manifest
from scripts.interpreters.removal import remove_names, remove_work
from scripts.interpreters.shop import exclusive
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scripts.interpreters.manifest import Manifest
    from scripts.interpreters.toolchain import Compiler
    from tests.unit.interpreters.conftest import Bench

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(bench: Bench, gcc: Compiler, variant: str, **more: object) -> Manifest:
    with exclusive(bench.layout.lock):
        return build(bench.order(variant, **more), bench.source, gcc, bench.shop())


def configured(bench: Bench) -> list[str]:
    return [command[1] for command in bench.commands if command[0] == "configure"]


def test_a_plain_build_is_whole_and_says_what_it_is(bench: Bench, gcc: Compiler) -> None:
    manifest = make(bench, gcc, "plain")
    folder = bench.layout.interpreters / "3.13.99-plain"
    assert read_manifest(folder) == manifest
    assert (folder / "bin" / "python3").exists()
    assert (folder / "bin" / "python").resolve() == (folder / "bin" / "python3").resolve()
    assert (manifest.version, manifest.variant, manifest.compiler) == ("3.13.99", "plain", gcc.banner)
    assert "--disable-test-modules" in manifest.configure
    assert "--enable-optimizations" not in manifest.configure
    assert [phase["phase"] for phase in manifest.phases] == ["configure", "build", "install"]
    assert manifest.size_bytes > 0
    assert manifest.trainings == []
    assert manifest.source["sha256"] == "ab" * 32


def test_nothing_of_the_staging_is_left_and_the_prefix_is_the_final_one(bench: Bench, gcc: Compiler) -> None:
    make(bench, gcc, "plain")
    assert [path.name for path in bench.layout.interpreters.iterdir()] == ["3.13.99-plain"]
    assert configured(bench) == [f"--prefix={bench.layout.interpreters / '3.13.99-plain'}"]


def test_the_program_that_nobody_runs_is_not_linked(bench: Bench, gcc: Compiler) -> None:
    make(bench, gcc, "plain")
    assert "takes minutes to link" not in (bench.layout.trees / "3.13.99-plain" / "build.log").read_text()


def test_one_instrumented_build_serves_every_training(bench: Bench, gcc: Compiler) -> None:
    for variant in ("pgo", "pgo-trained", "pgo-both", "pgo-both+lto"):
        make(bench, gcc, variant)
    instrumented = bench.layout.trees / "3.13.99-instrumented"
    assert (instrumented / "made").read_text().split() == ["instrumented"]
    assert not list(instrumented.rglob("*.gcda"))
    runs = [command[1:3] for command in bench.commands if command[0] == "python"]
    assert runs == [["-m", "test"], *[["-m", "suites.training"]] * 4]  # each training once, each of ours rehearsed


def test_each_variant_is_built_with_the_counters_of_its_own_trainings(bench: Bench, gcc: Compiler) -> None:
    made = {}
    for variant in ("pgo", "pgo-trained", "pgo-both"):
        make(bench, gcc, variant)
        made[variant] = (bench.layout.trees / f"3.13.99-{variant}" / "made").read_text()
    assert "-m test --pgo" in made["pgo"]
    assert "suites.training" not in made["pgo"]
    assert "-m suites.training --passes 3" in made["pgo-trained"]
    assert "--pgo" not in made["pgo-trained"]
    assert "-m test --pgo" in made["pgo-both"]
    assert "-m suites.training --passes 3" in made["pgo-both"]
    assert all("-fprofile-use" in text for text in made.values())


def test_the_manifest_of_a_trained_build_names_tape_command_and_packages(bench: Bench, gcc: Compiler) -> None:
    manifest = make(bench, gcc, "pgo-both")
    ours, pipeline = manifest.trainings
    assert (ours.name, ours.command) == ("cpython", "-m test --pgo --timeout=1200")
    assert (pipeline.name, pipeline.command) == ("pipeline", "-m suites.training --passes 3")
    assert pipeline.tape_digest == "feedc0de"
    assert pipeline.report["operations"] == 7
    assert pipeline.packages == {"sortedcontainers": "2.4.0"}
    assert pipeline.unavailable == {"orjson>=3.10": "no wheel"}
    assert pipeline.counters == 2
    assert "PROFILE_TASK=-m test --pgo --timeout=1200 && -m suites.training --passes 3" in manifest.configure
    assert [phase["phase"] for phase in manifest.phases] == [
        *("configure", "build", "train", "packages", "rehearsal", "train"),
        *("configure", "counters", "build", "install"),
    ]


def test_the_pipeline_trains_from_the_checkout_with_its_packages_and_a_fixed_hash_seed(
    bench: Bench, gcc: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere")
    make(bench, gcc, "pgo-trained")
    (log,) = bench.layout.profiles.glob("*/training.log")
    text = log.read_text()
    assert f"hash seed 0, path {log.parent / 'packages'}, in {bench.checkout}" in text
    assert bench.fetched == [("orjson>=3.10", "sortedcontainers")]


def test_counters_that_native_code_cannot_use_are_left_out(bench: Bench, gcc: Compiler) -> None:
    make(bench, gcc, "pgo+native")
    make(bench, gcc, "pgo+lto")
    native, lto = (bench.layout.trees / f"3.13.99-pgo+{name}" for name in ("native", "lto"))
    assert not list(native.rglob("_blake2/*.gcda"))
    assert len(list(lto.rglob("_blake2/*.gcda"))) == 1
    assert len(list(native.rglob("abstract.gcda"))) == 1


def test_other_code_of_the_pipeline_is_trained_again_and_built_again(bench: Bench, gcc: Compiler) -> None:
    make(bench, gcc, "pgo-trained")
    (bench.checkout / "implementations" / "book.py").write_text("# another book\n")
    remove_names(bench.layout, ["3.13.99-pgo-trained"])
    make(bench, gcc, "pgo-trained")
    assert len(list(bench.layout.profiles.iterdir())) == 2
    assert len([command for command in bench.commands if "--passes" in command and "3" in command]) == 2
    assert len((bench.layout.trees / "3.13.99-instrumented" / "made").read_text().split()) == 1
    prefix = f"--prefix={bench.layout.interpreters / '3.13.99-pgo-trained'}"
    assert configured(bench).count(prefix) == 2  # make would take the old objects: the tree was begun anew


def test_a_replica_is_trained_and_built_beside_the_first(bench: Bench, gcc: Compiler) -> None:
    make(bench, gcc, "pgo")
    second = make(bench, gcc, "pgo", replica=2)
    assert second.name == "3.13.99-pgo.r2"
    assert [m.name for m in built(bench.layout.interpreters)[0]] == ["3.13.99-pgo", "3.13.99-pgo.r2"]
    assert len([command for command in bench.commands if command[0] == "python"]) == 2


def test_what_other_code_trained_is_kept_and_said_to_be_so(bench: Bench, gcc: Compiler) -> None:
    first = make(bench, gcc, "pgo-trained")
    make(bench, gcc, "pgo-trained")
    assert "other code" not in " ".join(bench.said)
    (bench.checkout / "implementations" / "book.py").write_text("# another book\n")
    assert make(bench, gcc, "pgo-trained") == first
    assert "`remove 3.13.99-pgo-trained`" in bench.said[-1]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"source": {"sha256": "cd" * 32}}, "its source was a test"),
        ({"source": {"sha256": "", "origin": "/home/me/cpython"}}, "its source was a test"),
        ({"compiler": {"banner": "gcc (Debian 13.1.0) 13.1.0"}}, "its compiler was gcc (Debian 12.2.0) 12.2.0"),
        ({"order": {"passes": 4}}, "trained by `-m suites.training --passes 3`"),
    ],
)
def test_what_is_built_already_says_what_it_was_made_of_where_that_is_not_what_is_asked(
    bench: Bench, gcc: Compiler, changed: dict[str, dict[str, Any]], told: str
) -> None:
    """The name holds version and variant: a patched source would pass for the plain one without a word."""
    first = make(bench, gcc, "pgo-trained")
    make(bench, gcc, "pgo-trained")
    assert "not as asked" not in " ".join(bench.said)
    bench.source = replace(bench.source, **changed.get("source", {}))
    gcc = replace(gcc, **changed.get("compiler", {}))
    order = replace(bench.order("pgo-trained"), **changed.get("order", {}))
    assert build(order, bench.source, gcc, bench.shop()) == first
    assert told in bench.said[-1]
    assert "`remove 3.13.99-pgo-trained`" in bench.said[-1]


def test_a_compiler_that_was_named_is_in_the_name_and_has_an_instrumented_tree_of_its_own(
    bench: Bench, gcc: Compiler
) -> None:
    make(bench, gcc, "pgo")
    assert make(bench, gcc, "pgo", compiler="/usr/bin/gcc-13").name == "3.13.99-pgo.gcc-13"
    trees = {path.name for path in bench.layout.trees.iterdir()}
    assert {"3.13.99-instrumented", "3.13.99-instrumented.gcc-13"} <= trees


def test_what_is_built_is_not_built_again(bench: Bench, gcc: Compiler) -> None:
    first = make(bench, gcc, "pgo")
    count = len(bench.commands)
    assert make(bench, gcc, "pgo") == first
    assert len(bench.commands) == count


def test_the_rehearsal_is_one_pass_and_its_counters_are_thrown_away(bench: Bench, gcc: Compiler) -> None:
    make(bench, gcc, "pgo-trained")
    runs = [command[-1] for command in bench.commands if "--passes" in command]
    assert runs == ["1", "3"]
    assert "--passes 1" not in (bench.layout.trees / "3.13.99-pgo-trained" / "made").read_text()
    assert not list(bench.layout.profiles.glob("*/scrap"))


@pytest.mark.parametrize("variant", ["plain", "pgo-both"])
def test_wherever_a_build_is_interrupted_nothing_looks_whole_and_the_next_goes_on(
    bench: Bench, gcc: Compiler, variant: str
) -> None:
    """Interrupt before the first command, then before the second, ... until a build gets through."""
    finished: list[tuple[str, ...]] = []
    for _ in range(20):
        seen: list[tuple[str, ...]] = []

        def interrupt(argv: Sequence[str], seen: list[tuple[str, ...]] = seen) -> None:
            if seen:
                raise KeyboardInterrupt
            seen.append(tuple(argv))

        bench.before = interrupt
        try:
            manifest = make(bench, gcc, variant)
            break
        except KeyboardInterrupt:
            finished += seen
            assert built(bench.layout.interpreters) == ([], [])
    else:
        pytest.fail("it never got further")
    assert manifest.name == f"3.13.99-{variant}"
    assert len(finished) == len(set(finished)) == {"plain": 2, "pgo-both": 7}[variant]


def test_a_failed_make_leaves_no_interpreter_and_the_next_build_goes_on_from_it(
    bench: Bench, gcc: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = bench.source.folder / "python.sh"
    text = broken.read_text()
    broken.unlink()
    with pytest.raises(TailgateError, match=r"python\.sh"):
        make(bench, gcc, "plain")
    assert built(bench.layout.interpreters) == ([], [])
    broken.write_text(text)
    broken.chmod(0o755)
    make(bench, gcc, "plain")
    assert len(configured(bench)) == 1


def test_a_half_made_install_is_replaced(bench: Bench, gcc: Compiler) -> None:
    folder = bench.layout.interpreters / "3.13.99-plain"
    staging = bench.layout.interpreters / ".3.13.99-plain.part"
    stale = staging / folder.relative_to(folder.anchor) / "lib" / "of-an-older-try"
    stale.mkdir(parents=True)
    make(bench, gcc, "plain")
    assert not staging.exists()
    assert not (folder / "lib").exists()


@pytest.mark.parametrize(
    ("fact", "message"),
    [
        ('"absent": ["ssl"]', "built without ssl"),
        ('"gil": false', "lacks the GIL"),
    ],
)
def test_an_interpreter_that_is_not_what_it_should_be_is_not_given_its_name(
    bench: Bench, gcc: Compiler, fact: str, message: str
) -> None:
    script = bench.source.folder / "python.sh"
    default = '"absent": []' if "absent" in fact else '"gil": true'
    script.write_text(script.read_text().replace(default, fact))
    with pytest.raises(TailgateError, match=message):
        make(bench, gcc, "plain")
    assert built(bench.layout.interpreters) == ([], [])


def test_an_interpreter_that_does_not_start_is_not_given_its_name(bench: Bench, gcc: Compiler) -> None:
    (bench.source.folder / "python.sh").write_text("#!/bin/sh\necho no such library >&2; exit 127\n")
    with pytest.raises(TailgateError, match="does not run: no such library"):
        make(bench, gcc, "plain")
    assert built(bench.layout.interpreters) == ([], [])


def test_a_training_that_leaves_no_counters_is_an_error(bench: Bench, gcc: Compiler) -> None:
    script = bench.source.folder / "python.sh"
    script.write_text(script.read_text().replace("GCOV_PREFIX", "ELSEWHERE"))
    with pytest.raises(TailgateError, match="the training left none"):
        make(bench, gcc, "pgo")


def test_a_folder_that_no_build_made_is_not_touched(bench: Bench, gcc: Compiler) -> None:
    foreign = bench.layout.interpreters / "3.13.99-plain" / "mine"
    foreign.mkdir(parents=True)
    with pytest.raises(TailgateError, match="no build made it"):
        make(bench, gcc, "plain")
    assert foreign.exists()


@pytest.mark.parametrize("kind", ["a file", "in a file"])
def test_a_cache_that_cannot_be_written_is_said_to_be_one(tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").touch()
    cache = tmp_path / "file" / ("cache" if kind == "in a file" else "")
    with pytest.raises(TailgateError, match="cannot be written"), exclusive(cache / "build.lock"):
        pytest.fail("there is no such folder")


KILLED = """
import os, sys
from pathlib import Path
from scripts.interpreters.commands import LoggedRunner
from scripts.interpreters.shop import exclusive
with exclusive(Path(sys.argv[1])):
    make = ["sh", "-c", "trap '' HUP TERM; echo $$ > started.new; mv started.new started; exec sleep 60"]
    LoggedRunner(print)(make, cwd=Path(sys.argv[2]), env=dict(os.environ), log=Path(sys.argv[2]) / "log")
"""


def test_what_a_killed_build_left_running_keeps_others_out(tmp_path: Path) -> None:
    """After kill -9 of the script its make goes on writing into the tree: a second make there would spoil both."""
    lock, started = tmp_path / "build.lock", tmp_path / "started"
    script = subprocess.Popen([sys.executable, "-c", KILLED, str(lock), str(tmp_path)], cwd=ROOT)
    while not started.exists():
        assert script.poll() is None
        time.sleep(0.01)
    script.kill()
    script.wait()
    make_pid = int(started.read_text())
    try:
        with pytest.raises(TailgateError, match="left running"), exclusive(lock):
            pytest.fail("two at once")
    finally:
        handle = os.pidfd_open(make_pid)
        os.kill(make_pid, signal.SIGKILL)
        select.select([handle], [], [], 30)
        os.close(handle)
    with exclusive(lock):
        pass


def test_what_is_missing_is_said_before_anything_is_fetched(bench: Bench) -> None:
    bench.machine.absent_headers = frozenset({"ffi.h"})
    with pytest.raises(TailgateError, match="apt-get install libffi-dev"):
        check(bench.order("pgo"), "3.13", bench.shop())
    assert bench.commands == []


def test_a_checkout_without_the_training_is_refused_before_anything_is_built(bench: Bench) -> None:
    (bench.checkout / "suites" / "training.py").unlink()
    with pytest.raises(TailgateError, match=r"no suites/training\.py"):
        check(bench.order("pgo-both"), "3.13", bench.shop())
    check(bench.order("pgo"), "3.13", bench.shop())


def test_a_compiler_that_is_not_there_is_named(bench: Bench) -> None:
    with pytest.raises(TailgateError, match="C compiler"):
        check(bench.order("pgo", compiler="icc"), "3.13", bench.shop())


def test_removing_the_work_keeps_the_interpreters_and_the_tarballs(bench: Bench, gcc: Compiler) -> None:
    make(bench, gcc, "pgo")
    bench.layout.sources.mkdir()
    tarball = bench.layout.sources / "Python.tar.xz"
    tarball.touch()
    (bench.layout.sources / "abc").mkdir()
    remove_work(bench.layout)
    assert [m.name for m in built(bench.layout.interpreters)[0]] == ["3.13.99-pgo"]
    assert list(bench.layout.sources.iterdir()) == [tarball]
    assert not list(bench.layout.trees.iterdir())


def test_an_interpreter_whose_removal_was_cut_short_is_none_any_more(
    bench: Bench, gcc: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(bench, gcc, "plain")

    def cut(path: Path, **_named: object) -> None:
        if any(path.iterdir()):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda path, **named: cut(path, **named) if path.exists() else None)
        with pytest.raises(KeyboardInterrupt):
            remove_names(bench.layout, ["3.13.99-plain"])
    assert built(bench.layout.interpreters) == ([], [])
    assert not (bench.layout.interpreters / "3.13.99-plain").exists()
    assert make(bench, gcc, "plain").name == "3.13.99-plain"
    remove_work(bench.layout)
    assert [path.name for path in bench.layout.interpreters.iterdir()] == ["3.13.99-plain"]


@pytest.mark.parametrize("name", ["nothing", "../trees", ""])
def test_only_interpreters_are_removed_by_name(bench: Bench, gcc: Compiler, name: str) -> None:
    make(bench, gcc, "plain")
    with pytest.raises(TailgateError, match="no interpreter of this cache"):
        remove_names(bench.layout, ["3.13.99-plain", name])
    assert len(built(bench.layout.interpreters)[0]) == 1
