"""How long a process that wanted to run was kept waiting for its processor: what explains a tail that no code made."""

from __future__ import annotations

import os
from typing import Final

_FILE: Final = "/proc/thread-self/schedstat"


class RunQueue:
    """Reads the kernel's account of the thread that makes it (schedstat: on the processor, waiting, turns).

    What a hypervisor takes is no part of it. Where the kernel keeps no such account the wait is 0.
    """

    def __init__(self) -> None:
        try:
            self._descriptor = os.open(_FILE, os.O_RDONLY)
        except OSError:
            self._descriptor = -1

    def waited_ns(self) -> int:
        """Return the time that the thread stood ready and did not run, since it began: one small read."""
        if self._descriptor < 0:
            return 0
        return int(os.pread(self._descriptor, 100, 0).split()[1])
