"""Modules as text: `nn.Conv2d(...)`, `nn.Sequential(...)`, repeats as comprehensions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import (
    Apply,
    Build,
    Container,
    For,
    Item,
    Module,
    Repeat,
    is_written_alike,
)
from archgen.backends.pytorch.plan.regions import children
from archgen.backends.pytorch.text.expressions import broken, iterated, written
from archgen.backends.pytorch.text.layout import Call, Generator, Layout, Prefixed, flat
from archgen.network import Initialiser
from archgen.syntax import tree

LEAST_PASSES = 3  # two points are always on a line


@dataclass(frozen=True, slots=True)
class Entry:
    """A child of a container: its name (empty: its place), the module, how often it stands.

    `clause` is set where a loop makes it: `for i in range(n)`.
    """

    name: Expr
    module: Module
    count: Expr
    clause: str = ""


def is_simple(container: Container) -> bool:
    """Whether a container can be written as one expression."""
    return all(map(is_simple_item, container.items)) and not _counts_places(container.items)


def _counts_places(items: Sequence[Item]) -> bool:
    """Whether a child is called by its place, and how many a loop makes before must be counted."""
    found = [child.position for child in children(items)]
    looped = any(isinstance(item, For) for item in items)
    return looped and any(found) and not all(found)


def is_simple_item(item: Item) -> bool:
    match item:
        case Apply(child=child):
            return child is not None and _is_simple_module(child.module)
        case For(items=[Apply(child=child)]):
            return child is not None and isinstance(child.module, Build)
        case _:
            return False


def _is_simple_module(module: Module) -> bool:
    match module:
        case Build():
            return True
        case Container():
            return is_simple(module)
        case Repeat(module=inner):
            return _is_simple_module(inner)
        case _:
            return False


def layout(module: Module) -> Layout:
    """A module that can be written as one expression."""
    match module:
        case Build():
            return build_layout(module)
        case Container():
            return container_layout(module)
        case Repeat(module=inner, count=count):
            return Call("", (Generator(layout(inner), repeated(count)),))
        case _:
            raise AssertionError(module)


def build_layout(build: Build) -> Layout:
    items: list[Layout] = []
    for keyword, value in build.arguments:
        text = value if isinstance(value, str) else broken(value)
        items.append(Prefixed(f"{keyword}=", text) if keyword else text)
    if build.inplace:
        items.append("inplace=True")
    return Call(build.target, tuple(items))


def initial(init: Initialiser, target: str) -> Layout:
    """`nn.init.normal_(self.weight, std=0.01)`."""
    given = (Prefixed(f"{name}=", _value(value)) for name, value in init.arguments)
    return Call(f"nn.init.{init.name}_", (target, *given))


def _value(value: object) -> str:
    return written(algebra.constant(value))


def repeated(count: Expr) -> str:
    return f"for _ in range({written(count)})"


def positional(items: Sequence[Item]) -> tuple[Layout, ...]:
    """Simple children known by their place, as items of a list; nothing if they are not simple."""
    if not all(map(is_simple_item, items)):
        return ()
    return tuple(map(_positional, merged([_entry(item) for item in items])))


def container_layout(container: Container) -> Layout:
    """`nn.Sequential(...)`; with names, of an `OrderedDict`."""
    entries = merged([_entry(item) for item in container.items])
    if all(_is_place(entry.name) for entry in entries):
        items = tuple(_positional(entry) for entry in entries)
        return Call("nn.Sequential", items, forced=len(items) > 1)
    pairs = [_pair(entry) for entry in entries]
    if len(pairs) == 1 and isinstance(pairs[0], Prefixed):
        generator = pairs[0].doc
        assert isinstance(generator, Call)
        return Call("nn.Sequential", (Call("OrderedDict", generator.items),))
    listed = Call("", tuple(pairs), "[]")
    return Call("nn.Sequential", (Call("OrderedDict", (listed,)),))


def _entry(item: Item) -> Entry:
    match item:
        case Apply(child=child) if child is not None:
            name = tree.String("") if child.position else child.name
            if isinstance(child.module, Repeat):
                return Entry(name, child.module.module, child.module.count)
            return Entry(name, child.module, tree.Number(1))
        case For(items=[Apply() as inner]):
            entry = _entry(inner)
            text = flat(layout(entry.module)) + written(entry.name)
            return replace(entry, clause=flat(clause_of(item, item.iterable, text)))
        case _:
            raise AssertionError(item)


def clause_of(loop: For, over: Expr, body: str) -> Layout:
    """`for i in range(n)`, with the number of the pass where the body's text reads it.

    A name that the body does not read is `_`.
    """
    names = [_read_of(target, body) for target in loop.targets]
    if len(names) == 1 and isinstance(names[0], tuple) and len(names[0]) > 1:
        names = [*names[0]]
    items = iterated(over)
    counted = loop.index not in loop.names and _reads(body, loop.index)
    if _counts(over) and len(names) > 1 and names[0] == "_" and not counted:
        return _clause(names[1:], iterated(over.arguments[0].value))  # type: ignore[union-attr]
    if not counted:
        return _clause(names, items)
    return _clause([loop.index, _listed(names)], Call("enumerate", (items,)))


def _counts(over: Expr) -> bool:
    return isinstance(over, tree.Apply) and over.function.text == "enumerate"


def _read_of(target: tree.Target, body: str) -> tree.Target:
    """What a loop unpacks, of which the body reads something; else `_`."""
    if isinstance(target, str):
        return target if _reads(body, target) else "_"
    inner = tuple(_read_of(each, body) for each in target)
    return inner if set(inner) != {"_"} else "_"


def _clause(targets: Sequence[tree.Target], over: Layout) -> Layout:
    if len(targets) == 1 and isinstance(targets[0], tuple) and len(targets[0]) > 1:
        targets = targets[0]
    return Prefixed(f"for {tree.written_targets(tuple(targets), '()')} in ", over)


def _listed(targets: Sequence[tree.Target]) -> tree.Target:
    return tuple(targets) if len(targets) > 1 else targets[0]


def _reads(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w|=[^=])", text) is not None


def _is_place(name: Expr) -> bool:
    return name == tree.String("")


def _positional(entry: Entry) -> Layout:
    module = layout(entry.module)
    if entry.clause:
        return Prefixed("*", Call("", (Generator(module, entry.clause),)))
    if entry.count == tree.Number(1):
        return module
    return Prefixed("*", Call("", (Generator(module, repeated(entry.count)),)))


def _pair(entry: Entry) -> Layout:
    pair = Call("", (written(entry.name), layout(entry.module)))
    if entry.clause:
        return Prefixed("*", Call("", (Generator(pair, entry.clause),)))
    return pair


# --- runs of equal or evenly growing children ---------------------------------------------------


def merged(entries: Sequence[Entry]) -> list[Entry]:
    """Equal neighbours as one with a count; evenly growing ones as a loop."""
    return _progressions(_counted(_numbered(entries)))


def _numbered(entries: Sequence[Entry]) -> list[Entry]:
    """Beside named children, the others are named by their place."""
    if all(_is_place(entry.name) for entry in entries):
        return list(entries)
    found: list[Entry] = []
    place = 0
    for entry in entries:
        times = entry.count.value if isinstance(entry.count, tree.Number) else 1
        assert isinstance(times, int)
        for _ in range(times if _is_place(entry.name) else 1):
            name = tree.String(str(place)) if _is_place(entry.name) else entry.name
            found.append(replace(entry, name=name, count=tree.Number(1)))
            place += 1
    return found


def _counted(entries: Sequence[Entry]) -> list[Entry]:
    found: list[Entry] = []
    for entry in entries:
        last = found[-1] if found else None
        if last is not None and _is_equal(last, entry):
            found[-1] = replace(last, count=algebra.total([last.count, entry.count]))
        else:
            found.append(entry)
    return found


def _is_equal(left: Entry, right: Entry) -> bool:
    if left.clause or right.clause or not (_is_place(left.name) and _is_place(right.name)):
        return False
    return flat(layout(left.module)) == flat(layout(right.module))


def _progressions(entries: Sequence[Entry]) -> list[Entry]:
    found: list[Entry] = []
    at = 0
    while at < len(entries):
        length = _run(entries, at)
        if length >= LEAST_PASSES:
            found.append(_rolled(entries[at], entries[at + 1], length))
            at += length
        else:
            found.append(entries[at])
            at += 1
    return found


def _run(entries: Sequence[Entry], at: int) -> int:
    """How many entries from here on differ by the same steps."""
    if at + 1 >= len(entries):
        return 1
    steps = _steps(entries[at], entries[at + 1])
    if steps is None or not any(steps):
        return 1
    length = 2
    while at + length < len(entries):
        if _steps(entries[at + length - 1], entries[at + length]) != steps:
            break
        length += 1
    return length


def _steps(left: Entry, right: Entry) -> tuple[int, ...] | None:
    """By how much each number grows from one entry to the next; None if they are unlike."""
    one, other = left.module, right.module
    if not (isinstance(one, Build) and isinstance(other, Build)):
        return None
    if left.clause or right.clause or {left.count, right.count} != {tree.Number(1)}:
        return None
    if (one.target, one.inplace) != (other.target, other.inplace):
        return None
    if [key for key, _ in one.arguments] != [key for key, _ in other.arguments]:
        return None
    pairs = [(left.name, right.name), *zip(_values(one), _values(other), strict=True)]
    steps = [_step(before, after) for before, after in pairs]
    return None if any(step is None for step in steps) else tuple(steps)  # type: ignore[arg-type]


def _values(build: Build) -> list[Expr | str]:
    return [value for _, value in build.arguments]


def _step(before: Expr | str, after: Expr | str) -> int | None:
    match before, after:
        case tree.Number(int(left)), tree.Number(int(right)):
            return right - left
        case tree.String(), tree.String():
            return _name_step(before.value, after.value)
        case _:
            return 0 if is_written_alike(before, after) else None


def _name_step(before: str, after: str) -> int | None:
    """`denselayer1`, `denselayer2` differ by 1; names are equal, or nothing."""
    if before == after:
        return 0
    one, other = _split_number(before), _split_number(after)
    if one is None or other is None or one[0] != other[0]:
        return None
    return other[1] - one[1]


def _split_number(name: str) -> tuple[str, int] | None:
    match = re.fullmatch(r"(.*?)(0|[1-9][0-9]*)", name)
    return (match[1], int(match[2])) if match else None


def _rolled(first: Entry, second: Entry, length: int) -> Entry:
    steps = _steps(first, second)
    build = first.module
    assert steps is not None
    assert isinstance(build, Build)
    name, *values = steps
    arguments = [
        (keyword, _grown(value, step))
        for (keyword, value), step in zip(build.arguments, values, strict=True)
    ]
    rolled = replace(build, arguments=arguments)
    return Entry(_grown_name(first.name, name), rolled, tree.Number(1), f"for i in range({length})")


_INDEX: Expr = tree.Name(("i",))


def _grown(value: Expr | str, step: int) -> Expr | str:
    """`64 + 32 * i` from 64 and 32."""
    if isinstance(value, str) or step == 0:
        return value
    by = _INDEX if abs(step) == 1 else tree.Binary("*", tree.Number(abs(step)), _INDEX)
    if value == tree.Number(0) and step > 0:
        return by
    return tree.Binary("+" if step > 0 else "-", value, by)


def _grown_name(name: Expr, step: int) -> Expr:
    if step == 0:
        return name
    assert isinstance(name, tree.String)
    split = _split_number(name.value)
    assert split is not None
    stem, number = split
    grown = _grown(tree.Number(number), step)
    if number and isinstance(grown, tree.Binary):
        grown = tree.Binary("+", _grown(tree.Number(0), step), tree.Number(number))  # type: ignore[arg-type]
    assert not isinstance(grown, str)
    return tree.Template((stem, grown))
