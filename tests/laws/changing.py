"""Hypothesis changes a spec in one place: what a person might do to it, harmful or not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from archgen.syntax import tree
from archgen.syntax.parse import parse
from archgen.text import Source
from tests.laws.vocabulary import ACTIVATIONS, NORMS, PARTS
from tests.laws.writing import specs

LINKS = (
    "relu",
    "tanh",
    "identity",
    "dropout(0.3)",
    "multiply(1)",
    "multiply(0.5)",
    "avgpool(3, stride=1)",
)
BLOCKS = ("unit", "point", "double", "tail", "joined", "forked", "tree")


@st.composite
def changes(draw: DrawFn) -> tuple[str, str]:
    """A spec before and after."""
    before = draw(specs())
    # Most numbers and many links are of layers with weights: other edits are likelier.
    kinds = (_layers, _layers, _layers, _links, _links, _orders, _numbers, _names, _harmless)
    return before, _edited(draw, before, kinds)


@st.composite
def renamings(draw: DrawFn) -> tuple[str, str]:
    """A spec, and the same with other names, and one more edit that touches no weight."""
    before = draw(specs())
    renamed = _edited(draw, before, (_names,))
    return before, _edited(draw, renamed, (_layers, _links, _orders, _harmless))


def _edited(draw: DrawFn, text: str, kinds: Sequence[Kind]) -> str:
    edits = [found for kind in kinds if (found := list(kind(text)))]
    return draw(st.sampled_from(draw(st.sampled_from(edits))))(draw) if edits else text


Edit = Callable[[DrawFn], str]
Kind = Callable[[str], Iterator[Edit]]


def _nodes(text: str) -> Iterator[tree.Node]:
    """Every node of what a spec's arch and its own blocks say, promises aside."""
    pending: list[object] = [parse(Source("net.arch", text)).tree]
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            pending += node
        elif isinstance(node, tree.Node):
            yield node
            pending += (getattr(node, each.name) for each in fields(node))


def _put(text: str, node: tree.Node, new: str) -> str:
    return text[: node.span.start] + new + text[node.span.end :]


def _numbers(text: str) -> Iterator[Edit]:
    """A number is another one."""
    for node in _nodes(text):
        if isinstance(node, tree.Number) and node.span.end > len(PARTS):

            def edit(draw: DrawFn, node: tree.Number = node) -> str:
                return _put(text, node, str(draw(st.sampled_from([1, 2, 3, 4, 8, 0.2, 0.001]))))

            yield edit


def _layers(text: str) -> Iterator[Edit]:
    """An activation or a norm is another one."""
    for node in _nodes(text):
        for kinds in (ACTIVATIONS, NORMS):
            if isinstance(node, tree.Name | tree.Call) and node.span.text in kinds:

                def edit(
                    draw: DrawFn, node: tree.Node = node, kinds: tuple[str, ...] = kinds
                ) -> str:
                    return _put(text, node, draw(st.sampled_from(kinds[::-1])))

                yield edit


def _links(text: str) -> Iterator[Edit]:
    """A link is added to a chain, or taken out of it."""
    for node in _nodes(text):
        if isinstance(node, tree.Chain) and "input(" not in node.span.text:

            def add(draw: DrawFn, node: tree.Chain = node) -> str:
                link = draw(st.sampled_from(LINKS))
                return _put(text, node, f"{node.span.text} -> {link}")

            def drop(draw: DrawFn, node: tree.Chain = node) -> str:
                links = [each.span.text for each in node.links]
                links.pop(draw(st.integers(0, len(links) - 1)))
                return _put(text, node, " -> ".join(links) or "identity")

            yield from (add, drop)
        if isinstance(node, tree.Chain) and len(node.links) > 1 and "input(" not in node.span.text:

            def swap(draw: DrawFn, node: tree.Chain = node) -> str:
                links = [each.span.text for each in node.links]
                at = draw(st.integers(1, len(links) - 1))
                links[at - 1 : at + 1] = links[at], links[at - 1]
                return _put(text, node, " -> ".join(links))

            yield swap


def _orders(text: str) -> Iterator[Edit]:
    """Two neighbours of a body or a merge change places."""
    for node in _nodes(text):
        if isinstance(node, tree.Body):
            for one, other in zip(node.statements, node.statements[1:], strict=False):
                if one.span.start > len(PARTS):

                    def swap(draw: DrawFn, one: tree.Node = one, other: tree.Node = other) -> str:
                        later = _put(text, other, one.span.text)
                        return _put(later, one, other.span.text)

                    yield swap


def _names(text: str) -> Iterator[Edit]:
    """A value or submodule, or all of them, or a parameter of the arch, has another name."""
    names = sorted(set(re.findall(r"\b(?:\w*\d+_|wide|b)\b(?= ?=)", text)))
    for chosen in (*([name] for name in names), *([names] if names else [])):

        def rename(draw: DrawFn, chosen: list[str] = chosen) -> str:
            return re.sub(rf"\b({'|'.join(chosen)})\b", r"other_\1", text)

        yield rename


def _harmless(text: str) -> Iterator[Edit]:
    """Names of blocks, comments, links that do nothing."""
    yield lambda draw: re.sub(rf"\b({'|'.join(BLOCKS)})\(", r"other_\1(", text)
    yield lambda draw: text.replace("\n", "  # said\n", 3)
    yield lambda draw: re.sub(r"\brelu\b(?!\))", "{ relu }", text, count=1)
    yield lambda draw: text.replace(" -> ", " -> identity -> ", 1)
