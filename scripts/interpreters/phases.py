"""Remember which phases of a build are done, so that an interrupted build goes on where it stopped."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

STAMPS = ".phases"


@dataclass(frozen=True, slots=True)
class Phase:
    """Tell when a phase was finished, and what it took: `seconds` counts its interrupted attempts too."""

    phase: str
    key: str
    seconds: float
    finished: str
    load_1min: float
    attempts: int = 1


def digest(facts: Mapping[str, object]) -> str:
    """Return 16 hexadecimal digits that change when any fact does."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]


class Phases:
    """Run the phases of one folder in order, each at most once for the same inputs.

    A stamp is written after a phase ended well, by a rename. The key of a phase covers its own inputs and the keys
    of all phases before it; a phase that has to run again removes the stamps of the later ones.
    """

    def __init__(
        self,
        folder: Path,
        say: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        load: Callable[[], float] = lambda: os.getloadavg()[0],
    ) -> None:
        self._folder = folder
        self._say = say
        self._clock = clock
        self._load = load
        self._chain = ""
        self.done: list[Phase] = []

    def run(self, name: str, facts: Mapping[str, object], action: Callable[[], None]) -> bool:
        """Do a phase unless it is done; return whether the action ran. What the action raises passes through."""
        key = digest({"facts": facts, "before": self._chain})
        self._chain = key
        found = self._read(name)
        if found is not None and found.key == key:
            self._say(f"{name}: done before, in {found.seconds:.0f} s")
            self.done.append(found)
            return False
        self._forget_from_here()
        self._say(f"{name} ...")
        load, start = self._load(), self._clock()
        spent, attempts = self._spent(name, key)
        try:
            action()
        except BaseException:
            with contextlib.suppress(OSError):  # a full disk ended the action: that is what has to be reported
                self._store(f"{name}.spent", [key, spent + self._clock() - start, attempts + 1])
            raise
        seconds = spent + self._clock() - start
        finished = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        phase = Phase(name, key, round(seconds, 1), finished, round(load, 2), attempts + 1)
        self._store(f"{name}.json", asdict(phase))
        (self._folder / STAMPS / f"{name}.spent").unlink(missing_ok=True)
        self.done.append(phase)
        self._say(f"{name}: {seconds:.0f} s")
        return True

    def _read(self, name: str) -> Phase | None:
        try:
            return Phase(**json.loads((self._folder / STAMPS / f"{name}.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None  # absent, cut short, or of another schema: the phase runs again

    def _spent(self, name: str, key: str) -> tuple[float, int]:
        """Return the seconds and the number of the attempts with these inputs that came to nothing."""
        try:
            stored, seconds, attempts = json.loads((self._folder / STAMPS / f"{name}.spent").read_text())
        except (OSError, ValueError, TypeError):
            return 0.0, 0
        return (float(seconds), int(attempts)) if stored == key else (0.0, 0)

    def _store(self, file: str, content: object) -> None:
        path = self._folder / STAMPS / file
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{file}.part")
        part.write_text(json.dumps(content))
        part.replace(path)

    def _forget_from_here(self) -> None:
        kept = {phase.phase for phase in self.done}
        for stamp in (self._folder / STAMPS).glob("*.json"):
            if stamp.stem not in kept:
                stamp.unlink()
