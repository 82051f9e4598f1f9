"""What an expression can be worth: numbers, strings, lists, layers, values.

Integers, floats, booleans, strings, `None` and `AUTO` are Python's own; lists are `Items`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from enum import Enum
from typing import TypeGuard

from archgen.diagnostics import Fault, error
from archgen.frozen import dataclass
from archgen.layers.base import Auto, Layer
from archgen.network import Definition, Ref
from archgen.shapes import Shape
from archgen.syntax import tree
from archgen.text import Span

Numeric = int | float

LARGEST_NUMBER = 2**63 - 1
LONGEST_LIST = 100_000  # items, those of inner lists counted
LONGEST_STRING = 10_000
STEPS = 300_000  # work for one network: an operation is one step, a node ten and more


class Unknown(Exception):
    """Something depends on a value whose shape an earlier fault left unknown: stay silent."""


class Exhausted(Fault):
    """A limit on all of the work was met: nothing further is resolved."""


class Word(Enum):
    """A word of the language that came after 0.1 and is no layer: what has its name hides it."""

    BUFFER = "buffer"


class Lost:
    """The meaning of a name whose definition failed: what depends on it stays silent."""

    def __reduce__(self) -> str:
        return "LOST"  # there is one


LOST = Lost()
ANY_NAME = "*"  # in a file's scope: some `use` failed, and any unknown name may be its


class Scope(dict[str, object]):
    """What a file's text may say.

    behind: names that the files it uses import for themselves, each with that file and the `use`
    that would import it here too. broken: where the definitions begin that lack statements,
    because their text could not be read.
    """

    def __init__(self, names: Mapping[str, object]) -> None:
        super().__init__(names)
        self.behind: dict[str, tuple[str, str]] = {}
        self.broken: frozenset[int] = frozenset()


def check_lost(name: tree.Name, scope: Mapping[str, object]) -> None:
    """Raise `Unknown` for a name whose definition failed, or may stand in what failed."""
    if ANY_NAME in scope or scope.get(name.parts[0]) is LOST:
        raise Unknown


class Items(tuple[object, ...]):
    """A list of the language. `weight` counts what it holds, inner lists included."""

    weight: int

    @staticmethod
    def of(items: Iterable[object], span: Span) -> Items:
        collected: list[object] = []
        weight = 0
        for item in items:
            weight += weigh(item)
            if weight > LONGEST_LIST:
                raise Fault(
                    error(
                        "A402",
                        f"a list of more than {LONGEST_LIST:_} items",
                        span,
                        help="a `stage` repeats a block any number of times",
                    )
                )
            collected.append(item)
        made = Items(collected)
        made.weight = max(weight, 1)
        return made


def weigh(value: object) -> int:
    match value:
        case Items():
            return value.weight
        case LayerValue():
            return value.weight
        case _:
            return 1


@dataclass(frozen=True, slots=True)
class LayerValue:
    """A layer, block or arch with the arguments that it brings: `leaky_relu(0.1)`."""

    target: type[Layer] | Definition
    arguments: tuple[tuple[str, object], ...] = ()
    weight: int = 1

    @property
    def name(self) -> str:
        return self.target.name if isinstance(self.target, Definition) else self.target.keyword


@dataclass(frozen=True, slots=True)
class TensorValue:
    """A value of the network: its number in the body, and its shape."""

    ref: Ref
    shape: Shape


@dataclass(frozen=True, slots=True)
class Several:
    """The results of a block with several outputs, by name."""

    fields: tuple[tuple[str, TensorValue], ...]

    def get(self, name: str) -> TensorValue | None:
        return dict(self.fields).get(name)


class Budget:
    """Counts the work for one network, so that every spec is answered in bounded time."""

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps

    def spend(self, span: Span, steps: int = 1) -> None:
        self.left -= steps
        if self.left < 0:
            raise Exhausted(
                error(
                    "A404",
                    "the spec asks for too much work",
                    span,
                    f"stopped here after {STEPS:_} steps",
                    help="a `stage` repeats a block without further work",
                )
            )


@dataclass(slots=True)
class Environment:
    """What names mean where an expression stands.

    `names` are parameters, `let`s and loop variables; `scope` is the file's: layers, blocks
    and constants. `channels` and `shape` come from `current`, those of `input` from `entered`;
    both raise `Unknown` when the shape is not known. `value` finds what `from` names there.
    """

    names: Mapping[str, object] = field(default_factory=dict)
    scope: Mapping[str, object] = field(default_factory=dict)
    current: Callable[[Span], Shape] | None = None
    entered: Callable[[Span], Shape] | None = None
    value: Callable[[object, Environment], object] | None = None
    budget: Budget = field(default_factory=Budget)

    def with_names(self, names: Mapping[str, object]) -> Environment:
        """The same place with further names, which hide those before."""
        self.budget.left -= len(self.names) // 32  # copying them is work
        return Environment(
            {**self.names, **names}, self.scope, self.current, self.entered, self.value, self.budget
        )


def is_broken(definition: Definition) -> bool:
    """Whether statements of a definition could not be read: what it makes is unknown."""
    while definition.parent is not None:
        definition = definition.parent
    scope = definition.scope
    return isinstance(scope, Scope) and definition.span.start in scope.broken


def identity_key(value: object) -> object:
    """Equal for values that mean the same: `True`, `1` and `1.0` differ, values of the network
    count by their shape."""
    match value:
        case Items():
            return tuple(identity_key(item) for item in value)
        case LayerValue():
            arguments = tuple((name, identity_key(item)) for name, item in value.arguments)
            return LayerValue, id(value.target), arguments
        case TensorValue():
            return TensorValue, value.shape
        case Several():
            return tuple((name, item.shape) for name, item in value.fields)
        case _:
            return type(value), value


def is_number(value: object) -> TypeGuard[Numeric]:
    """A boolean is no number of the language."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def is_tensors(value: object) -> bool:
    """Whether a list holds values of the network only."""
    return (
        isinstance(value, Items)
        and len(value) > 0
        and all(isinstance(item, TensorValue) or is_tensors(item) for item in value)
    )


