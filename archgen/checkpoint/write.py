"""From new weights to a file, with what the old one held beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final

from archgen.checkpoint import copying
from archgen.checkpoint.contents import State
from archgen.checkpoint.read import Checkpoint, Format

FORMATS: Final[dict[str, Format]] = {
    ".safetensors": "safetensors",
    ".pt": "torch",
    ".pth": "torch",
    ".ckpt": "torch",
    ".bin": "torch",
}
"""By the end of a file's name."""


def format_of(path: str) -> Format | None:
    """What a file of that name is to be; None for another ending."""
    return FORMATS.get(PurePath(path).suffix.lower())


def beside(checkpoint: Checkpoint) -> list[str]:
    """What a file holds beside its weights: names of a trainer's, or of texts."""
    names = sorted(checkpoint.metadata)
    whole: Any = checkpoint.whole
    for place, key in enumerate(checkpoint.under, 1):
        above = checkpoint.under[: place - 1]
        names += [".".join((*above, str(name))) for name in whole if name != key]
        whole = whole[key]
    return names


def write(checkpoint: Checkpoint, state: State, path: str, form: Format) -> None:
    """Write new weights in the place of the old, all else as it was, as far as a format takes it.

    Safetensors takes texts, and torch what torch read: `beside` of one is left behind in the other.
    Raises `OSError`, `Damaged` for weights that the format cannot have.
    """
    if form == "safetensors":
        copying.save(state, checkpoint.path, path, checkpoint.metadata)
    else:
        from archgen.checkpoint.tensors import save_torch

        save_torch(_put(checkpoint.whole, checkpoint.under, state), path)


def _put(whole: Any, under: Sequence[str], state: State) -> object:
    """The same dictionaries with other weights below a name."""
    if not under:
        return state
    assert isinstance(whole, Mapping)
    return {**whole, under[0]: _put(whole[under[0]], under[1:], state)}
