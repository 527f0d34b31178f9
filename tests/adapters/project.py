"""A project of somebody else's, with a suite of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "shop.py": "def total(n):\n    return sum(range(n))\n",
    "tests/bench/test_shop.py": """
import sqlite3

import pytest
import shop


@pytest.fixture
def database(tmp_path):
    connection = sqlite3.connect(tmp_path / "x.db")
    yield connection
    connection.execute("select 1")  # it must still be open, and this its thread
    connection.close()
    (tmp_path.parent / "torn-down").write_text("yes")


@pytest.mark.parametrize("n", [10, 100])
def test_total(benchmark, n):
    assert benchmark(shop.total, n) == sum(range(n))


def test_query(benchmark, database):
    assert benchmark(lambda: database.execute("select 41 + 1").fetchone()) == (42,)


def test_sort(benchmark):
    made = []

    def setup():
        made.append([3, 1, 2])
        return (made[-1],), {}

    benchmark.pedantic(list.sort, setup=setup, rounds=3)
    assert made[-1] == [1, 2, 3]


@pytest.mark.tailgate(inputs=[10, (20,), 30])
def test_inputs(benchmark):
    benchmark(shop.total, 5)


class TestDecorated:
    def test_function(self, benchmark):
        @benchmark
        def total():
            return shop.total(20)

        assert total == 190


def test_skipped(benchmark):
    pytest.skip("not on this machine")


def test_failing(benchmark):
    assert shop.total(3) == 4


@pytest.mark.benchmark
def test_marked(tmp_path):
    (tmp_path / "calls").open("a").write("x")


def test_without_the_fixture():
    pass
""",
    "tests/bench/test_broken.py": "import nowhere_to_be_found\n",
    "perf/bench_shop.py": """
import time

import pyperf
import shop


async def handle():
    return shop.total(10)


def loops(count):
    began = time.perf_counter()
    for _ in range(count):
        shop.total(50)
    return time.perf_counter() - began


if __name__ == "__main__":
    runner = pyperf.Runner()
    runner.argparser.add_argument("--size", type=int, default=50)
    arguments = runner.parse_args()
    runner.bench_func("total", shop.total, arguments.size)
    runner.bench_async_func("handle", handle)
    runner.bench_time_func("loops", loops)
    runner.timeit("statement", "shop.total(n)", "import shop; n = 5")
    runner.bench_command("command", ["true"])
""",
    "perf/bench_broken.py": "raise RuntimeError('no such data')\n",
    "benchmarks/__init__.py": "",
    "benchmarks/broken.py": "import nowhere_to_be_found\n",
    "deep/down/__init__.py": "",
    "deep/down/sums.py": "def time_nothing(): pass\n",
    "benchmarks/sums.py": """
import shop


class Totals:
    params = [[1, 10], ["a", "b"]]
    param_names = ["n", "kind"]

    def setup(self, n, kind):
        if (n, kind) == (10, "b"):
            raise NotImplementedError
        self.n = n

    def time_total(self, n, kind):
        shop.total(self.n)

    def peakmem_total(self, n, kind):
        shop.total(self.n)


class Cached:
    def setup_cache(self):
        return [3, 1, 2]

    def time_sort(self, made):
        assert sorted(made) == [1, 2, 3]


class Once:
    number = 1

    def setup(self):
        self.items = [3, 1, 2]

    def time_sort(self):
        assert self.items == [3, 1, 2], "setup was not run before each call"
        self.items.sort()


def track_length():
    return 3


def timeraw_import():
    return "import json"
""",
}


def write(root: Path) -> None:
    """Write the project's files below a folder."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
