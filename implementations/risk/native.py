"""Sums in C, atomic by the GIL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from implementations.native import extension
from implementations.registry import implementation

if TYPE_CHECKING:
    from implementations.risk.contract import Limits, RiskCheck

_NEW = extension("risk").Risk


@implementation(source="plain sums, each call one step under the GIL: implementations/native/risk.pyx", fixes="B5")
def native(limits: Limits) -> RiskCheck:
    """Return a check. No lock, no state but a dict entry for each open order."""
    made: RiskCheck = _NEW(limits)
    return made
