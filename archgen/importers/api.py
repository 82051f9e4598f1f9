"""`from_module`: the spec of a PyTorch module, proved equal to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archgen.arguments import FLAG, MODULE, NONE, Kind, check
from archgen.diagnostics import ArchError
from archgen.importers.fault import ImportFault
from archgen.importers.program import Unsupported
from archgen.syntax import tree
from archgen.syntax.format import format
from archgen.syntax.words import RESERVED

if TYPE_CHECKING:
    from torch import nn

    from archgen.importers.prove import Proof
    from archgen.loaded import Network

Sizes = tuple[int, ...]
MOST_INPUTS, MOST_AXES, LONGEST_NAME = 64, 8, 200


@dataclass(frozen=True, slots=True)
class Imported:
    """The text of a spec, its network, and what was compared."""

    text: str
    network: Network
    proof: Proof

    def __str__(self) -> str:
        return self.text


def from_module(
    model: nn.Module,
    input: Sizes | Sequence[Sizes],
    *,
    name: str | None = None,
    fixed: bool = False,
) -> Imported:
    """The spec of a module, with its keys, outputs and gradients.

    input: the shape of the input without the batch, `(3, 224, 224)`; a list for several inputs.
    name: of the arch; the name of the class if not given. fixed: takes a network that does other
    steps at another size of the input, as it is at this one.

    Runs the module's own code, in evaluation and in training mode; leaves its weights, its mode and
    torch's global settings as they are. Raises `ImportFault` where an operation has no form in the
    language, where its code fails, and where the spec's model is not equal: an unequal spec is
    never returned.
    """
    check(
        model=(model, MODULE),
        input=(input, SIZES),
        name=(name, Kind("a name of the language", is_name) | NONE),
        fixed=(fixed, FLAG),
    )
    return imported(model, shapes_of(input), name, fixed=fixed)


def imported(
    model: nn.Module,
    shapes: Sequence[Sizes],
    name: str | None = None,
    *,
    fixed: bool = False,
    told: Callable[[str], None] = lambda step: None,
) -> Imported:
    """The same, unchecked. told: is given each step as it begins, in words."""
    from archgen.importers.prove import Unequal
    from archgen.importers.surroundings import running

    try:
        with running("running the module"):
            return _imported(model, shapes, name, told, fixed=fixed)
    except Unsupported as fault:
        place = f" in `{fault.path}`" if fault.path else ""
        file, _, line = fault.line.rpartition(":")
        at = (file, int(line)) if file else None
        raise ImportFault(f"no form for {fault.what}{place}", at=at) from None
    except ImportFault:
        raise
    except ArchError as fault:
        raise ImportFault(f"the recovered spec does not check:\n{fault}") from None
    except Unequal as fault:
        raise ImportFault(f"the recovered spec is another network: {fault}") from None


def _imported(
    model: nn.Module,
    shapes: Sequence[Sizes],
    name: str | None,
    told: Callable[[str], None],
    *,
    fixed: bool,
) -> Imported:
    from archgen import trial
    from archgen.importers.prove import prove
    from archgen.importers.surroundings import check_hooks
    from archgen.limits import check_buildable

    check_hooks(model)
    told("running the module")
    text, network, heads = recovered(model, shapes, name, fixed=fixed, told=told)
    told("comparing outputs and gradients")
    check_buildable(network, network.params, meta=False)
    made = trial.build(network, device="meta")
    return Imported(text, network, prove(model, made, shapes, heads))


def recovered(
    model: nn.Module,
    shapes: Sequence[Sizes],
    name: str | None = None,
    *,
    fixed: bool = False,
    told: Callable[[str], None] = lambda step: None,
) -> tuple[str, Network, list[int]]:
    """A spec that is not proved, its network, and its heads in the order of the text."""
    from archgen.importers.recover import arch_name, recover
    from archgen.importers.shipped import with_shipped
    from archgen.importers.tidy import tidy
    from archgen.importers.trace import trace
    from archgen.loading import loads

    title = name or arch_name(type(model).__name__)
    program = trace(model, shapes, fixed=fixed)
    told("writing the spec")
    file, heads = recover(tidy(program), title)
    network = loads(format(file), title)
    file = with_shipped(file, network)
    text = format(_with_promises(file, network))
    return text, loads(text, title), heads


def _are_sizes(value: object) -> bool:
    """Whether a value is the sizes of one input, or a list of those of several."""
    if _is_shape(value):
        return True
    several = isinstance(value, list | tuple) and 0 < len(value) <= MOST_INPUTS
    return several and all(map(_is_shape, value))  # type: ignore[call-overload]


def _is_shape(value: object) -> bool:
    if not isinstance(value, list | tuple) or not 0 < len(value) <= MOST_AXES:
        return False
    return all(type(each) is int and 0 < each < 2**31 for each in value)


def is_name(value: object) -> bool:
    if not isinstance(value, str) or type(value) is not str or len(value) > LONGEST_NAME:
        return False
    return value.isascii() and value.isidentifier() and value not in RESERVED


SIZES = Kind("the sizes of one sample, or a list of such", _are_sizes)


def shapes_of(input: Sizes | Sequence[Sizes]) -> list[Sizes]:
    """The shapes of all inputs."""
    sizes = [each for each in input if isinstance(each, int)]
    return [tuple(sizes)] if sizes else [tuple(each) for each in input if not isinstance(each, int)]


def _with_promises(file: tree.File, network: Network) -> tree.File:
    """The figures of the network, as `expect` lines at the end of its arch."""
    *items, arch = file.items
    assert isinstance(arch, tree.Arch)
    figures = {"params": network.params, "macs": network.macs, "depth": network.depth}
    promises = tuple(
        tree.Expect(tree.Compare(tree.Name((name,)), (("==", tree.Number(value)),)))
        for name, value in figures.items()
    )
    body = tree.Body((*arch.body.statements, *promises))
    return tree.File((*items, tree.Arch(arch.name, arch.parameters, body)))
