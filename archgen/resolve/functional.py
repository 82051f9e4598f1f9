"""Layers written as functions: `relu(x)`, `x = relu(x)`, `torch.cat([a, b], dim=1)`.

Here a step takes the current value, and a name is given once. Judged by the text alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import count

from archgen.diagnostics import Diagnostic, Edit, Label, error
from archgen.layers import LAYERS
from archgen.resolve.values import Environment
from archgen.syntax import tree
from archgen.syntax.walk import nodes_in

Values = Mapping[str, tree.Node]  # names of values of the network, and where they are defined


def values_given(call: tree.Call, values: Collection[str]) -> list[tree.Name]:
    """The values among the positional arguments of a call, in lists too."""
    return [
        item
        for argument in call.arguments
        if argument.name is None
        for item in _items(argument.value)
        if isinstance(item, tree.Name) and item.text in values
    ]


def _items(expr: tree.Expr) -> Iterator[tree.Expr]:
    if isinstance(expr, tree.ListOf):
        yield from expr.items
    else:
        yield expr


def of_values(call: tree.Call, values: Collection[str], env: Environment) -> Diagnostic:
    """The fault of a layer that is given values."""
    from archgen import foreign
    from archgen.resolve.unknown import unknown_layer

    given = values_given(call, values)
    name = call.function
    if name.text not in env.scope:
        found = foreign.word(name.text, LAYERS)
        if found is None or found.keyword is None:
            return unknown_layer(name, env, call)
        message, span, code = f"unknown layer or block `{name.text}`", name.span, "A102"
    else:
        code, span = "A101", given[0].span
        message = f"`{name.text}` takes the current value, and no value as an argument"
    step = step_of(call, values)
    if step is None or len(given) > 1:
        return error(code, message, span, help=f"`from {given[0].text}` reads a value")
    text = f"from {given[0].text} -> {step}"
    return error(code, message, span, help=f"write `{text}`", fix=[Edit(call.span, text)])


def step_of(call: tree.Call, values: Collection[str]) -> str | None:
    """A call without the values that it is given, in the words of the language."""
    from archgen import foreign
    from archgen.resolve.translation import translated

    found = foreign.word(call.function.text, LAYERS)
    if found is None or found.keyword is None:
        return None
    rest = [each for each in call.arguments if not _is_of_values(each, values)]
    if not rest:
        return found.keyword
    return translated(replace(call, arguments=tuple(rest)), found.keyword)


def _is_of_values(argument: tree.Argument, values: Collection[str]) -> bool:
    items = list(_items(argument.value))
    return argument.name is None and all(
        isinstance(item, tree.Name) and item.text in values for item in items
    )


def defined_twice(named: tree.Named, values: Values, body: tree.Body) -> Diagnostic | None:
    """A103: a second statement of a name; of `x = relu(x)` with what to write instead.

    body: that of the definition, whose later statements read the new value.
    """
    for place in named.places:
        first = values.get(place.name) if isinstance(place.name, str) else None
        if first is None or place.indices or (isinstance(first, tree.Place) and first.indices):
            continue
        message = f"`{place.name}` is defined twice in one body"
        also = [Label(first.span, "first here")]
        text = _unnamed(named, values)
        if text is None:
            help = "give it another name, or none: the next step takes its value anyway"
            return error("A103", message, place.span, also=also, help=help)
        name = str(place.name)
        other = next(f"{name}{n}" for n in count(2) if f"{name}{n}" not in values)
        text = f"{other} = {text}"
        fix = [Edit(named.span, text), *_renamed(name, other, body, named.span.end)]
        return error("A103", message, place.span, also=also, help=f"write `{text}`", fix=fix)
    return None


def _renamed(name: str, other: str, body: tree.Body, start: int) -> Iterator[Edit]:
    """Every reading of a name behind a place, by another name."""
    for node in nodes_in(body):
        if isinstance(node, tree.Name) and node.parts[0] == name and node.span.start >= start:
            at = node.span.start
            yield Edit(node.span.source.span(at, at + len(name)), other)


def _unnamed(named: tree.Named, values: Collection[str]) -> str | None:
    """`from x -> relu` for `x = relu(x)`; a merge for `x = cat([a, b])`."""
    from archgen import foreign
    from archgen.resolve.unknown import merge_of, named_values

    links = named.chain.links
    call = links[0]
    if len(links) > 1 or not isinstance(call, tree.Call):
        return None
    given = values_given(call, values)
    found = foreign.word(call.function.text, LAYERS)
    if found is not None and found.merge and named_values(call.arguments):
        return merge_of(found.merge, named_values(call.arguments) or ())
    step = step_of(call, values)
    return f"from {given[0].text} -> {step}" if len(given) == 1 and step else None
