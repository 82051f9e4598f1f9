"""Warnings about how statements are written, whichever sides and passes a call takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from archgen.diagnostics import Diagnostic, Edit, Label, warning
from archgen.layers import LAYERS
from archgen.lint.nameless import bodies, unequal_stems, weighs
from archgen.network import Definition
from archgen.syntax import tree
from archgen.syntax.nameless import Numbered, nameless, stem
from archgen.syntax.walk import nodes_in
from archgen.text import Span

if TYPE_CHECKING:
    from archgen.resolve.modules import Module


def check(module: Module) -> Iterator[Diagnostic]:
    """W014 to W017 of every definition in a file."""
    for definition in module.definitions:
        for node in nodes_in(definition.body):
            match node:
                case tree.Merge():
                    yield from _leading_arrows(node)
                case tree.Named():
                    yield from _name_of_a_chain(node)
        yield from _after_conditionals(definition)
        if definition.kind == "arch":
            yield from _nameless_in_arch(definition)


def _leading_arrows(merge: tree.Merge) -> Iterator[Diagnostic]:
    """W014: a branch that goes on in a line that begins with `->`."""
    for branch in merge.body.statements:
        match branch:
            case tree.Chain(links=links) | tree.Named(chain=tree.Chain(links=links)):
                for before, after in pairwise(links):
                    between = before.span.source.span(before.span.end, after.span.start)
                    if found := re.search(r"\n\s*->", between.text):
                        at = between.start + found.end()
                        arrow = between.source.span(at - len("->"), at)
                        yield _leading_arrow(branch, arrow, merge.kind)
                        break


def _leading_arrow(branch: tree.Statement, arrow: Span, kind: str) -> Diagnostic:
    message = f"a line of `{kind}` begins with `->`: without it this would be a branch of its own"
    start, end = branch.span.start, branch.span.end
    source = branch.span.source
    edits = [Edit(source.span(start, start), "{\n"), Edit(source.span(end, end), "\n}")]
    return warning("W014", message, arrow, help="write the branch in braces", edits=edits)


def _name_of_a_chain(named: tree.Named) -> Iterator[Diagnostic]:
    """W015: `conv1 = conv(...) -> relu`, whose keys are `conv1.0.weight`."""
    links = [link for link in named.chain.links if not isinstance(link, tree.From)]
    place = named.places[0]
    if len(named.places) > 1 or len(links) < 2 or place.indices or not isinstance(place.name, str):
        return
    first = links[0]
    if not isinstance(first, tree.Call):
        return
    kind, name = stem(first), place.name
    layer = LAYERS.get(kind)
    words = (kind, *(layer.also_called if layer else ()))
    if any(name.removeprefix(word).isdecimal() for word in words):
        message = f"`{name}` names the whole chain, not its `{kind}`: keys are `{name}.0....`"
        hint = f"name the layer alone, `{name} = {kind}(...)`, and go on in the next line"
        yield warning("W015", message, place.span, help=hint)


def _after_conditionals(definition: Definition) -> Iterator[Diagnostic]:
    """W016: a nameless layer with weights behind an `if` that spends numbers of its stem."""
    for body in bodies(definition):
        spent: dict[str, tree.If] = {}
        for link in nameless(body):
            if isinstance(link, tree.If):
                spent |= dict.fromkeys(unequal_stems(link), link)
            elif stem(link) in spent and weighs(link, definition.scope):
                yield _after_conditional(link, spent.pop(stem(link)))


def _after_conditional(link: Numbered, choice: tree.If) -> Diagnostic:
    own = stem(link)
    message = f"the number of this `{own}` counts those of an `if`, taken or not"
    head = choice.span.source.span(choice.span.start, choice.arms[0].condition.span.end)
    also = [Label(head, f"its sides have `{own}` in different numbers")]
    hint = f"give it a name of its own: `... = {own}...`"
    return warning("W016", message, link.span, also=also, help=hint)


def _nameless_in_arch(definition: Definition) -> Iterator[Diagnostic]:
    """W017: a key of the `state_dict` that an insertion before it would rename."""
    for link in nameless(definition.body.statements):
        if not isinstance(link, tree.If) and weighs(link, definition.scope):
            message = f"a nameless `{stem(link)}`: one more before it renames its weights"
            hint = f"give it a name: `... = {stem(link)}...`"
            yield warning("W017", message, link.span, help=hint)
