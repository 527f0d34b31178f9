"""An anatomy drawn as sentences and tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tailgate.documents.anatomy import SLOW_ITSELF, UNEXPLAINED
from tailgate.documents.envelope import save
from tailgate.files import replacing, slug
from tailgate.results.table import Table, duration

if TYPE_CHECKING:
    from pathlib import Path

    from tailgate.documents.anatomy import Anatomy, Share, Tail


def described(anatomy: Anatomy) -> Anatomy:
    """Return an anatomy with its sentences: every report shows these."""
    return replace(anatomy, sentences=tuple(sentences(anatomy)))


def sentences(anatomy: Anatomy) -> list[str]:
    """Say what makes the tail, the reproducible one first."""
    name = f"p{anatomy.percentile:g}"
    reproducible, raw = anatomy.reproducible, anatomy.raw
    found = [_what(share, f"reproducible {name}") for share in reproducible.labels if share.explains]
    found += [_happened(share, f"reproducible {name}", "tape") for share in reproducible.causes if share.explains]
    why = dict(raw.why)
    if SLOW_ITSELF in why:
        found.append(f"{percent(why[SLOW_ITSELF])} of the raw {name} are slow in every pass: data and code")
    found += [_happened(share, f"raw {name}", "samples") for share in raw.causes if share.explains]
    if UNEXPLAINED in why:
        found.append(
            f"{percent(why[UNEXPLAINED])} of the raw {name} have no cause that was observed: "
            "caches, interrupts of devices, the hypervisor"
        )
    return found + _of_the_machine(anatomy)


def _what(share: Share, tail: str) -> str:
    return f"{percent(share.tail_share)} of the {tail} are {share.name} ({percent(share.whole_share)} of the tape)"


def _happened(share: Share, tail: str, whole: str) -> str:
    return (
        f"{percent(share.tail_share)} of the {tail} fall together with {share.name} "
        f"({percent(share.whole_share)} of the {whole})"
    )


def _of_the_machine(anatomy: Anatomy) -> list[str]:
    counted = anatomy.counters
    seconds = counted.get("time_ns", 0) / 1e9
    if not seconds:
        return []
    told = [
        f"{counted.get('involuntary_switches', 0)} involuntary switches",
        f"{counted.get('page_faults', 0)} page faults",
    ]
    if "timer_interrupts" in counted:
        told.append(f"{counted['timer_interrupts']} timer interrupts")
    if "stolen_ns" in counted:
        told.append(f"{counted['stolen_ns'] / 1e6:.0f} ms stolen by the hypervisor")
    return [f"in {seconds:.2f} s of measured passes the machine counted " + ", ".join(told)]


def percent(share: float) -> str:
    """Return a share as a person reads it, with more places where it is small."""
    places = 0 if share >= 0.10 else 1 if share >= 0.001 else 2
    return f"{100 * share:.{places}f} %" if share >= 0.0001 or share == 0 else "less than 0.01 %"


def tail_table(anatomy: Anatomy, tail: Tail) -> Table:
    """Return the shares of one tail, those too that explain nothing."""
    above = f"above {duration(tail.threshold_ns)}, {tail.count:,} of {tail.of:,}"
    title = f"The {tail.kind} p{anatomy.percentile:g}: {above}"
    rows = tuple(_row(share) for share in (*tail.labels, *tail.causes))
    return Table(title, ("what", "in the tail", "share", "in everything", "share", "times"), rows)


def why_table(anatomy: Anatomy) -> Table:
    """Return the reasons of the raw tail."""
    rows = tuple((name, percent(share)) for name, share in anatomy.raw.why)
    return Table("Each sample of the raw tail once, by the first reason that fits", ("reason", "share"), rows)


def _row(share: Share) -> tuple[str, ...]:
    return (
        share.name,
        f"{share.tail_count:,}",
        percent(share.tail_share),
        f"{share.whole_count:,}",
        percent(share.whole_share),
        f"{share.lift:.1f}" if share.whole_share else "-",
    )


def anatomy_markdown(anatomy: Anatomy, level: int = 1) -> str:
    """Return the page, or the section of a report: sentences, then tables."""
    lines = [
        f"{'#' * level} Anatomy of the tail: {anatomy.benchmark}",
        "",
        f"{anatomy.operations:,} operations, {anatomy.passes} passes, {anatomy.processes} processes.",
        "",
        *(f"- {each}" for each in (*anatomy.sentences, *anatomy.notes)),
    ]
    for table in (*(tail_table(anatomy, tail) for tail in (anatomy.reproducible, anatomy.raw)), why_table(anatomy)):
        lines += ["", table.markdown(level + 1)]
    return "\n".join(lines) + "\n"


def write_anatomy(anatomy: Anatomy, folder: Path) -> list[Path]:
    """Write `<benchmark>.json` and `<benchmark>.md`."""
    path = save(folder / f"{slug(anatomy.benchmark)}.json", anatomy)
    with replacing(path.with_suffix(".md")) as temporary:
        temporary.write_text(anatomy_markdown(anatomy), encoding="utf-8")
    return [path, path.with_suffix(".md")]
