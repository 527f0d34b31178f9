"""The smallest real build, from Debian's source or a tarball of one's own: minutes, so it is left out by default."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from scripts.interpreters.build import Order, build, check
from scripts.interpreters.commands import LoggedRunner
from scripts.interpreters.layout import Layout
from scripts.interpreters.shop import Shop, exclusive
from scripts.interpreters.sources import Wanted, obtain
from scripts.interpreters.toolchain import ThisMachine
from scripts.interpreters.variants import parse_variant
from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "TAILGATE_TEST_SOURCE"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_plain_interpreter_is_built_from_real_source_and_runs(tmp_path: Path, root: Path) -> None:
    order = Order(parse_variant("plain"), root, jobs=os.cpu_count() or 1)
    layout = Layout(tmp_path / "cache")
    shop = Shop(layout, ThisMachine(), LoggedRunner(lambda _line: None), lambda _text: None)
    try:
        compiler = check(order, "3.13", shop)
        source = obtain(Wanted("3.13", os.environ.get(SOURCE, "debian")), layout)
    except TailgateError as error:
        pytest.skip(f"no source or no compiler here ({error.message}); ${SOURCE} names a tarball")
    with exclusive(shop.layout.lock):
        manifest = build(order, source, compiler, shop)
    python = layout.interpreters / manifest.name / manifest.executable
    command = [str(python), "-c", "import sys; print(sys.prefix, sys.version.split()[0])"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert told == [str(layout.interpreters / manifest.name), source.version]
    assert [phase["phase"] for phase in manifest.phases] == ["configure", "build", "install"]
