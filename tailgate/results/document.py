"""The tables of a bench run, and the plain Markdown page of them that every project gets."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tailgate.results.budgets import budget_table, spendings
from tailgate.results.percentiles import first_pass_table, percentile_table, stage_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tailgate.results.load import Results
    from tailgate.results.run import RunFacts
    from tailgate.results.table import Table


def bench_tables(results: Results) -> list[Table]:
    """Give the percentile table of each group, then first passes and stages."""
    plain = {group: [each for each in members if not each.stages()] for group, members in results.groups().items()}
    tables = [percentile_table(group, members) for group, members in plain.items() if members]
    tables.append(first_pass_table([each for members in plain.values() for each in members]))
    stages = stage_table([each for each in results.benchmarks if each.stages()])
    return [*tables, stages] if stages else tables


def bench_markdown(results: Results, facts: RunFacts, pictures: Mapping[str, str] | None = None) -> str:
    """Give the page: conditions first, then the tables; `pictures` maps a table's title to a file beside the page."""
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(facts.began))
    lines = [
        "# Benchmarks",
        "",
        f"`{facts.command}`, {when}, {facts.seconds:.0f} s. This machine is {facts.verdict}.",
        "",
    ]
    lines += [f"- {note}" for note in facts.notes]
    lines += [f"- {name} is unavailable: {reason}" for name, reason in facts.unavailable.items()]
    for table in bench_tables(results):
        lines += ["", table.markdown()]
        if pictures and table.title in pictures:
            lines += ["", f"![percentile curves of {table.title}]({pictures[table.title]})"]
    if spent := spendings(results, facts.budgets):
        lines += ["", budget_table(spent).markdown()]
    return "\n".join(lines) + "\n"
