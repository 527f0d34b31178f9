from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from scripts import build_interpreter
from scripts.interpreters.build import build
from scripts.interpreters.layout import Layout, cache_folder, size_bytes
from scripts.interpreters.manifest import FILE
from scripts.interpreters.shop import exclusive
from tailgate.errors import INTERRUPTED, TailgateError
from tests.unit.interpreters.conftest import Bench, FakeMachine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.interpreters.manifest import Manifest
    from scripts.interpreters.toolchain import Compiler

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture(autouse=True)
def _everything_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_interpreter, "ThisMachine", FakeMachine)


def run(layout: Layout, *words: str) -> Result:
    return CliRunner().invoke(build_interpreter.cli, ["--cache", str(layout.cache), *words])


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def main(monkeypatch: pytest.MonkeyPatch, *words: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["build_interpreter.py", *words])
    with pytest.raises(SystemExit) as caught:
        build_interpreter.main()
    return caught.value.code


@needs_make
def test_two_variants_are_built_from_a_tarball_in_one_call(bench: Bench, fake_tarball: Path) -> None:
    result = run(bench.layout, "build", "plain", "pgo", "--release", "3.13.99", "--source", str(fake_tarball))
    assert result.exception is None, result.output
    names = ["3.13.99-pgo", "3.13.99-plain"]
    assert sorted(path.name for path in bench.layout.interpreters.iterdir()) == names
    assert str(bench.layout.interpreters / "3.13.99-pgo" / "bin" / "python3") in result.output


