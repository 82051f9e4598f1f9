"""Sets and functions of sizes are what plain integers say, number by number."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from archgen.analysis.sizes.forms import NotKnown
from archgen.analysis.sizes.sets import SizeSet
from archgen.analysis.sizes.symbols import Note, Size, Trace
from tests.sweeps import examples

FAR = 400
COMPARE = (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)

Step = tuple[str, int]
steps = st.lists(
    st.tuples(st.sampled_from(["+", "-", "*", "//", "%", "ceil"]), st.integers(1, 6)), max_size=6
)


def compute(x: Any, chain: list[Step]) -> Any:
    for sign, by in chain:
        match sign:
            case "+":
                x = x + by
            case "-":
                x = x - by
            case "*":
                x = min(by, 3) * x
            case "//":
                x = x // by
            case "%":
                x = x % by
            case _:
                x = -(-x // by)
    return x


@examples(sample=200, full=10_000, of="arithmetic of sizes, beside plain integers")
@given(
    steps, steps, st.integers(1, 200), st.sampled_from(COMPARE), st.integers(-10, 90), st.booleans()
)
def test_functions_and_conditions(
    chain: list[Step],
    other: list[Step],
    at: int,
    compare: Callable[[Any, Any], bool],
    number: int,
    both: bool,
) -> None:
    trace = Trace((at,))
    x = trace.of_axis(0)

    def left(x: Any) -> Any:
        return compute(x, chain) + (compute(x, other) if both else 0)

    try:
        value = left(x)
        answer = compare(value, number)
    except NotKnown:
        return
    assert answer is compare(left(at), number)
    if isinstance(value, Size):
        assert [value.term((size,)) for size in range(1, FAR)] == [left(n) for n in range(1, FAR)]
    same = [size for size in range(1, FAR) if compare(left(size), number) is answer]
    noted = [note.sizes for note in trace.notes if isinstance(note, Note)]
    assert same == [size for size in range(1, FAR) if all(size in each for each in noted)]


@st.composite
def sets(draw: st.DrawFn) -> tuple[SizeSet, frozenset[int]]:
    """A set, and its members below `FAR`."""
    period = draw(st.sampled_from([1, 2, 3, 4, 6, 8]))
    rests = draw(st.frozensets(st.integers(0, period - 1)))
    start = draw(st.integers(0, 30))
    early = draw(st.frozensets(st.integers(1, 30)))

    def holds(x: int) -> bool:
        return x in early if x < start else x % period in rests

    return SizeSet.of(period, start, holds), frozenset(filter(holds, range(1, FAR)))


@examples(sample=200, full=10_000, of="sets of sizes, beside sets of integers")
@given(sets(), sets())
def test_sets(
    first: tuple[SizeSet, frozenset[int]], second: tuple[SizeSet, frozenset[int]]
) -> None:
    (one, ones), (two, twos) = first, second
    every = frozenset(range(1, FAR))
    for found, members in (
        (one, ones),
        (one & two, ones & twos),
        (one | two, ones | twos),
        (~one, every - ones),
    ):
        assert members == {x for x in every if x in found}
        assert found.first == min(members, default=None)
    assert (one == two) is (ones == twos)
    assert (one <= two) is (ones <= twos)
    assert (~one).first == min(every - ones, default=None)
