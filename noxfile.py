"""The sessions: each installs what it needs and hands over; `nox -l` lists them. Arguments after `--` pass through."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import nox
from nox.command import CommandFailed

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["bench", "tests"]

PYPROJECT = nox.project.load_toml("pyproject.toml")


def install(session: nox.Session, *groups: str) -> None:
    """Install the instrument from this checkout and the named dependency groups, as pyproject.toml lists them."""
    session.install("-e", ".", *nox.project.dependency_groups(PYPROJECT, *groups))


def install_told(session: nox.Session, *groups: str) -> list[str]:
    """Install, the peers too where --peers is among the arguments; return the other arguments."""
    peers = ("peers", "peers-gpl") if "--peers" in session.posargs else ()
    install(session, *groups, *peers)
    return [each for each in session.posargs if each != "--peers"]


def with_status(session: nox.Session, *command: str) -> None:
    """Run a command whose exit status is its answer: nox itself would make 1 of every failure."""
    before = signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is the command's: it writes what it has measured
    try:
        status = subprocess.run(command, env={**os.environ, "PATH": f"{session.bin}:{os.environ['PATH']}"}, check=False)
    finally:
        signal.signal(signal.SIGINT, before)
    if status.returncode:
        sys.exit(status.returncode)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure every critical path and the whole pipeline: percentiles, report.md, pictures; --peers: others too."""
    session.run("tailgate", "bench", *install_told(session, "bench"))


@nox.session
def duel(session: nox.Session) -> None:
    """Compare two sides in lockstep: implementations, revisions, interpreters, environments, versions."""
    with_status(session, "tailgate", "duel", *install_told(session, "bench"))


@nox.session
def gate(session: nox.Session) -> None:
    """Stop a change that makes the p99 worse: nox -s gate -- --base REV. The exit status is the verdict."""
    install(session, "bench")
    with_status(session, "tailgate", "gate", *session.posargs)


@nox.session
def bisect(session: nox.Session) -> None:
    """Name the commit that made a benchmark slower: nox -s bisect -- --good REV --bad REV [SELECTOR]."""
    install(session, "bench")
    with_status(session, "tailgate", "bisect", *session.posargs)


@nox.session
def search(session: nox.Session) -> None:
    """Find the best composition of the pipeline by racing in lockstep: -- [AXIS[=LEVELS]]... [--accept]."""
    with_status(session, "tailgate", "search", *install_told(session, "bench"))


@nox.session
def recommend(session: nox.Session) -> None:
    """Decide what `recommended` is: a search on the generated tape, proved on each --capture FILE; --accept."""
    with_status(session, "python", "-m", "suites.recommend", *install_told(session, "bench"))


@nox.session
def calibrate(session: nox.Session) -> None:
    """Measure the gate itself: false alarms and detection, with exact intervals."""
    install(session, "bench")
    session.run("tailgate", "calibrate", *session.posargs)


@nox.session
def doctor(session: nox.Session) -> None:
    """Say whether this machine is fit to measure, and what to do about it."""
    install(session)
    session.run("tailgate", "doctor", *session.posargs)


@nox.session
def profile(session: nox.Session) -> None:
    """See where time and memory go: -- memray|py-spy|scalene|perf|tracemalloc|cprofile|sampling [SELECTOR]."""
    install(session, "profile")
    with_status(session, "tailgate", "profile", *session.posargs)


@nox.session
def allocations(session: nox.Session) -> None:
    """Count allocations and bytes per operation, by site; weigh allocators: -- --only book --allocators all."""
    install(session, "profile")
    session.run("tailgate", "allocations", *session.posargs)


@nox.session
def anatomy(session: nox.Session) -> None:
    """Explain the tail: what the slowest operations are, and what happened in them."""
    install(session, "bench")
    session.run("tailgate", "anatomy", *session.posargs)


@nox.session
def interpreters(session: nox.Session) -> None:
    """Build, list, remove and compare interpreters: -- list | build NAME | compare NAME NAME | remove NAME."""
    install(session, "bench")
    verb, *rest = session.posargs or ["list"]
    if verb == "compare":
        session.run("python", "-m", "suites.interpreters", *rest)
    else:
        session.run("python", "scripts/build_interpreter.py", verb, *rest)


@nox.session
def exchange(session: nox.Session) -> None:
    """Start the paper exchange on loopback: Alpaca's protocols over a tape or a capture."""
    install(session, "wire")
    session.run("python", "-m", "suites.exchange", *session.posargs)


