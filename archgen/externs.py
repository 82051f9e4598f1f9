"""Modules that are not ours: which of them may run, and whether they are what a spec declares.

Building a network with an `extern` runs somebody's code. Only the person who runs archgen allows
that, by an argument or in the environment; nothing that comes with a spec can. Knows no torch.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from archgen.diagnostics import ArchError, Diagnostic, Label, error
from archgen.layers.extern import Extern
from archgen.network import LayerNode, Network
from archgen.shapes import Shape
from archgen.traversal import first_places

VARIABLE = "ARCHGEN_ALLOW_EXTERN"
State = tuple[tuple[str, tuple[int, ...], str], ...]  # keys, sizes, kinds


@dataclass(frozen=True, slots=True)
class Use:
    """An extern that a network applies: where it stands first, and the shapes of its inputs."""

    node: LayerNode
    layer: Extern
    inputs: tuple[Shape, ...]

    @property
    def target(self) -> str:
        return self.layer.declaration.target


@dataclass(frozen=True, slots=True)
class Seen:
    """What a module is: its `state_dict`, the sizes of its results for one sample, and its
    multiply-adds as PyTorch counts them."""

    state: State
    outputs: tuple[tuple[int, ...], ...]
    macs: int


def uses(network: Network) -> tuple[Use, ...]:
    """The externs of a network, equal ones once."""
    found: dict[tuple[Extern, tuple[Shape, ...]], Use] = {}
    for _, body in first_places(network.body):
        for node in body.all_nodes:
            if isinstance(node, LayerNode) and isinstance(node.layer, Extern):
                inputs = tuple(body.values[ref] for ref in node.inputs)
                found.setdefault((node.layer, inputs), Use(node, node.layer, inputs))
    return tuple(found.values())


def check_allowed(network: Network, allowed: Sequence[str] = ()) -> tuple[Use, ...]:
    """The externs of a network. Raises `ArchError` if one is neither among `allowed` nor named in
    the environment: as `package.module:Class`, or all of `package.module`.
    """
    found = uses(network)
    known = {*allowed, *os.environ.get(VARIABLE, "").replace(",", " ").split()}
    refused: dict[str, Diagnostic] = {}
    for use in found:
        if not {use.target, use.target.partition(":")[0]} & known:
            refused.setdefault(use.target, _refusal(use))
    if refused:
        raise ArchError([*refused.values()])
    return found


def _refusal(use: Use) -> Diagnostic:
    return error(
        "A406",
        f"`{use.target}` is not allowed to run",
        use.node.span,
        "building imports its module and makes it",
        help=f"if you trust it: --allow-extern {use.target}, or the same in {VARIABLE}",
    )


def check_declared(use: Use, seen: Seen) -> None:
    """Raise `ArchError` if a module is not what its declaration says."""
    x = use.inputs[0]
    shapes = use.layer.shape(x)
    outputs = tuple(shape.sizes for shape in (shapes if isinstance(shapes, tuple) else (shapes,)))
    faults = [*_state_faults(tuple(use.layer.state(x)), seen.state)]
    if outputs != seen.outputs:
        told = f"it makes {_sizes(seen.outputs)}, and was to make {_sizes(outputs)}"
        faults.append((told, f"output {_sizes(seen.outputs)}"))
    elif use.layer.macs(x) != seen.macs:
        told = f"PyTorch counts {seen.macs:,} MACs, not {use.layer.macs(x):,}"
        faults.append((told, f"macs {seen.macs}"))
    if faults:
        raise ArchError([_unlike(use, *fault) for fault in faults])


def _state_faults(declared: State, found: State) -> Iterator[tuple[str, str]]:
    if declared == found:
        return
    odd = next(iter(sorted({*declared} ^ {*found})), None)
    first = "its order" if odd is None else f"`{odd[0]}`"
    lines = "; ".join(_line(*entry) for entry in found)
    yield f"its `state_dict` differs from what is declared, {first} first", lines or "it is empty"


def _line(key: str, sizes: Sequence[int], kind: str) -> str:
    word = "param" if kind == "parameter" else kind
    name = key if key.isascii() and key.isidentifier() else f'"{key}"'
    return f"{word} {name} = {[*sizes]}"


def _sizes(outputs: Sequence[Sequence[int]]) -> str:
    return ", ".join(str([*sizes]) for sizes in outputs)


def _unlike(use: Use, told: str, help: str) -> Diagnostic:
    return error(
        "A407",
        f"`{use.target}` is not as declared: {told}",
        use.node.span,
        f"for an input of {use.inputs[0]}",
        also=[Label(use.layer.declaration.span, "declared here")],
        help=f"what it is here: {help}",
    )


def failed(use: Use, reason: str) -> ArchError:
    """A module that cannot be made or run."""
    also = [Label(use.layer.declaration.span, "declared here")]
    message = f"`{use.target}` cannot be built: {reason}"
    return ArchError([error("A407", message, use.node.span, also=also)])
