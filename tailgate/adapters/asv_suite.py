"""asv's benchmarks, found and set up by asv's own runner (package asv_runner)."""

from __future__ import annotations

import importlib
import itertools
import pickle
import re
import sys
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from asv_runner.discovery import disc_benchmarks, get_benchmark_from_name, update_sys_path

from tailgate.adapters import without_twins
from tailgate.adapters.repeated import repeated
from tailgate.benchmark import Benchmark, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tailgate.benchmark import Workload

_COUNTED = "it counts ({kind}) and times nothing: the gate holds it beside the timed ones"


def collect(target: str, home: Path, only: str) -> list[Benchmark]:
    """Return the benchmarks of the package in the folder `target`, by asv's names: `module.Class.time_x(1, 'a')`.

    With `only`, no more than its own module is imported. A module that cannot be is named with the reason.
    """
    root = (home / target).resolve()
    _make_importable(home, root)
    if only and (bench := _at_once(root, only.partition("(")[0])) is not None:
        return [each for each in _cases(bench) if each.name == only]
    found = list(disc_benchmarks(str(root), ignore_import_errors=True))
    return without_twins([case for bench in found for case in _cases(bench)]) + ([] if only else list(_broken(root)))


@cache
def _make_importable(home: Path, root: Path) -> None:
    """Put the home on the path, and let asv's own importer find the package, however deep below it lies."""
    if str(home) not in sys.path:
        sys.path.insert(0, str(home))
    update_sys_path(str(root))


def _at_once(root: Path, name: str) -> Any:
    """Return a benchmark from the module that its name begins with, made anew; None where only a look round tells."""
    before = list(sys.meta_path)
    try:
        bench = get_benchmark_from_name(str(root), name)
    except Exception:  # noqa: BLE001  of other modules, too; who looks round says what is wrong
        return None
    finally:
        sys.meta_path[:] = before  # each call adds an importer, and every import of an operation would pass them all
    return bench if bench.name == name else None


def _broken(root: Path) -> Iterator[Benchmark]:
    """Yield the modules of a package that cannot be imported, each with the reason."""
    for path in sorted(root.rglob("*.py")):
        folders = [each for each in path.parents if each.is_relative_to(root)]
        if path.name == "__init__.py" or any(not (each / "__init__.py").is_file() for each in folders):
            continue
        name = ".".join(path.relative_to(root).with_suffix("").parts)
        try:
            importlib.import_module(f"{root.name}.{name}")
        except BaseException as error:  # noqa: BLE001  asv's runner goes on behind a SystemExit, too
            why = f"it cannot be imported: {type(error).__name__}: {error}"
            yield Benchmark(name, "", partial(_cannot, why), label=name, check=partial(str, why))


def _cannot(why: str, _settings: Mapping[str, Any]) -> Workload:
    raise UnavailableError(why)


def _cases(bench: Any) -> list[Benchmark]:
    why = "" if bench.type == "time" else _COUNTED.format(kind=bench.type)
    module, _, name = bench.name.partition(".")
    if not bench.params:
        return [_named(module, name, bench, None, why)]
    texts = itertools.product(*bench.params)
    return [_named(module, f"{name}({', '.join(text)})", bench, index, why) for index, text in enumerate(texts)]


def _named(module: str, name: str, bench: Any, index: int | None, why: str) -> Benchmark:
    label = re.sub(r"\s+", " ", f"{module}.{name}")
    counts = f"{bench.type} ({bench.unit})" if why else ""
    return Benchmark(module, name, partial(_prepare, bench, index), label=label, check=lambda: why, counts=counts)


def _prepare(bench: Any, index: int | None, _settings: Mapping[str, Any]) -> Workload:
    if index is not None:
        bench.set_param_idx(index)
    if bench.setup_cache_key is not None:
        bench.set_cache(_made_once(bench))
    if bench.do_setup():
        raise UnavailableError("its setup says that it does not apply here (NotImplementedError, or skip_params)")
    if bench.type != "time":
        return repeated(lambda _: bench.do_run(), close=bench.do_teardown)
    bench._load_vars()  # noqa: SLF001  asv's runner has no other way to read number, and the warm-up that goes with it
    arguments = bench._build_params()  # noqa: SLF001  likewise: the cache's value, then the parameters
    if "timeraw" in type(bench).__name__.lower():
        timer = bench._get_timer(*arguments)  # noqa: SLF001  likewise: it starts a fresh interpreter
        return repeated(lambda _: timer.timeit(1), drive="reported", close=bench.do_teardown)
    function = bench.func
    before = partial(_again, bench) if bench.number == 1 else None  # asv sets up anew before each call then
    return repeated(lambda _: function(*arguments), before=before, close=bench.do_teardown)


_caches: dict[str, bytes] = {}


def _made_once(bench: Any) -> Any:
    """Return what setup_cache made, a copy for each benchmark, as asv gives each the pickled one."""
    key: str = bench.setup_cache_key
    if key not in _caches:
        _caches[key] = pickle.dumps(bench.do_setup_cache())
    return pickle.loads(_caches[key])  # noqa: S301  written a line above, in this process


def _again(bench: Any) -> None:
    bench.do_teardown()
    bench.do_setup()
