"""The subject: interchangeable implementations of each critical path of a trading system.

One folder a path: `contract.py` says what every implementation must hold, `reference.py` is slow, obvious and the
oracle, and each other file is one implementation, named on the command line as the file is (`heap_lazy.py` is
`heap-lazy`).
"""
