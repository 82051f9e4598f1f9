"""What `archgen breaking` and `archgen review` compare, and by which rules."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from archgen.cli.operands import Sides, pair
from archgen.cli.revisions import live_since
from archgen.cli.spec import check_for_specs, is_live

if TYPE_CHECKING:
    from archgen.breakage import Rules
    from archgen.versions import Broken, Pair


def rules_of(only: Sequence[str] = (), threshold: float | None = None) -> Rules:
    """What counts here, as the configuration and the call say."""
    from archgen import config
    from archgen.breakage import Rules
    from archgen.diagnostics import ArchError, Fault

    try:
        return Rules.of(config.find(), only, threshold)
    except Fault as fault:
        raise ArchError([fault.diagnostic]) from None


def compared(against: str, paths: Sequence[str], sides: Sides) -> Iterator[Pair | Broken]:
    """The pairs of archs that a call is about. Raises `ArchError`."""
    from archgen import versions

    if not is_spec(against):
        return since(against, paths, sides)
    if len(paths) != 1:
        raise click.UsageError(f"to compare with {against}, name one PATH")
    if os.path.isdir(against) and os.path.isdir(paths[0]):
        check_for_specs(*sides)
        return versions.between_folders(against, paths[0])
    return versions.between(*pair(against, paths[0], sides))


def since(revision: str, paths: Sequence[str], sides: Sides) -> Iterator[Pair | Broken]:
    """The pairs of archs that changed since a revision, or of modules of PyTorch with themselves at
    that revision. Raises `ArchError`."""
    from archgen import versions

    live = [path for path in paths if is_live(path)]
    if live and len(live) < len(paths):
        raise click.UsageError("modules and specs are not compared in one call")
    if live:
        return live_since(revision, live, sides)
    check_for_specs(*sides)
    return versions.changed_since(revision, paths)


def is_spec(against: str) -> bool:
    """Whether it is a spec (`old.arch`, `main:old.arch:net`, `resnet18`) or a folder, and not a
    revision. A branch called as a shipped network is a revision."""
    from archgen import git, specs

    name = against.rpartition(":")[0] if not against.endswith(".arch") else against
    if os.path.isdir(against) or is_live(against) or name.endswith(".arch"):
        return True
    return specs.is_shipped(against) and not git.is_revision(against)
