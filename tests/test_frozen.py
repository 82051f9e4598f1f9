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


@cheap(slots=True)
class Counter:
    seen: list[int] = dataclasses.field(default_factory=list)
    step: int = 1


@cheap(frozen=True)
class Nothing:
    pass


def test_made_values_and_changes() -> None:
    one, other = Counter(), Counter([1], step=2)
    one.seen.append(3)
    one.step = 4
    assert (one.seen, one.step, Counter().seen, other.seen) == ([3], 4, [], [1])
    with pytest.raises(TypeError):
        hash(one)
    assert Nothing() == Nothing()


def test_calls_are_refused_as_by_the_standard_one() -> None:
    standard = dataclasses.make_dataclass("Point", ["x", ("y", int, 0)])
    for arguments, keywords in [((), {}), ((1, 2, 3), {}), ((1,), {"x": 1}), ((1,), {"z": 1})]:
        with pytest.raises(TypeError) as ours:
            Point(*arguments, **keywords)
        with pytest.raises(TypeError) as theirs:
            standard(*arguments, **keywords)
        assert ours.value.args[0].split(" ")[0] == theirs.value.args[0].split(" ")[0]


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
