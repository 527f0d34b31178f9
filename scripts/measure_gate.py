"""An older build of the gate and this one, in turns, on identical code and on a pipeline that is slower.

    python scripts/measure_gate.py --old CHECKOUT [--rounds N] [--slower TURNS] [--parts N] [--append FILE]
    python scripts/measure_gate.py --table FILE

CHECKOUT is a worktree of the older build with an environment of its own in .venv. Each build judges its own checkout,
in a clone where nothing but the pipeline's hot path is changed: by a loop of TURNS turns, or not at all. What a run
says is a line of FILE, so that several short runs make one table. --parts splits the older build's benchmarks over so
many runs, for it judges them one after the other anyway; --builds says which of the two runs. --profile takes the
phases from the coordinator's own profile, which both builds can give.
"""

from __future__ import annotations

import argparse
import json
import os
import pstats
import re
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tailgate.results.table import Table

ROOT: Final = Path(__file__).resolve().parents[1]
EIGHT: Final = (
    "decode/msgspec",
    "handoff/ring[capacity=1024]",
    "book/near-window[read_every=1]",
    "risk/lock-free",
    "limiter/try-first",
    "codec/struct[direction=encode,message=order]",
    "codec/struct[direction=encode,message=market]",
    "pipeline/recommended",
)
_HOT: Final = re.compile(
    r"^( +)def (on_frame|handle_frame)\(frame: bytes\) -> int:\n( +\"\"\".*?\"\"\"\n)?", re.MULTILINE | re.DOTALL
)
_HOT_FILES: Final = ("implementations/pipeline/composed.py", "implementations/pipeline.py")

PHASES: Final = (
    ("laying out the revisions", ("lay_out_revisions", "_lay_out")),
    ("what both can run", ("gated_pairs", "_gated")),
    ("the machine", ("choose_place",)),
    ("starting, importing, preparing", ("start",)),
    ("cold passes", ("_cold_pass",)),
    ("checks", ("_check",)),
    ("passes, of these and the warm-up the turns", ("_pass",)),
    ("- turns", ("_take_turns", "_hand_round")),
    ("reading what was recorded", ("_record",)),
    ("leaving", ("quit", "stop")),
    ("counting allocations", ("counted",)),
    ("statistics", ("judge_trials",)),
    ("- scouting, with its processes", ("scouted_trials", "_trial")),
)
"""What a phase is called, and by which functions of the coordinator; those with a dash are parts of others."""


def slowed(checkout: Path, turns: int) -> None:
    """Put a loop of so many turns into the pipeline's hot path, and commit it."""
    path = next(each for each in (checkout / name for name in _HOT_FILES) if each.is_file())

    def loop(found: re.Match[str]) -> str:
        return f"{found[0]}{found[1]}    for _ in range({turns}):\n{found[1]}        pass\n"

    text, count = _HOT.subn(loop, path.read_text(encoding="utf-8"))
    if not count:
        sys.exit(f"{path} has no hot path that this script knows")
    path.write_text(text, encoding="utf-8")
    commit(checkout, "slower")


def chosen(checkout: Path, names: list[str]) -> None:
    """Let the checkout's gate judge these benchmarks, and commit it: an older command line parts names at commas."""
    path = checkout / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?m)^benchmarks = \[.*\]$", f"benchmarks = {json.dumps(names)}", text), encoding="utf-8")
    commit(checkout, "what is judged")


def commit(checkout: Path, message: str) -> None:
    """Commit all changes."""
    git(checkout, "-c", "user.name=x", "-c", "user.email=x@x.invalid", "commit", "--allow-empty", "-qam", message)


