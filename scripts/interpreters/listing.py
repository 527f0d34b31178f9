"""Put interpreters into words: a table, one of them in full, and what could be built here."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from scripts.interpreters.releases import RELEASES, choose_compiler, missing_for
from scripts.interpreters.toolchain import Remembering
from scripts.interpreters.variants import Base, Modifier, Variant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scripts.interpreters.layout import Layout
    from scripts.interpreters.manifest import Manifest
    from scripts.interpreters.toolchain import Machine

MIB = 1024**2


def as_json(manifests: Iterable[Manifest], layout: Layout) -> str:
    """Return the manifests with the absolute path of each interpreter under `path`."""
    rows = [{**asdict(m), "path": str(layout.interpreters / m.name / m.executable)} for m in manifests]
    return json.dumps(rows, indent=2)


def as_text(manifests: Sequence[Manifest], layout: Layout) -> str:
    """Return one line an interpreter: name, what it trained on, seconds, size."""
    if not manifests:
        return f"no interpreter is built below {layout.interpreters}"
    width = max(len(m.name) for m in manifests)
    lines = [f"{layout.interpreters}"]
    for m in manifests:
        trained = " + ".join(run.name for run in m.trainings) or "no profile"
        lines.append(f"  {m.name:{width}}  {m.seconds:6.0f} s  {m.size_bytes / MIB:5.0f} MiB  {trained}")
    return "\n".join(lines)


def show_text(m: Manifest) -> str:
    """Return everything of one manifest that a person would ask for."""
    source = m.source
    lines = [
        f"{m.name}: CPython {m.version}, {m.variant}, built {m.built} on {m.machine['cpu']} with {m.jobs} jobs",
        f"source     {source['origin']} ({source['sha256'] or 'a folder'}), vouched for by {source['vouched_by']}",
        f"compiler   {m.compiler}{' through ccache' if m.ccache else ''}",
        f"configure  {m.configure}",
        *(f"{name:10} {value}" for name, value in m.flags.items() if value),
    ]
    for run in m.trainings:
        lines.append(f"training   {run.name}: {run.command}; {run.counters} files of counters {run.tape_digest}")
        lines.extend(f"           without {need}: {why}" for need, why in run.unavailable.items())
    lines.extend(f"{phase['seconds']:8.1f} s {phase['where']}: {phase['phase']}" for phase in m.phases)
    return "\n".join([*lines, f"{m.seconds:8.1f} s in all, {m.size_bytes / MIB:.0f} MiB"])


def buildable(machine: Machine) -> str:
    """Say for each release whether the bases can be built here, and what each modifier lacks."""
    machine = Remembering(machine)
    lines = ["could be built here:"]
    wanted = [Variant(Base.PGO), *(Variant(Base.PGO, frozenset({modifier})) for modifier in Modifier)]
    for release in RELEASES.values():
        for variant in wanted:
            lacks = missing_for(variant, release, machine, choose_compiler(machine, variant, None))
            label = "+".join(m.value for m in variant.modifiers)
            words = "; ".join(item.what for item in lacks)
            lines.append(f"  {release.series} {f'+{label}' if label else 'each base':14} {words or 'yes'}")
    return "\n".join(lines)
