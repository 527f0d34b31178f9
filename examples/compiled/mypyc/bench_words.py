"""What the gate of this project measures."""

import random

import fastwords

from tailgate import Workload, benchmark


def built() -> str:
    """Return why it cannot be measured: a fallback says nothing of the extension."""
    return "" if fastwords.COMPILED else "the extension module is not built"


@benchmark("words/count", role="recommended", check=built)
def words(_settings: object) -> Workload:
    """Count the words of five thousand lines."""
    rng = random.Random(1)
    tape = [" ".join("word"[: rng.randrange(1, 5)] for _ in range(rng.randrange(20, 80))) for _ in range(5_000)]
    return Workload(inputs=tape, start=lambda: fastwords.count)
