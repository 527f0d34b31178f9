"""Places in the code: short paths, and which stage a stack belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tailgate.profilers.places import Frame, shorten, stage_of

if TYPE_CHECKING:
    from pathlib import Path

STAGES = ("decode", "book", "encode")


@pytest.mark.parametrize(
    ("file", "short"),
    [
        ("/home/me/project/book/heap.py", "book/heap.py"),
        ("/home/me/base/book/heap.py", "book/heap.py"),
        ("/home/me/project/.venv/lib/python3.12/site-packages/orjson/__init__.py", "orjson/__init__.py"),
        ("/usr/lib/python3/dist-packages/yaml/loader.py", "yaml/loader.py"),
        ("/usr/lib/python3.13t/json/decoder.py", "json/decoder.py"),
        ("/tmp/tailgate-code-0-0abc/tailgate/profilers/target.py", "tailgate/profilers/target.py"),
        ("<string>", "<string>"),
        ("/home/me/projector/x.py", "/home/me/projector/x.py"),
    ],
)
def test_a_path_is_the_same_wherever_a_revision_is_checked_out(file: str, short: str) -> None:
    assert shorten(file, ("/home/me/base", "/home/me/project/")) == short


@pytest.fixture
def loop(tmp_path: Path) -> str:
    path = tmp_path / "loop.py"
    path.write_text("def on_frame(frame):\n    for message in decode(frame):\n        handle(message)\n")
    return str(path)


def test_the_folder_of_the_innermost_frame_of_the_project_names_the_stage(tmp_path: Path, loop: str) -> None:
    stack = [
        Frame("scan_once", "/usr/lib/python3.11/json/scanner.py", 4),
        Frame("apply", str(tmp_path / "book" / "heap.py"), 3),
        Frame("on_frame", loop, 2),
    ]
    assert stage_of(stack, STAGES, (str(tmp_path),)) == "book"


def test_the_function_names_the_stage_where_the_folder_does_not(tmp_path: Path, loop: str) -> None:
    stack = [Frame("encode_order", str(tmp_path / "codec" / "json.py"), 3), Frame("on_frame", loop, 2)]
    assert stage_of(stack, STAGES, (str(tmp_path),)) == "encode"


def test_code_in_c_has_no_frame_and_the_line_that_calls_it_names_the_stage(tmp_path: Path, loop: str) -> None:
    wrapper = tmp_path / "clocks.py"
    wrapper.write_text("def timed(*arguments):\n    return function(*arguments)\n")
    stack = [Frame("timed", str(wrapper), 2), Frame("on_frame", loop, 2)]
    assert stage_of(stack, STAGES, (str(tmp_path),)) == "decode"


def test_the_loop_itself_is_the_rest_although_a_stage_called_it_back(tmp_path: Path, loop: str) -> None:
    folder = tmp_path / "book"
    folder.mkdir()
    (folder / "ring.py").write_text("def drain(self):\n    handler(item)\n")
    stack = [Frame("handle", loop, 3), Frame("drain", str(folder / "ring.py"), 2)]
    assert stage_of(stack, STAGES, (str(tmp_path),)) == "rest"


def test_a_stack_outside_the_project_is_the_rest() -> None:
    assert stage_of([Frame("decode", "/usr/lib/python3.11/json/decoder.py", 1)], STAGES, ("/home/me",)) == "rest"
