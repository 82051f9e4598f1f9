"""Network -> network: the backbone that returns some of its values.

What nothing returned needs is left out, auxiliary heads too; what stays keeps its name, so that
the keys of the weights are some of those of the whole network. The text is not touched: a
statement that is left out has a silent step, and backends print what the steps say.

A feature inside a submodule becomes a further output of it. An `nn.Sequential` with several
outputs gives them in the order of its children.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from archgen.cutting.cut import cut, field_name
from archgen.cutting.places import find
from archgen.diagnostics import Diagnostic, Fault, Label, error
from archgen.network import Network, OutputValue
from archgen.text import Span
from archgen.validate import validated

SUFFIX = "_backbone"


def features(network: Network, names: Sequence[Span]) -> Network:
    """The network that returns these values, in this order, as a `NamedTuple`.

    A span's text is the name of a value (`layer3`, `ups[0]`) or the path of a node (`relu1`,
    `features.4`). Raises `Fault` for a name that is unknown, or that stands twice.
    """
    spots = [find(network.body, span) for span in names]
    fields = list(_fields(names))
    body, refs = cut(network.body, spots)
    outputs = tuple(map(OutputValue, fields, refs))
    body = replace(body, outputs=outputs, listed=False, named=True)
    asked = tuple(span.text for span in names)
    name = network.name if network.asked else network.name + SUFFIX  # a file of its own
    made = replace(network, name=name, body=body, promises=(), asked=asked)
    return validated(made, "the pass `features`")


def _fields(names: Sequence[Span]) -> Iterator[str]:
    first: dict[str, Span] = {}
    for span in names:
        field = field_name(span.text)
        if field in first:
            raise Fault(_twice(span, first[field], field))
        first[field] = span
        yield field


def _twice(span: Span, first: Span, field: str) -> Diagnostic:
    also = [Label(first, "first here")]
    if span.text == first.text:
        return error("A126", f"the feature `{span.text}` is asked for twice", span, also=also)
    message = f"`{first.text}` and `{span.text}` would both be the field `{field}`"
    return error("A126", message, span, also=also, help="ask for one of them")
