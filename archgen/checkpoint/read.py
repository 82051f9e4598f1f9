"""From a file to its weights: which format it has, and where in it the `state_dict` lies.

Weights that lie in a dictionary of a dictionary, as trainers write them, are named and asked for
(`under`), never looked for in silence.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import starmap
from typing import BinaryIO, Literal, TypeGuard

from archgen.checkpoint.archive import NotPlain, check_size, read_plain
from archgen.checkpoint.contents import State, look
from archgen.checkpoint.header import Damaged, read_header
from archgen.closest import closest
from archgen.diagnostics import ArchError, error
from archgen.text import Source

Format = Literal["safetensors", "torch"]

PUBLISHED = "torchvision:"
_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80"  # of torch before 1.6
_MOST = 5  # places that are named
_DEEPEST = 3  # dictionaries in one another that are looked through


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A file that was read. `state` are its tensors, or what is known of them.

    whole: all that a file of torch holds; `under` says where in it `state` lies.
    metadata: the texts of a safetensors file beside its tensors.
    """

    path: str
    format: Format
    state: State
    whole: object = None
    under: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)


def read(path: str, under: Sequence[str] = (), *, numbers: bool = False) -> Checkpoint:
    """Read a checkpoint; without `numbers` only the names, shapes and dtypes in it.

    path: of a file, or `torchvision:ResNet50_Weights.IMAGENET1K_V2` for what torchvision publishes
    under that name (and downloads, unless it did so before).
    under: names of the dictionaries, from the outside, in which a file of torch holds its weights.
    Raises `ArchError` if it cannot be read or holds no weights there, `ModuleNotFoundError` if it
    needs torch or torchvision and there is none.
    """
    if path.startswith(PUBLISHED):
        return _inside(path, _published(path), under)
    try:
        with open(path, "rb") as file:
            form = _format(file)
            file.seek(0)
            if form == "safetensors":
                return _safetensors(path, file, under, numbers=numbers)
            whole = _torch(path, file, numbers=numbers)
    except (OSError, ValueError) as problem:
        raise _refused(path, problem) from None
    return _inside(path, whole, under)


def _published(path: str) -> object:
    if find_spec("torchvision") is None:
        raise ModuleNotFoundError(f"{path}: torchvision is not installed")
    from archgen.checkpoint.tensors import load_torchvision

    name = path.removeprefix(PUBLISHED)
    try:
        return load_torchvision(name)
    except LookupError as unknown:
        close = closest(name, unknown.args[0])
        help = f"did you mean `{PUBLISHED}{close}`?" if close else None
        message = f"torchvision has no weights called `{name}`"
        raise _refusal(path, "A525", message, help) from None
    except (OSError, ValueError) as problem:
        raise _refused(path, problem) from None


def _format(file: BinaryIO) -> Format:
    start = file.read(9)
    if start[8:9] == b"{":
        return "safetensors"
    if start.startswith((_ZIP, _PICKLE)):
        return "torch"
    raise Damaged("it is neither a file of safetensors nor one of torch")


def _safetensors(path: str, file: BinaryIO, under: Sequence[str], *, numbers: bool) -> Checkpoint:
    header = read_header(file)
    if under:
        raise Damaged(f"it holds tensors alone, and nothing under `{under[0]}`")
    state: State = header.tensors
    if numbers:
        from archgen.checkpoint.tensors import load_safetensors

        loaded = load_safetensors(path)
        state = {key: loaded[key] for key in header.tensors}
    return Checkpoint(path, "safetensors", state, metadata=header.metadata)


def _torch(path: str, file: BinaryIO, *, numbers: bool) -> object:
    """All that a file of torch holds. Raises `Damaged`."""
    reason = ""
    if file.read(2) == _ZIP[:2]:
        check_size(file)
        try:
            if not numbers:
                return read_plain(file)
        except NotPlain as problem:
            reason = f" ({problem})"
    if find_spec("torch") is None:
        what = "its numbers" if numbers else f"it holds more than plain weights{reason}"
        raise ModuleNotFoundError(f"{path}: {what}: reading it needs torch")
    from archgen.checkpoint.tensors import load_torch

    return load_torch(path, numbers=numbers)


def _inside(path: str, whole: object, under: Sequence[str]) -> Checkpoint:
    """The weights in what a file of torch holds."""
    state = whole
    for name in under:
        if not isinstance(state, Mapping) or name not in state:
            raise _no_weights(path, whole, f"it holds nothing under `{name}`")
        state = state[name]
    if not is_state(state):
        where = f" under `{under[-1]}`" if under else " at the top"
        raise _no_weights(path, whole, f"it holds no weights{where}")
    return Checkpoint(path, "torch", state, whole, tuple(under))


def is_state(value: object) -> TypeGuard[State]:
    """Whether this looks like a `state_dict`: a dictionary by text with a tensor in it."""
    return (
        isinstance(value, Mapping)
        and all(isinstance(key, str) for key in value)
        and any(look(each).is_tensor for each in value.values())
    )


def _no_weights(path: str, whole: object, message: str) -> ArchError:
    found = list(_states(whole))
    help = "it was to be a `state_dict`: save `model.state_dict()`"
    if found:
        help = "weights lie deeper: " + ", ".join(starmap(_option, found[:_MOST]))
    return _refusal(path, "A521", message, help)


def _option(names: Sequence[str], state: State) -> str:
    """`--under state_dict (320 entries)`, and what stands before all of its keys."""
    first = {key.partition(".")[0] for key in state}
    shared = f", keys begin with `{first.pop()}.`" if len(first) == 1 else ""
    option = " ".join(f"--under {shlex.quote(name)}" for name in names)
    return f"{option} ({len(state)} entries{shared})"


def _states(whole: object) -> Iterator[tuple[tuple[str, ...], State]]:
    """Every `state_dict` in dictionaries of a value, with the names that lead to it."""
    level: list[tuple[tuple[str, ...], object]] = [((), whole)]
    seen: set[int] = set()  # a pickle may hold itself
    for _ in range(_DEEPEST):
        inner: list[tuple[tuple[str, ...], object]] = []
        for names, value in level:
            if is_state(value):
                yield names, value
            elif isinstance(value, Mapping) and id(value) not in seen:
                seen.add(id(value))
                inner += [
                    ((*names, name), each) for name, each in value.items() if isinstance(name, str)
                ]
        level = inner


def _refused(path: str, problem: OSError | ValueError) -> ArchError:
    if isinstance(problem, OSError):
        return _refusal(path, "A520", f"cannot be read: {problem.strerror or problem}")
    return _refusal(path, "A521", f"no checkpoint that can be used: {problem}")


def _refusal(path: str, code: str, message: str, help: str | None = None) -> ArchError:
    return ArchError([error(code, message, Source(path, "").span(0, 0), help=help)])
