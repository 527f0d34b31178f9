"""Turns in which each contender runs once, in random order, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, Final

from documents.contention.document import ThreadRun

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from documents.contention.document import Contender
    from suites.contention.spec import ThreadSpec

FREE: Final = "free-threaded"
_LIMIT_S: Final = 120.0


def start_in(root: Path) -> Callable[[str, ThreadSpec], dict[str, Any]]:
    """Return what makes one run by an interpreter from the project's root; what went wrong comes as `error`."""

    def start(python: str, spec: ThreadSpec) -> dict[str, Any]:
        carried = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        command = [python, "-m", "suites.contention.threads", spec.to_json()]
        try:
            done = subprocess.run(
                command,
                cwd=root,
                env=carried | {"PYTHONPATH": str(root), "PYTHONSAFEPATH": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"error": f"it had not ended after {_LIMIT_S:g} s"}
        except OSError as error:
            return {"error": f"{python}: {error}"}
        if done.returncode != 0:
            return {"error": (done.stderr.strip().splitlines() or [f"left with status {done.returncode}"])[-1]}
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told

    return start


def contend(
    contenders: Mapping[Contender, tuple[str, ThreadSpec]],
    turns: int,
    rng: random.Random,
    start: Callable[[str, ThreadSpec], dict[str, Any]],
    heard: Callable[[int, ThreadRun], None] = lambda *_: None,
) -> tuple[list[ThreadRun], dict[str, str], bool]:
    """Run every contender once a turn; return the runs, by name why a contender is left out, and if all turns ran.

    One that is unavailable is left out from then on, and so is one whose build is called free-threaded and has its GIL
    on. A run that fails stays, and says why. Interrupted: what ran is returned, if anything did.
    """
    runs: list[ThreadRun] = []
    unavailable: dict[str, str] = {}
    whole = True
    try:
        for turn in range(turns):
            for contender in rng.sample(list(contenders), len(contenders)):
                name = f"{contender.name}, {contender.build}"
                if name in unavailable:
                    continue
                python, spec = contenders[contender]
                found = start(python, spec)
                if why := _why_not(contender, found):
                    unavailable[name] = why
                    continue
                runs.append(_run_of(contender, turn, found))
                heard(turn, runs[-1])
    except KeyboardInterrupt:
        if not runs:
            raise
        whole = False
    gone = {run.contender for run in runs if f"{run.contender.name}, {run.contender.build}" in unavailable}
    return [run for run in runs if run.contender not in gone], unavailable, whole


def _why_not(contender: Contender, found: Mapping[str, Any]) -> str:
    if "unavailable" in found:
        return str(found["unavailable"])
    if contender.build.startswith(FREE) and found.get("gil") == "on":
        return "something that was imported turned the GIL on"
    return ""


def _run_of(contender: Contender, turn: int, found: Mapping[str, Any]) -> ThreadRun:
    if "error" in found:
        return ThreadRun(contender, turn, failure=str(found["error"]))
    writes, reads = ({int(ns): count for ns, count in found[kind].items()} for kind in ("writes", "reads"))
    operations = tuple(found["operations"])
    figures = (operations, found["done"], found["seconds"], writes, reads)
    return ThreadRun(contender, turn, *figures, found["gil"], found["failure"])
