"""The page: every section that the given results have, in one self-contained HTML file."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from tailgate.documents.run import RunFacts
from tailgate.errors import TailgateError
from tailgate.files import replacing
from tailgate.report.blocks import Chart, Section
from tailgate.report.curves import Curves, groups_of
from tailgate.report.html import Page, render
from tailgate.report.kinds import MORE
from tailgate.report.sections.allocations import allocations_section, allocators_section
from tailgate.report.sections.anatomy import anatomy_section
from tailgate.report.sections.foreign import foreign_section
from tailgate.report.sections.judged import bisection_section, calibration_section, duel_section, gate_section
from tailgate.report.sections.machine import doctor_section, machine_card, machine_section
from tailgate.report.sections.percentiles import percentiles_section
from tailgate.report.sections.profiles import profiles_section
from tailgate.report.sections.stages import stages_section
from tailgate.report.sections.summary import bench_cards, summary_section
from tailgate.report.sections.tails import tails_section
from tailgate.results.load import load_results
from tailgate.results.run import load_run_facts
from tailgate.results.summary import summarise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tailgate.documents.bench import BenchSummary, Spending
    from tailgate.report.gather import Found
    from tailgate.report.kinds import Kind

UNKNOWN: Final = RunFacts(
    "tailgate bench", 0.0, 0.0, "not assessed", ("run.json is missing: was the run interrupted?",)
)
JUDGED: Final = ("gate", "bisection", "duel")
FIRST: Final = ("summary", *JUDGED, "percentiles", "tails", "stages", "pyperf", "anatomy", "allocations", "allocators")
LAST: Final = ("calibration", "machine", "doctor", "profiles")


def write_page(found: Sequence[Found], page: Path, links: Sequence[tuple[str, str]] = ()) -> Path:
    """Write the page of these results to `page`; links: to pages beside it, as (text, address)."""
    text = render(replace(build_page(found, page.parent), links=links))
    with replacing(page) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return page


def build_page(found: Sequence[Found], folder: Path) -> Page:
    """Make the sections; `folder` is where the page will stand, for its links."""
    sections: list[Section] = []
    first: dict[str, list[Curves]] = {}
    spent: Sequence[Spending] = ()
    inputs: tuple[str, ...] = ()
    cards, subtitle = [], ""
    for each in (each for each in found if each.kind == "bench"):
        results, facts = load_results(each.path), load_run_facts(each.path.parent) or UNKNOWN
        summary = summarise(results, facts.budgets, facts.inputs)
        groups = groups_of(results, summary)
        if not first:
            first, inputs = groups, facts.inputs
        spent = spent or summary.budgets
        subtitle = subtitle or _subtitle(each, summary, facts)
        made = [
            percentiles_section(groups),
            tails_section(groups),
            stages_section(summary.benchmarks),
            machine_section(results, facts),
        ]
        sections += [_sourced(section.under(facts.inputs), each) for section in made if section]
        cards += [*bench_cards(groups), machine_card(facts)]
    unread: list[str] = []
    sections = _told_apart([*sections, *_others(found, folder, unread)])
    order = (*FIRST, *MORE, *LAST)
    verdicts = [card for key in order for section in sections if _kind(section) == key for card in section.cards]
    head = summary_section([*verdicts, *cards], first, spent, unread).under(inputs)
    ordered = sorted([head, *sections], key=lambda section: order.index(_kind(section)))
    if not sections and not unread:
        raise TailgateError("there is nothing to report", hint="name results files: tailgate report build/")
    return Page("Tailgate report", subtitle, ordered)


def _others(found: Sequence[Found], folder: Path, unread: list[str]) -> Iterator[Section]:
    """Draw what other commands wrote; what nobody named and cannot be drawn is named in `unread` instead."""
    anatomies = [each for each in found if each.kind == "anatomy"]
    profiles = [each for each in found if each.kind in {"profiles", "profile"}]
    makers: dict[str, Callable[[Found], Section | None]] = {
        "gate": lambda each: gate_section(each.holds),
        "doctor": lambda each: doctor_section(each.holds),
        "duel": lambda each: duel_section(each.holds),
        "bisection": lambda each: bisection_section(each.holds),
        "calibration": lambda each: calibration_section(each.holds),
        "anatomy": lambda each: anatomy_section([a.holds for a in anatomies]) if each is anatomies[0] else None,
        "pyperf": lambda each: foreign_section(each.holds),
        "allocations": lambda each: allocations_section(each.holds),
        "allocators": lambda each: allocators_section(each.holds),
        "profiles": lambda each: profiles_section(profiles, folder) if each is profiles[0] else None,
        "profile": lambda each: profiles_section(profiles, folder) if each is profiles[0] else None,
    }
    makers |= {kind.name: partial(_drawn_too, kind) for kind in MORE.values()}
    for each in found:
        if each.kind == "unreadable":
            unread.append(each.holds)
        try:
            section = makers[each.kind](each) if each.kind in makers else None
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, TailgateError) as error:
            hint = "was it written by this version? make it again"
            said = error.message if isinstance(error, TailgateError) else repr(error)
            if each.named:
                raise TailgateError(f"{each.path} is damaged: {said}", hint=hint) from error
            unread.append(f"{each.path} is damaged: {said}")
            continue
        if section:
            yield _sourced(section, each)


def _drawn_too(kind: Kind, each: Found) -> Section | None:
    return kind.section(each.holds)


def _sourced(section: Section, found: Found) -> Section:
    return replace(section, source=f"{found.path.parent.name}/{found.path.name}, {found.written()}")


def _told_apart(sections: Sequence[Section]) -> list[Section]:
    """Keep sections of one kind, and their charts, apart by address, and name their file in the title."""
    numbers = Counter(section.key for section in sections)
    seen: Counter[str] = Counter()
    apart = []
    for section in sections:
        if numbers[section.key] == 1:
            apart.append(section)
            continue
        seen[section.key] += 1
        ending = f"-{seen[section.key]}" if seen[section.key] > 1 else ""
        key, file = section.key + ending, section.source.partition(",")[0]
        short = f"{section.title.partition(':')[0]} ({file.removesuffix('/results.json')})"
        blocks = [replace(b, key=b.key + ending) if isinstance(b, Chart) else b for b in section.blocks]
        cards = tuple(replace(card, link=f"#{key}") for card in section.cards)
        title = f"{section.title} ({file})"
        apart.append(replace(section, key=key, title=title, short=short, blocks=blocks, cards=cards))
    return apart


def _kind(section: Section) -> str:
    return section.key.split("-")[0]


def _subtitle(found: Found, summary: BenchSummary, facts: RunFacts) -> str:
    when = facts.when if facts.began else found.written()
    return f"{facts.command}, {when}, {len(summary.benchmarks)} benchmarks in {facts.seconds:.0f} s"