def form_of(value: object) -> object:
    """How values are put together, whichever they are: equal for lists of as many, and for the
    same names of several; None for what is no value."""
    match value:
        case TensorValue():
            return True
        case Several():
            return tuple(name for name, _ in value.fields)
        case Items():
            return tuple(map(form_of, value))
        case _:
            return None


def holds_tensors(value: object) -> bool:
    """Whether a value of the network is in it, however deep."""
    match value:
        case TensorValue() | Several():
            return True
        case Items():
            return any(map(holds_tensors, value))
        case _:
            return False


def refs_of(value: object) -> list[Ref]:
    """The numbers of the values that a name holds."""
    match value:
        case TensorValue():
            return [value.ref]
        case Several():
            return [item.ref for _, item in value.fields]
        case Items():
            return [ref for item in value for ref in refs_of(item)]
        case _:
            raise AssertionError(value)


def pick(found: object, index: int, span: Span) -> object:
    """An item of several values or of a list."""
    items = parts_of(found)
    if items is None:
        raise Fault(error("A113", "one value has no items", span))
    if not 0 <= index < len(items):
        raise Fault(error("A113", f"there is no item {index}: it has {len(items)}", span))
    return items[index]


def parts_of(value: object) -> Sequence[object] | None:
    """The items of a list, or of several values; None for anything else."""
    match value:
        case Several():
            return [item for _, item in value.fields]
        case Items():
            return value
        case _:
            return None


def may_be_hidden(meaning: object) -> bool:
    """Whether a definition may take this name: that of a layer or word newer than 0.1."""
    if isinstance(meaning, Word):
        return True
    return isinstance(meaning, type) and issubclass(meaning, Layer) and not meaning.reserved


def kind_of(value: object) -> str:
    """What a value is, in the words of a message."""
    match value:
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a float"
        case str():
            return "a string"
        case None:
            return "none"
        case Auto():
            return "auto"
        case Items():
            return "a list"
        case LayerValue():
            return (
                f"the {'block' if isinstance(value.target, Definition) else 'layer'} `{value.name}`"
            )
        case TensorValue():
            return "a value of the network"
        case Several():
            return "several values of the network"
        case Word():
            return f"the word `{value.value}`"
        case _:
            return "something else"


def show(value: object) -> str:
    """A value as one would write it in a spec."""
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "none"
        case Auto():
            return "auto"
        case str():
            return f'"{value}"'
        case tuple():
            return (
                "["
                + ", ".join(show(item) for item in value[:8])
                + (", ...]" if len(value) > 8 else "]")
            )
        case LayerValue():
            given = ", ".join(f"{name}={show(item)}" for name, item in value.arguments)
            return f"{value.name}({given})" if given else value.name
        case TensorValue():
            return f"value of {value.shape}"
        case _:
            return str(value)
