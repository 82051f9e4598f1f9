"""Names of the generated file: of classes, and of what must not hide anything in a class."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable, Iterator

from archgen import resources
from archgen.network import Definition
from archgen.resolve.reserved import METHODS, MODULE_ATTRIBUTES
from archgen.syntax import tree
from archgen.syntax.walk import nodes_in

GLOBALS = frozenset(
    ["nn", "torch", "Tensor", "F", "math", "OrderedDict", "Callable", "NamedTuple", "divisible"]
)
AMBIGUOUS = frozenset("lOI")  # names that look like digits
FORWARD = ("x", "y", "z", "u", "v", "w")


def helper_names() -> frozenset[str]:
    """Classes and functions that a file may carry: a block of the same name is called another."""
    folder = resources.root("templates") / "helpers"
    return frozenset(path.name.removesuffix(".py.txt") for path in folder.iterdir())


# What the text of a constructor and of `forward` uses or must not hide.
LOCALS = frozenset([*GLOBALS, *helper_names(), *keyword.kwlist, *dir(builtins), "self", *AMBIGUOUS])


def is_local(name: str) -> bool:
    """Whether an author's name can be a variable as it is. In a class Python reads `__x` as
    `_Class__x`; `_` holds what nothing reads."""
    return name not in LOCALS and not name.startswith("__") and name != "_"


def is_letter(name: str) -> bool:
    """Whether `forward` may give a value this name: `x`, `t0`."""
    return name in FORWARD or re.fullmatch(r"t\d*", name) is not None


def author_names(definition: Definition) -> Iterator[str]:
    """What the text of a definition binds: parameters, constants, loop variables, values."""
    for node in nodes_in((definition.parameters, definition.body)):
        match node:
            case tree.Parameter(name=name) | tree.Place(name=str(name)):
                yield name
            case tree.Let(names=names) | tree.For(names=names) | tree.Comprehension(names=names):
                yield from names


class Names:
    """Hands out names, each once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def claim(self, wanted: str) -> str:
        """`wanted`, or the first of `wanted2`, `wanted3`... that is free."""
        wanted = plain(wanted)
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}{number}"
        self._taken.add(name)
        return name

    def claim_underscored(self, wanted: str) -> str:
        """`wanted`, with as many underscores behind it as make it free."""
        wanted = plain(wanted)
        while wanted in self._taken:
            wanted += "_"
        self._taken.add(wanted)
        return wanted

    def release(self, names: Iterable[str]) -> None:
        """Let names be claimed again."""
        self._taken.difference_update(names)

    def hold(self, names: Iterable[str]) -> None:
        """Let names be taken."""
        self._taken.update(names)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._taken))

    def __contains__(self, name: str) -> bool:
        return name in self._taken


def plain(name: str) -> str:
    """The name without what Python gives a meaning to: `x` for `__x`."""
    if not name.startswith("__") and name != "_":
        return name
    bare = name.lstrip("_")
    return bare if bare.isidentifier() else f"value{bare}"


def module_names(children: Iterable[str]) -> Names:
    """The names that attributes of a module must not have."""
    return Names({*children, *MODULE_ATTRIBUTES, *METHODS, "forward", "training"})


def camel_case(name: str, doc: str = "") -> str:
    """`inverted_residual` -> `InvertedResidual`; digits on both sides keep their `_`.

    Words are spelled as in the documentation, where they stand in it (`resnet50`: `ResNet-50`).
    """
    text = ""
    for part in (part for part in re.split(r"[^0-9A-Za-z]+", name) if part):
        word = _spelled(part, doc)
        text += _between(text, word) + word[0].upper() + word[1:]
    if not text or text[0].isdigit() or keyword.iskeyword(text) or text in AMBIGUOUS:
        text = f"Net{text}"
    return text


def _between(before: str, after: str) -> str:
    return "_" if before[-1:].isdigit() and after[0].isdigit() else ""


def _spelled(word: str, doc: str) -> str:
    """The first run of words in a text that has the same letters and digits, side by side."""
    tokens: list[str] = re.findall(r"[0-9A-Za-z]+", doc)
    for start in range(len(tokens)):
        run = ""
        for token in tokens[start:]:
            run += token
            if run.lower() == word.lower():
                return run
            if len(run) > len(word):
                break
    return word
