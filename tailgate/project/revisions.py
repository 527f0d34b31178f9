"""A revision of the project as a side: what its configuration says it brings along, and how it is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tailgate.measure.revisions import check_out

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tailgate.measure.revisions import Checkout
    from tailgate.project.opening import Project


def lay_out(project: Project, revision: str, subject: Sequence[str], folder: Path) -> Checkout:
    """Lay out a revision in a folder, built where the project names a command for that."""
    config = project.config
    return check_out(project.root, revision, subject, folder, command=config.build, forgiven=config.not_shipped)
