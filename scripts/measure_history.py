"""Fill a history with 1,000 commits of 200 benchmarks, and measure what it costs: milliseconds, megabytes.

    python scripts/measure_history.py                                   in a temporary folder, SQLite
    python scripts/measure_history.py page                              the page of it, in Chromium
    python scripts/measure_history.py all --keep /tmp/history.sqlite3   fill that file, or go on with what it holds
    python scripts/measure_history.py --commits 100 --benchmarks 20     smaller
    python scripts/measure_history.py --url postgresql+psycopg://...    a server's database, which should be empty

Each commit has a bench with the percentiles and two histograms of every benchmark, and a gate with two figures of each.
The histograms are of 140,000 samples and of 20,000 minima, lognormal with a tail, 30 of each. What is measured is the
last of each: a history that is full is the slow one.
"""

from __future__ import annotations

import argparse
import base64
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

# A script is run by its path: the checkout is not on the module path then.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tailgate.documents.provenance import Commit, Interpreter
from tailgate.history.checking import problems
from tailgate.history.engine import file_of
from tailgate.history.entries import Entry, Judgement, Link, Result
from tailgate.history.figures import commits_known, levels_of, links_of, measures_of
from tailgate.history.queries import benchmarks_of, runs_of
from tailgate.history.store import History
from tailgate.history.trend import trend_of, trends_of
from tailgate.machine.identity import machine_of
from tailgate.report.history_page import About, write_history_page
from tailgate.results import histogram
from tailgate.results.exports import Row
from tailgate.statistics.quantiles import LADDER, quantiles

if TYPE_CHECKING:
    from collections.abc import Callable

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
MACHINE = machine_of({"CPU": "an invented one", "CPUs": 2})
PYTHON = Interpreter("CPython 3.11.7", "GCC, GIL")


def distributions(rng: np.random.Generator, number: int, *, raw: bool) -> list[tuple[tuple[float, ...], bytes]]:
    """Return percentiles and encoded histograms of made-up runs around 2 us: 140,000 samples with a tail, or minima."""
    found = []
    for _ in range(number):
        size, width, share = (140_000, 0.35, 0.02) if raw else (20_000, 0.25, 0.01)
        samples = 2000 * rng.lognormal(0, width, size) * np.where(rng.random(size) < share, 5, 1)
        made = histogram.fill(samples.astype(np.int64))
        ladder = tuple(map(float, histogram.percentiles(made, [100 * p for p in LADDER])))
        found.append((ladder, base64.b64decode(histogram.encode(histogram.coarsened(made)))))
    return found


def commit(number: int) -> Commit:
    """Return one of the main line."""
    parent = f"{number - 1:040x}" if number else ""
    return Commit(
        f"{number:040x}", f"{number + 10**7:040x}", parent, BEGAN + timedelta(hours=number), f"commit {number}"
    )


def facts(kind: str, number: int, base: Commit | None) -> dict[str, Any]:
    """Return what a bench and a gate of a commit have in common."""
    return {
        "digest": f"{kind} {number}", "kind": kind, "project": "books", "when": commit(number).time.timestamp() + 60,
        "command": f"tailgate {kind}", "source": "tailgate", "verdict": "", "fitness": "fit", "head": commit(number),
        "base": base, "dirty": False, "chained": base is not None, "machine": MACHINE, "interpreter": PYTHON,
        "settings": '{"seed": 7}',
    }  # fmt: skip


Made = tuple[list[tuple[tuple[float, ...], bytes]], list[tuple[tuple[float, ...], bytes]]]


def bench(number: int, names: list[str], made: Made) -> Entry:
    """Return the bench of a commit; made: raw distributions, and reproducible ones."""
    results, measures = [], []
    for place, name in enumerate(names):
        (raw, packed), (own, least) = (each[(7 * number + place) % len(each)] for each in made)
        work = (name, 20_000, 7, 5, "a digest of 32 hexadecimal digits")
        kept = (("raw", packed), ("reproducible", least))
        ends = (0.9 * raw[2], 1.1 * raw[2], raw[0], raw[3])
        results.append(Result(*work, raw, own, *ends, 3, kept))  # type: ignore[arg-type]  # the kinds are Literals
        measures.append(Row(name, "allocations", "per operation", 4.5))
    return Entry(**facts("bench", number, None), results=tuple(results), measures=tuple(measures))


