"""`name = param([64, 1, 1])` -> a learned parameter, which is a value of the body."""

from __future__ import annotations

from archgen.diagnostics import Fault, error
from archgen.layers.initialisers import Initialiser
from archgen.network import Applied, ParamNode, Step
from archgen.resolve.interpret.draft import check_size
from archgen.resolve.interpret.frame import Frame
from archgen.resolve.interpret.initial import fitting, initialiser_of
from archgen.resolve.values import Items
from archgen.shapes import Shape
from archgen.syntax import tree


def apply_parameter(frame: Frame, link: tree.Param, name: str | None) -> Step:
    """`name = param([sizes], init=...)`: a learned parameter as a value."""
    body = frame.body
    if name is None:
        message = "a `param` needs a name, which becomes its key"
        raise Fault(error("A121", message, link.span, help="write `name = param(...)`"))
    if frame.sequential:
        raise Fault(
            error("A117", "`param` directly inside `seq`", link.span, help="make it a block")
        )
    sizes, init = _parameter_arguments(frame, link)
    if init is not None:
        fitting(init, sizes, name, link.span)
    shape = Shape(sizes, 0 if len(sizes) != 3 or sizes[0] != 1 else 2)
    check_size((shape,), link.span)
    before = body.current[0] if body.current else -1
    node = ParamNode(name, sizes, init, (body.add(shape),), (), link.span)
    frame.adopt(node)
    frame.emit(node)
    return Applied(node, before, node.outputs[0])


def _parameter_arguments(
    frame: Frame, link: tree.Param
) -> tuple[tuple[int, ...], Initialiser | None]:
    sizes: object = None
    init: Initialiser | None = None
    span = link.span
    for position, argument in enumerate(link.arguments):
        key = argument.name or ("sizes", "init")[min(position, 1)]
        if key == "sizes":
            sizes = frame.value_of(argument.value)
            span = argument.span
        elif key == "init":
            init = initialiser_of(argument.value, frame.env)
        else:
            message = f"`param` has no argument `{key}`"
            raise Fault(error("A106", message, argument.span, help="param([sizes], init=zeros)"))
    if sizes is None:
        raise Fault(
            error("A107", "`param` needs its sizes", link.span, help="param([channels, 1, 1])")
        )
    whole = (
        [size for size in sizes if type(size) is int and size > 0]
        if isinstance(sizes, Items)
        else []
    )
    if not whole or len(whole) != len(sizes):  # type: ignore[arg-type]
        message = "the sizes of a `param` are a list of integers of at least 1"
        raise Fault(error("A109", message, span))
    return tuple(whole), init
