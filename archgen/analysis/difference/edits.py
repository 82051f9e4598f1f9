"""Changes of bodies -> edits of the text: one line of a block is one edit, wherever it shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archgen.analysis.difference.changes import changes
from archgen.analysis.difference.groups import Group, Statements, key_of
from archgen.analysis.difference.matching import BodyMatch
from archgen.analysis.difference.model import Argument, Edit, Place
from archgen.analysis.difference.reasons import Reasons
from archgen.analysis.difference.sites import sites
from archgen.analysis.spelling import spell_value
from archgen.network import Network
from archgen.syntax import tree
from archgen.text import Span

Edits = tuple[Edit, ...]


def edits(old: Network, new: Network, match: BodyMatch) -> tuple[Edits, Edits]:
    """The edits of the text, in its order, and what follows from them."""
    reasons = Reasons(old, new)
    groups: dict[bool, dict[object, Group]] = {True: {}, False: {}}
    for pair, places in sites(match).items():
        found = [reason for change in changes(pair) for reason in reasons.of(change, pair)]
        statements = Statements(pair, reasons.texts, [each.change for each in found if each.own])
        for reason in found:
            key = key_of(reason, pair, statements)
            group = groups[reason.own].setdefault(key, Group(reason, pair))
            group.add(reason.change, places)
    own = [*_of_networks(old, new, match), *(group.edit() for group in groups[True].values())]
    follows = [group.edit() for group in groups[False].values()]
    if not own:  # no edit is lost, whatever became of its reason
        own, follows = follows, []
    return tuple(_in_order(own)), tuple(_in_order(follows))


def _in_order(found: Iterable[Edit]) -> list[Edit]:
    """File by file as they come up, and in each from top to bottom."""
    files: dict[str, int] = {}
    found = list(found)
    for edit in found:
        files.setdefault(_file(edit), len(files))
    return sorted(found, key=lambda edit: (files[_file(edit)], edit.place.span.start))


def _file(edit: Edit) -> str:
    return edit.place.span.source.path.rpartition(":")[2]


# --- the networks themselves ----------------------------------------------------------------------


def _of_networks(old: Network, new: Network, match: BodyMatch) -> Iterator[Edit]:
    """Inputs, and parameters of the archs that have another value."""
    before, after = _inputs(old), _inputs(new)
    if before != after:
        argument = Argument("input", before, after)
        one, other = (Place("", each.span, each.name) for each in (old, new))
        yield Edit("changed", "input", one, other, (argument,), ("",))
    yield from _settable(old, new)
    if match.same:
        return
    told = set(old.settable) ^ set(new.settable)
    for name, value in old.body.arguments.items():
        if name in told:
            continue
        one_text, other_text = spell_value(value), spell_value(new.body.arguments.get(name, value))
        if one_text != other_text and not (_is_derived(old, name) and _is_derived(new, name)):
            argument = Argument(name, one_text, other_text)
            one, other = (Place("", _written(each, name), each.name) for each in (old, new))
            yield Edit("changed", "parameter", one, other, (argument,), ("",))


def _settable(old: Network, new: Network) -> Iterator[Edit]:
    """Parameters that can be set from outside in one of them."""
    for name in dict.fromkeys((*old.settable, *new.settable)):
        if (name in old.settable) != (name in new.settable):
            was, now = (
                spell_value(each.parameters[name]) if name in each.settable else None
                for each in (old, new)
            )
            one, other = (Place("", _written(each, name), each.name) for each in (old, new))
            argument = Argument(name, was, now)
            yield Edit("changed", "parameter", one, other, (argument,), ("",))


def _inputs(network: Network) -> str:
    body = network.body
    pairs = zip(body.input_names, body.inputs, strict=True)
    return ", ".join(f"{name} {body.values[ref]}".strip() for name, ref in pairs)


def _is_derived(network: Network, name: str) -> bool:
    """Whether a parameter's default is computed from others, as far as one can see."""
    default = _default(network, name)
    return default is not None and not isinstance(default, _PLAIN)


_PLAIN = tree.Number | tree.String | tree.Boolean | tree.Nothing | tree.Auto | tree.Name


def _written(network: Network, name: str) -> Span:
    """Where the value of a parameter stands: with the parameter, or in the alias."""
    default = _default(network, name)
    return network.span if default is None else default.span


def _default(network: Network, name: str) -> tree.Expr | None:
    definition = network.body.definition
    parameters = definition.parameters if definition else ()
    return next((each.default for each in parameters if each.name == name), None)
