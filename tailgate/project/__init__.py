"""A project as every command uses it: its configuration and suite, the benchmarks a word names, its folders."""
