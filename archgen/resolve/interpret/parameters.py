"""`name = param([64, 1, 1])`, `let index = buffer([[...]])` -> a tensor of the body, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from archgen.diagnostics import Fault, error
from archgen.formula import Formula
from archgen.layers.initialisers import Initialiser
from archgen.network import Applied, NamedStep, ParamNode, Step
from archgen.resolve.interpret.draft import check_size
from archgen.resolve.interpret.frame import Frame
from archgen.resolve.interpret.initial import fitting, initialiser_of
from archgen.resolve.spelling import check_submodule
from archgen.resolve.values import Environment, Items, Word, is_integer
from archgen.shapes import Batch, Shape
from archgen.syntax import tree
from archgen.text import Span

TensorWord = Literal["param", "buffer"]
# What each takes, in order; a list without `init` is the sizes of a `param`, of a `buffer` its
# numbers.
ARGUMENTS: Mapping[TensorWord, tuple[str, ...]] = {
    "param": ("sizes", "init", "values", "trainable", "batch", "features"),
    "buffer": ("values", "init", "persistent", "batch", "features"),
}
_SHOWN: Mapping[TensorWord, str] = {
    "param": "param([sizes], init=zeros), or param(values=[...])",
    "buffer": "buffer([...]) of numbers, or buffer([sizes], init=normal)",
}
_DEFAULTS = {"trainable": True, "persistent": True, "batch": False}


def declaration(function: tree.Name, env: Environment) -> TensorWord | None:
    """Whether a name that is called means `param` or `buffer` here."""
    if function.parts == ("param",):  # a reserved word
        return "param"
    hidden = function.parts[0] in env.names
    return "buffer" if not hidden and env.scope.get(function.text) is Word.BUFFER else None


def declares(let: tree.Let, env: Environment) -> bool:
    """Whether a `let` names a tensor of the body."""
    value = let.value
    return isinstance(value, tree.Apply) and declaration(value.function, env) is not None


def declare(frame: Frame, let: tree.Let, word: TensorWord, link: tree.Apply) -> Step:
    """`let table = param(...)`: the name is its key; the current value stays."""
    if len(let.names) > 1 or let.targets != let.names:
        message = f"a `{word}` is one value"
        raise Fault(error("A116", message, let.span, help=f"let {let.names[0]} = {word}(...)"))
    (name,) = let.names
    current = frame.body.current
    place = tree.Place(name, span=let.span)
    frame.names.check_free(name, let.span, name)
    check_submodule(name, let.span)
    step = apply_parameter(frame, word, link.arguments, link.span, name)
    frame.names.bind(place, step.after, pure=False)
    frame.body.current = current
    return NamedStep(step, (name,), (step.after,))


def apply_parameter(
    frame: Frame,
    word: TensorWord,
    arguments: tuple[tree.Argument, ...],
    span: Span,
    name: str | None,
) -> Applied:
    """`name = param([sizes], init=...)`, `name = buffer([...])`: a tensor as a value."""
    body = frame.body
    if name is None:
        message = f"a `{word}` needs a name, which becomes its key"
        raise Fault(error("A121", message, span, help=f"write `let name = {word}(...)`"))
    if frame.sequential:
        raise Fault(error("A117", f"`{word}` directly inside `seq`", span, help="make it a block"))
    given = _arguments(word, arguments)
    flags = {key: _flag(frame, given.get(key), key) for key in _DEFAULTS}
    sizes, init, values = _content(frame, word, given, span)
    if init is not None:
        fitting(init, sizes, name, span)
    shape = _shape(frame, sizes, values, given, batch=flags["batch"])
    check_size((shape,), span)
    before = body.current[0] if body.current else -1
    node = ParamNode(
        name,
        sizes,
        init,
        (body.add(shape),),
        (),
        span,
        word,
        trainable=word == "param" and flags["trainable"],
        persistent=flags["persistent"],
        values=values,
    )
    frame.adopt(node)
    frame.emit(node)
    return Applied(node, before, node.outputs[0])


def _arguments(
    word: TensorWord, arguments: tuple[tree.Argument, ...]
) -> Mapping[str, tree.Argument]:
    names = ARGUMENTS[word]
    given: dict[str, tree.Argument] = {}
    for position, argument in enumerate(arguments):
        key = argument.name or names[min(position, 1)]
        if key not in names:
            message = f"`{word}` has no argument `{key}`"
            raise Fault(error("A106", message, argument.span, help=_SHOWN[word]))
        if key in given:
            message = f"`{key}` is given twice"
            raise Fault(error("A108", message, argument.span, help=_SHOWN[word]))
        given[key] = argument
    return given


def _flag(frame: Frame, argument: tree.Argument | None, key: str) -> bool:
    if argument is None:
        return _DEFAULTS[key]
    value = frame.value_of(argument.value)
    if not isinstance(value, bool):
        message = f"`{key}` must be true or false"
        raise Fault(error("A109", message, argument.span))
    return value


def _content(
    frame: Frame, word: TensorWord, given: Mapping[str, tree.Argument], span: Span
) -> tuple[tuple[int, ...], Initialiser | None, Formula | None]:
    """The sizes with what fills them, or the numbers."""
    first = given.get("sizes", given.get("values"))
    if first is None:
        message = f"`{word}` needs its sizes or its values"
        raise Fault(error("A107", message, span, help=_SHOWN[word]))
    if word == "param" and "values" in given and len({"sizes", "init"} & given.keys()):
        message = "`values` say sizes and numbers: nothing else fills it"
        raise Fault(error("A108", message, given["values"].span, help=_SHOWN[word]))
    init = initialiser_of(given["init"].value, frame.env) if "init" in given else None
    if "sizes" in given or init is not None:
        return _sizes(frame, word, first), init, None
    from archgen.resolve.formulas import formula_of

    formula = formula_of(first.value, frame.env)
    if word == "param" and formula.kind != "float":
        message = "a parameter holds floats"
        raise Fault(error("A109", message, first.span, help="write them so: `[1.0, 0.5]`"))
    if not formula.sizes:
        raise Fault(error("A109", "the values are in a list", first.span))
    return formula.sizes, None, formula


def _sizes(frame: Frame, word: TensorWord, argument: tree.Argument) -> tuple[int, ...]:
    sizes = frame.value_of(argument.value)
    whole = (
        [size for size in sizes if is_integer(size) and size > 0]
        if isinstance(sizes, Items)
        else []
    )
    if not whole or not isinstance(sizes, Items) or len(whole) != len(sizes):
        message = f"the sizes of a `{word}` are a list of integers of at least 1"
        raise Fault(error("A109", message, argument.span))
    return tuple(whole)


def _shape(
    frame: Frame,
    sizes: tuple[int, ...],
    values: Formula | None,
    given: Mapping[str, tree.Argument],
    *,
    batch: bool,
) -> Shape:
    """What the value is: `batch` says that the leading 1 stands for the samples."""
    kind, bounds = ("float", None) if values is None else (values.kind, values.bounds)
    form: Batch = "none"
    if batch:
        if sizes[0] != 1 or len(sizes) < 2:
            message = f"the sizes {list(sizes)} have no leading 1, which is the batch"
            raise Fault(error("A109", message, given["batch"].span))
        sizes, form = sizes[1:], "one"
    is_image = len(sizes) > 2 and set(sizes[1:]) == {1}  # as `[channels, 1, 1]` is
    axis = 0 if is_image else len(sizes) - 1
    if "features" in given:
        asked = frame.value_of(given["features"].value)
        if not is_integer(asked) or not -len(sizes) <= asked < len(sizes):
            message = f"`features` is one of {len(sizes)} axes"
            raise Fault(error("A109", message, given["features"].span))
        axis = asked % len(sizes)
    return Shape(sizes, axis, form, kind, bounds)
