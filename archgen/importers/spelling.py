"""Calls and names as the language spells them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archgen.importers.loops import counted
from archgen.importers.parameters import Block
from archgen.importers.program import Unsupported
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
    fields = LAYERS[key].model_fields if key in LAYERS else {"sizes": None}
    for name, field_ in fields.items():
        if name in given:
            required = field_ is None or field_.is_required()
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


def unused(stem: str, taken: set[str]) -> str:
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}{number}", number + 1
    return name


def is_long(link: tree.Call) -> bool:
    return len(link.arguments) > 3
