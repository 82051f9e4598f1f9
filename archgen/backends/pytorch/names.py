"""Names of the generated file: of classes, and of what must not hide anything in a class."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable

from archgen.resolve.reserved import MODULE_ATTRIBUTES

GLOBALS = frozenset(
    "nn torch Tensor F math partial OrderedDict Callable NamedTuple Sequence divisible".split()
)
# What the text of a constructor and of `forward` uses or must not hide.
LOCALS = GLOBALS | frozenset(keyword.kwlist) | frozenset(dir(builtins)) | {"self", "channels"}
FORWARD = ("x", "y", "z", "u", "v", "w")


class Names:
    """Hands out names, each once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def claim(self, wanted: str) -> str:
        """`wanted`, or the first of `wanted2`, `wanted3`... that is free."""
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}{number}"
        self._taken.add(name)
        return name

    def claim_underscored(self, wanted: str) -> str:
        """`wanted`, with as many underscores behind it as make it free."""
        while wanted in self._taken:
            wanted += "_"
        self._taken.add(wanted)
        return wanted

    def __contains__(self, name: str) -> bool:
        return name in self._taken


def module_names(children: Iterable[str]) -> Names:
    """The names that attributes of a module must not have."""
    return Names({*children, *MODULE_ATTRIBUTES, "forward", "training"})


def camel_case(name: str) -> str:
    """`inverted_residual` -> `InvertedResidual`; digits on both sides keep their `_`."""
    parts = [part for part in re.split(r"[^0-9A-Za-z]+", name) if part]
    text = ""
    for part in parts:
        between = "_" if text[-1:].isdigit() and part[0].isdigit() else ""
        text += between + part[0].upper() + part[1:]
    if not text or text[0].isdigit() or keyword.iskeyword(text):
        text = f"Net{text}"
    return text


def arch_name(name: str, doc: str) -> str:
    """The class of an arch, spelled as its documentation does if it begins with the name."""
    letters = re.sub(r"[^0-9A-Za-z]", "", name).lower()
    spelled = _leading(doc, letters) if letters else None
    if spelled is None:
        return camel_case(name)
    return camel_case(_joined(spelled))


def _leading(doc: str, letters: str) -> str | None:
    """The beginning of a text whose letters and digits are these, if it has one."""
    found = 0
    for at, char in enumerate(doc):
        if not (char.isascii() and char.isalnum()):
            continue
        if char.lower() != letters[found]:
            return None
        found += 1
        if found == len(letters):
            ends = not doc[at + 1 : at + 2].isalnum()
            return doc[: at + 1] if ends else None
    return None


def _joined(spelled: str) -> str:
    """Words side by side; between digits an underscore stays."""
    text = ""
    for part in re.findall(r"[0-9A-Za-z]+", spelled):
        text += ("_" if text[-1:].isdigit() and part[0].isdigit() else "") + part
    return text
