"""A revision of the project as a side: what it brings along, how it is built, what it runs in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tailgate.measure.revisions import check_out
from tailgate.project.environments import declared_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tailgate.measure.revisions import Checkout
    from tailgate.project.opening import Project


def lay_out(project: Project, revision: str, subject: Sequence[str], folder: Path) -> Checkout:
    """Lay out a revision in a folder, built and in an environment of its own where the project asks for that."""
    config = project.config
    own = partial(declared_for, project) if config.environments == "each" else None
    return check_out(
        project.root,
        revision,
        subject,
        folder,
        command=config.build,
        forgiven=config.not_shipped,
        environment=own,
    )
