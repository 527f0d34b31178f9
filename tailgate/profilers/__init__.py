"""Where time and memory go: one file a profiler, around the benchmark that `bench` measures, never in its process."""