def gate(number: int, names: list[str], rng: np.random.Generator) -> Entry:
    """Return the gate of a commit against its parent."""
    shifts = rng.normal(0, 0.004, (len(names), 2)).tolist()
    links = [
        Link(name, kind, 0.99, value, value - 0.01, value + 0.01, 0.99, 0.0123, 11, 9000.0, 9000.0, "pass")  # type: ignore[arg-type]  # as above
        for name, pair in zip(names, shifts, strict=True)
        for kind, value in zip(("reproducible", "raw"), pair, strict=True)
    ]
    judged = [Judgement(name, "PASS", "yes") for name in names]
    return Entry(**facts("gate", number, commit(number - 1)), links=tuple(links), judgements=tuple(judged))


def timed(what: Callable[[], object], times: int = 9) -> str:
    """Return the median of several calls, the slowest, and the median of the processor time, in milliseconds."""
    found, own = [], []
    for _ in range(times):
        began, worked = time.perf_counter(), time.process_time()
        what()
        found.append(1e3 * (time.perf_counter() - began))
        own.append(1e3 * (time.process_time() - worked))
    told = f"{statistics.median(found):,.1f} ms (slowest of {times}: {max(found):,.1f})"
    return f"{told}, {statistics.median(own):,.1f} ms of processor time"


