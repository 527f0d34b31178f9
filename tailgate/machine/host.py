"""The files by which a machine tells its state, below a root folder that tests replace."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tailgate.machine.cpulist import parse_cpus


class Host:
    """Read and write `/sys`, `/proc` and `/dev` of one machine.

    Names are absolute as on a real machine (`/proc/loadavg`); `root` is put before them. Reading never raises: what is
    missing or forbidden reads as None, because a condition that cannot be read is a fact to report. Writing raises
    OSError, because the writer has to know.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root

    @property
    def is_real(self) -> bool:
        """Tell whether this is the machine that runs us, rather than a tree made for a test."""
        return self.root == Path("/")

    def path(self, name: str) -> Path:
        """Return the place of an absolute name below the root."""
        return self.root / name.lstrip("/")

    def read(self, name: str) -> str | None:
        """Return the text of a file without the white space around it, or None where it cannot be read."""
        try:
            return self.path(name).read_text(encoding="utf-8", errors="replace").strip(" \t\n\x00")
        except OSError:
            return None

    def read_bytes(self, name: str, size: int) -> bytes | None:
        """Return the first `size` bytes of a device or a file, or None where it cannot be read."""
        try:
            with self.path(name).open("rb", buffering=0) as file:
                return file.read(size)
        except OSError:
            return None

    def write(self, name: str, text: str) -> None:
        """Write one value into a file that exists; kernel files take it in one write or refuse it (OSError)."""
        descriptor = os.open(self.path(name), os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)

    def exists(self, name: str) -> bool:
        """Tell whether there is such a file or folder."""
        return self.path(name).exists()

    def names(self, folder: str) -> tuple[str, ...]:
        """Return the sorted names in a folder; none where there is no such folder."""
        try:
            return tuple(sorted(os.listdir(self.path(folder))))  # noqa: PTH208 - names are wanted, not paths
        except OSError:
            return ()

    def folders(self, folder: str) -> tuple[str, ...]:
        """Return the sorted names of the folders in a folder."""
        return tuple(name for name in self.names(folder) if self.path(f"{folder}/{name}").is_dir())

    def make_folder(self, name: str) -> None:
        """Make a folder; in a cgroup tree that makes a group."""
        self.path(name).mkdir()

    def remove_folder(self, name: str) -> None:
        """Remove a folder; in a cgroup tree that removes an empty group, whose files count as nothing."""
        self.path(name).rmdir()

    def pause(self, seconds: float) -> None:
        """Wait; a machine made for a test goes on at once."""
        time.sleep(seconds)

    def online_cpus(self) -> tuple[int, ...]:
        """Return the CPUs that are running."""
        return parse_cpus(self.read("/sys/devices/system/cpu/online") or "") or (0,)

    def boot_id(self) -> str:
        """Return the identity of the running boot: another one means that every value of before is gone."""
        return self.read("/proc/sys/kernel/random/boot_id") or "unknown"

    def is_virtual(self) -> bool:
        """Tell whether a hypervisor stands between us and the machine (the `hypervisor` flag of x86 CPUs)."""
        flags = self.read("/proc/cpuinfo") or ""
        return " hypervisor" in flags or self.exists("/sys/hypervisor/type")
