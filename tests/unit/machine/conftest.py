from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pytest

from tailgate.documents.machine import JitterProfile
from tailgate.machine.host import Host

if TYPE_CHECKING:
    from pathlib import Path

MakeHost = Callable[[Mapping[str, str | bytes]], Host]

TWO_CPUS: Mapping[str, str | bytes] = {
    "/sys/devices/system/cpu/online": "0-1\n",
    "/proc/cpuinfo": "flags : fpu hypervisor\n",
    "/proc/stat": "cpu  10 0 10 80 0 0 0 0 0 0\ncpu0 5 0 5 40 0 0 0 0 0 0\ncpu1 5 0 5 40 0 0 0 0 0 0\n",
    "/proc/loadavg": "0.10 0.10 0.10 1/80 4000\n",
}


@pytest.fixture
def make_host(tmp_path: Path) -> MakeHost:
    """Return a maker of a two-CPU machine in a folder, with more files where a test wants them."""

    def make(files: Mapping[str, str | bytes]) -> Host:
        for name, text in {**TWO_CPUS, **files}.items():
            path = tmp_path / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Host(tmp_path)

    return make


@pytest.fixture
def quiet() -> Callable[..., JitterProfile]:
    """Return a maker of profiles that lost nothing, but for what a test says."""

    def make(cpu: int, lost_share: float = 0.0, above_1ms: int = 0, longest_ns: int = 0) -> JitterProfile:
        return JitterProfile(cpu, 1_000_000_000, 10_000_000, 100.0, 0, 0, 0, above_1ms, longest_ns, lost_share)

    return make
