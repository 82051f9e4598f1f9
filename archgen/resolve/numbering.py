"""How many nameless layers of each stem stand in a text, whichever side of an `if` is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archgen.diagnostics import Fault, error
from archgen.resolve.expressions import evaluate, sequence, unpack
from archgen.resolve.initial import is_init
from archgen.resolve.values import Environment, Exhausted, Unknown
from archgen.syntax import tree

Counts = dict[str, int]
NO_LAYERS = {("input",), ("param",), ("init",)}


def count_names(statements: Sequence[tree.Statement], env: Environment) -> Counts:
    """Numbers that the statements of a side would take, by stem. `env` is where the `if` stands.

    Raises `Fault` when a loop decides them whose length cannot be known there.
    """
    total: Counts = {}
    for statement in statements:
        env.budget.spend(statement.span)
        if isinstance(statement, tree.Let):
            env = _with_let(statement, env)
        else:
            _add(total, _statement(statement, env))
    return total


def _with_let(statement: tree.Let, env: Environment) -> Environment:
    try:
        value = evaluate(statement.value, env)
        return env.with_names(unpack(statement.names, value, statement.span))
    except Exhausted:
        raise
    except (Fault, Unknown):
        return env


def _statement(statement: tree.Statement, env: Environment) -> Counts:
    match statement:
        case tree.Chain():
            return {} if is_init(statement) else _links(statement.links, env)
        case tree.Named():
            return _named(statement, env)
        case tree.Aux():
            return _named(statement.named, env)
        case tree.If():
            return _if(statement, env)
        case tree.For():
            return _for(statement, env)
        case _:
            return {}


def _named(named: tree.Named, env: Environment) -> Counts:
    return _links(named.chain.links, env) if _stands_in_body(named) else {}


def _stands_in_body(named: tree.Named) -> bool:
    """A named chain keeps its numbers to itself; a named merge, an unpacked or a reusing chain
    stands in the body."""
    links = [link for link in named.chain.links if not isinstance(link, tree.From)]
    if len(named.places) > 1 or (links and isinstance(links[0], tree.Reuse)):
        return True
    return len(links) == 1 and isinstance(links[0], tree.Merge)


def _links(links: Sequence[tree.Link], env: Environment) -> Counts:
    total: Counts = {}
    for link in links:
        match link:
            case tree.Call(function=name):
                if name.parts not in NO_LAYERS:
                    _add(total, {"layer" if name.parts == ("stage",) else name.parts[-1]: 1})
            case tree.Merge() | tree.Group():
                _add(total, count_names(link.body.statements, env))
            case tree.Seq():
                _add(total, {"seq": 1})
            case _:
                pass
    return total


def _if(statement: tree.If, env: Environment) -> Counts:
    total: Counts = {}
    sides = [arm.body for arm in statement.arms]
    sides += [statement.otherwise] if statement.otherwise else []
    for side in sides:
        for stem, count in count_names(side.statements, env).items():
            total[stem] = max(total.get(stem, 0), count)
    return total


def _for(statement: tree.For, env: Environment) -> Counts:
    if not _names_something(statement.body):
        return {}
    total: Counts = {}
    try:
        items = sequence(statement.iterable, env)
        for item in items:
            env.budget.spend(statement.span)
            inner = env.with_names(unpack(statement.names, item, statement.iterable.span))
            _add(total, count_names(statement.body.statements, inner))
    except Fault as fault:
        if fault.diagnostic.code != "A101":
            return _without_value(fault)
        message = "this loop numbers nameless layers, and its length cannot be known here"
        hint = "name the layers in it: `names[i] = ...`"
        raise Fault(error("A121", message, statement.iterable.span, help=hint)) from None
    return total


def _without_value(fault: Fault) -> Counts:
    """A loop over what is no list with these arguments: no call of this kind comes there."""
    if fault.diagnostic.code == "A121" or fault.diagnostic.code.startswith("A4"):
        raise fault
    return {}


def _names_something(body: tree.Body) -> bool:
    """Whether a body holds nameless layers at all, seen without computing anything."""
    return any(_has_nameless(statement) for statement in body.statements)


def _has_nameless(statement: tree.Statement) -> bool:
    match statement:
        case tree.If():
            sides = [arm.body for arm in statement.arms]
            sides += [statement.otherwise] if statement.otherwise else []
            return any(map(_names_something, sides))
        case tree.For():
            return _names_something(statement.body)
        case tree.Aux():
            return _has_nameless(statement.named)
        case tree.Named() if not _stands_in_body(statement):
            return False
        case tree.Chain() | tree.Named():
            chain = statement if isinstance(statement, tree.Chain) else statement.chain
            return any(map(_link_nameless, chain.links))
        case _:
            return False


def _link_nameless(link: tree.Link) -> bool:
    match link:
        case tree.Call():
            return link.function.parts not in NO_LAYERS
        case tree.Merge() | tree.Group():
            return _names_something(link.body)
        case _:
            return isinstance(link, tree.Seq)


def _add(total: Counts, more: Mapping[str, int]) -> None:
    for stem, count in more.items():
        total[stem] = total.get(stem, 0) + count
