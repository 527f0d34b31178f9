#!/usr/bin/env bash
# cythonize() called twice in one process for one source (here: first with counters for a profile, then without) gives the second
# Extension the flags of the first as well. Whoever builds variants in a loop (PGO: generate, then use; -O0 and -O3) measures a mix
# of both: a "trained" module that still counts and writes its counts at exit. Guess before the run: each Extension keeps its own flags.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet "cython==3.3.1" "setuptools==84.2.1"
cd "$work"
printf 'def f(int n):\n    return n + 1\n' > small.pyx
"$work/venv/bin/python" - <<'PY'
import Cython
from Cython.Build import cythonize
from setuptools import Extension

flags = []
for chosen in ("-fprofile-generate", "-O2"):
    (made,) = cythonize([Extension("small", ["small.pyx"], extra_compile_args=[chosen])], quiet=True)
    flags.append(made.extra_compile_args)
    print(f"Cython {Cython.__version__}: asked for {[chosen]}, got {made.extra_compile_args}")
raise SystemExit(0 if flags == [["-fprofile-generate"], ["-fprofile-generate", "-O2"]] else 1)
PY
# Seen:
#   Cython 3.3.1: asked for ['-fprofile-generate'], got ['-fprofile-generate']
#   Cython 3.3.1: asked for ['-O2'], got ['-fprofile-generate', '-O2']