def test_two_at_once_are_refused_before_the_source_is_touched(bench: Bench, fake_tarball: Path) -> None:
    bench.layout.cache.mkdir()
    with exclusive(bench.layout.lock):
        result = run(bench.layout, "build", "plain", "--release", "3.13.99", "--source", str(fake_tarball))
    assert result.exit_code == TailgateError.exit_status
    assert "another build holds" in result.output
    assert not bench.layout.sources.exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_a_fault_of_the_machine_is_an_error_in_two_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, number: int
) -> None:
    def fail(_folder: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(build_interpreter, "built", fail)
    assert main(monkeypatch, "--cache", str(tmp_path), "list") == 2
    assert capsys.readouterr().err.startswith(f"build_interpreter: [Errno {number}]")


def test_all_variants_are_judged_before_the_first_is_built(bench: Bench, fake_tarball: Path) -> None:
    result = run(bench.layout, "build", "plain", "pgo+tailcall", "--source", str(fake_tarball))
    assert result.exit_code == TailgateError.exit_status
    assert not bench.layout.trees.exists()
    assert not bench.layout.sources.exists()


@needs_make
def test_the_list_names_what_is_built_and_what_the_machine_lacks(bench: Bench, gcc: Compiler) -> None:
    build(bench.order("pgo-both"), bench.source, gcc, bench.shop())
    text = run(bench.layout, "list").output
    assert "3.13.99-pgo-both" in text
    assert "cpython + pipeline" in text
    lines = [line.split(None, 2) for line in text.splitlines()]
    assert ["3.14", "each", "base      yes"] in lines
    assert any(line[:2] == ["3.15", "+jit"] and "21, exactly" in line[2] for line in lines if len(line) == 3)


@needs_make
def test_the_list_for_programs_gives_the_manifest_and_the_path(bench: Bench, gcc: Compiler) -> None:
    build(bench.order("plain"), bench.source, gcc, bench.shop())
    (row,) = json.loads(run(bench.layout, "list", "--json").output)
    assert row["schema"] == 1
    assert row["path"] == str(bench.layout.interpreters / "3.13.99-plain" / "bin" / "python3")


@needs_make
@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_damaged_manifest_hides_none_of_the_others(
    bench: Bench,
    gcc: Compiler,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
) -> None:
    build(bench.order("plain"), bench.source, gcc, bench.shop())
    cut, old = (bench.layout.interpreters / name / FILE for name in ("3.13.98-cut", "3.13.98-old"))
    for path, text in ((cut, '{"schema": 1, "na'), (old, '{"schema": 0}')):
        path.parent.mkdir()
        path.write_text(text)
    assert main(monkeypatch, "--cache", str(bench.layout.cache), "list", *words) == 2
    told = capsys.readouterr()
    assert "3.13.99-plain" in told.out
    assert f"{cut} cannot be read" in told.err
    assert f"{old} has schema 0" in told.err
    if words:
        assert [row["name"] for row in json.loads(told.out)] == ["3.13.99-plain"]


@needs_make
def test_show_tells_flags_training_and_the_time_of_each_phase(bench: Bench, gcc: Compiler) -> None:
    build(bench.order("pgo-both"), bench.source, gcc, bench.shop())
    text = run(bench.layout, "show", "3.13.99-pgo-both").output
    for words in ("-fprofile-use", "suites.training --passes 3", "feedc0de", "without orjson", "s in all", gcc.banner):
        assert words in text


@needs_make
def test_remove_removes_what_is_named(bench: Bench, gcc: Compiler) -> None:
    build(bench.order("plain"), bench.source, gcc, bench.shop())
    assert "removed" in run(bench.layout, "remove", "3.13.99-plain", "--work").output
    assert not list(bench.layout.interpreters.iterdir())
    assert not list(bench.layout.trees.iterdir())


def test_an_error_is_one_message_with_the_way_out_and_a_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(monkeypatch, "--cache", str(tmp_path), "build", "pgo+tailcall") == TailgateError.exit_status
    told = capsys.readouterr().err
    assert told.startswith("build_interpreter: pgo+tailcall of CPython 3.13 cannot be built here")
    assert "choose another variant or release" in told


def test_a_wrong_word_is_a_usage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(monkeypatch, "--cache", str(tmp_path), "remove") == 2
    assert main(monkeypatch, "--cache", str(tmp_path), "biuld") == 2


def test_an_interruption_has_the_shells_status_and_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def interrupt(*_words: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(build_interpreter, "built", interrupt)
    assert main(monkeypatch, "--cache", str(tmp_path), "list") == INTERRUPTED
    assert "the same command goes on" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_is_an_interruption(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int) -> None:
    signal.signal(number, lambda *_words: None)  # left alone, it would end these tests
    monkeypatch.setattr(build_interpreter, "built", lambda _folder: signal.raise_signal(number))
    assert main(monkeypatch, "--cache", str(tmp_path), "list") == INTERRUPTED


def test_under_nohup_a_build_survives_its_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def nothing(_folder: Path) -> tuple[list[Manifest], list[TailgateError]]:
        signal.raise_signal(signal.SIGHUP)
        return [], []

    monkeypatch.setattr(build_interpreter, "built", nothing)
    monkeypatch.setattr(build_interpreter, "buildable", lambda _machine: "")
    assert main(monkeypatch, "--cache", str(tmp_path), "list") == 0


def test_two_names_of_one_file_are_counted_once_and_links_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "python3.13t").write_bytes(b"12345")
    (tmp_path / "python3.13").hardlink_to(tmp_path / "python3.13t")
    (tmp_path / "python3").symlink_to("python3.13")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "os.py").write_bytes(b"12")
    assert size_bytes(tmp_path) == 7


def test_the_cache_is_what_was_told_else_the_variable_else_below_home(tmp_path: Path) -> None:
    environ = {"TAILGATE_CACHE": "/elsewhere"}
    assert cache_folder(Path("here"), environ, tmp_path) == Path("here").absolute()
    assert cache_folder(None, environ, tmp_path) == Path("/elsewhere")
    assert cache_folder(None, {}, tmp_path) == tmp_path / ".cache" / "tailgate"


def test_a_capture_trains_by_its_whole_path_and_a_bad_one_ends_before_anything_is_built(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "feed {1}.jsonl").write_text(
        '[{"T":"o","S":"BTC/USD","t":"2024-01-01T00:00:00Z","b":[{"p":1,"s":1}],"a":[{"p":2,"s":1}],"r":true}]\n'
    )
    monkeypatch.chdir(tmp_path)
    *_, option, path = build_interpreter.trained_on("feed {1}.jsonl")
    assert (option, path.format(passes=1)) == ("--capture", str(tmp_path / "feed {1}.jsonl"))
    refused = run(bench.layout, "build", "pgo-trained", "--capture", str(tmp_path / "none.raw"))
    assert isinstance(refused.exception, TailgateError) or "does not exist" in refused.output
    assert not bench.layout.interpreters.exists() or not list(bench.layout.interpreters.iterdir())
