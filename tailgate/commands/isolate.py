"""`tailgate isolate`: the one command that changes the machine; its options are its own."""

from __future__ import annotations

from typing import Any

import click

from tailgate.isolation.program import main


class _Whole(click.Command):
    """A command that takes its words as they are, those that look like options of this program among them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep every word, the two dashes before the command that is run among them."""
        ctx.params["words"] = args
        return []


@click.command("isolate", cls=_Whole, add_help_option=False)
def isolate(**options: Any) -> int:
    """Shield CPUs for a measurement, and put everything back."""
    return main(options["words"] or ["--help"])
