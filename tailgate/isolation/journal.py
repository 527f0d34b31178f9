"""What was changed on this machine, written down before it is changed.

A record is complete from the first moment: it holds every step with the value that stood before. Whoever finds one,
after a crash or a kill, can put the machine back without knowing how far the changes came.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tailgate.errors import TailgateError
from tailgate.machine.steps import Step, from_plain, to_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tailgate.machine.host import Host

SCHEMA = 1
DEFAULT_STATE = Path("/var/lib/tailgate/isolation.json")

Phase = Literal["applying", "applied", "restoring"]
Action = Literal["apply", "run"]


@dataclass(frozen=True, slots=True)
class Process:
    """A process; `started`, its start in ticks since the boot, tells it from a later one of that number."""

    pid: int
    started: str

    @classmethod
    def current(cls, host: Host) -> Process:
        """Return the process that runs us."""
        return cls(os.getpid(), _life(host, os.getpid())[1])

    def lives(self, host: Host) -> bool:
        """Tell whether it still runs; one that was killed and is not waited for does not."""
        state, started = _life(host, self.pid)
        return state not in ("", "Z", "X") and started == self.started


def _life(host: Host, pid: int) -> tuple[str, str]:
    """Return state and start of a process, empty where there is none; its name may hold blanks and brackets."""
    fields = (host.read(f"/proc/{pid}/stat") or "").rpartition(")")[2].split()
    return (fields[0], fields[19]) if len(fields) > 19 else ("", "")


@dataclass(frozen=True, slots=True)
class Record:
    """The steps of one shield. `boot_id` tells a reboot, after which none of the values is ours to restore.

    `action` is what made it: the shield of an `apply` stays, that of a `run` ends with its process. `process` is the
    one that is at it, or was.
    """

    boot_id: str
    created: str
    cpus: tuple[int, ...]
    phase: Phase
    steps: tuple[Step, ...]
    action: Action
    process: Process


class Journal:
    """One record in one file, replaced whole: a reader sees the old one or the new one, never a half."""

    def __init__(self, path: Path = DEFAULT_STATE) -> None:
        self.path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second run of the script out. Raises TailgateError when one is at it; a kill releases the lock."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise TailgateError(
                f"no record can be kept in {self.path.parent}: {error.strerror}",
                hint="name another place: --state FILE",
            ) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise TailgateError(
                    f"another run changes this machine now: it holds {self.path.with_suffix('.lock')}",
                    hint="wait for it, or see tailgate isolate status",
                ) from error
            yield
        finally:
            os.close(descriptor)

    def load(self) -> Record | None:
        """Read the record; None where there is none. Raises TailgateError for one that cannot be understood."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise TailgateError(
                f"the record {self.path} cannot be read: {error.strerror}", hint="run it as root"
            ) from error
        try:
            plain: dict[str, Any] = json.loads(text)
            if plain["schema"] != SCHEMA:
                raise TailgateError(
                    f"the record {self.path} has schema {plain['schema']}, this script knows {SCHEMA}",
                    hint="restore with the version that wrote it, or reboot and delete the file",
                )
            return Record(
                boot_id=plain["boot_id"],
                created=plain["created"],
                cpus=tuple(plain["cpus"]),
                phase=plain["phase"],
                steps=tuple(from_plain(step) for step in plain["steps"]),
                action=plain.get("action", "apply"),  # records had neither at first
                process=Process(plain.get("pid", 0), plain.get("started", "")),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise TailgateError(
                f"the record {self.path} is damaged: {error}",
                hint="a reboot resets every value that this script sets; delete the file after it",
            ) from error

    def save(self, record: Record) -> None:
        """Write the record so that it survives a crash of the machine in the next moment.

        Raises TailgateError where it cannot be written; the one that stood there is whole then.
        """
        plain = {
            "schema": SCHEMA,
            "boot_id": record.boot_id,
            "created": record.created,
            "cpus": list(record.cpus),
            "phase": record.phase,
            "steps": [to_plain(step) for step in record.steps],
            "action": record.action,
            "pid": record.process.pid,
            "started": record.process.started,
        }
        fresh = self.path.with_suffix(".new")
        try:
            with fresh.open("w", encoding="utf-8") as file:
                json.dump(plain, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
            self.sync_folder()
        except OSError as error:
            raise TailgateError(
                f"the record {self.path} cannot be written: {error.strerror}",
                hint="free some room, or name another place: --state FILE",
            ) from error

    def forget(self) -> None:
        """Remove the record."""
        self.path.unlink(missing_ok=True)
        self.sync_folder()

    def sync_folder(self) -> None:
        """Bring the name itself to the disk: a rename is only lasting once its folder is."""
        descriptor = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
