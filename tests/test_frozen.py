"""`archgen.frozen.dataclass` makes what `dataclasses.dataclass` makes."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from archgen.frozen import dataclass as cheap


@cheap(frozen=True, slots=True)
class Point:
    x: int
    y: int = 0
    note: str = dataclasses.field(default="", compare=False, repr=False, kw_only=True)


@cheap(frozen=True, eq=False)
class Thing:
    x: int


def test_fields_defaults_and_keywords() -> None:
    point = Point(1, note="here")
    assert (point.x, point.y, point.note) == (1, 0, "here")
    assert dataclasses.replace(point, y=2) == Point(1, 2)
    assert [each.name for each in dataclasses.fields(point)] == ["x", "y", "note"]
    with pytest.raises(TypeError):
        Point()  # type: ignore[call-arg]


def test_equality_hash_and_text_leave_out_what_is_not_compared() -> None:
    assert Point(1, 2, note="a") == Point(1, 2, note="b")
    assert hash(Point(1, 2, note="a")) == hash(Point(1, 2))
    assert Point(1) != Point(2)
    assert Point(1) != (1, 0)
    assert repr(Point(1, note="a")) == "Point(x=1, y=0)"


def test_identity() -> None:
    assert Thing(1) != Thing(1)
    assert len({Thing(1), Thing(1)}) == 2


def test_patterns_copies_and_pickles() -> None:
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)
    assert copy.deepcopy(Point(1, 2, note="a")).note == "a"
    assert pickle.loads(pickle.dumps(Point(1, 2))) == Point(1, 2)
