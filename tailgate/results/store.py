"""Writes results: one pyperf suite, replaced atomically after every block, and a .hgrm of each benchmark."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import pyperf

from tailgate.errors import TailgateError
from tailgate.files import replacing, slug
from tailgate.results import histogram, schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

RESULTS: Final = "results.json"


class Store:
    """The folder of one run.

    What an earlier run left goes with the first write: the files named in `stale` and, unless its results are taken
    up, the sidecars of its benchmarks.
    """

    def __init__(self, folder: Path, stale: Sequence[str] = ()) -> None:
        self.folder = folder
        self._stale = tuple(folder / name for name in stale)
        self._runs: dict[str, list[Any]] = {}
        self._changed: dict[str, None] = {}  # since the last write, in order
        self._is_new = True  # nothing was written yet, and nothing taken up

    @property
    def path(self) -> Path:
        """Return where the pyperf suite is."""
        return self.folder / RESULTS

    @property
    def is_empty(self) -> bool:
        """Tell whether no process of any benchmark is known, whatever an earlier run left on disk."""
        return not self._runs

    def resume(self) -> None:
        """Take up what an interrupted run left."""
        self._is_new = False
        if not self.path.is_file():
            return
        for bench in load_pyperf(self.path).get_benchmarks():
            schema.check_version(bench.get_runs()[0].get_metadata(), bench.get_name(), self.path)
            self._runs[bench.get_name()] = bench.get_runs()
            self._changed[bench.get_name()] = None  # it may have been interrupted before its sidecars

    def blocks(self, name: str) -> int:
        """Return how many processes of a benchmark are stored."""
        return len(self._runs.get(name, ()))

    def metadata(self, name: str) -> Mapping[str, Any]:
        """Return the metadata of a benchmark's first process, empty where there is none."""
        return self._runs[name][0].get_metadata() if self.blocks(name) else {}

    def add(self, name: str, pyperf_json: str, metadata: Mapping[str, Any]) -> None:
        """Take one process of a benchmark; nothing is on disk before `write`."""
        bench = pyperf.Benchmark.loads(pyperf_json)
        bench.update_metadata({"name": name, **metadata})
        runs = [*self._runs.get(name, ()), *bench.get_runs()]
        try:
            pyperf.Benchmark(runs)
        except ValueError as error:
            raise TailgateError(
                f"this run of {name} does not belong into {self.path}: {error}",
                hint="resume on the machine and with the interpreter that began it, or leave --resume away",
            ) from error
        self._runs[name] = runs
        self._changed[name] = None

    def write(self) -> None:
        """Replace the suite, and the sidecars of the benchmarks that have changed, by what is known now."""
        stale = [*self._stale, *(self._sidecars_of_before() if self._is_new else ())]
        with replacing(self.path) as temporary:
            pyperf.BenchmarkSuite([pyperf.Benchmark(runs) for runs in self._runs.values()]).dump(str(temporary))
            for path in stale:
                path.unlink(missing_ok=True)
        self._stale, self._is_new = (), False
        for name in self._changed:
            texts = [str(run.get_metadata()[schema.HISTOGRAM]) for run in self._runs[name]]
            merged = histogram.merge(histogram.decode(text) for text in texts)
            with replacing(self.hgrm_path(name)) as temporary:
                temporary.write_text("".join(f"{line}\n" for line in histogram.hgrm_lines(merged)), encoding="ascii")
        self._changed.clear()

    def hgrm_path(self, name: str) -> Path:
        """Return the percentile text of a benchmark, all its processes together."""
        return self.folder / f"{slug(name)}.hgrm"

    def _sidecars_of_before(self) -> Iterator[Path]:
        """Yield the sidecars of the results that stand here; none where they are not ours or cannot be read."""
        with contextlib.suppress(TailgateError):
            for bench in load_pyperf(self.path).get_benchmarks():
                schema.check_version(bench.get_runs()[0].get_metadata(), bench.get_name(), self.path)
                yield self.hgrm_path(bench.get_name())


def load_pyperf(path: Path) -> Any:
    """Read a pyperf suite, or say clearly why not."""
    try:
        return pyperf.BenchmarkSuite.load(str(path))
    except FileNotFoundError:
        raise TailgateError(f"there is no {path}", hint="run `tailgate bench` first") from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise TailgateError(
            f"{path} is no pyperf suite: {error}", hint="was it truncated? run the bench again"
        ) from error
