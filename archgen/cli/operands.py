"""What stands for a network on the command line becomes one here: the name of a shipped one, FILE,
FILE:ARCH, REV:FILE[:ARCH], or `py:MODULE:NAME`, a module of PyTorch.

Nothing without the prefix `py:` is ever imported. What has it is imported by a process of its own,
which gives back the text of its spec; torch is not imported here.
"""

from __future__ import annotations

import ast
import os
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from archgen.cli.checkpoints import NEEDS_TORCH
from archgen.cli.failures import Stopped
from archgen.cli.progress import progress
from archgen.cli.spec import (
    PREFIX,
    Settings,
    check_for_specs,
    input_spans,
    is_live,
    parameters,
    whole,
)
from archgen.diagnostics import ArchError, error
from archgen.text import NOWHERE

if TYPE_CHECKING:
    from archgen.importers.compared import Comparison
    from archgen.importers.request import Answer, Live, Places, Task
    from archgen.loaded import Network
    from archgen.versions import Version

Sizes = tuple[int, ...]
Sides = tuple[Settings, Settings]


def load(spec: str, settings: Settings, *, promises: bool = False) -> Network:
    """Load the network that a command was asked for. Raises `ArchError`.

    promises: verify them, for what is not only to be looked at.
    """
    return network(version(spec, settings), settings, promises=promises)


def network(found: Version, settings: Settings, *, promises: bool = False) -> Network:
    """Resolve a version as the options say. Raises `ArchError`."""
    features = () if settings.features is None else whole(settings.features)
    given, inputs = parameters(settings.parameters), inputs_for(found, settings)
    return found.network(given, inputs, features, promises=promises)


def version(spec: str, settings: Settings) -> Version:
    """Where the text of one operand is; that of a module is made. Raises `ArchError`."""
    from archgen import versions

    if is_live(spec):
        return versions.Version.live(spec, imported(spec, settings)["text"])
    check_for_specs(settings)
    return versions.Version.of(spec)


def pair(old: str, new: str, sides: Sides) -> tuple[Version, Version]:
    """The same for two operands. A module without sizes is run on those of the other one."""
    specs = (old, new)
    if not any(map(is_live, specs)):
        check_for_specs(*sides)
    made: dict[int, Version] = {}
    for at in sorted((0, 1), key=lambda at: is_live(specs[at])):
        settings = sides[at]
        if not is_live(specs[at]):
            settings = replace(settings, arguments=(), fixed=False)
        elif not settings.inputs and made and not is_live(specs[1 - at]):
            settings = replace(settings, inputs=_sizes_as_text(made[1 - at], sides[1 - at]))
        made[at] = version(specs[at], settings)
    return made[0], made[1]


def inputs_for(found: Version, settings: Settings) -> Any:
    """Other sizes for a spec; a module was run on them already."""
    return None if found.text is not None else input_spans(settings)


# --- modules of PyTorch ---------------------------------------------------------------------------


def imported(
    spec: str, settings: Settings, name: str | None = None, places: Places | None = None
) -> Answer:
    """The `text` of the spec of a module, the `proof` that it is equal, and its `origin`: the
    folder that it was imported from. Raises `ArchError`."""
    from archgen.importers.request import ToImport

    named = live(spec, settings)
    shapes = tuple(_given_sizes(spec, settings))
    return answer(spec, ToImport(named, shapes, name, settings.fixed), settings, places)


