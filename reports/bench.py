"""The documents of a bench run of this repository: the instrument's, with what else was measured on the same page."""

from reports import kinds
from tailgate.report.bench import write

__all__ = ["kinds", "write"]
