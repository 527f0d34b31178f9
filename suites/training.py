"""The training run of profile-guided builds: the recommended and the bottleneck pipeline over the generated tape.

    python -m suites.training --passes 3

The bottleneck takes many times longer per frame, so it gets a part of the tape: both weigh about the same.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import islice
from typing import Final

from implementations.pipeline.composed import build
from implementations.pipeline.composition import BOTTLENECK, RECOMMENDED
from implementations.registry import UnavailableError
from suites.settings import DEFAULTS, tape_of

BOTTLENECK_SHARE: Final = 20
"""One frame in so many goes through the bottleneck composition."""


def train(passes: int, seed: int) -> dict[str, int]:
    """Run both compositions; give the orders each sent, or -1 for one that cannot run in this interpreter."""
    tape = tape_of({**DEFAULTS, "seed": seed})
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


def main() -> int:
    """Train, and print what was run; non-zero when nothing could run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passes", type=int, default=3, metavar="N", help="passes over the tape (default: 3)")
    parser.add_argument("--seed", type=int, default=int(DEFAULTS["seed"]), metavar="N", help="the seed of the tape")
    options = parser.parse_args()
    orders = train(options.passes, options.seed)
    sys.stdout.write("".join(f"{name}: {count} orders\n" for name, count in orders.items()))
    tape = tape_of({**DEFAULTS, "seed": options.seed})
    facts = {"tape": tape.name, "tape_digest": tape.digest, "frames": len(tape.frames), "orders": orders}
    sys.stdout.write(f"{json.dumps(facts)}\n")  # the last line: the manifest of a trained interpreter quotes it
    return 0 if any(count >= 0 for count in orders.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
