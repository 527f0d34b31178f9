"""What a gate over a fleet says of its hosts: which measured, how fit they are, and which stand apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tailgate.documents.comparison import signed
from tailgate.judge.arms import BASE, HEAD
from tailgate.statistics.hosts import centres, distrusted, standing_apart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tailgate.documents.fleet import FleetHost
    from tailgate.judge.gate import Trial


def host_notes(told: Sequence[FleetHost], trials: Sequence[Trial]) -> Iterator[str]:
    """Say of each host what it is, then of each benchmark what was not counted, and why no host decides by itself."""
    names = {each.key: each.name for each in told}
    for each in told:
        yield each.said
    measured = {host for trial in trials for host in trial.hosts}
    if len(measured) > 1:
        some = distrusted(len(measured))
        yield f"{len(measured)} hosts: each verdict holds whatever {some} of them say{'s' if some == 1 else ''}"
    for trial in trials:
        if len(set(trial.hosts)) < 2 or trial.failure:
            continue
        for name, (kind, p) in trial.figures.items():
            blocks = trial.blocks_judged or len(trial.series)
            of = centres(trial.series.ratio_at(kind, BASE, HEAD, p)[:blocks], trial.hosts[:blocks])
            for host in standing_apart(of):
                told_of = f"host {names.get(host, host)} stands apart from the others"
                yield f"{trial.name} {name}: {told_of}, at {signed(of[host])}: its blocks do not count there"
