"""Instructions per operation, counted by callgrind: exact where a clock is not, about 150 times slower than the code.

The program calls getsid before and after the operations of a pass, and callgrind writes down what was executed since
the last such call. So one run counts several passes, and starting, importing and building state are in none of them.
"""

from __future__ import annotations

import gc
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tailgate.errors import MissingToolError, TailgateError
from tailgate.profilers.launch import HASH_SEED, ProfilerError, launch, spec_for
from tailgate.scratch import scratch

if TYPE_CHECKING:
    from tailgate.measure.lockstep import Plan
    from tailgate.measure.sides import Side
    from tailgate.profilers.target import Replay, TargetSpec

OPERATIONS: Final = 1_000
"""Of the tape, at most: a thousand of a pipeline take some seconds under callgrind."""

_MARK: Final = "getsid"
_WARM_PASSES: Final = 2
_WAY_OUT: Final = "apt-get install valgrind"
_FUNCTION: Final = re.compile(r"(?P<called>c?)fn=(?P<number>\(\d+\))(?: (?P<name>.*))?$")
_POSITION: Final = frozenset("0123456789+-*")
_TOTALS: Final = re.compile(r"^totals: (\d+)", re.MULTILINE)


def instructions_of(side: Side, plan: Plan, operations: int = OPERATIONS) -> float:
    """Count the instructions of one operation of a side, over a warm pass; hash seed and environment are fixed.

    Raises TailgateError where valgrind is missing, or cannot run this interpreter.
    """
    return sum(instructions_by_function(side, plan, operations).values())


def instructions_by_function(side: Side, plan: Plan, operations: int = OPERATIONS) -> dict[str, float]:
    """Count the same by function of the interpreter and of what it loads, callees not included.

    Raises TailgateError where valgrind is missing, or cannot run this interpreter.
    """
    few = min(operations, plan.operations or operations)
    spec = spec_for(side, plan, "instructions", operations=few, passes=_WARM_PASSES + 1)
    with scratch() as folder:
        out = Path(folder, "out")
        before = ("valgrind", "--tool=callgrind", f"--dump-before={_MARK}", f"--callgrind-out-file={out}")
        try:
            found = launch(side, plan, spec, before=before, env=HASH_SEED).found
        except ProfilerError as error:
            if "is not installed" in error.message:
                raise MissingToolError(
                    "instructions are counted by valgrind, which is not installed", hint=_WAY_OUT
                ) from None
            raise
        parts = sorted(out.parent.glob("out.*"), key=lambda path: int(path.suffix[1:]))
        texts = [text for path in parts if _TOTALS.search(text := path.read_text(errors="replace"))]
    if len(texts) != 2 * spec.passes:
        raise TailgateError(
            f"callgrind wrote {len(texts)} counts of {side.benchmark} for {2 * spec.passes} marks: "
            f"it did not see the calls of {_MARK}, which this interpreter may have built in statically"
        )
    counted: int = found["operations"]
    return {name: count / counted for name, count in own_costs(texts[-1]).items()}


def own_costs(text: str) -> dict[str, int]:
    """Return what each function executed itself, of the text of one dump of callgrind: names stand in it once."""
    names: dict[str, str] = {}
    costs: dict[str, int] = {}
    function, called = "", False
    for line in text.splitlines():
        if match := _FUNCTION.match(line):
            name = names.setdefault(match["number"], match["name"] or match["number"])
            function = function if match["called"] else name
        elif line.startswith("calls="):
            called = True  # the next line is what the callee and all that it called executed
        elif line[:1] in _POSITION:
            if not called:
                costs[function] = costs.get(function, 0) + int(line.split()[1])
            called = False
    return costs


def replay_marked(replay: Replay, spec: TargetSpec) -> dict[str, Any]:
    """Replay passes with a mark before and after the operations of each; collections are off."""
    gc.disable()
    for _ in range(spec.passes):
        operation = replay.begin()
        os.getsid(0)
        replay.run(operation)
        os.getsid(0)
        replay.finish(operation)
    return {"operations": len(replay.inputs)}
