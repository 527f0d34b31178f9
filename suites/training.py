"""The training run of profile-guided builds: the recommended and the bottleneck pipeline over a tape.

    python -m suites.training --passes 3
    python -m suites.training --capture captures/today.jsonl.zst

The bottleneck takes many times longer per frame, so it gets a part of the tape: both weigh about the same.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from implementations.pipeline.composed import build
from implementations.pipeline.composition import BOTTLENECK, NATIVE, RECOMMENDED
from implementations.registry import UnavailableError, load
from suites.settings import DEFAULTS, tape_of

if TYPE_CHECKING:
    from suites.tapes import Tape

BOTTLENECK_SHARE: Final = 20
"""One frame in so many goes through the bottleneck composition."""


def train(passes: int, tape: Tape) -> dict[str, int]:
    """Run both compositions; return the orders each sent, or -1 for one that cannot run in this interpreter."""
    orders: dict[str, int] = {}
    for name, composition, share in (("recommended", RECOMMENDED, 1), ("bottleneck", BOTTLENECK, BOTTLENECK_SHARE)):
        frames = list(islice(tape.frames, len(tape.frames) // share))
        try:
            for _ in range(passes):
                with build(composition, lambda _: None) as pipeline:
                    orders[name] = sum(map(pipeline.on_frame, frames))
        except UnavailableError as error:
            sys.stderr.write(f"training leaves out {name}: {error}\n")
            orders[name] = -1
    return orders


def train_native(passes: int, tape: Tape) -> dict[str, int]:
    """Run the compiled paths, composed and fused; return the orders each sent."""
    orders: dict[str, int] = {}
    fused: Any = load("pipeline", "fused").factory
    for name, make in (("native", partial(build, NATIVE)), ("fused", fused)):
        for _ in range(passes):
            with make(lambda _: None) as pipeline:
                orders[name] = sum(map(pipeline.on_frame, tape.frames))
    return orders


def main() -> int:
    """Train, and print what was run; non-zero when nothing could run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passes", type=int, default=3, metavar="N", help="passes over the tape (default: 3)")
    parser.add_argument("--seed", type=int, default=int(DEFAULTS["seed"]), metavar="N", help="the seed of the tape")
    parser.add_argument("--capture", default="", metavar="FILE", help="train on a capture instead of a generated tape")
    parser.add_argument("--native", action="store_true", help="train extension modules: the compiled paths and fused")
    options = parser.parse_args()
    tape = tape_of({**DEFAULTS, "seed": options.seed, "capture": options.capture})
    orders = (train_native if options.native else train)(options.passes, tape)
    sys.stdout.write("".join(f"{name}: {count} orders\n" for name, count in orders.items()))
    facts = {"tape": tape.name, "tape_digest": tape.digest, "frames": len(tape.frames), "orders": orders}
    sys.stdout.write(f"{json.dumps(facts)}\n")  # the last line: the manifest of a trained interpreter quotes it
    return 0 if any(count >= 0 for count in orders.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