def main(arguments: list[str]) -> int:
    """Fill, measure, print; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["all", "add", "ask", "page"], default="all")
    parser.add_argument("--commits", type=int, default=1000)
    parser.add_argument("--benchmarks", type=int, default=200)
    parser.add_argument("--url", default="")
    parser.add_argument("--keep", type=Path, metavar="FILE")
    told = parser.parse_args(arguments)
    names = [f"path{n // 10}/implementation{n % 10}[size={n}]" for n in range(told.benchmarks)]
    with tempfile.TemporaryDirectory() as folder:
        file = (told.keep or Path(folder) / "history.sqlite3").absolute()
        history = History.open(told.url or f"sqlite:///{file}")
        there = history.counts()["run"] // 2
        if there < told.commits:
            adding(history, range(there + 1, told.commits + 1), names)
        elif told.what == "add":  # one that is full already
            adding(history, range(there + 1, there + 101), names)
        if told.what in {"all", "ask"}:
            asking(history, names, told.commits)
        if told.what in {"all", "page"}:
            paging(history, told.commits, Path(folder) / "history.html")
    return 0


def adding(history: History, numbers: range, names: list[str]) -> None:
    """Add a bench and a gate of each commit; print what the last hundred cost."""
    rng = np.random.default_rng(7 + numbers.start)
    made = distributions(rng, 30, raw=True), distributions(rng, 30, raw=False)
    sizes = [f"{statistics.mean(len(packed) for _, packed in each):,.0f} bytes" for each in made]
    print(f"a histogram, compressed: raw {sizes[0]}, reproducible {sizes[1]}")
    spent: dict[str, list[float]] = {"bench": [], "gate": []}
    working: dict[str, list[float]] = {"bench": [], "gate": []}
    for number in numbers:
        for kind, entry in (("bench", bench(number, names, made)), ("gate", gate(number, names, rng))):
            began, worked = time.perf_counter(), time.process_time()
            if not history.add(entry):  # of a filling that was interrupted between the two
                continue
            spent[kind].append(1e3 * (time.perf_counter() - began))
            working[kind].append(1e3 * (time.process_time() - worked))
        if number % 100 == 0:
            print(f"  {number} commits", file=sys.stderr, flush=True)
    for kind, times in spent.items():
        last = times[-100:]
        print(
            f"add a {kind} of {len(names)} benchmarks: {statistics.median(last):,.1f} ms, "
            f"99 in 100 under {quantiles(last, (0.99,))[0]:,.1f} ms (the last {len(last)}), "
            f"{statistics.median(working[kind][-100:]):,.1f} ms of processor time"
        )
    if file := file_of(history.engine):
        print(f"the file: {file.stat().st_size / 1e6:,.0f} MB")


def asking(history: History, names: list[str], commits: int) -> None:
    """Print what the questions cost."""
    line, name = [commit(n) for n in range(commits + 1)], names[len(names) // 2]
    asked: dict[str, Callable[[], object]] = {
        "the last 20 runs": lambda: runs_of(history, "books", limit=20),
        "all names": lambda: benchmarks_of(history, "books"),
        "one percentile of one benchmark, all commits": lambda: levels_of(history, "books", name, "raw", 0.99),
        "its links": lambda: links_of(history, "books", name, "reproducible", 0.99),
        "its counts": lambda: measures_of(history, "books", name),
        "its whole trend, with the search for changes": lambda: trend_of(
            history, "books", name, "reproducible", 0.99, line
        ),
    }
    for what, question in asked.items():
        print(f"{what}: {timed(question)}")
    print(f"check: {timed(lambda: problems(history), 1)}, {len(problems(history))} problems")


def paging(history: History, commits: int, page: Path) -> None:
    """Make the page, and open it in Chromium: from the address to the first curve that is drawn."""
    line = [commit(n) for n in range(commits + 1)]
    about = About("books", "reproducible", 0.99, 2 * commits, commits_known(history, "books"), line)
    began = time.perf_counter()
    write_history_page(about, trends_of(history, "books", "reproducible", 0.99, line), page)
    print(f"make the page: {time.perf_counter() - began:,.1f} s, {page.stat().st_size / 1e6:,.1f} MB")
    driver = chromium(page.parent / "profile")
    try:
        opening, nodes = [], 0
        for _ in range(10):
            driver.get("about:blank")
            driver.get(page.as_uri())
            opening.append(float(driver.execute_async_script(DRAWN)))
            nodes = driver.execute_script("return document.querySelectorAll('*').length")
        told = f"{statistics.median(opening):,.0f} ms to the first curve (slowest of 10: {max(opening):,.0f})"
        print(f"open the page: {told}, {nodes:,} elements")
        drawing = [float(driver.execute_async_script(ANOTHER, n)) for n in range(1, 10)]
        told = f"{statistics.median(drawing):,.0f} ms (slowest of 9: {max(drawing):,.0f})"
        print(f"unpack and draw another benchmark: {told}")
        zooming = [float(driver.execute_script(ZOOM)) for _ in range(9)]
        told = f"{statistics.median(zooming):,.0f} ms (slowest of 9: {max(zooming):,.0f})"
        print(f"draw ten benchmarks anew, all commits: {told}")
    finally:
        driver.quit()


DRAWN = """
const done = arguments[0];
const look = () => {
  const [mark] = performance.getEntriesByName("drawn");
  if (mark) done(mark.startTime); else setTimeout(look, 5);
};
look();
"""
ANOTHER = """
const [number, done] = arguments, began = performance.now(), figures = document.getElementById("figures");
new MutationObserver((_, seen) => {
  seen.disconnect();
  requestAnimationFrame(() => done(performance.now() - began));
}).observe(figures, { childList: true });
document.querySelector(`#benchmarks button[data-open="${number}"]`).click();
"""
ZOOM = """
const began = performance.now();
document.getElementById("whole").click();
document.body.getBoundingClientRect();
return performance.now() - began;
"""


def chromium(profile: Path) -> Any:
    """Start a headless Chromium, as tests/browser does."""
    from selenium import webdriver  # noqa: PLC0415  of the tests' group: the other measurements do without

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("chromium-browser") or ""
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--window-size=1280,1000"):
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={profile}")
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver") or ""))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
