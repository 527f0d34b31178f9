"""The ledger: every bottleneck against its fix, what was claimed beside what is measured."""
