"""`--scheduler`: the blocks of a command go to the workers of a Dask cluster."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tailgate.errors import TailgateError
from tailgate.scratch import scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tailgate.judge.blocks import Fleet
    from tailgate.project.opening import Project

_C = TypeVar("_C", bound="Callable[..., Any]")


def scheduler_options(command: _C) -> _C:
    """Add the options of a command whose blocks a cluster may run."""
    unfit = click.option("--unfit-hosts", is_flag=True, help="Take hosts that the doctor calls unfit, too.")
    scheduler = click.option(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="Let the workers of a Dask cluster run the blocks, e.g. tcp://127.0.0.1:8786: one at a time on each CPU.",
    )
    return scheduler(unfit(command))


def fleet_of(
    project: Project, options: Mapping[str, Any], *, one_host: str = ""
) -> Callable[[Callable[[str], None]], Any] | None:
    """Return what opens the fleet that was asked for, given whom to tell; None where none was.

    one_host: why the workers must be of one host; "" where they need not.
    """
    address = options["scheduler"]
    if not address:
        return None
    if options.get("lanes") not in {None, 1}:
        raise TailgateError("--lanes and --scheduler do not go together", hint="the scheduler's workers are the lanes")

    @contextmanager
    def opened(say: Callable[[str], None]) -> Iterator[Fleet]:
        from tailgate.fleet.crew import Crew, FleetRules  # noqa: PLC0415  an optional extra

        rules = FleetRules(project.config.fleet_refuses, options["unfit_hosts"])
        with scratch() as folder, Crew(address, folder, rules, say=say) as crew:
            if one_host and len(crew.hosts) > 1:
                names = ", ".join(each.name for each in crew.told() if each.cpus)
                raise TailgateError(f"the workers at {address} are of several hosts ({names}): {one_host}")
            yield crew

    return opened
