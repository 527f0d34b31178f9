"""The configuration of a run, put together in this one place from what the project says and where it is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tailgate.machine.place import ANYWHERE, Place
from tailgate.measure.lockstep import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailgate.config import Config


def plan_of(
    config: Config,
    settings: Mapping[str, Any],
    place: Place = ANYWHERE,
    *,
    passes: int = 7,
    operations: int | None = None,
    process_budget_s: float = 20.0,
    observe: tuple[str, ...] = (),
) -> Plan:
    """Return how the blocks of a run are made; of the project its module of benchmarks and its folder count."""
    return Plan(
        module=config.benchmarks,
        root=config.root,
        settings=settings,
        env=config.passed(),
        passes=passes,
        operations=operations,
        process_budget_s=process_budget_s,
        cpu=place.cpu,
        coordinator_cpus=place.coordinator_cpus,
        seat=place.seat,
        observe=observe,
    )


def gate_plan(config: Config, settings: Mapping[str, Any], place: Place, operations: int | None = None) -> Plan:
    """Return how a gate's blocks are made; a calibration makes them just so."""
    gate = config.gate
    wanted = operations or gate.operations
    return plan_of(config, settings, place, passes=gate.passes, operations=wanted, process_budget_s=2.0)
