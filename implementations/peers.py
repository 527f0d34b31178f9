"""Packages that no default needs: each is imported only here, and a missing one names the line that installs it."""

from __future__ import annotations

import importlib
from typing import Any

from implementations.registry import UnavailableError


def peer(module: str, package: str) -> Any:
    """Import a peer's module; UnavailableError, with the install line, where its package is missing."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".", maxsplit=1)[0]:
            raise
        raise UnavailableError(
            f"the package {package} is not installed: nox -s bench -- --peers, or pip install {package}"
        ) from error
