"""Stacks: what is inside of operations, own weights, the common files, and how foreign files are read."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from tailgate.profilers.flame import flame_graph
from tailgate.profilers.perf import read_script
from tailgate.profilers.places import Frame
from tailgate.profilers.sampling import read_collapsed
from tailgate.profilers.stacks import (
    by_function,
    collapsed,
    hottest,
    inside,
    read_speedscope,
    share_inside,
    write_speedscope,
)

if TYPE_CHECKING:
    from pathlib import Path

LOOP = Frame("run_over", "/checkout/tailgate/profilers/target.py", 95)
MAIN = Frame("main", "/checkout/tailgate/profilers/target.py", 140)
APPLY, TOP, COMPARE = (
    Frame(name, "/checkout/book/heap.py", line) for name, line in (("apply", 3), ("top", 9), ("lt", 7))
)
SHORT = {each: each._replace(file="book/heap.py") for each in (APPLY, TOP, COMPARE)}

FRAMES = st.sampled_from([Frame(name, "book.py", line) for name in "abc" for line in (1, 2)])
STACKS = st.dictionaries(st.lists(FRAMES, min_size=1, max_size=5).map(tuple), st.integers(1, 1000), min_size=1)


def test_what_is_outside_of_operations_is_left_out() -> None:
    stacks = [
        ([MAIN, LOOP, APPLY, COMPARE], 3.0),
        ([MAIN, LOOP], 1.0),
        ([MAIN, Frame("prepare", "/checkout/suite.py", 4)], 50.0),
    ]
    kept = inside(stacks, ("/checkout",))
    assert kept[SHORT[APPLY], SHORT[COMPARE]] == 3.0
    assert sum(kept.values()) == 4.0
    assert share_inside(kept, stacks) == "7 % of all"
    assert share_inside({}, []) == "0 % of all"


def test_own_weight_is_the_innermost_line_s() -> None:
    stacks = {(APPLY, COMPARE): 3.0, (APPLY,): 1.0, (TOP, COMPARE): 1.0}
    assert [(hot.frame, hot.share) for hot in hottest(stacks)] == [(COMPARE, 0.8), (APPLY, 0.2)]


def test_a_recursive_function_counts_once_in_a_stack() -> None:
    stacks = {(APPLY, APPLY, COMPARE): 1.0, (TOP,): 1.0}
    assert by_function(stacks)["apply", APPLY.file] == 0.5


@given(STACKS)
def test_a_speedscope_file_gives_back_the_stacks(stacks: dict[tuple[Frame, ...], int]) -> None:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = write_speedscope(stacks, "ns", "any", Path(folder, "x.json"))
        plain = json.loads(path.read_text())
    back = {tuple(stack): weight for stack, weight in read_speedscope(plain)}
    assert back == stacks
    assert plain["profiles"][0]["endValue"] == sum(stacks.values())


def test_collapsed_lines_add_up_what_reads_alike() -> None:
    assert collapsed({(APPLY, TOP): 2.0, (COMPARE,): 0.2}) == (
        "apply (/checkout/book/heap.py:3);top (/checkout/book/heap.py:9) 2\n"
    )


@given(STACKS, STACKS)
def test_a_flame_graph_is_well_formed_and_its_boxes_lie_within_their_callers(
    stacks: dict[tuple[Frame, ...], int], base: dict[tuple[Frame, ...], int]
) -> None:
    root = ET.fromstring(flame_graph("a <title> & more", stacks, base))
    boxes = list(root.iter("{http://www.w3.org/2000/svg}rect"))[1:]
    spans: dict[float, list[tuple[float, float]]] = {}
    for box in boxes:
        left, width = float(box.attrib["x"]), float(box.attrib["width"])
        spans.setdefault(float(box.attrib["y"]), []).append((left, left + width))
    rows = [spans[y] for y in sorted(spans)]
    assert rows[0] == [(0.0, 1200.0)]
    for outer, inner in itertools.pairwise(rows):
        assert all(any(a - 0.1 <= left and right <= b + 0.1 for a, b in outer) for left, right in inner)


def test_a_difference_says_what_has_grown(tmp_path: Path) -> None:
    text = flame_graph("x", {(APPLY,): 3.0, (TOP,): 1.0}, {(APPLY,): 1.0, (TOP,): 1.0})
    assert "apply (/checkout/book/heap.py): 75.00 %, +25.00 points" in text
    assert "top (/checkout/book/heap.py): 25.00 %, -25.00 points" in text


def test_perf_s_text_becomes_stacks_without_the_interpreter_calling_itself() -> None:
    text = """
python  7822/7822   4004.895777: cpu-clock:
\t          11bee2 list_dealloc (/usr/lib/libpython3.13.so.1.0)
\t           8f5fa _PyEval_EvalFrameDefault (/usr/lib/libpython3.13.so.1.0)
\t              85 py::BisectBook.apply:/checkout/book/bisect.py (/tmp/jitted-7822-214.so)
\t          2bc5f0 py_trampoline_evaluator (/usr/lib/libpython3.13.so.1.0)
\t              85 py::run_over:/checkout/tailgate/profilers/target.py (/tmp/jitted-7822-213.so)
\t            1080 _start (/usr/bin/python3.13)

python  7822/7822   4004.897781: cpu-clock:
\t              85 py::run_over:/checkout/tailgate/profilers/target.py (/tmp/jitted-7822-213.so)
"""
    stacks = list(read_script(text.splitlines()))
    assert stacks == [
        (
            [
                Frame("run_over", "/checkout/tailgate/profilers/target.py", 0),
                Frame("BisectBook.apply", "/checkout/book/bisect.py", 0),
                Frame("list_dealloc", "libpython3.13.so.1.0", 0),
            ],
            1.0,
        ),
        ([Frame("run_over", "/checkout/tailgate/profilers/target.py", 0)], 1.0),
    ]


def test_collapsed_lines_of_the_standard_library_are_read() -> None:
    lines = ["tid:7;/checkout/tailgate/profilers/target.py:run_over:95;/checkout/book.py:apply:3 17", "", "tid:7 3"]
    assert list(read_collapsed(lines)) == [
        ([LOOP, Frame("apply", "/checkout/book.py", 3)], 17.0),
    ]


def test_files_without_a_folder_are_known_all_the_same() -> None:
    # as CPython 3.15.2 wrote them, but for the frames of runpy in between
    own = "tid:10843;<frozen runpy>:_run_code:87;target.py:main:162;target.py:run_over:108"
    lines = [f"{own};lock_free.py:LockFreeRisk.on_fill:147 411", f"{own} 3", "tid:10843;target.py:main:162 9"]
    assert inside(read_collapsed(lines), ()) == {
        (Frame("LockFreeRisk.on_fill", "lock_free.py", 147),): 411.0,
        (Frame("(the loop, or an operation in C)", "tailgate/profilers/target.py", 0),): 3.0,
    }
