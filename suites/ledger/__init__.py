"""The ledger: every bottleneck against its mend, what was promised beside what is measured."""
