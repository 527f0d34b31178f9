#!/usr/bin/env bash
# A pytest that a test starts as a process of its own, without -n and without workers, measures nothing when the outer pytest runs
# under pytest-xdist: pytest-benchmark takes the inherited PYTEST_XDIST_WORKER for its own, disables itself, writes no JSON although
# --benchmark-json was asked for, and the status is 0. Whoever tests a benchmark tool, or gates from within a parallel suite, gets
# "passed" and no figures. Guess before the run: only a pytest that has the option -n is parallel; the inner one measures as alone.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet "pytest==9.2.0" "pytest-benchmark==5.3.1" "pytest-xdist==3.8.0"
cd "$work"
mkdir inner
printf 'def test_it(benchmark):\n    assert benchmark(sum, [1, 2]) == 3\n' > inner/test_inner.py
cat > test_outer.py <<'PY'
import pathlib, subprocess, sys

def test_a_suite_is_measured_in_a_process_of_its_own():
    command = [sys.executable, "-m", "pytest", "-q", "--benchmark-max-time=0.01", "--benchmark-json=figures.json", "test_inner.py"]
    done = subprocess.run(command, cwd="inner", capture_output=True, text=True)
    pathlib.Path("seen").write_text(f"status {done.returncode}, figures {pathlib.Path('inner/figures.json').exists()}")
PY
for outer in "" "-n 1"; do
  rm -f inner/figures.json seen
  # shellcheck disable=SC2086  # the option and its value are two words
  "$work/venv/bin/python" -m pytest -q $outer test_outer.py >/dev/null
  echo "outer pytest ${outer:-alone}: inner $(cat seen)"
done | tee told
diff told - <<'SEEN'
outer pytest alone: inner status 0, figures True
outer pytest -n 1: inner status 0, figures False
SEEN