@nox.session
def record(session: nox.Session) -> None:
    """Record a feed, every frame as it is received: -- --url WS --symbols NAMES --to FILE; a capture like any other."""
    install(session, "wire")
    with_status(session, "python", "-m", "suites.record", *session.posargs)


@nox.session
def tape(session: nox.Session) -> None:
    """Say what a capture holds before anything is timed: -- FILE [--fit FILE]; fits the generator to it."""
    install(session, "bench")
    with_status(session, "python", "-m", "suites.tapes", *session.posargs)


@nox.session
def wire(session: nox.Session) -> None:
    """Measure the pipeline over real sockets under open load, from the intended time of each message."""
    install(session, "wire")
    session.run("python", "-m", "suites.wire", *session.posargs)


@nox.session
def contention(session: nox.Session) -> None:
    """Let threads meet at counters, limiters, hand-offs and books: throughput, percentiles, fairness."""
    install(session, "contention")
    with_status(session, "python", "-m", "suites.contention", *session.posargs)


@nox.session
def sizes(session: nox.Session) -> None:
    """Hold cost against size: depth, levels a message, symbols, bursts, updates between two reads."""
    with_status(session, "python", "-m", "suites.sizes", *install_told(session, "bench"))


@nox.session
def ledger(session: nox.Session) -> None:
    """Hold every claimed gain against the measured one: docs/ledger.md; with --quick or --output beside its data."""
    install(session, "bench", "native")
    session.run("python", "-m", "suites.ledger", *session.posargs)
    told = ledger_told(session.posargs)
    if not told.help:
        folder = told.output or "build/ledger"
        page = f"{folder}/ledger.md" if told.quick or told.output else "docs/ledger.md"
        session.run("python", "-m", "reports.ledger", f"{folder}/ledger.json", "--output", page)


def ledger_told(arguments: list[str]) -> argparse.Namespace:
    """Read the arguments of the ledger that decide where its page goes."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--output")
    return parser.parse_known_args(arguments)[0]


@nox.session
def native(session: nox.Session) -> None:
    """Build the extension modules of the hot paths from this repository's sources: -- [--pgo] [--native]."""
    install(session, "native")
    session.run("python", "-m", "implementations.native", *session.posargs)


@nox.session
def micro(session: nox.Session) -> None:
    """Time every implementation with pytest-benchmark, for a quick look while coding."""
    install(session, "micro")
    session.run("pytest", "suites/micro.py", "--benchmark-group-by=group", *session.posargs)


@nox.session
def history(session: nox.Session) -> None:
    """Look at every run that was kept: -- list | show | plot | add | gate | fill | prune | export | check."""
    install(session, "bench")
    with_status(session, "tailgate", "history", *(session.posargs or ["list"]))


@nox.session
def report(session: nox.Session) -> None:
    """Make one HTML page of any results: nox -s report -- FILES...; without any, of all that build/ holds."""
    install(session, "reports")
    session.run("python", "-m", "reports", *(session.posargs or ["build"]))


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site of docs/ in build/site, without network; a broken link or anchor fails."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "docs"))
    session.run("zensical", *(session.posargs or ["build", "--clean", "--strict"]))


def browser(session: nox.Session) -> None:
    """Install the browser that draws the report in the tests, where this user may; else say the one line that does."""
    if shutil.which("chromedriver") and (shutil.which("chromium") or shutil.which("chromium-browser")):
        return
    packages = ["install", "--yes", "--no-install-recommends", "chromium", "chromium-driver"]
    if shutil.which("apt-get") and os.geteuid() == 0:
        session.run_install("apt-get", "update", external=True)
        session.run_install("apt-get", *packages, external=True)
    else:
        session.warn(f"the browser tests are skipped; they run after: sudo apt-get {' '.join(packages)}")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests: unit, contract, property, golden, harness, wire, browser."""
    install(session, "tests")
    browser(session)
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    # Two files at a time, but one where tests pin processes to a CPU, listen on sockets or drive a browser.
    alone = ["tests/browser", "tests/docs", "tests/harness", "tests/wire"]
    folders = sorted({str(Path(*each.parts[:2])) for each in Path("tests").glob("*/**/test_*.py")})
    together = ["--numprocesses=2", "--dist=loadfile", *(each for each in folders if each not in alone)]
    failed = False
    for arguments in (together, alone):  # a failure in the first does not hide what the second finds
        try:
            session.run("pytest", "-m", "not slow", *arguments)
        except CommandFailed:
            failed = True
    if failed:
        session.error("tests failed")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting and the direction of the imports."""
    install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types, strictly."""
    install(session, "types")
    checked = "tailgate implementations documents suites reports scripts tests noxfile.py"
    session.run("mypy", *checked.split())
