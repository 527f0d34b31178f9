"""Colours and marks that everybody can tell apart: Okabe and Ito's set, and a shape of mark beside each colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Look:
    """How one implementation is drawn: a colour on paper, the same on a dark screen, and a shape of mark."""

    light: str
    dark: str
    marker: str  # matplotlib's letter


LOOKS: Final = (
    Look("#0072b2", "#56a8e0", "o"),
    Look("#d55e00", "#ff8a3d", "s"),
    Look("#009e73", "#2fc79b", "^"),
    Look("#b0568f", "#e596c4", "D"),
    Look("#8a6d00", "#e0b93a", "v"),
    Look("#3f3f3f", "#d0d0d0", "P"),
    Look("#2f9bd6", "#8fd0f7", "X"),
)
"""Source: Okabe and Ito, Color Universal Design; darkened, or lightened, to 3:1 against the page."""

GLYPHS: Final = "\u25cf\u25a0\u25b2\u25c6\u25bc\u271a\u2716"
"""The same shapes of mark as text, in the order of LOOKS."""


def look(place: int) -> Look:
    """Return the look of the implementation at that place of its group."""
    return LOOKS[place % len(LOOKS)]
