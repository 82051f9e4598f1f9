"""How many nameless layers of each stem stand in a text, whichever side of an `if` is taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from archgen.diagnostics import Fault, error
from archgen.resolve.expressions import evaluate, sequence, unpack
from archgen.resolve.values import Environment, Exhausted, Unknown
from archgen.syntax import tree
from archgen.syntax.nameless import Numbered, links_of, most, nameless, stem


def count_names(statements: Sequence[tree.Statement], env: Environment) -> Counter[str]:
    """Numbers that the statements of a side would take, by stem. `env` is where the `if` stands.

    Of `conv(8, 3) -> bn; for i in range(2) { conv(8, 3) }` that is three `conv` and one `bn`.
    Raises `Fault` when a loop decides them whose length cannot be known there.
    """
    total = Counter[str]()
    for statement in statements:
        env.budget.spend(statement.span)
        match statement:
            case tree.Let():
                env = _with_let(statement, env)
            case tree.If():
                total.update(most(count_names(side.statements, env) for side in statement.sides))
            case tree.For():
                total.update(_for(statement, env))
            case _:
                total.update(_links(statement, env))
    return total


def _with_let(statement: tree.Let, env: Environment) -> Environment:
    try:
        value = evaluate(statement.value, env)
        return env.with_names(unpack(statement.targets, value, statement.span))
    except Exhausted:
        raise
    except (Fault, Unknown):
        return env


def _links(statement: tree.Statement, env: Environment) -> Counter[str]:
    total = Counter[str]()
    for link in links_of(statement):
        if isinstance(link, tree.Merge | tree.Group):
            total.update(count_names(link.body.statements, env))
        elif isinstance(link, Numbered):
            total[stem(link)] += 1
    return total


def _for(statement: tree.For, env: Environment) -> Counter[str]:
    total = Counter[str]()
    if all(isinstance(each, tree.If) for each in nameless(statement.body.statements)):
        return total
    try:
        items = sequence(statement.iterable, env)
        for item in items:
            env.budget.spend(statement.span)
            inner = env.with_names(unpack(statement.targets, item, statement.iterable.span))
            total.update(count_names(statement.body.statements, inner))
    except Fault as fault:
        if fault.diagnostic.code != "A101":
            return _without_value(fault)
        message = "this loop numbers nameless layers, and its length cannot be known here"
        hint = "name the layers in it: `names[i] = ...`"
        raise Fault(error("A121", message, statement.iterable.span, help=hint)) from None
    return total


def _without_value(fault: Fault) -> Counter[str]:
    """A loop over what is no list with these arguments: no call of this kind comes there."""
    if fault.diagnostic.code == "A121" or fault.diagnostic.code.startswith("A4"):
        raise fault
    return Counter()
