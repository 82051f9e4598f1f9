"""Blocks that are shipped already: a recovered one that is the same goes, and `use` stands for it.

block bottleneck(out, stride=1) { add { ...
arch net { ... stage(bottleneck, 256, n=3)     ->     use residual
                                                      arch net { ... stage(bottleneck, 256, n=3)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from archgen import resources
from archgen.diagnostics import ArchError
from archgen.syntax import tree
from archgen.syntax.format import format
from archgen.syntax.parse import parse
from archgen.syntax.read import read_source
from archgen.syntax.walk import nodes_in

if TYPE_CHECKING:
    from archgen.loaded import Network

MOST_TRIED = 6  # blocks, for each recovered one
Definition = tree.Block | tree.Synonym


def with_shipped(file: tree.File, network: Network) -> tree.File:
    """The file with shipped blocks in place of its own, wherever its network stays the same."""
    for name in [item.name for item in file.items if isinstance(item, Definition)][::-1]:
        own = _definitions(file).get(name)
        if own is None:  # it went with the block that it was for
            continue
        tried = (_with(file, own, library, block) for library, block in _alike(own))
        file = next((each for each in tried if _is_same(each, network)), file)
    return file


def _definitions(file: tree.File) -> dict[str, Definition]:
    return {item.name: item for item in file.items if isinstance(item, Definition)}


# --- which are tried ------------------------------------------------------------------------


@cache
def _shipped() -> tuple[tuple[str, Definition], ...]:
    """All blocks of the shipped libraries, each with its library."""
    return tuple(
        (path.stem, item)
        for path in sorted((resources.root("specs") / "blocks").glob("*.arch"))
        for item in parse(read_source(path)).tree.items
        if isinstance(item, Definition)
    )


def _alike(own: Definition) -> list[tuple[str, Definition]]:
    """Shipped blocks of which the name shares a word with it and which take its arguments; those
    first that are called most alike."""
    words, given = set(own.name.split("_")), {each.name for each in own.parameters}
    found = []
    for library, block in _shipped():
        theirs, taken = set(block.name.split("_")), {each.name for each in block.parameters}
        others = [each for each in block.parameters if each.name not in given]
        if words & theirs and given <= taken and all(each.default is not None for each in others):
            found.append((len(words ^ theirs), library, block))
    found.sort(key=lambda each: each[0])
    return [(library, block) for _, library, block in found[:MOST_TRIED]]


def _is_same(file: tree.File, network: Network) -> bool:
    """By what a model tells: layers without weights have other names in another block."""
    from archgen.analysis.difference import difference
    from archgen.analysis.weights import state
    from archgen.loading import loads

    try:
        other = loads(format(file), network.name)
    except ArchError:
        return False
    if any(each.kind != "renamed" for each in difference(network, other).edits):
        return False
    keys, others = ([(each.key, each.sizes) for each in state(one)] for one in (network, other))
    return keys == others


# --- putting one in -------------------------------------------------------------------------


def _with(file: tree.File, own: Definition, library: str, block: Definition) -> tree.File:
    """The file with a block of a library for one of its own, and without what nothing reads."""
    others = [item for item in file.items if item is not own]
    uses = [item for item in others if isinstance(item, tree.Use)]
    if all(use.target != library for use in uses):
        uses.append(tree.Use(library, quoted=False, alias=None))
    rest = [item for item in others if not isinstance(item, tree.Use)]
    change = _Change(own, block)
    items = [change.of(item) for item in rest]
    return tree.File((*uses, *_read(items)))


def _read(items: Sequence[tree.Item]) -> Iterator[tree.Item]:
    """The items without blocks that no other one reads."""
    kept = list(items)
    while True:
        read = {
            each.parts[0]
            for item in kept
            for each in nodes_in(item)
            if isinstance(each, tree.Name) and each.parts[0] != getattr(item, "name", None)
        }
        left = [each for each in kept if not isinstance(each, Definition) or each.name in read]
        if len(left) == len(kept):
            yield from kept
            return
        kept = left


class _Change:
    """Calls of one block become calls of another one."""

    def __init__(self, own: Definition, block: Definition) -> None:
        self._own, self._block = own.name, block.name
        self._positions = [each.name for each in own.parameters]
        self._theirs = [each.name for each in block.parameters]

    def of(self, part: Any) -> Any:
        """A part of the tree, changed."""
        match part:
            case tree.From() | tree.Reuse() | tree.Value():
                return part  # names of values
            case tree.Name(parts=(name,)) if name == self._own:
                return replace(part, parts=(self._block,))
            case tree.Call() | tree.Apply() if part.function.text == self._own:
                arguments = self._arguments(part.arguments)
                return replace(part, function=self.of(part.function), arguments=arguments)
            case tree.Stage(arguments=(first, *rest)) if self._is_own(first.value):
                return replace(part, arguments=(self.of(first), *self._arguments(rest)))
            case tuple():
                return tuple(map(self.of, part))
            case tree.Node():
                known = {each.name: getattr(part, each.name) for each in fields(part)}
                return replace(part, **{name: self.of(each) for name, each in known.items()})
        return part

    def _is_own(self, value: object) -> bool:
        return isinstance(value, tree.Name) and value.text == self._own

    def _arguments(self, arguments: Collection[tree.Argument]) -> tuple[tree.Argument, ...]:
        """Positions that mean something else there become names."""
        found: list[tree.Argument] = []
        for position, argument in enumerate(arguments):
            name = argument.name or self._positions[position]
            stays = argument.name is None and self._theirs[position] == name
            stays = stays and all(each.name is None for each in found)
            found.append(replace(self.of(argument), name=None if stays else name))
        return tuple(found)
