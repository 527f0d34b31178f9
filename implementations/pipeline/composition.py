"""Names one implementation of each path: what a pipeline is built from."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

from implementations.registry import UnknownNameError, check_name, nearest


class BadCompositionError(ValueError):
    """A text that names no composition; the message says which part, and what is right."""


@dataclass(frozen=True, slots=True)
class Composition:
    """One implementation of each path, by its name in the registry."""

    decode: str
    handoff: str
    book: str
    risk: str
    limiter: str
    codec: str

    def __str__(self) -> str:
        return ",".join(f"{field.name}={getattr(self, field.name)}" for field in fields(self))

    def but(self, text: str) -> Composition:
        """Return this composition with the parts of `book=heap-lazy,codec=struct` in their place.

        Raises UnknownNameError for a path or an implementation that does not exist, BadCompositionError for a text of
        another form or a path that is named twice.
        """
        changes: dict[str, str] = {}
        for part in filter(None, text.split(",")):
            path, equals, name = (piece.strip() for piece in part.partition("="))
            if not equals or not name:
                raise BadCompositionError(f"{part!r} is no path=implementation; the paths are {', '.join(STEPS)}")
            if path not in STEPS:
                raise UnknownNameError(
                    f"the pipeline has no {path!r}{nearest(path, STEPS)}; its paths are {', '.join(STEPS)}"
                )
            check_name(path, name)
            if path in changes:
                raise BadCompositionError(f"{path} is named twice: {changes[path]} and {name}")
            changes[path] = name
        return replace(self, **changes)


def parse(text: str) -> Composition:
    """Read a composition: `recommended`, `bottleneck`, or changes of one: `bottleneck,codec=struct`.

    A text that begins with a change starts from the recommended one.
    """
    first, _, rest = text.partition(",")
    if "=" in first or not first.strip():
        return RECOMMENDED.but(text)
    base = NAMED.get(first.strip())
    if base is None:
        raise BadCompositionError(
            f"there is no composition {first.strip()!r}; begin with {' or '.join(NAMED)}, or with path=implementation"
        )
    return base.but(rest)


STEPS: Final = tuple(field.name for field in fields(Composition))
"""The paths that a pipeline is made of; the registry knows more."""

RECOMMENDED: Final = Composition(
    decode="msgspec",
    handoff="inline",  # in one thread: docs/pipeline.md, "What is recommended"
    book="near-window",
    risk="lock-free",
    limiter="try-first",
    codec="struct",
)
BOTTLENECK: Final = Composition(
    decode="json",
    handoff="inline",
    book="heap-rebuild",
    risk="lock",
    limiter="await-always",
    codec="json",
)
NATIVE: Final = Composition(**dict.fromkeys(STEPS, "native"))
"""The recommended paths compiled; each can still be exchanged. `nox -s native` builds them."""

NAMED: Final = {"recommended": RECOMMENDED, "bottleneck": BOTTLENECK, "native": NATIVE}
