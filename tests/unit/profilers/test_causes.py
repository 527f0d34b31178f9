"""From events to operations: overlaps, switches, the timer's beat, slow stretches, a sentinel that was not alone."""

from __future__ import annotations

import gc
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailgate.benchmark import Workload
from tailgate.measure import observe
from tailgate.measure.observe import Observer, machine_counters, switch_triples
from tailgate.profilers.causes import causes_of, is_free, overlapped, timer_ticks

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

OUT, PREEMPTED, SWITCH, SAMPLE = 1 << 13, 1 << 14, 14, 9
PERIOD_NS = 4_000_000
NO_GAPS = np.empty((0, 2), np.int64)


@dataclass
class Record:
    """What the functions read of a side's record."""

    samples: NDArray[np.int64]
    observed: dict[str, Any] = field(default_factory=dict)

    def reproducible(self) -> NDArray[np.int64]:
        least: NDArray[np.int64] = self.samples.min(axis=0)
        return least


def record(samples: NDArray[np.int64], gap_ns: int = 100, **observed: Any) -> Any:
    """Lay samples on the clock one behind the other, with a gap between them."""
    flat = samples.ravel()
    starts = np.concatenate(([0], np.cumsum(flat[:-1] + gap_ns))).reshape(samples.shape)
    nothing: dict[str, Any] = {
        "gc": None,
        "switches": None,
        "segments": None,
        "faults": None,
        "labels": None,
        "counters": {},
        "notes": [],
    }
    return Record(samples, {"starts": starts} | nothing | observed)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(0, 600), st.integers(0, 50)), max_size=10),
)
def test_an_event_meets_exactly_the_operations_it_overlaps(steps: list[Any], events: list[Any]) -> None:
    starts, at = [], 0
    ends = []
    for gap, length in steps:
        at += gap + 1
        starts.append(at)
        at += length
        ends.append(at)
    spans = [(begin, begin + length) for begin, length in events]
    expected = [any(start <= f and end >= b for b, f in spans) for start, end in zip(starts, ends, strict=True)]
    begins, finishes = (np.array([span[n] for span in spans], np.int64) for n in (0, 1))
    assert overlapped(np.array(starts), np.array(ends), begins, finishes).tolist() == expected


def test_an_absence_is_the_record_out_and_the_next_one_in() -> None:
    records = [
        (SWITCH, 0, 50),  # back from before the pass: no begin is known
        (SWITCH, OUT, 100),
        (SWITCH, 0, 130),
        (SAMPLE, 0, 140),
        (SWITCH, OUT | PREEMPTED, 200),
        (SWITCH, 0, 260),
        (SWITCH, OUT, 300),
    ]
    assert switch_triples(records) == [100, 130, 0, 200, 260, 1]


def cause(found: list[Any], word: str) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = next(each for each in found if word in each.name).mask
    return mask


def test_each_cause_hits_the_operation_it_fell_into_and_no_other() -> None:
    samples = np.full((2, 100), 1_000, np.int64)
    made = record(samples)
    start = made.observed["starts"]
    inside = 200
    made.observed["gc"] = np.array([[start[1, 40] + inside, start[1, 40] + 2 * inside, 1]])
    made.observed["switches"] = np.array(
        [[start[0, 10] + inside, start[0, 10] + 2 * inside, 1], [start[0, 60] + inside, start[0, 60] + 2 * inside, 0]]
    )
    made.observed["faults"] = np.array([start[1, 99] + inside, start[1, 5] - 50])  # the second between two
    found = causes_of(made, NO_GAPS)
    assert np.argwhere(cause(found, "generation 1")).tolist() == [[1, 40]]
    assert not cause(found, "generation 0").any()
    assert np.argwhere(cause(found, "an involuntary")).tolist() == [[0, 10]]
    assert np.argwhere(cause(found, "a wait of its own")).tolist() == [[0, 60]]
    assert np.argwhere(cause(found, "page fault")).tolist() == [[1, 99]]
    assert np.argwhere(cause(found, "wake"))[:, 1].tolist() == list(range(11, 39))  # 30 µs


def test_what_could_not_be_observed_is_no_cause() -> None:
    names = [each.name for each in causes_of(record(np.full((2, 200), 1_000, np.int64)), NO_GAPS)]
    assert not any(word in name for name in names for word in ("collection", "switch", "fault", "timer", "CPU"))


