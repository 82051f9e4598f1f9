"""What a file defines and nobody uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING

from archgen.diagnostics import Diagnostic, warning
from archgen.lint.edits import removal
from archgen.syntax import tree
from archgen.syntax.walk import nodes_in

if TYPE_CHECKING:
    from archgen.resolve.modules import Module


def check(modules: Sequence[Module]) -> Iterator[Diagnostic]:
    """W010 to W013 of files that are looked at together: what one uses of another is used."""
    read = [[_names(item) for item in module.tree.items] for module in modules]
    elsewhere = set[int]()
    for module, names in zip(modules, read, strict=True):
        elsewhere |= _imported(module, set[str]().union(*names))
    for module, names in zip(modules, read, strict=True):
        for item, own in zip(module.tree.items, names, strict=True):
            if not isinstance(item, tree.Use | tree.Let | tree.Extern):
                yield from _parameters(item, own)
                yield from _lets_inside(item, own)
        yield from _items(module, names, elsewhere)


def _names(item: tree.Item) -> set[str]:
    """Every name that is read in a text, whole and by its first part."""
    names: set[str] = set()
    for node in nodes_in(item):
        if isinstance(node, tree.Name):
            names |= {node.parts[0], node.text}
    return names


def _imported(module: Module, names: Collection[str]) -> set[int]:
    """What a file reads of other files, by identity: constants and definitions."""
    scope, own = module.scope, module.names
    return {id(scope[name]) for name in names if name in scope and name not in own}


# --- inside a definition --------------------------------------------------------------------------


def _parameters(item: tree.Definable, read: Collection[str]) -> Iterator[Diagnostic]:
    """W010: a parameter that neither the body nor another default reads."""
    for parameter in item.parameters:
        if parameter.name not in read:
            message = f"nothing reads the parameter `{parameter.name}` of `{item.name}`"
            yield warning("W010", message, parameter.span, help="read it, or take it away")


def _lets_inside(item: tree.Definable, read: Set[str]) -> Iterator[Diagnostic]:
    """W012: a constant of a body that nothing in the definition reads."""
    for node in nodes_in(item):
        if isinstance(node, tree.Let) and not read & set(node.names):
            yield _unread(node)


def _unread(let: tree.Let) -> Diagnostic:
    names = ", ".join(f"`{name}`" for name in let.names)
    message = f"nothing reads the constant {names}"
    return warning("W012", message, let.span, help="take it away", edits=[removal(let.span)])


# --- at the top level -----------------------------------------------------------------------------


def _items(
    module: Module, read: Sequence[Set[str]], elsewhere: Collection[int]
) -> Iterator[Diagnostic]:
    """W011 to W013. A file without an arch is a library: what it defines is for others."""
    items = module.tree.items
    library = not any(isinstance(item, tree.Arch | tree.Alias) for item in items)
    times = Counter(name for names in read for name in names)
    for item, own in zip(items, read, strict=True):
        match item:
            case tree.Use():
                if not _is_used(module, item, times):
                    yield _unused_library(module, item)
            case tree.Let(names=names) if not library:
                if not any(_is_read(module, name, times, own, elsewhere) for name in names):
                    yield _unread(item)
            case tree.Block() | tree.Synonym() | tree.Extern() if not library:
                if not _is_read(module, item.name, times, own, elsewhere):
                    kind = "extern" if isinstance(item, tree.Extern) else "block"
                    message = f"nothing in this file calls the {kind} `{item.name}`"
                    hint = "take it away, or move it to a library of its own"
                    yield warning("W011", message, item.name_span, help=hint)


def _is_read(
    module: Module,
    name: str,
    times: Mapping[str, int],
    own: Collection[str],
    elsewhere: Collection[int],
) -> bool:
    """Whether an item other than the one that defines a name reads it, or another file does."""
    return times[name] > (name in own) or id(module.scope.get(name)) in elsewhere


def _is_used(module: Module, use: tree.Use, read: Mapping[str, int]) -> bool:
    if use.alias:
        return read[use.alias] > 0
    brought = (name for name, place in module.places.items() if place == use.span)
    return any(read[name] for name in brought)


def _unused_library(module: Module, use: tree.Use) -> Diagnostic:
    """Without its last item a file would say nothing, which is an error."""
    message = f"nothing of `{use.target}` is used"
    alone = all(isinstance(item, tree.Use) for item in module.tree.items)
    edits = [] if alone else [removal(use.span)]
    return warning("W013", message, use.span, help="take it away", edits=edits)
