"""What is known of a finished interpreter: one JSON file that lies beside its `bin`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from tailgate.errors import TailgateError

if TYPE_CHECKING:
    from pathlib import Path

FILE = "manifest.json"
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """Tell of one training: what was run, on what tape, with which packages, and which could not be had."""

    name: str
    command: str
    tape_digest: str
    report: dict[str, Any]
    packages: dict[str, str]
    unavailable: dict[str, str]
    counters: int
    code: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Tell all that decided an interpreter; paths are relative to the folder of the manifest unless absolute."""

    name: str
    version: str
    variant: str
    replica: int
    executable: str
    source: dict[str, Any]
    configure: str
    compiler: str
    flags: dict[str, str]
    trainings: list[TrainingRun]
    phases: list[dict[str, Any]]
    facts: dict[str, Any]
    size_bytes: int
    built: str
    machine: dict[str, Any]
    jobs: int
    ccache: str
    schema: int = field(default=SCHEMA)

    @property
    def seconds(self) -> float:
        """Sum the phases that belong to this interpreter, the shared ones included."""
        return float(sum(phase["seconds"] for phase in self.phases))


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write the manifest into the folder of an interpreter."""
    (folder / FILE).write_text(json.dumps(asdict(manifest), indent=2) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """Read it back; raise TailgateError when the folder has none, or one of another schema."""
    try:
        fields = json.loads((folder / FILE).read_text())
        if fields.get("schema") != SCHEMA:
            raise TailgateError(
                f"{folder / FILE} has schema {fields.get('schema')}, this reads {SCHEMA}", hint="build it again"
            )
        fields["trainings"] = [TrainingRun(**run) for run in fields["trainings"]]
        return Manifest(**fields)
    except OSError as error:
        raise TailgateError(f"{folder} holds no interpreter: {error.strerror}", hint="see `list`") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TailgateError(f"{folder / FILE} cannot be read: {error}", hint="remove it and build again") from error


def built(interpreters: Path) -> tuple[list[Manifest], list[TailgateError]]:
    """List the finished interpreters, by name, and what is wrong with each whose manifest cannot be read."""
    found, damaged = [], []
    for path in sorted(interpreters.glob(f"*/{FILE}")) if interpreters.is_dir() else []:
        try:
            found.append(read_manifest(path.parent))
        except TailgateError as error:
            damaged.append(error)
    return found, damaged
