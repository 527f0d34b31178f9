"""Keeps a finished run: what goes wrong here costs one line, never the run."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from tailgate.errors import TailgateError
from tailgate.history.place import OFF, VARIABLE, is_asked, place_of
from tailgate.history.provenance import write_provenance

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tailgate.history.provenance import Origin


def keep(root: Path, folder: Path, origin: Origin, say: Callable[[str], None]) -> bool:
    """Add the run whose files stand whole in the folder to the project's history; tell whether it is there now.

    say: is told why it is not, in one line, and how it is brought in later. Without the extra nothing is said where
    nobody asked for a history.
    """
    later = f"tailgate history add {shlex.quote(_short(folder, root))}"
    try:
        write_provenance(root, folder, origin)
        place = place_of(root)
        if not place:
            return False
        _add(place, folder, say)
    except ModuleNotFoundError as error:
        if is_asked(root):
            say(
                f"history: not kept, {error.name} is not installed: pip install 'tailgate[history]', then {later}; "
                f"{VARIABLE}={OFF} keeps none"
            )
    except Exception as error:  # noqa: BLE001  whatever it is: what was measured is whole, and its verdict stands
        said = error.message if isinstance(error, TailgateError) else str(error) or type(error).__name__
        say(f"history: not kept, {' '.join(said.split())}; later: {later}")
    else:
        return True
    return False


def _add(place: str, folder: Path, say: Callable[[str], None]) -> None:
    from tailgate.history.reading import entry_of  # noqa: PLC0415  an extra: absent, it costs a line and no more
    from tailgate.history.store import History  # noqa: PLC0415  as above

    entry = entry_of(folder)
    history = History.open(place)
    if history.copied:
        say(f"history: migrated; as it was before: {history.copied}")
    history.add(entry)


def _short(folder: Path, root: Path) -> str:
    whole, base = folder.resolve(), root.resolve()
    return str(whole.relative_to(base) if whole.is_relative_to(base) else whole)
