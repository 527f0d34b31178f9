"""Documents of a project's own that a page draws too, beside the instrument's: registered by who draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from tailgate.report.blocks import Section


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of typed document: what draws one, and where its command writes it, beside the folder of a bench run.

    holds: the type of the document; a file is read as one once its module is imported.
    """

    name: str
    holds: type
    section: Callable[[Any], Section | None]
    beside: tuple[str, ...]


MORE: Final[dict[str, Kind]] = {}
"""Every kind whose module was imported, by name, in the order of the page."""


def draw_too(kind: Kind) -> None:
    """Let pages draw documents of this kind."""
    MORE[kind.name] = kind
