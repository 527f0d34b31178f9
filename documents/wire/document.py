"""The file of one invocation over the wire: every run, and what they show together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from documents.wire.claims import Claim, claims_of
from documents.wire.runs import Capacity, Run
from documents.wire.summary import Summary, summarise
from tailgate.documents.envelope import document, keys

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
