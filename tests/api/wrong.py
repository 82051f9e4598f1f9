"""Values of the wrong kind, for every parameter of every public function."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SPEC = "arch net(width=4, drop=0.5) { input(3, 8, 8); conv(width, 3) -> dropout(drop) -> relu }\n"


class Text(str):
    """A string of another class."""

    def __str__(self) -> str:
        raise RuntimeError("a stranger's method was called")

    __repr__ = __str__


class Whole(int):
    def __str__(self) -> str:
        raise RuntimeError("a stranger's method was called")

    __repr__ = __str__


class Hostile:
    """What cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("a stranger's method was called")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("a stranger's method was called")

    __hash__ = None  # type: ignore[assignment]


class Nowhere:
    def __fspath__(self) -> str:
        raise RuntimeError("a stranger's method was called")


def _endless() -> list[object]:
    items: list[object] = [1]
    items.append(items)
    return items


def _deep() -> list[object]:
    items: list[object] = [1]
    for _ in range(100_000):
        items = [items]
    return items


def values() -> dict[str, object]:
    """Wrong values by what they are; numpy's and torch's where they are installed."""
    found: dict[str, object] = {
        "none": None,
        "true": True,
        "negative": -1,
        "zero": 0,
        "three": 3,
        "large": 2**63,
        "enormous": 10**5000,
        "float": 1.5,
        "nan": math.nan,
        "infinite": math.inf,
        "complex": 1j,
        "empty": "",
        "null": "\0",
        "path with a null": "a\0b.arch",
        "path": Path("nowhere.arch"),
        "surrogate": "\ud800",
        "text": "no such thing",
        "text of another class": Text("net.arch"),
        "integer of another class": Whole(3),
        "long": "x" * 100_000,
        "bytes": b"net.arch",
        "list": [1, "a", None],
        "list that holds itself": _endless(),
        "deep list": _deep(),
        "long list": [0] * 200_000,
        "dictionary": {"a": 1},
        "dictionary of others": {1: object()},
        "set": {1},
        "generator": (each for each in (1, 2)),
        "function": print,
        "class": int,
        "object": object(),
        "hostile": Hostile(),
        "hostile path": Nowhere(),
    }
    try:
        import numpy as np

        found |= {
            "array": np.zeros((2, 2)),
            "array of objects": np.array([object()]),
            "numpy integer": np.int64(3),
            "numpy float": np.float32(1.5),
            "numpy boolean": np.bool_(True),
        }
    except ImportError:
        pass
    return found


@dataclass(frozen=True, slots=True)
class Call:
    """A right call: arguments by their names, the first so many given by position."""

    function: Callable[..., Any]
    arguments: Mapping[str, Any]
    positional: int = 0

    def with_(self, name: str, value: object) -> Any:
        given = {**self.arguments, name: value}
        names = list(given)[: self.positional]
        others = {each: given[each] for each in given if each not in names}
        return self.function(*(given[each] for each in names), **others)


def calls(folder: Path) -> dict[str, Call]:
    """A right call of each public function."""
    import archgen

    path = folder / "net.arch"
    path.write_text(SPEC)
    network, spec = archgen.load(path), str(path)
    loaded = {"input": None, "features": (), "width": 4, "drop": 0.5}
    made = {
        "device": "meta",
        "dtype": None,
        "memory_format": None,
        "compile": False,
        "seed": 1,
        "weights": None,
    }
    pair = {"old": network, "new": network}
    state: dict[str, Any] = {}
    carried = {**pair, "state": state, "allow_new": True, "seed": 1, "input_channels": None}
    module = {"model": archgen.build(network), "input": (3, 8, 8), "name": "net", "fixed": False}
    fit = {"weights": state, "network": network, "under": (), "prefix": ""}
    return {
        "load": Call(archgen.load, {"spec": spec, **loaded}, 1),
        "loads": Call(archgen.loads, {"text": SPEC, "name": "net", **loaded}),
        "build": Call(archgen.build, {"network": spec, **made, **loaded}),
        "check": Call(archgen.check, {"paths": spec, "lint": False}, 1),
        "source": Call(archgen.source, {"network": network}),
        "summary": Call(archgen.summary, {"network": network, "depth": 1}),
        "compare": Call(archgen.compare, {**pair, "input": None}),
        "dynamic_shapes": Call(archgen.dynamic_shapes, {"network": network, "batch": True}),
        "draw": Call(archgen.draw, {"network": network, "level": "block", "expand": ()}),
        "diff": Call(archgen.diff, pair),
        "breaking": Call(archgen.breaking, {**pair, "categories": ("cost",), "threshold": 5.0}),
        "check_weights": Call(archgen.check_weights, fit, 2),
        "transfer": Call(archgen.transfer, carried, 3),
        "convert_resnext": Call(archgen.convert_resnext, {"state": state, "form": "a"}),
        "expression": Call(archgen.expression, {"text": "1"}),
        "from_module": Call(archgen.from_module, module, 2),
        "shipped": Call(archgen.shipped, {}),
    }
