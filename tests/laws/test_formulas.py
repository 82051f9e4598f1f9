"""A formula is what Python computes, number by number, whatever torch makes of all at once."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from archgen.backends.pytorch.text.formulas import tensor_of  # noqa: E402
from archgen.backends.pytorch.text.layout import flat  # noqa: E402
from archgen.diagnostics import Fault  # noqa: E402
from archgen.formula import Formula  # noqa: E402
from archgen.layers import LAYERS  # noqa: E402
from archgen.resolve.expressions import evaluate  # noqa: E402
from archgen.resolve.formulas import formula_of  # noqa: E402
from archgen.resolve.positions import numbers_of  # noqa: E402
from archgen.resolve.values import Environment  # noqa: E402
from archgen.syntax.parse import parse_expression  # noqa: E402
from archgen.text import Source  # noqa: E402
from tests.sweeps import examples  # noqa: E402

pytestmark = pytest.mark.torch
LOOPS = "abc"
FORMS = (
    *("({} + {})", "({} - {})", "({} * {})", "{} // 3", "{} % 4", "({} / 7)", "-{}", "abs({})"),
    *("max({}, {})", "min({}, 1, {})", "({} if TRUE else {})", "sin({})", "cos({})", "{} ** 2"),
    *("sqrt(abs({}))", "floor({})", "ceil({})", "round({})", "int({})", "exp(min({}, 3))"),
    *("log(1 + abs({}))", "log2(2.5 + abs({}))", "2.0 ** min({}, 5)"),
)


@st.composite
def numbers(draw: st.DrawFn, names: str, depth: int) -> str:
    """An expression that is a number."""
    if depth == 0:
        return draw(st.sampled_from([*names, *names, "2", "3", "-1", "0.5", "pi"]))
    inner = lambda: draw(numbers(names, depth - 1))  # noqa: E731
    form = draw(st.sampled_from(FORMS))
    form = form.replace("TRUE", draw(truths(names, depth - 1)) if "TRUE" in form else "")
    return form.format(*(f"({inner()})" for _ in range(form.count("{}"))))


@st.composite
def truths(draw: st.DrawFn, names: str, depth: int) -> str:
    """An expression that is true or false."""
    one, other = draw(numbers(names, depth)), draw(numbers(names, depth))
    op = draw(st.sampled_from(["<", "<=", "==", "!=", ">", ">="]))
    text = f"({one}) {op} ({other})"
    form = draw(
        st.sampled_from(
            ["{}", "{}", "not {}", "{} and 0 < a < 2", "a == 1 or {}", "({}) == (a > 1)"]
        )
    )
    return form.format(text)


@st.composite
def formulas(draw: st.DrawFn) -> tuple[str, tuple[int, ...]]:
    """A list of loops, or of a short list in them, and its sizes."""
    names = LOOPS[: draw(st.integers(1, 3))]
    lengths = [draw(st.integers(1, 4)) for _ in names]
    items = [draw(numbers(names, draw(st.integers(0, 3)))) for _ in range(draw(st.integers(1, 2)))]
    if draw(st.integers(0, 5)) == 0:
        items = [draw(truths(names, 1))]
    text = items[0] if len(items) == 1 else f"[{', '.join(items)}]"
    for name, length in reversed(list(zip(names, lengths, strict=True))):
        over = draw(
            st.sampled_from(
                [f"range({length})", f"range(-1, {length - 1})", f"range(0, {2 * length}, 2)"]
            )
        )
        text = f"[{text} for {name} in {over}]"
    return text, (*lengths, *([2] if len(items) == 2 else []))


def _plain(value: object) -> object:
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


@examples(sample=150, full=10_000, of="formulas, against Python")
@given(formulas())
def test_a_formula_is_what_its_numbers_are(case: tuple[str, tuple[int, ...]]) -> None:
    text, sizes = case
    source = parse_expression(Source("<formula>", text))
    try:
        table = evaluate(source, Environment({}, LAYERS))
    except Fault:
        with pytest.raises(Fault):
            formula_of(source, Environment({}, LAYERS))
        return
    formula = formula_of(source, Environment({}, LAYERS))
    plain = torch.tensor(_plain(table), dtype=torch.float64)
    assert (formula.sizes, _plain(numbers_of(formula))) == (sizes, _plain(table))
    found = _made(formula)
    assert tuple(found.shape) == sizes
    assert {torch.float32: "float", torch.int64: "index", torch.bool: "bool"}[
        found.dtype
    ] == formula.kind
    if formula.kind == "float":
        assert torch.allclose(found, plain.float(), rtol=1e-6, atol=1e-6)
    else:
        assert torch.equal(found.double(), plain)
    if formula.bounds is not None:
        assert formula.bounds == (int(plain.min()), int(plain.max()))


def _made(formula: Formula) -> torch.Tensor:
    """The tensor that the generated constructor makes."""
    lines: list[str] = []

    def local(stem: str, text: str) -> str:
        lines.append(f"{stem}{len(lines)} = {text}")
        return lines[-1].partition(" ")[0]

    made = flat(tensor_of(formula, local))
    names: dict[str, object] = {"torch": torch, "math": math}
    exec("\n".join([*lines, f"made = {made}"]), names)
    found = names["made"]
    assert isinstance(found, torch.Tensor)
    assert all(len(line) < 88 for line in lines)
    return found
