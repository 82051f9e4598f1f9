"""The sizes that a network takes, as `torch.export` and the ONNX exporter want to be told."""

from __future__ import annotations

from operator import ge
from typing import TYPE_CHECKING

from archgen import arguments
from archgen.analysis.sizes.legal import OfAxis, Sizes, sizes_of
from archgen.analysis.sizes.sets import EVERY, SizeSet
from archgen.analysis.sizes.symbols import term_of, where
from archgen.network import Network

if TYPE_CHECKING:
    from torch.export import Dim

NETWORK = arguments.Kind("an archgen.Network", lambda value: isinstance(value, Network))
LEAST = 2  # the exporters take a size of 1 for one that never changes, inside the network too


def dynamic_shapes(network: Network, *, batch: bool = True) -> tuple[dict[int, Dim], ...]:
    """For each input the axes that may change, for `torch.export.export(..., dynamic_shapes=)` and
    `torch.onnx.export(..., dynamo=True, dynamic_shapes=)`.

        program = torch.export.export(
            archgen.build(net).eval(), (torch.randn(2, 3, 224, 224),),
            dynamic_shapes=archgen.dynamic_shapes(net),
        )

    Axis 0 is the batch; left out without `batch`. `H >= 63` becomes `Dim("H", min=63)` and
    `H % 16 == 0` becomes `16 * Dim("H_16")`. Where the set is of another form, it is the largest
    part of that form (`H % 32 in {0, 25..31}`: the multiples of 32). An axis that is tied to
    another (`H // 16 * (W // 16) == 196`), that takes few sizes, or of which nothing is known,
    does not change. Nor are sizes among them at which some value inside has a size of 1, which
    `torch.export` would have to tell apart. Needs torch.
    """
    arguments.check(network=(network, NETWORK), batch=(batch, arguments.FLAG))
    from torch.export import Dim

    sizes = sizes_of(network)
    shared = Dim("batch", min=LEAST) if batch else None
    shapes: list[dict[int, Dim]] = []
    for number in range(len(network.body.inputs)):
        axes: dict[int, Dim] = {} if shared is None else {0: shared}
        for at, of in enumerate(sizes.axes):
            if of.axis.input == number and (steps := _steps(sizes, at, of)):
                axes[of.axis.axis + 1] = _dim(of, *steps)
        shapes.append(axes)
    return tuple(shapes)


def _steps(sizes: Sizes, at: int, of: OfAxis) -> tuple[int, int, int] | None:
    """`period`, `rest` and the least quotient of the sizes `period * q + rest`, all legal."""
    tied = any(
        axis == at
        for joint in sizes.joints
        for term in (joint.left, joint.right)
        for factors, _ in term.products
        for axis, _ in factors
    )
    legal = of.legal & _without_ones(sizes, at)
    if tied or not sizes.known or legal.is_finite:
        return None
    period = legal.period
    rest = next(rest for rest in range(period) if legal.tail >> rest & 1)
    least = next(
        q
        for q in range(legal.start // period + LEAST + 1)
        if period * q + rest >= LEAST
        and SizeSet.of(period, 0, lambda x: x % period == rest) & _from(period * q + rest) <= legal
    )
    return period, rest, least


def _without_ones(sizes: Sizes, at: int) -> SizeSet:
    """The sizes of an axis at which no value that depends on it has a size of 1."""
    wide = EVERY
    for values in sizes.main.inside.values():
        for shape in values.values():
            for single in (term_of(size).single for size in shape.sizes):
                if single is not None and single[0] == at:
                    wide &= where(single[1].plus(-LEAST), ge, True)
    return wide


def _from(first: int) -> SizeSet:
    return SizeSet.of(1, first, lambda x: x >= first)


def _dim(of: OfAxis, period: int, rest: int, least: int) -> Dim:
    from torch.export import Dim

    name = of.axis.name.replace(".", "_")
    if period == 1:
        return Dim(name, min=least)
    size: Dim = period * Dim(f"{name}_{period}", min=least)
    return size + rest if rest else size
