"""The experiments: tapes, and the benchmarks of each path and of the pipeline."""
