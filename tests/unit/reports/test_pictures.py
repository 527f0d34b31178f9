from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import given

pytest.importorskip("matplotlib", reason="the pictures are matplotlib's")

from tailgate.documents.comparison import Shift
from tailgate.errors import TailgateError
from tailgate.report.bench import write
from tailgate.report.pictures import apart
from tailgate.report.scale import LogScale, log_scale, tick_duration
from tailgate.report.shift import draw, ends_of

if TYPE_CHECKING:
    from pathlib import Path

heights = st.lists(st.floats(0, 1), min_size=1, max_size=12).map(sorted)


@given(heights)
def test_names_stand_apart_in_their_order(ends: list[float]) -> None:
    placed = apart(ends, 0.08)
    assert all(b - a > 0.08 - 1e-9 for a, b in itertools.pairwise(placed))
    assert placed[0] >= -1e-9
    assert placed[-1] <= max(1.0, 0.08 * (len(ends) - 1)) + 1e-9


def test_names_with_room_stay_where_they_are() -> None:
    assert apart([0.1, 0.5, 0.9], 0.1) == pytest.approx([0.1, 0.5, 0.9])


def test_names_at_one_place_share_the_move() -> None:
    assert apart([0.5, 0.5], 0.1) == pytest.approx([0.45, 0.55])


@given(st.floats(1, 1e6), st.floats(1.01, 1e6), st.floats(0, 1))
def test_scale_puts_values_in_order_between_its_ends(low: float, span: float, share: float) -> None:
    scale = LogScale(low, low * span)
    value = low * span**share
    assert scale.at(low) == 0
    assert scale.at(low * span) == 1
    assert scale.at(value) == pytest.approx(share, abs=1e-6)


def test_scale_of_many_decades_labels_decades_only() -> None:
    labels = [tick.label for tick in log_scale([100, 1e9]).ticks(tick_duration)]
    assert labels == ["100 ns", "1 \u00b5s", "10 \u00b5s", "100 \u00b5s", "1 ms", "10 ms", "100 ms", "1 s"]


def test_bench_writes_a_picture_a_group_and_the_page_shows_them(build: Path) -> None:
    written = write(build / "bench")
    names = {path.name for path in written}
    groups = ("decode", "book@read_every=1", "codec@direction=encode,message=market", "pipeline")
    assert names == {"report.md", "report.html"} | {f"curves-{g}.{kind}" for g in groups for kind in ("png", "svg")}
    assert all(path.is_file() for path in written)
    page = (build / "bench" / "report.md").read_text(encoding="utf-8")
    assert page.count("(curves-") == len(groups)
    assert (build / "bench" / "curves-decode.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_run_gives_the_same_pictures(build: Path) -> None:
    names = ("curves-decode.png", "curves-decode.svg")
    write(build / "bench")
    first = [(build / "bench" / name).read_bytes() for name in names]
    write(build / "bench")
    assert [(build / "bench" / name).read_bytes() for name in names] == first


def test_interrupted_run_is_said_to_be_one(build: Path) -> None:
    (build / "bench" / "run.json").unlink()
    write(build / "bench")
    assert "was the run interrupted?" in (build / "bench" / "report.md").read_text(encoding="utf-8")


def test_shift_is_drawn_beside_the_duel(build: Path) -> None:
    assert [path.name for path in draw(build / "duel" / "duel.json")] == ["shift.png", "shift.svg"]
    assert "book/near-window against book/bisect: faster" in (build / "duel" / "shift.svg").read_text(encoding="utf-8")


def test_an_end_that_is_not_bounded_takes_no_part_in_the_axis() -> None:
    assert ends_of([Shift(0.1, None, 0.2)]) == [0.0, 0.1, 0.2]


@pytest.mark.parametrize("text", ["{}", "not JSON", '{"shifts": [{}]}'])
def test_damaged_duel_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "duel.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TailgateError, match=r"duel\.json is (damaged|no result file)"):
        draw(path)
