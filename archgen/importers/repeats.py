"""The children of an `nn.Sequential` as few statements: stages, loops, tables, chains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archgen.importers.parameters import Block
from archgen.importers.values import written
from archgen.layers import LAYERS
from archgen.syntax import tree

BREAKS = {"conv", "conv_transpose", "linear", "attention"}  # a line begins with them


def call(name: str, arguments: Sequence[tree.Argument]) -> tree.Call:
    return tree.Call(tree.Name(tuple(name.split("."))), tuple(arguments))


# --- repeats --------------------------------------------------------------------------------


def repeats(
    children: Sequence[tree.Statement], blocks: dict[str, Block]
) -> Iterator[tree.Statement]:
    """Runs of equal calls as a stage (alone) or a loop; longer runs that differ as a table."""
    at = 0
    while at < len(children):
        count = _run(children, at, blocks)
        if count > 1:
            first, last = only_call(children[at]), only_call(children[at + 1])
            assert first is not None
            assert last is not None
            whole = count == len(children)
            if whole:
                number = tree.Argument("n", tree.Number(count))
                base = tuple(each for each in last.arguments if each.name != "stride")
                stride = tuple(each for each in first.arguments if each.name == "stride")
                callee = tree.Argument(None, first.function)
                yield tree.Chain((tree.Stage((callee, *base, number, *stride)),))
                at += count
                continue
            if first == last:
                yield tree.For(("_",), _range(count), tree.Body((tree.Chain((last,)),)))
                at += count
                continue
        count = _alike(children, at, blocks)
        if count > 3:
            yield _table([only_call(child) for child in children[at : at + count]], blocks)
            at += count
            continue
        yield children[at]
        at += 1


def chained(statements: Iterable[tree.Statement]) -> Iterator[tree.Statement]:
    """Layers without names, one after the other, on one line: `conv(out, 3) -> bn -> relu`."""
    links: list[tree.Link] = []
    for statement in statements:
        layer = only_call(statement)
        if layer is not None and layer.function.text in LAYERS:
            if layer.function.text in BREAKS and links:
                yield tree.Chain(tuple(links))
                links = []
            links.append(layer)
            continue
        if layer is not None and links and layer.function.text.startswith("act"):
            links.append(layer)
            continue
        if links:
            yield tree.Chain(tuple(links))
            links = []
        yield statement
    if links:
        yield tree.Chain(tuple(links))


def _range(count: int) -> tree.Expr:
    argument = tree.Argument(None, tree.Number(count))
    return tree.Apply(tree.Name(("range",)), (argument,))


def _run(children: Sequence[tree.Statement], at: int, blocks: dict[str, Block]) -> int:
    """How many calls from here on are equal, but for the stride of the first."""
    first = only_call(children[at])
    if first is None or first.function.text not in blocks:
        return 0
    base = tuple(each for each in first.arguments if each.name != "stride")
    count = 1
    while at + count < len(children):
        other = only_call(children[at + count])
        if other is None or (other.function, other.arguments) != (first.function, base):
            break
        count += 1
    return count


def _alike(children: Sequence[tree.Statement], at: int, blocks: dict[str, Block]) -> int:
    """How many calls of one block stand here."""
    first = only_call(children[at])
    if first is None or first.function.text not in blocks:
        return 0
    count = 1
    while at + count < len(children):
        other = only_call(children[at + count])
        if other is None or other.function != first.function:
            break
        count += 1
    return count


def _table(calls: Sequence[tree.Call | None], blocks: dict[str, Block]) -> tree.For:
    """`for out, stride in [[16, 1], [24, 2]] { unit(out, stride=stride) }`."""
    known = [call for call in calls if call is not None]
    block = blocks[known[0].function.text]
    rows = [_all_arguments(block, call) for call in known]
    vary = [name for name in block.order if len({repr(row[name]) for row in rows}) > 1]
    items = [
        tree.ListOf(tuple(row[name] for name in vary)) if len(vary) > 1 else row[vary[0]]
        for row in rows
    ]
    given = {
        name: tree.Name((name,)) if name in vary else rows[0][name]
        for name in block.order
        if name in vary
        or name not in block.defaults
        or rows[0][name] != written(block.defaults[name])
    }
    arguments = tuple(
        tree.Argument(name if name in block.defaults else None, expr)
        for name, expr in given.items()
    )
    body = tree.Body((tree.Chain((call(block.name, arguments),)),))
    return tree.For(tuple(vary), tree.ListOf(tuple(items)), body)


def _all_arguments(block: Block, call: tree.Call) -> dict[str, tree.Expr]:
    required = [name for name in block.order if name not in block.defaults]
    positional = [each.value for each in call.arguments if each.name is None]
    given = dict(zip(required, positional, strict=True))
    given |= {each.name: each.value for each in call.arguments if each.name is not None}
    return {name: written(block.defaults[name]) for name in block.defaults} | given


def only_call(statement: tree.Statement) -> tree.Call | None:
    match statement:
        case tree.Chain((tree.Call() as call,)):
            return call
        case _:
            return None
