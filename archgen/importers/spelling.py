"""Calls and names as the language spells them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from keyword import iskeyword

from archgen.importers.block import Block
from archgen.importers.loops import counted
from archgen.importers.program import Unsupported
from archgen.importers.unify import Pattern
from archgen.importers.values import written
from archgen.layers import LAYERS
from archgen.syntax import tree
from archgen.syntax.words import RESERVED


def applied(expr: tree.Expr) -> tree.Call:
    """An expression that is a layer, as a link."""
    match expr:
        case tree.Name():
            return tree.Call(expr)
        case tree.Apply(function, arguments):
            return tree.Call(function, arguments)
        case tree.Nothing():
            return tree.Call(tree.Name(("identity",)))
        case _:
            raise AssertionError(expr)


def layer_arguments(key: str, given: dict[str, tree.Expr]) -> Iterator[tree.Argument]:
    """Positional up to the first that is left out; those with a default by name."""
    fields = LAYERS[key].model_fields if key in LAYERS else dict.fromkeys(("sizes", "init"))
    for name, field_ in fields.items():
        if name in given:
            required = field_.is_required() if field_ is not None else name == "sizes"
            yield tree.Argument(None if required or len(fields) == 1 else name, given[name])


def block_arguments(block: Block, given: dict[str, tree.Expr]) -> Iterator[tree.Argument]:
    for name in block.order:
        default = block.defaults.get(name)
        if name not in block.defaults:
            yield tree.Argument(None, given[name])
        elif name in given and given[name] != written(default):
            yield tree.Argument(name, given[name])


# --- names ----------------------------------------------------------------------------------


def named(name: str, link: tree.Link) -> tree.Named:
    return tree.Named((place(name),), tree.Chain((link,)))


def place(path: str) -> tree.Place:
    """`fc`, `blocks[0]`, `"add"`: the path of a submodule, left of `=`."""
    name, *indices = path.split(".")
    if not all(each.isdigit() for each in indices):
        raise Unsupported(f"the submodule `{path}` of a container that is never called")
    plain = re.fullmatch(r"[A-Za-z_]\w*", name) and name not in RESERVED
    numbers = tuple(tree.Number(int(each)) for each in indices)
    return tree.Place(name if plain else tree.Template((name,)), numbers)


def counted_place(name: str) -> tree.Place:
    """The name of the first pass, counted on by `i`."""
    first = counted(name)
    assert first is not None
    index: tree.Expr = tree.Name(("i",))
    if first.number:
        index = tree.Binary("+", index, tree.Number(first.number))
    if first.is_item:
        return tree.Place(first.stem.removesuffix("."), (index,))
    return tree.Place(tree.Template((first.stem, index)))


def read_name(path: str) -> tree.Expr:
    target = place(path)
    name = target.name
    expr: tree.Expr = tree.Name((name,)) if isinstance(name, str) else name
    for index in target.indices:
        expr = tree.Index(expr, index)
    return expr


def output_names(pattern: Pattern) -> list[str]:
    """What the results of a body are called: as the module calls them, after the layers that give
    them, or by number."""
    names: list[str] = []
    layers = {row.first.name for row in pattern.rows if row.first.name}
    words = set(RESERVED) if pattern.first.path else set()  # `from block.aux` cannot be read
    for number, (wire, wanted) in enumerate(
        zip(pattern.outputs, pattern.first.output_names, strict=True)
    ):
        row = pattern.rows[wire[0]] if wire[0] >= 0 else None
        own = (row.first.name or "") if row is not None and len(row.first.outputs) == 1 else ""
        if wanted not in {own, *pattern.input_names} and _is_field(
            wanted, {*names, *layers, *words}
        ):
            names.append(wanted)
        elif _is_field(own, {*names, *words}):
            names.append(own)
        else:
            names.append(unused(f"out{number + 1}", {*names, *filter(None, layers)}))
    return names


def gives_all(pattern: Pattern) -> bool:
    """Whether the results are those of one call, a list of values that is its last statement."""
    row = pattern.rows[pattern.outputs[0][0]] if pattern.outputs[0][0] >= 0 else None
    if row is None or row.first.kind != "call" or row.is_optional or len(pattern.outputs) < 2:
        return False
    wires = tuple((pattern.outputs[0][0], at) for at in range(len(row.first.outputs)))
    return pattern.outputs == wires and not pattern.heads and not pattern.first.has_fields


def _is_field(name: str, taken: set[str]) -> bool:
    plain = name.isidentifier() and not name.startswith("_") and not iskeyword(name)
    return plain and name not in taken | {"count", "index", "input"}


def unused(stem: str, taken: set[str]) -> str:
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}{number}", number + 1
    return name


def is_long(link: tree.Call) -> bool:
    return len(link.arguments) > 3