def beating(hertz: int = 250) -> Any:
    """Delay every operation that a tick at phase 1 ms falls into by 3 µs, and some others anywhere."""
    samples = np.full((5, 20_000), 1_000, np.int64)
    rng = np.random.default_rng(1)
    at = 0
    for index in range(samples.size):
        tick = (at - 1_000_000) // PERIOD_NS != (at + 1_000 - 1_000_000) // PERIOD_NS
        samples.ravel()[index] += 3_000 if tick else 0
        samples.ravel()[index] += 2_000 * (rng.random() < 0.0002)
        at += samples.ravel()[index] + 100
    return record(samples, counters={"timer_interrupts": at * hertz // 1_000_000_000, "time_ns": at})


def test_the_beat_of_the_timer_is_found_from_the_delays_it_causes() -> None:
    made = beating()
    ticks = timer_ticks(made, [])
    assert ticks is not None
    phases = ticks % PERIOD_NS
    assert np.abs(phases - 1_000_000).max() < 5_000
    slower = made.samples - made.reproducible() == 3_000
    hit = cause(causes_of(made, NO_GAPS), "timer")
    assert (hit & slower).sum() >= 0.95 * slower.sum()


@pytest.mark.parametrize("counters", [{}, {"timer_interrupts": 777, "time_ns": 1_000_000_000}])
def test_no_beat_is_claimed_where_no_rate_fits(counters: dict[str, int]) -> None:
    made = beating()
    made.observed["counters"] = counters
    assert timer_ticks(made, []) is None


def test_no_beat_is_claimed_where_delays_do_not_gather() -> None:
    made = beating()
    made.samples[:] = np.where(np.random.default_rng(2).random(made.samples.shape) < 0.01, 5_000, 1_000)
    assert timer_ticks(made, []) is None


def test_a_stretch_is_slow_when_nearly_all_of_it_is() -> None:
    samples = np.full((3, 1_280), 1_000, np.int64)
    samples[1, 256:384] = 1_400
    samples[2, 640] = 90_000  # one alone is no stretch
    mask = cause(causes_of(record(samples), NO_GAPS), "stretch")
    assert np.argwhere(mask).tolist() == [[1, index] for index in range(256, 384)]


def test_a_sentinel_is_heard_only_if_it_had_its_cpu_to_itself() -> None:
    alone = np.array([[0, 60_000], [500_000_000, 500_060_000]])
    crowded = np.array([[0, 4_000_000], [8_000_000, 12_000_000]])
    assert is_free(alone)
    assert not is_free(crowded)
    once = np.array([[0, 0], [10_000, 70_000], [10**9, 10**9]])  # begin and end of the watch beside its only gap
    assert is_free(once)
    samples = np.full((1, 1_000), 1_000, np.int64)
    assert cause(causes_of(record(samples), alone), "another CPU").any()
    assert not any("another CPU" in each.name for each in causes_of(record(samples), crowded))


def test_the_machine_s_counters_are_those_of_the_worker_s_cpu(tmp_path: Path) -> None:
    interrupts, stat = tmp_path / "interrupts", tmp_path / "stat"
    interrupts.write_text("           CPU0       CPU1\n LOC:      11     22   Local timer interrupts\n")
    stat.write_text("cpu  1 0 0 0 0 0 0 9 0 0\ncpu0 1 0 0 0 0 0 0 4 0 0\ncpu1 1 0 0 0 0 0 0 5 0 0\n")
    found = machine_counters(1, interrupts, stat)
    assert found["timer_interrupts"] == 22
    assert found["stolen_ns"] == 50_000_000
    assert machine_counters(None, interrupts, stat)["stolen_ns"] == 90_000_000
    interrupts.write_text(
        "           CPU0       CPU2       CPU10\n LOC:      11     33     44   Local timer interrupts\n"
    )
    stat.write_text("cpu  1 0 0 0 0 0 0 9 0 0\ncpu2 1 0 0 0 0 0 0 5 0 0\n")
    assert machine_counters(2, interrupts, stat)["timer_interrupts"] == 33  # CPU 1 is offline and has no column
    hidden = machine_counters(1, tmp_path / "absent", stat)
    assert "timer_interrupts" not in hidden
    assert hidden["involuntary_switches"] >= 0


def test_a_kernel_that_refuses_events_is_told_and_the_rest_is_observed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tailgate.measure.observe.platform.machine", lambda: "abacus")
    observer = Observer(("gc", "switches", "faults"), None)
    assert [note.split(" ")[0] for note in observer.notes] == ["switches", "faults", "a"]
    assert "perf_event_open" in observer.notes[0]
    assert "the longest delay of the segment" in observer.notes[2]


def test_switches_that_were_only_counted_are_put_on_the_longest_delays_of_their_segment() -> None:
    samples = np.full((2, 300), 1_000, np.int64)
    samples[1, [10, 50, 250]] = 900_000, 40_000, 700_000
    samples[0, 120] = 3_000  # too short for a switch
    counted = record(samples, segments=np.array([[1, 0, 100, 1], [1, 100, 200, 1], [1, 200, 300, 1], [0, 100, 200, 1]]))
    assert np.argwhere(cause(causes_of(counted, NO_GAPS), "an involuntary")).tolist() == [[1, 10], [1, 250]]


def test_an_observer_counts_switches_by_segment_where_they_cannot_be_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tailgate.measure.observe.platform.machine", lambda: "abacus")
    counts = iter([5, 5, 5, 7])
    monkeypatch.setattr("tailgate.measure.observe._involuntary", lambda: next(counts))
    observer = Observer(("switches",), None)
    observer.begin(20, kept=True)
    row = array("q", bytes(8 * 20))
    observer.replay(abs, range(20), row, 0, 10)
    observer.replay(abs, range(20), row, 10, 20)
    observer.end()
    assert observer._segments == [0, 10, 20, 2]
    assert list(observer.starts) == sorted(observer.starts)
    assert all(row)


def test_collections_that_found_no_room_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(observe, "_MOST_COLLECTIONS", 2)
    workload = Workload([1], lambda: lambda _: None)
    for number, told in ((1, False), (3, True)):
        observer = Observer((observe.GC,), None)
        observer.begin(1, kept=True)
        for _ in range(number):
            gc.collect()
        observer.end()
        observer.write(str(tmp_path / "run"), workload, 1)
        assert any("no room" in note for note in observer.notes) is told
