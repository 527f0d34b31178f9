"""The folder is the registry: names, the catalogue, what is missing, what is wrong."""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

import pytest

from implementations import registry
from implementations.registry import (
    PATHS,
    Requires,
    UnavailableError,
    UnknownNameError,
    catalogue,
    check_name,
    command_name,
    load,
    names,
)


def test_the_issues_names_are_there() -> None:
    assert {"json", "orjson", "simdjson", "msgspec"} <= set(names("decode"))
    assert {"json", "orjson", "msgpack", "msgspec-msgpack", "struct"} <= set(names("codec"))
    assert {"heap-rebuild", "heap-lazy", "sorted-dict", "bisect"} <= set(names("book"))
    assert {"lock", "lock-free"} <= set(names("risk"))
    assert {"await-always", "try-first", "aiolimiter"} <= set(names("limiter"))
    assert {"inline", "queue", "simple-queue", "ring"} <= set(names("handoff"))


def test_names_leave_out_the_contract_the_reference_and_helpers() -> None:
    for path in ("decode", "codec"):
        assert not {"contract", "reference"} & set(names(path))
        assert not [name for name in names(path) if name.startswith(("_", "-"))]


def test_a_name_on_the_command_line_is_the_file_with_dashes() -> None:
    assert command_name("msgspec_msgpack") == "msgspec-msgpack"
    assert load("codec", "msgspec-msgpack").factory.__module__ == "implementations.codec.msgspec_msgpack"


@pytest.mark.parametrize("path", ["decode", "handoff", "book", "risk", "limiter", "codec"])
def test_each_file_registers_itself_with_its_source(path: str) -> None:
    for entry in catalogue(path):
        if entry.implementation is not None:
            assert (entry.implementation.path, entry.implementation.name) == (path, entry.name)
            assert entry.implementation.source
        else:
            assert entry.unavailable


@pytest.mark.parametrize("path", ["decode", "handoff", "book", "risk", "limiter", "codec"])
def test_each_path_has_a_reference_that_is_not_in_its_catalogue(path: str) -> None:
    assert load(path, "reference").name == "reference"
    assert "reference" not in {entry.name for entry in catalogue(path)}


@pytest.mark.parametrize(
    ("path", "name", "bottleneck", "fixes"),
    [
        ("decode", "json", "B1", ""),
        ("decode", "msgspec", "", "B1"),
        ("codec", "json", "B8", ""),
        ("codec", "struct", "", "B8"),
        ("book", "heap-rebuild", "B3", ""),
    ],
)
def test_a_bottleneck_and_its_fix_name_the_ledgers_line(path: str, name: str, bottleneck: str, fixes: str) -> None:
    found = load(path, name)
    assert (found.bottleneck, found.fixes) == (bottleneck, fixes)


def test_a_wrong_name_is_told_the_nearest_and_all_right_ones() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'msgspec'") as refusal:
        load("decode", "msgspek")
    for name in names("decode"):
        assert name in str(refusal.value)
    with pytest.raises(UnknownNameError, match="no decode implementation 'contract'"):
        check_name("decode", "contract")
    with pytest.raises(UnknownNameError, match="no decode implementation '_guard'"):
        check_name("decode", "_guard")


def test_a_wrong_path_is_told_the_nearest_and_all_right_ones() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'codec'") as refusal:
        names("codek")
    for path in PATHS:
        assert path in str(refusal.value)


def test_a_missing_package_makes_an_implementation_unavailable_not_the_catalogue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "simdjson", None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "implementations.decode.simdjson", raising=False)
    with pytest.raises(UnavailableError, match="the package simdjson is not installed"):
        load("decode", "simdjson")
    entries = {entry.name: entry for entry in catalogue("decode")}
    assert entries["simdjson"].unavailable == "the package simdjson is not installed"
    assert entries["json"].implementation is not None


def test_loading_one_implementation_imports_no_other(root: Path) -> None:
    import subprocess

    program = (
        "import sys\n"
        "from implementations.registry import load\n"
        "load('decode', 'json')\n"
        "print({'orjson', 'simdjson', 'msgspec'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=root, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Yield a way to put implementations into a `decode` of our own."""
    import implementations.decode

    monkeypatch.setattr(registry, "_ROOT", tmp_path)
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    folder = tmp_path / "decode"
    folder.mkdir()
    monkeypatch.setattr(implementations.decode, "__path__", [str(folder)])

    def write(module: str, text: str) -> None:
        (folder / f"{module}.py").write_text(text)
        monkeypatch.delitem(sys.modules, f"implementations.decode.{module}", raising=False)

    yield write
    for path in folder.glob("*.py"):
        sys.modules.pop(f"implementations.decode.{path.stem}", None)


NEW = """
from implementations.registry import Requires, implementation

@implementation(source="a test"{more})
class New:
    pass
"""


def test_a_new_implementation_is_one_file(package: Any) -> None:
    package("quite_new", NEW.format(more=""))
    assert names("decode") == ("quite-new",)
    assert load("decode", "quite-new").factory.__name__ == "New"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (', requires=Requires(platform="plan9")', "needs plan9, this is"),
        (", requires=Requires(python=(9, 1))", "needs Python 9.1, this is"),
    ],
)
def test_a_requirement_that_is_not_met_is_the_reason(package: Any, more: str, reason: str) -> None:
    package("quite_new", NEW.format(more=more))
    with pytest.raises(UnavailableError, match=reason):
        load("decode", "quite-new")
    assert reason in catalogue("decode")[0].unavailable


def test_a_missing_module_of_ours_is_an_error_not_a_reason(package: Any) -> None:
    package("quite_new", f"import implementations.decode.gone\n{NEW.format(more='')}")
    with pytest.raises(ModuleNotFoundError, match="gone"):
        load("decode", "quite-new")


def test_a_helper_beside_an_implementation_is_not_listed(package: Any, tmp_path: Path) -> None:
    package("quite_new", NEW.format(more=""))
    package("helper", "CONSTANT = 1  # what an implementation( ) needs")
    module = importlib.import_module("_asyncio")  # a file of its own with Debian's Python too, unlike array
    compiled = Path(module.__file__ or "")
    (tmp_path / "decode" / compiled.name).symlink_to(compiled)
    (tmp_path / "decode" / f"scanner{EXTENSION_SUFFIXES[0]}").write_bytes(b"made for another machine")
    assert names("decode") == ("quite-new",)
    assert [entry.name for entry in catalogue("decode")] == ["quite-new"]
    with pytest.raises(UnknownNameError, match="no decode implementation 'helper'"):
        load("decode", "helper")


def test_a_file_that_decorates_nothing_is_the_reason(package: Any) -> None:
    package("quite_new", 'TEXT = """\n@implementation(source="in a text")\n"""')
    (entry,) = catalogue("decode")
    assert (entry.name, entry.implementation) == ("quite-new", None)
    assert "registers no decode implementation" in entry.unavailable


def test_nothing_is_missing_by_default() -> None:
    assert Requires().missing() == ""
    assert Requires(platform=sys.platform).missing() == ""
