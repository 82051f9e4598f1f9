"""The children of an `nn.Sequential` as few statements: stages, loops, tables, chains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archgen.importers.block import Block
from archgen.importers.loops import Counted, counted
from archgen.importers.spelling import counted_place
from archgen.importers.values import share, written
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
                yield staged(first, tree.Number(count))
                at += count
                continue
            if first == last:
                yield tree.For(("_",), _range(count), tree.Body((tree.Chain((last,)),)))
                at += count
                continue
        count = _alike(children, at, blocks)
        calls = [only_call(child) for child in children[at : at + count]]
        loop = _table(calls, blocks) if count > 2 else None
        if loop is not None and (count > 3 or loop.names == ("i",)):
            yield loop
            at += count
            continue
        count = _numbered(children, at)
        if count > 2:
            yield _named_loop(children[at : at + count])
            at += count
            continue
        yield children[at]
        at += 1


def folded(branches: Sequence[tree.Statement]) -> Iterator[tree.Statement]:
    """The branches of a merge, equal calls whose names count up as a loop."""
    at = 0
    while at < len(branches):
        count = _numbered(branches, at)
        yield _named_loop(branches[at : at + count]) if count > 2 else branches[at]
        at += count if count > 2 else 1


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


def numbers(count: tree.Expr) -> tree.Expr:
    """`range(count)`."""
    return tree.Apply(tree.Name(("range",)), (tree.Argument(None, count),))


def _range(count: int) -> tree.Expr:
    return numbers(tree.Number(count))


def staged(called: tree.Call, count: tree.Expr) -> tree.Chain:
    """`stage(unit, 64, n=3, stride=2)`: equal calls, but for the stride of the first."""
    stride = tuple(each for each in called.arguments if each.name == "stride")
    callee = tree.Argument(None, called.function)
    number = tree.Argument("n", count)
    return tree.Chain((tree.Stage((callee, *_base(called), number, *stride)),))


def looped(called: tree.Call, count: tree.Expr) -> tree.For:
    """`for i in range(n) { unit(64, stride=stride if i == 0 else 1) }`."""
    arguments = tuple(
        tree.Argument("stride", _first(each.value, tree.Number(1)))
        if each.name == "stride"
        else each
        for each in called.arguments
    )
    variable = "_" if arguments == called.arguments else "i"
    made = tree.Chain((tree.Call(called.function, arguments),))
    return tree.For((variable,), numbers(count), tree.Body((made,)))


def _run(children: Sequence[tree.Statement], at: int, blocks: dict[str, Block]) -> int:
    """How many calls from here on are equal, but for the stride of the first."""
    first = only_call(children[at])
    if first is None or first.function.text not in blocks:
        return 0
    base = _base(first)
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
    """`for i in range(3) { unit(64, drop=0.1 * i / 3) }` where what varies can be said by the
    number of the call; else `for out, stride in [[16, 1], [24, 2]] { unit(out, stride=stride) }`.
    """
    known = [call for call in calls if call is not None]
    block = blocks[known[0].function.text]
    rows = [_all_arguments(block, call) for call in known]
    vary = [name for name in block.order if len({repr(row[name]) for row in rows}) > 1]
    counted = {name: _by_number([row[name] for row in rows]) for name in vary}
    told = {name: expr for name, expr in counted.items() if expr is not None}
    if len(told) == len(vary):
        names: tuple[str, ...] = ("i",)
        iterable = _range(len(rows))
    else:
        told = {name: tree.Name((name,)) for name in vary}
        names = tuple(vary)
        single = len(vary) == 1
        items = [tree.ListOf(tuple(row[name] for name in vary)) for row in rows]
        iterable = tree.ListOf(tuple(row[vary[0]] for row in rows) if single else tuple(items))
    given = {
        name: told.get(name, rows[0][name])
        for name in block.order
        if name in vary
        or name not in block.defaults
        or rows[0][name] != written(block.defaults[name])
    }
    arguments = tuple(
        tree.Argument(name if name in block.defaults else None, expr)
        for name, expr in given.items()
    )
    return tree.For(names, iterable, tree.Body((tree.Chain((call(block.name, arguments),)),)))


def _by_number(values: Sequence[tree.Expr]) -> tree.Expr | None:
    """What number `i` of some values is, if that can be said: a share, or the first alone."""
    shares = [_share(value) for value in values]
    if all(shares) and shares[-1] is not None:
        rate, last, total = shares[-1]
        first = last - len(values) + 1
        wanted = [(rate, first + at, total) for at in range(len(values))]
        zero = (0.0, 0, 0) if first == 0 else wanted[0]
        if shares[1:] == wanted[1:] and shares[0] in (wanted[0], zero):
            number: tree.Expr = tree.Name(("i",))
            if first:
                number = tree.Binary("+", number, tree.Number(first))
            return share(rate, number, total)
    if all(value == values[1] for value in values[1:]):
        return _first(values[0], values[1])
    return None


def _share(value: tree.Expr) -> tuple[float, int, int] | None:
    match value:
        case tree.Binary(
            "/", tree.Binary("*", tree.Number(rate), tree.Number(at)), tree.Number(total)
        ):
            return rate, int(at), int(total)
        case tree.Number(0.0):
            return 0.0, 0, 0
        case _:
            return None


# --- children with numbered names -------------------------------------------------------------


def _numbered(children: Sequence[tree.Statement], at: int) -> int:
    """How many calls stand here that are equal but for a stride of the first, their names counted
    on."""
    first = _named_call(children[at])
    count = 1
    while first is not None and at + count < len(children):
        other = _named_call(children[at + count])
        if other is None or other[0] != Counted(first[0].stem, first[0].number + count):
            break
        base = first[1].arguments if other[1].arguments == first[1].arguments else _base(first[1])
        if (other[1].function, other[1].arguments) != (first[1].function, base):
            break
        if count > 1 and _named_call(children[at + 1]) != (
            Counted(first[0].stem, first[0].number + 1),
            other[1],
        ):
            break
        count += 1
    return count


def _named_loop(children: Sequence[tree.Statement]) -> tree.For:
    """`for i in range(6) { "block4-{i}" = unit(440, stride=2 if i == 0 else 1) }`."""
    calls = [each for each in map(_named_call, children) if each is not None]
    (number, first), (_, second) = calls[:2]
    arguments = first.arguments
    if first != second:
        arguments = tuple(
            tree.Argument("stride", _first(each.value, tree.Number(1)))
            if each.name == "stride"
            else each
            for each in first.arguments
        )
    made = tree.Chain((call(first.function.text, arguments),))
    named = tree.Named((counted_place(f"{number.stem}{number.number}"),), made)
    return tree.For(("i",), _range(len(children)), tree.Body((named,)))


def _named_call(statement: tree.Statement) -> tuple[Counted, tree.Call] | None:
    match statement:
        case tree.Named((tree.Place(name, items),), tree.Chain((tree.Call() as made,))):
            text = name if isinstance(name, str) else "".join(map(str, name.parts))
            text += "".join(f".{at.value}" for at in items if isinstance(at, tree.Number))
            number = counted(text)
            exact = number is not None and text == f"{number.stem}{number.number}"
            return (number, made) if number is not None and exact else None
        case _:
            return None


def _base(first: tree.Call) -> tuple[tree.Argument, ...]:
    return tuple(each for each in first.arguments if each.name != "stride")


def _first(first: tree.Expr, rest: tree.Expr) -> tree.Expr:
    """`2 if i == 0 else 1`."""
    is_first = tree.Compare(tree.Name(("i",)), (("==", tree.Number(0)),))
    return tree.Choose(first, is_first, rest)


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
