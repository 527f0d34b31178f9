"""Blocks on the workers of a Dask cluster: what travels, where it runs, what comes back. docs/fleet.md tells the story.

Nothing here is imported unless `--scheduler` is given: dask.distributed is an optional extra.
"""
