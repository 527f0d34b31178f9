"""What the gate of this project measures: the whole file is what a project needs."""

import random

from dedupe import dedupe

from tailgate import Workload, benchmark


@benchmark("dedupe/lines", role="recommended")
def lines(_settings: object) -> Workload:
    """Dedupe ten thousand lines of up to forty words."""
    rng = random.Random(1)
    tape = [[f"w{rng.randrange(50)}" for _ in range(rng.randrange(5, 40))] for _ in range(10_000)]
    return Workload(inputs=tape, start=lambda: dedupe)
