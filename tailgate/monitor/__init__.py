"""Watch the latency of a running system: a recorder for every message, logs and metrics beside it (docs/monitor.md)."""

from __future__ import annotations

from tailgate.monitor.monitor import Monitor
from tailgate.monitor.recorder import Recorder, Tally

__all__ = ["Monitor", "Recorder", "Tally"]
