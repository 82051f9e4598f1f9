"""Modules of PyTorch as they are, beside themselves as they were at a revision of git.

Both are run, each by a process of its own: the old one in a temporary folder that the files of the
revision are written to, by git's plumbing alone (no checkout, no filter, no hook). To run them runs
the code of the revision as well, so it has to be one that is trusted as the work tree is.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from archgen.cli.operands import Sides, imported
from archgen.cli.spec import Settings, whole
from archgen.diagnostics import ArchError, Diagnostic, Fault, Label, error

if TYPE_CHECKING:
    from archgen.git import Revision
    from archgen.versions import Broken, Pair, Version


def live_since(name: str, specs: Sequence[str], sides: Sides) -> Iterator[Pair | Broken]:
    """Each module of the work tree, paired with itself at a revision. Raises `ArchError`."""
    from archgen.git import Revision

    try:
        revision = Revision.find(name)
        with tempfile.TemporaryDirectory(prefix="archgen-") as folder:
            revision.write(folder)
            for spec in specs:
                yield from _pair(spec, revision, os.path.realpath(folder), sides)
    except Fault as fault:
        raise ArchError([fault.diagnostic]) from None


def _pair(spec: str, revision: Revision, folder: str, sides: Sides) -> Iterator[Pair | Broken]:
    from archgen.versions import Broken, Pair, Version, between

    try:
        answer = imported(spec, sides[1])
    except ArchError as fault:
        yield Broken(spec, fault.diagnostics)
        return
    after = Version.live(spec, answer["text"])
    try:
        before = _before(spec, revision, folder, answer["origin"], sides[0])
    except ArchError as fault:
        shown = f"{revision.name}:"
        yield Broken(spec, tuple(_as_of(each, folder, shown) for each in fault.diagnostics), True)
        return
    if before is None:
        network = after.network()
        yield Pair(spec, network.name, None, network)
        return
    yield from between(before, after)


def _before(
    spec: str, revision: Revision, folder: str, origin: str, settings: Settings
) -> Version | None:
    """The module at the revision; None if it had none of that name."""
    from archgen.importers.request import Places
    from archgen.versions import Version

    here, there = (
        _moved(place, revision.root, folder) for place in (os.path.realpath(os.curdir), origin)
    )
    if there is None:
        message = f"it is imported from outside of the repository: {origin or 'no folder'}"
        raise ArchError([error("A515", message, whole(spec))])
    at = here if here and os.path.isdir(here) else folder
    try:
        answer = imported(spec, settings, places=Places(at, there, revision.root))
    except ArchError as fault:
        if any(each.code == "A530" for each in fault.diagnostics):
            return None
        raise
    return Version.live(f"{revision.name}:{spec}", answer["text"])


def _moved(place: str, root: str, folder: str) -> str | None:
    """A place of the work tree in another folder; None for one outside of it."""
    inside = os.path.relpath(place, root) if place else os.pardir
    if inside.partition(os.sep)[0] == os.pardir:
        return None
    return os.path.normpath(os.path.join(folder, inside))


def _as_of(fault: Diagnostic, folder: str, shown: str) -> Diagnostic:
    """The same, with the places in a folder as those of the revision."""
    return replace(fault, labels=tuple(_shown_as(each, folder, shown) for each in fault.labels))


def _shown_as(label: Label, folder: str, shown: str) -> Label:
    source = label.span.source
    if not source.path.startswith(folder):
        return label
    path = shown + source.path.removeprefix(folder).lstrip(os.sep)
    return replace(label, span=replace(label.span, source=replace(source, path=path)))
