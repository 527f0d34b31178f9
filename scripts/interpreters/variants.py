"""What can be built: four ways to train, five modifiers, and the configure line of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tailgate.errors import TailgateError


class Base(StrEnum):
    """Say what the profile was made of."""

    PLAIN = "plain"  # no profile
    PGO = "pgo"  # CPython's own training: a part of its test suite
    TRAINED = "pgo-trained"  # the pipeline's tape alone
    BOTH = "pgo-both"  # one after the other, their counters added


class Modifier(StrEnum):
    """Name a change to the build that combines with every base."""

    LTO = "lto"
    NATIVE = "native"
    FREETHREADED = "freethreaded"
    JIT = "jit"
    TAILCALL = "tailcall"


class Training(StrEnum):
    """Name a workload whose counters a compiler can be given."""

    CPYTHON = "cpython"
    PIPELINE = "pipeline"


TRAININGS = {
    Base.PLAIN: (),
    Base.PGO: (Training.CPYTHON,),
    Base.TRAINED: (Training.PIPELINE,),
    Base.BOTH: (Training.CPYTHON, Training.PIPELINE),
}

COMMON = ("--with-ensurepip=no", "--without-static-libpython", "--disable-test-modules")
"""Given to every build alike, so that two builds differ only in what their names say."""

OPTIONS = {
    Modifier.LTO: "--with-lto",
    Modifier.NATIVE: "CFLAGS=-march=native",
    Modifier.FREETHREADED: "--disable-gil",
    Modifier.JIT: "--enable-experimental-jit",
    Modifier.TAILCALL: "--with-tail-call-interp",
}

SHAPING = frozenset({Modifier.FREETHREADED, Modifier.JIT, Modifier.TAILCALL})
"""Modifiers that change the code itself: counters of a build without them do not fit one with them."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Describe one build, written as `pgo-both+lto+native`."""

    base: Base
    modifiers: frozenset[Modifier] = frozenset()

    def __str__(self) -> str:
        """Return the one spelling: modifiers in the order in which `Modifier` lists them."""
        return "+".join([self.base.value, *(m.value for m in Modifier if m in self.modifiers)])

    @property
    def trainings(self) -> tuple[Training, ...]:
        """Return the workloads that the instrumented build replays, in order."""
        return TRAININGS[self.base]

    @property
    def instrumented(self) -> str:
        """Name the instrumented build that serves this variant, and every other of the same shape.

        LTO and -march are left out of it on purpose: the counters hold for them as well, and an instrumented
        build without LTO takes a third of the time (docs/interpreters.md).
        """
        return "+".join(["instrumented", *(m.value for m in Modifier if m in self.modifiers & SHAPING)])

    def options(self) -> list[str]:
        """Return the arguments of `configure`, without the prefix and the training command."""
        optimise = [] if self.base is Base.PLAIN else ["--enable-optimizations"]
        return [*COMMON, *optimise, *(OPTIONS[m] for m in Modifier if m in self.modifiers)]

    def instrumented_options(self) -> list[str]:
        """Return the arguments of `configure` for the instrumented build of this shape."""
        shape = [OPTIONS[m] for m in Modifier if m in self.modifiers & SHAPING]
        return [*COMMON, "--enable-optimizations", *shape]


def parse_variant(text: str) -> Variant:
    """Read `BASE[+MODIFIER]...`; raise TailgateError naming the word that is not known."""
    base, *modifiers = text.strip().lower().split("+")
    try:
        chosen = Base(base)
    except ValueError:
        raise TailgateError(
            f"there is no variant {base!r} of an interpreter", hint=f"choose one of {', '.join(Base)}"
        ) from None
    unknown = sorted(set(modifiers) - {m.value for m in Modifier})
    if unknown:
        raise TailgateError(
            f"{text!r}: there is no modifier {', '.join(map(repr, unknown))}",
            hint=f"modifiers are {', '.join(f'+{m}' for m in Modifier)}",
        )
    return Variant(chosen, frozenset(Modifier(m) for m in modifiers))
