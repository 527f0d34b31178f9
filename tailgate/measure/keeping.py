"""What a worker leaves behind of a benchmark: the raw samples, and one pyperf run with the histograms inside."""

from __future__ import annotations

import resource
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tailgate.measure.recorder import minima, without_switches
from tailgate.measure.task import WARMUPS
from tailgate.results import histogram, schema

if TYPE_CHECKING:
    from tailgate.measure.clock import HarnessOverhead
    from tailgate.measure.task import Task


def keep(task: Task, overhead: HarnessOverhead | None, gil: str) -> None:
    """Write the samples of the passes that count, where the turns began, and the run where the job asks for one."""
    samples, rows, edges = task.job.samples, task.rows[WARMUPS:], task.edges[WARMUPS:]
    with Path(samples).open("wb") as out:
        for row in rows:
            row.tofile(out)
    with Path(f"{samples}.edges").open("w") as text:
        text.writelines(" ".join(map(str, each)) + "\n" for each in edges)
    if task.observer is not None:
        task.observer.write(samples, task.workload, task.operations)
        if task.workload.stages:
            with Path(f"{samples}.stages").open("wb") as out:
                array("q", (each for stages in task.stage_durations for each in stages)).tofile(out)
    if task.job.record and overhead is not None:
        _write_run(task, task.driver.overhead(overhead), gil)


def _write_run(task: Task, overhead: HarnessOverhead, gil: str) -> None:
    """Write one pyperf run: a value a pass, the mean of its samples; the metadata of the machine are pyperf's own."""
    import pyperf  # noqa: PLC0415  a tenth of a second, and only a bench keeps its runs

    operations, passes = task.operations, [sum(row) * 1e-9 / task.operations for row in task.rows]
    rows, kept = task.rows[WARMUPS:], array("q")
    for row, each in zip(rows, task.edges[WARMUPS:], strict=True):
        kept.extend(without_switches(row, each, task.spec.discard, operations))
    metadata: dict[str, Any] = {
        "name": task.job.benchmark,
        "unit": "second",
        "loops": 1,
        "inner_loops": operations,
        "timer": "time.perf_counter_ns()",
        schema.VERSION: schema.SCHEMA,
        schema.HISTOGRAM: histogram.encode(histogram.fill(kept)),
        schema.REPRODUCIBLE: histogram.encode(histogram.fill(minima(rows, operations))),
        schema.FIRST_PASS: histogram.encode(histogram.fill(task.first_pass[:operations])),
        **({schema.DIGEST: task.digest} if task.digest else {}),
        schema.OPERATIONS: operations,
        schema.TAPE: len(task.workload.inputs),
        schema.PASSES: len(rows),
        schema.EXCLUDED: operations * len(rows) - len(kept),
        schema.FLOOR_INSIDE: overhead.inside_ns,
        schema.FLOOR_TOTAL: overhead.total_ns,
        schema.CLOCK: overhead.clock_ns,
        schema.PEAK_RSS: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        schema.GIL: gil,
        **task.counted,
    }
    for number, stage in enumerate(task.workload.stages):
        durations = (each[number] for each in task.stage_durations)
        metadata[schema.STAGES + stage] = histogram.encode(histogram.fill(durations))
    run = pyperf.Run(passes[WARMUPS:], [(1, value) for value in passes[:WARMUPS]], metadata)
    pyperf.Benchmark([run]).dump(task.job.record, replace=True)
