"""Reading the checkpoint that a command is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from archgen.cli.failures import Stopped

if TYPE_CHECKING:
    from archgen.checkpoint.contents import Contents

NEEDS_TORCH: Final = "pip install 'archgen[torch]'"
Under = tuple[str, ...]


def contents_of(checkpoint: str, under: Under, prefix: str) -> Contents:
    """What a file holds, with a prefix taken off. Raises `ArchError`, `Stopped` without torch."""
    from archgen.checkpoint.contents import contents
    from archgen.checkpoint.read import read

    try:
        return stripped(contents(read(checkpoint, under).state), prefix)
    except ModuleNotFoundError as problem:
        raise Stopped(f"{problem}: {NEEDS_TORCH}") from None


def stripped(held: Contents, prefix: str) -> Contents:
    """The same with a prefix taken off."""
    from archgen.checkpoint.hints import without

    try:
        return without(held, prefix)
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="'--prefix'") from None
