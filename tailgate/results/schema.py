"""The names of what we add to a pyperf run, and the version of their meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA: Final = 1
"""Raised when a key changes its meaning; a reader refuses versions it does not know."""

PREFIX: Final = "tailgate_"
VERSION: Final = "tailgate_schema"
HISTOGRAM: Final = "tailgate_histogram"  # raw samples of all measured passes, base64 HdrHistogram
REPRODUCIBLE: Final = "tailgate_reproducible_histogram"  # the least duration of each operation over the passes
FIRST_PASS: Final = "tailgate_first_pass_histogram"  # noqa: S105  the cold pass, before any other
STAGES: Final = "tailgate_stage_histogram_"  # + the name of the stage
DIGEST: Final = "tailgate_digest"  # of the answers
OPERATIONS: Final = "tailgate_operations"  # per pass
TAPE: Final = "tailgate_tape_operations"  # on the whole tape, of which OPERATIONS were replayed
ASKED: Final = "tailgate_operations_asked"  # of the tape at most, whatever the budget of time left of them; 0: all
PASSES: Final = "tailgate_passes"
EXCLUDED: Final = "tailgate_excluded_samples"  # kept out, because the turn had just changed
FLOOR_INSIDE: Final = "tailgate_floor_inside_ns"
FLOOR_TOTAL: Final = "tailgate_floor_total_ns"
CLOCK: Final = "tailgate_clock_read_ns"
PEAK_RSS: Final = "tailgate_peak_rss_bytes"
COLLECTIONS: Final = "tailgate_gc_collections"  # during the measured passes
SWITCHES: Final = "tailgate_involuntary_switches"
FAULTS: Final = "tailgate_page_faults"
GROUP: Final = "tailgate_group"
PATH: Final = "tailgate_path"
IMPLEMENTATION: Final = "tailgate_implementation"
ROLE: Final = "tailgate_role"
BLOCK: Final = "tailgate_block"
SETTINGS: Final = "tailgate_settings"
MACHINE: Final = "tailgate_machine_"  # + one condition
GIL: Final = "tailgate_gil"

FACTS: Final[Mapping[str, str]] = {
    "cpu_model_name": "CPU",
    "cpu_count": "CPUs",
    "cpu_affinity": "measured on CPU",
    "platform": "system",
    "python_version": "Python",
    "python_compiler": "compiler",
    "python_cflags": "flags",
    GIL: "GIL",
    "timer": "clock",
    "aslr": "address layout",
    "perf_version": "pyperf",
}
"""The metadata that a page tells of machine and interpreter, most of it pyperf's, and the words for it."""


def check_version(metadata: Mapping[str, Any], name: str, path: Path) -> None:
    """Refuse a benchmark that this version cannot read, with the reason."""
    version = metadata.get(VERSION)
    if version is None:
        raise TailgateError(
            f"{path} is a pyperf file, but {name} holds no percentiles: it was not written by tailgate",
            hint="make one with `tailgate bench`",
        )
    if version != SCHEMA:
        raise TailgateError(
            f"{path} has results of schema {version}, this tailgate reads schema {SCHEMA}",
            hint="run the bench again, or read the file with the tailgate that wrote it",
        )
