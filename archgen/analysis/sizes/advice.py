"""What to ask for instead of sizes that a network does not take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from archgen.analysis.sizes.legal import OfAxis, Sizes, sizes_of
from archgen.analysis.sizes.words import input_text, requirement
from archgen.network import Network

Asked = Mapping[str | int, tuple[int, ...]]  # sizes by the name or the place of an input
Resolve = Callable[[Asked], Network | None]


def advice(resolve: Resolve, asked: Asked) -> str | None:
    """`takes 1 x H x W: H % 16 == 0 and H >= 16, W likewise; 368 or 384 would do for H, not 375`.

    `resolve` makes the network for an input of given sizes, or none. None if the sizes are not to
    blame, or what is known does not say so. What is suggested has been tried.
    """
    network = resolve({})
    if network is None:
        return None
    sizes = sizes_of(network)
    at = _asked_at(sizes, asked)
    if at is None or sizes.accept(at) is not False:
        return None
    text = f"it takes {input_text(sizes)}: {requirement(sizes)}"
    wrong = [(size, of) for size, of in zip(at, sizes.axes, strict=True) if size not in of.legal]
    better = {of.axis.name: of.legal.near(size) for size, of in wrong}
    if not better or not all(better.values()):
        return text
    for choose in (min, max):
        tried = _moved(sizes, asked, {name: choose(near) for name, near in better.items()})
        if resolve(tried) is None:
            return text
    told = {(size, tuple(better[of.axis.name])): "" for size, of in wrong}
    for size, of in wrong:
        key = size, tuple(better[of.axis.name])
        told[key] += f" and {of.axis.name}" if told[key] else of.axis.name
    each = (
        f"{' or '.join(map(str, near))} would do for {names}, not {size}"
        for (size, near), names in told.items()
    )
    return "; ".join([text, *each])


def _asked_at(sizes: Sizes, asked: Asked) -> tuple[int, ...] | None:
    """The sizes of the axes that were asked for, if all else is as declared."""
    body = sizes.network.body
    at = [of.axis.declared for of in sizes.axes]
    for key, given in asked.items():
        number = _number(sizes, key)
        if number is None:
            return None
        shape = body.values[body.inputs[number]]
        if len(given) != shape.rank or given[shape.axis] != shape.channels:
            return None
        for which, of in enumerate(sizes.axes):
            if of.axis.input == number:
                at[which] = given[of.axis.axis]
    return tuple(at)


def _number(sizes: Sizes, key: str | int) -> int | None:
    """The place of an input that was asked for, if there is such an input."""
    names = sizes.network.body.input_names
    if isinstance(key, str):
        return names.index(key) if key in names else None
    return key if key < len(names) else None


def _moved(
    sizes: Sizes, asked: Asked, better: Mapping[str, int]
) -> dict[str | int, tuple[int, ...]]:
    """What was asked for, with other sizes of some axes."""
    return {
        key: tuple(_sizes(sizes.axes, _number(sizes, key), given, better))
        for key, given in asked.items()
    }


def _sizes(
    axes: tuple[OfAxis, ...], number: int | None, given: tuple[int, ...], better: Mapping[str, int]
) -> Iterator[int]:
    names = {of.axis.axis: of.axis.name for of in axes if of.axis.input == number}
    for axis, size in enumerate(given):
        yield better.get(names.get(axis, ""), size)
