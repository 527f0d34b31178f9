"""scalene: samples lines, and tells Python's time from that of native code."""

from __future__ import annotations

import importlib.util
import json
from typing import TYPE_CHECKING, Any, Final

from tailgate.profilers.launch import ProfilerError, launch, run, spec_for
from tailgate.profilers.places import Frame, function_at, shorten
from tailgate.profilers.profile import Recorded
from tailgate.profilers.stacks import Hot
from tailgate.profilers.target import replay_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tailgate.profilers.profile import Job
    from tailgate.profilers.target import Replay, TargetSpec

_PROGRAM: Final = "import sys\nfrom tailgate.profilers.target import main\nmain(sys.argv[-1:])\n"
_OUTSIDE: Final = ("tailgate/profilers/target.py", "/threading.py", "/signal.py")
"""The loop, and where scalene puts the time of a thread of its own and of the signals it sends itself."""


class Scalene:
    """`scalene run --cpu-only`, on every file that the benchmark runs."""

    name = "scalene"

    def record(self, job: Job) -> Recorded:
        """Record scalene's JSON, and its page from it."""
        own, page = job.folder / "scalene.json", job.folder / "scalene.html"
        program = job.folder / "program.py"
        program.write_text(_PROGRAM, encoding="utf-8")
        run_it = ("-m", "scalene", "run", "--off", "--cpu-only", "--profile-all")
        options = (*run_it, "--outfile", str(own), str(program), "---")
        spec = spec_for(job.side, job.plan, "scalene", seconds=job.seconds)
        try:
            done = launch(job.side, job.plan, spec, instead=options)
        except ProfilerError as error:
            raise _told(error, job.side.python) from None
        finally:
            program.unlink(missing_ok=True)
        if not own.is_file():
            raise _told(ProfilerError(f"scalene wrote nothing: {done.stderr.strip()[-500:]}"), job.side.python)
        plain = json.loads(own.read_text(encoding="utf-8"))
        lines, native = _lines(plain, job.roots)
        if not lines:
            raise ProfilerError("scalene took no sample of the benchmark", hint="give it longer: --seconds 20")
        files = (own, page) if self._page(job, own, page) else (own,)
        return Recorded(
            "ns",
            done.found["operations"],
            done.found["cpu_ns"],
            lines=lines,
            files=files,
            notes=(
                f"{100 * native:.0f} % of the time was spent in native code",
                "the building of fresh state is among the lines: scalene gives no stacks by which to leave it out",
            ),
        )

    def _page(self, job: Job, own: Path, page: Path) -> bool:
        command = (job.side.python, "-m", "scalene", "view", "--standalone", str(own))
        done = run(command, job.side, job.plan, {}, 120)
        made = next(
            (
                path
                for path in (job.folder / "scalene-profile.html", job.plan.root / "scalene-profile.html")
                if path.is_file()
            ),
            None,
        )
        if done.returncode != 0 or made is None:
            return False
        made.replace(page)
        return True


def replay_profiled(replay: Replay, spec: TargetSpec) -> dict[str, Any]:
    """Replay in the profiled process; scalene, started with --off, begins here, behind importing and preparing."""
    from scalene import scalene_profiler  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415  as in memray.py

    scalene_profiler.start()
    return replay_for(replay, spec)


def _lines(plain: Mapping[str, Any], roots: tuple[str, ...]) -> tuple[list[Hot], float]:
    """Return the lines outside the instrument by share, and the share of native code."""
    found: list[tuple[Frame, float, float]] = []
    for file, told in plain.get("files", {}).items():  # it writes {} where it took no sample
        if file.endswith(_OUTSIDE):
            continue
        for line in told["lines"]:
            percent = line["n_cpu_percent_python"] + line["n_cpu_percent_c"] + line["n_sys_percent"]
            if percent > 0:
                frame = Frame(function_at(file, line["lineno"]), shorten(file, roots), line["lineno"])
                found.append((frame, percent, line["n_cpu_percent_c"]))
    total = sum(percent for _, percent, _ in found)
    lines = [Hot(frame, percent / total) for frame, percent, _ in found]
    native = sum(percent for *_, percent in found) / total if total else 0.0
    return sorted(lines, key=lambda hot: -hot.share), native


def _told(error: ProfilerError, python: str) -> ProfilerError:
    if "No module named scalene" in error.message or importlib.util.find_spec("scalene") is None:
        return ProfilerError("scalene is not installed", hint=f"{python} -m pip install 'scalene<3'")
    if "invalid choice: 'run'" in error.message or "unrecognized arguments" in error.message:
        return ProfilerError("this scalene has no `run` command", hint=f"{python} -m pip install 'scalene>=2,<3'")
    return error