def git(folder: Path, *words: str) -> str:
    """Run git in a folder and return what it prints."""
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def run_gate(build: Path, names: list[str], turns: int, *, profile: bool, options: list[str]) -> dict[str, Any]:
    """Let a build judge a clone of its own checkout; return seconds, status, and what its verdict says."""
    with TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        git(build, "clone", "-q", "--shared", str(build), str(clone))
        git(clone, "checkout", "-q", "--detach", git(build, "rev-parse", "HEAD"))
        chosen(clone, names)
        base = git(clone, "rev-parse", "HEAD")
        if turns:
            slowed(clone, turns)
        python = [str(build / ".venv" / "bin" / "python")]
        profiled = Path(folder) / "profile"
        command = [*python, *(["-m", "cProfile", "-o", str(profiled)] if profile else []), "-m", "tailgate.cli"]
        command += ["gate", "--base", base, "--head", "HEAD", *options]
        env = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
        began = time.monotonic()
        env |= {"TAILGATE_HISTORY": "off"}
        done = subprocess.run(command, cwd=clone, env=env, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - began
        verdict = clone / "build" / "gate" / "verdict.json"
        if not verdict.is_file():
            sys.exit(f"{build.name} left with status {done.returncode}\n{done.stdout}\n{done.stderr}")
        plain = json.loads(verdict.read_text(encoding="utf-8"))
        phases = phases_of(profiled) if profile else {}
    plain = plain.get("document", plain)
    return {"seconds": seconds, "status": done.returncode, "phases": phases, "benchmarks": said(plain)}


def said(verdict: dict[str, Any]) -> list[dict[str, Any]]:
    """Return of each benchmark its verdict, its blocks, and which figures are not decided."""
    found = []
    for each in verdict["benchmarks"]:
        figures = {name: figure["verdict"] for name, figure in each["figures"].items()}
        shifts = {
            name: figure["shift"].get("log_ratio", figure["shift"].get("estimate"))
            for name, figure in each["figures"].items()
        }
        facts = {key: each.get(key, 1) for key in ("name", "verdict", "blocks", "batch", "fitness")}
        found.append({**facts, "figures": figures, "shifts": shifts})
    return found


def shift_of(shift: dict[str, float]) -> float:
    """Return the log ratio of a shift, as this build or an older one writes it."""
    return shift.get("log_ratio", shift.get("estimate", 0.0))


def phases_of(path: Path) -> dict[str, float]:
    """Return the seconds of each phase, by a profile of the coordinator."""
    stats: Any = pstats.Stats(str(path))
    spent: dict[str, float] = {}
    for phase, functions in PHASES:
        for (file, _, function), (_, _, _, cumulated, _) in stats.stats.items():
            if function in functions and "tailgate" in file:
                spent[phase] = spent.get(phase, 0.0) + cumulated
    return spent


def table(lines: list[dict[str, Any]]) -> str:
    """Return one row a build and kind of head: medians of the wall time over whole gates, and the decisions."""
    rows, phases = [], []
    kinds = list(dict.fromkeys((line["what"], line["turns"]) for line in lines))
    for what, turns in kinds:
        whole: dict[str, float] = {}
        for build in dict.fromkeys(line["build"] for line in lines):
            here = [line for line in lines if (line["build"], line["what"], line["turns"]) == (build, what, turns)]
            if not here:
                continue
            rounds = list(dict.fromkeys(line["round"] for line in here))
            sums = [sum(line["seconds"] for line in here if line["round"] == number) for number in rounds]
            whole[build] = sorted(sums)[len(sums) // 2]
            each = [benchmark for line in here for benchmark in line["benchmarks"]]
            figures = [word for benchmark in each for word in benchmark["figures"].values()]
            verdicts = [benchmark["verdict"] for benchmark in each]
            told = ", ".join(f"{verdicts.count(word)} {word}" for word in dict.fromkeys(verdicts))
            blocks = "/".join(str(benchmark["blocks"]) for benchmark in each)
            open_ = sum(word in {"undecided", "continue"} for word in figures)
            ratio = f"{whole[build] / whole['old']:.2f}" if "old" in whole else "-"
            head = f"{turns} turns slower" if turns else "identical"
            seconds = ", ".join(f"{each:.0f}" for each in sums)
            rows.append((what, head, build, seconds, ratio, told, f"{open_} of {len(figures)}", blocks))
            for line in here:
                phases += [(build, what, name, f"{seconds:.1f}") for name, seconds in line["phases"].items()]
    columns = ("gate", "head", "build", "seconds", "of old", "verdicts", "figures open", "blocks")
    tables = [Table("The gate, old and new", columns, tuple(rows))]
    if phases:
        tables.append(Table("Where the time went", ("build", "gate", "phase", "seconds"), tuple(phases)))
    return "\n\n".join(each.text() for each in tables)


def main(arguments: list[str]) -> int:
    """Run the builds in turns, or print the table of what was run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--old", type=Path)
    parser.add_argument("--new", type=Path, default=ROOT)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--slower", type=int, default=0)
    parser.add_argument("--only", default="", help="one of the eight, by the beginning of its name")
    parser.add_argument("--parts", default="1/1", help="K/N: the K-th of N parts of the older build's benchmarks")
    parser.add_argument("--builds", default="old,new")
    parser.add_argument("--round", type=int, default=1, help="the number of the first round")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--append", type=Path, default=ROOT / "build" / "measure_gate.jsonl")
    parser.add_argument("--table", type=Path)
    parser.add_argument("--option", action="append", default=[], help="for the new build's gate, as --option=--quick")
    asked = parser.parse_args(arguments)
    if asked.table:
        print(table([json.loads(line) for line in asked.table.read_text(encoding="utf-8").splitlines()]))
        return 0
    names = [name for name in EIGHT if name.startswith(asked.only)]
    part, parts = map(int, asked.parts.split("/"))
    asked.append.parent.mkdir(parents=True, exist_ok=True)
    for number in range(asked.round, asked.round + asked.rounds):
        for build in asked.builds.split(","):
            folder = {"old": asked.old, "new": asked.new}[build].resolve()
            chosen = names[part - 1 :: parts] if build == "old" else names
            found = run_gate(
                folder, chosen, asked.slower, profile=asked.profile, options=asked.option * (build == "new")
            )
            what = asked.only or f"all {len(names)}"
            line = {"build": build, "what": what, "turns": asked.slower, "round": number, **found}
            with asked.append.open("a", encoding="utf-8") as out:
                out.write(json.dumps(line) + "\n")
            print(f"{build} round {number}: {found['seconds']:.1f} s, status {found['status']}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