def compared(old: str, new: str, sides: Sides) -> Comparison:
    """Two networks side by side, compared by a process that makes both. Raises `ArchError`."""
    from archgen.importers.compared import Comparison, Measured
    from archgen.importers.request import ToCompare
    from archgen.operands import input_sizes

    sides_of: list[tuple[str, Live | Network]] = []
    sizes: list[list[Sizes]] = []
    for spec, settings in zip((old, new), sides, strict=True):
        if is_live(spec):
            sides_of.append((spec, live(spec, settings)))
            sizes.append(_given_sizes(spec, settings) if settings.inputs else [])
        else:
            found = load(spec, replace(settings, arguments=(), fixed=False))
            sides_of.append((spec, found))
            sizes.append(input_sizes(found))
    given = [each for each in sizes if each] or [_given_sizes(old, sides[0])]
    if given[0] != given[-1]:
        raise click.UsageError("both are run on the same input: --input sets that of both")
    one, other = sides_of
    task = ToCompare(one, other, tuple(given[0]))
    answered = answer(f"{old} and {new}", task, sides[0])["compared"]
    wanted, held = (
        {key: tuple(shape) for key, shape in answered[each].items()} for each in ("wanted", "held")
    )
    measured = tuple(Measured(**each) for each in answered["measured"])
    return Comparison(old, new, wanted, held, measured, answered["reason"])


def live(spec: str, settings: Settings) -> Live:
    """What `py:MODULE:NAME` names, with its arguments. Raises `click.UsageError`."""
    from archgen.importers.request import Live

    factory = spec.removeprefix(PREFIX)
    module, colon, name = factory.partition(":")
    names = (*module.split("."), *name.split("."))
    if not colon or not all(part.isidentifier() for part in names):
        raise click.UsageError(f"{spec}: write it as {PREFIX}MODULE:NAME")
    if settings.parameters:
        raise click.UsageError(f"--set is for a spec; --arg gives {spec} an argument")
    arguments: dict[str, object] = {}
    for argument, value in map(_argument, settings.arguments):
        if argument in arguments:
            raise click.UsageError(f"--arg {argument} is given twice")
        arguments[argument] = value
    return Live(spec, factory, arguments)


def answer(spec: str, task: Task, settings: Settings, places: Places | None = None) -> Answer:
    """What the process says that a task is given to. places: not the current folder. Raises
    `ArchError`."""
    from archgen.importers.fault import ImportFault
    from archgen.importers.process import run
    from archgen.importers.request import Places, Request

    if find_spec("torch") is None:
        raise Stopped(f"{spec} needs torch: {NEEDS_TORCH}")
    request = Request(task, places or Places(os.getcwd(), os.getcwd()), settings.timeout)
    try:
        with progress(spec) as told:
            return run(request, told)
    except ImportFault as fault:
        raise _placed(fault, spec) from None


def _placed(fault: ArchError, spec: str) -> ArchError:
    """A fault with the operand that it is about: as its place where Python has none."""
    (found,) = fault.diagnostics
    if found.span is NOWHERE:
        return ArchError([error(found.code, found.message, whole(spec), help=found.help)])
    return ArchError([replace(found, notes=(*found.notes, f"in {spec}"))])


def _argument(text: str) -> tuple[str, object]:
    """`classes=10`, `norm=None`, `name=tiny`: Python's literals, or a string."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise click.UsageError(f"--arg {text}: write it as NAME=VALUE")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def _given_sizes(spec: str, settings: Settings) -> list[Sizes]:
    """The shapes that a module is run on. Raises `ArchError`."""
    from archgen.overrides import input_sizes

    found = input_sizes(input_spans(settings))
    hint = "--input 3x224x224: sizes without the batch, once for each input"
    if not found:
        raise ArchError(
            [error("A533", "a module needs sizes to be run on", whole(spec), help=hint)]
        )
    for name, (_, span) in found.items():
        if isinstance(name, str):
            message = "the inputs of a module are given in their order, without names"
            raise ArchError([error("A533", message, span, help=hint)])
    return [sizes for sizes, _ in found.values()]


def _sizes_as_text(other: Version, settings: Settings) -> tuple[str, ...]:
    """The sizes of the other network, as `--input` says them; none where that is not one."""
    from archgen.operands import input_sizes

    known = network(other, replace(settings, features=None))
    return tuple("x".join(map(str, sizes)) for sizes in input_sizes(known))
