"""The file of one invocation over the wire: every run, and what they show together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from documents.wire.claims import Claim, claims_of
from documents.wire.runs import Capacity, Run
from documents.wire.summary import NAMES, Summary, summarise
from tailgate.documents.envelope import document, keys
from tailgate.results.exports import Row

NAME = "results.json"


@document(
    "wire",
    2,
    title="a result of the wire",
    made_by="nox -s wire",
    bare=keys("runs", "capacities", "conditions"),
)
@dataclass(frozen=True, slots=True)
class Wire:
    """One invocation. invocation: a name that no other has; machine: facts by name, shown in this order.

    inputs: what of a capture is not in the tape.
    """

    command: str
    invocation: str
    machine: Mapping[str, str]
    runs: tuple[Run, ...]
    capacities: Mapping[str, Capacity]
    summaries: tuple[Summary, ...]
    claims: tuple[Claim, ...]
    inputs: tuple[str, ...] = ()

    def rows_kept(self) -> Sequence[Row]:
        """Return what a history keeps of it: the latency of each composition and rate, with the range over the runs."""
        return [
            Row(
                f"wire/{each.spec.composition.name} at {each.spec.rate:g}/s",
                f"{name} ({each.spec.purpose})",
                "ns",
                *(each.latency.ns[place], each.latency.low_ns[place], each.latency.high_ns[place]),
                f"{each.failed} of {each.runs} runs failed" if each.failed else "",
            )
            for each in self.summaries
            for place, name in enumerate(NAMES)
        ]


def wire_of(
    command: str,
    invocation: str,
    machine: Mapping[str, str],
    runs: Sequence[Run],
    capacities: Mapping[str, Capacity],
    inputs: tuple[str, ...] = (),
) -> Wire:
    """Return the document of these runs, with what they show computed."""
    summaries = summarise(runs)
    claims = claims_of(runs, summaries)
    return Wire(command, invocation, machine, tuple(runs), dict(capacities), summaries, claims, inputs)
