"""Where a project's history is: TAILGATE_HISTORY, then `[tool.tailgate] history`, else a file in .tailgate/."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from tailgate.config import load_config

VARIABLE: Final = "TAILGATE_HISTORY"
OFF: Final = "off"
FILE: Final = Path(".tailgate") / "history.sqlite3"


def place_of(root: Path) -> str:
    """Return the history's URL for SQLAlchemy, empty where none is to be kept. A path is that of an SQLite file."""
    told = os.environ.get(VARIABLE) or load_config(root).history or str(FILE)
    return "" if told == OFF else url_of(told, root)


def is_asked(root: Path) -> bool:
    """Tell whether a history is asked for by name, and not only kept because it can be."""
    return bool(os.environ.get(VARIABLE) or load_config(root).history)


def url_of(told: str, root: Path) -> str:
    """Return the URL of a word: a URL is taken as it is, a path is a file of SQLite, relative to the project."""
    scheme, separator, rest = told.partition("://")
    if not separator:
        return f"sqlite:///{(root / Path(told).expanduser()).absolute()}"
    return f"postgresql+psycopg://{rest}" if scheme in {"postgresql", "postgres"} else told
