"""What a submodule is called with when it is applied once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archgen.diagnostics import Fault, error
from archgen.resolve.arguments import match_arguments
from archgen.resolve.interpret.frame import Frame
from archgen.resolve.values import form_of, kind_of, show
from archgen.syntax import tree


def values_again(
    frame: Frame,
    link: tree.Reuse,
    name: str,
    parameters: Sequence[str],
    given: Mapping[str, object],
) -> dict[str, object]:
    """The arguments of a call (`given`) with other values: `reuse cell(h=from c.h)`.

    What is no value is part of the submodule, which is made: it is not given again.
    """
    again = dict(given)
    for parameter, argument in match_arguments(name, parameters, link.arguments).items():
        value, first = frame.value_of(argument.value), given.get(parameter)
        if form_of(value) is None and form_of(first) is None:
            message = f"`reuse` takes values, and `{parameter}` is {kind_of(value)}"
            hint = f"`{name}` is made already: all else is what its first call says"
            raise Fault(error("A109", message, argument.span, show(value), help=hint))
        if form_of(value) != form_of(first):
            before = kind_of(first) if parameter in given else "not given"
            message = f"`{parameter}` is {kind_of(value)} here, in the first call it was {before}"
            hint = "both are given values for the same parameters, lists of the same length"
            raise Fault(error("A109", message, argument.span, help=hint))
        again[parameter] = value
    return again
