"""The sessions: each installs what it needs and hands over; `nox -l` lists them. Arguments after `--` pass through."""

from __future__ import annotations

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["bench", "tests"]

PYPROJECT = nox.project.load_toml("pyproject.toml")


def install(session: nox.Session, *groups: str) -> None:
    """Install the instrument from this checkout and the named dependency groups, as pyproject.toml lists them."""
    session.install("-e", ".", *nox.project.dependency_groups(PYPROJECT, *groups))


@nox.session
def bench(session: nox.Session) -> None:
    """Measure every critical path and the whole pipeline: percentiles, report.md, pictures."""
    install(session, "bench")
    session.run("tailgate", "bench", *session.posargs)


@nox.session
def micro(session: nox.Session) -> None:
    """Time every implementation with pytest-benchmark, for a quick look while coding."""
    install(session, "micro")
    session.run("pytest", "suites/micro.py", "--benchmark-group-by=group", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests: unit, contract, property, golden, harness, wire."""
    install(session, "tests")
    session.run("pytest", *(session.posargs or ["-m", "not slow"]))


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
    session.run("mypy", "tailgate", "implementations", "suites", "reports", "scripts", "tests", "noxfile.py")
