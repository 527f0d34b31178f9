"""An anatomy in sentences, in Markdown and in JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tailgate.profilers.anatomy import SLOW_ITSELF, UNEXPLAINED, Anatomy, Share, Tail
from tailgate.results.store import replacing, slug
from tailgate.results.table import Table, duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


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
            f"{percent(why[UNEXPLAINED])} of the raw {name} fall together with nothing that was seen: "
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
    """Give a share as a person reads it, with more places where it is small."""
    places = 0 if share >= 0.10 else 1 if share >= 0.001 else 2
    return f"{100 * share:.{places}f} %" if share >= 0.0001 or share == 0 else "less than 0.01 %"


def anatomy_tables(anatomy: Anatomy) -> list[Table]:
    """Give the shares of both tails, those too that explain nothing."""
    tables = []
    for tail in (anatomy.reproducible, anatomy.raw):
        rows = tuple(_row(share) for share in (*tail.labels, *tail.causes))
        above = f"above {duration(tail.threshold_ns)}, {tail.count:,} of {tail.of:,}"
        title = f"The {tail.kind} p{anatomy.percentile:g}: {above}"
        tables.append(Table(title, ("what", "in the tail", "share", "in everything", "share", "times"), rows))
    rows = tuple((name, percent(share)) for name, share in anatomy.raw.why)
    tables.append(Table("Each sample of the raw tail once, by the first reason that fits", ("reason", "share"), rows))
    return tables


def _row(share: Share) -> tuple[str, ...]:
    return (
        share.name,
        f"{share.tail_count:,}",
        percent(share.tail_share),
        f"{share.whole_count:,}",
        percent(share.whole_share),
        f"{share.lift:.1f}",
    )


def anatomy_markdown(anatomy: Anatomy, level: int = 1) -> str:
    """Give the page, or the section of a report: sentences, then tables."""
    lines = [
        f"{'#' * level} Anatomy of the tail: {anatomy.benchmark}",
        "",
        f"{anatomy.operations:,} operations, {anatomy.passes} passes, {anatomy.processes} processes.",
        "",
        *(f"- {each}" for each in (*sentences(anatomy), *anatomy.notes)),
    ]
    for table in anatomy_tables(anatomy):
        lines += ["", table.markdown(level + 1)]
    return "\n".join(lines) + "\n"


def write_anatomy(anatomy: Anatomy, folder: Path) -> list[Path]:
    """Write `<benchmark>.json` and `<benchmark>.md`."""
    written = []
    plain = asdict(anatomy) | {"sentences": sentences(anatomy)}
    for suffix, text in ((".json", json.dumps(plain, indent=1) + "\n"), (".md", anatomy_markdown(anatomy))):
        path = folder / f"{slug(anatomy.benchmark)}{suffix}"
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def read_anatomies(folder: Path) -> list[Anatomy]:
    """Read back what is in a folder, by name; none where there is no folder."""
    return [_from_plain(json.loads(path.read_text(encoding="utf-8"))) for path in sorted(folder.glob("*.json"))]


def _from_plain(plain: dict[str, Any]) -> Anatomy:
    kept = {key: value for key, value in plain.items() if key != "sentences"}
    tails = {kind: _tail(kept[kind]) for kind in ("raw", "reproducible")}
    return Anatomy(**(kept | tails | {"notes": tuple(kept["notes"])}))


def _tail(plain: dict[str, Any]) -> Tail:
    shares = {key: _shares(plain[key]) for key in ("labels", "causes")}
    return Tail(**(plain | shares | {"why": tuple((name, share) for name, share in plain["why"])}))


def _shares(plain: Sequence[dict[str, Any]]) -> tuple[Share, ...]:
    return tuple(Share(**each) for each in plain)
