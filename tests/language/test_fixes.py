"""What a help text spells out is carried as edits, and following it leads to a spec that checks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import archgen
from archgen import api
from archgen.codes import CODES
from archgen.codes.entry import Code
from archgen.diagnostics import Diagnostic, Severity
from archgen.lint.edits import apply
from tests.language.ask import arch

MOST_ROUNDS = 12
CONCRETE = re.compile(r"(write|call it|put|did you mean) `((?!\.\.\.)[^`])+`( before it|\?)?")
SPECS = [entry for entry in CODES.values() if entry.code[0] in "AW" and "{" in entry.fails]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Specs lie in a folder of their own; two of them are used by others."""
    monkeypatch.chdir(tmp_path)
    Path("inner.arch").write_text("block unit(out) {\n  conv(out, 3) -> bn\n}\n")
    outer = 'use "inner.arch"\n\nblock two(out) {\n  unit(out)\n  unit(out)\n}\n'
    Path("outer.arch").write_text(outer)


def found(text: str, *, lint: bool = False) -> list[Diagnostic]:
    Path("net.arch").write_text(text, encoding="utf-8")
    return api.check_paths(["net.arch"], lint=lint)


def followed(text: str) -> str:
    """The text after following the help of its first error again and again, to the letter."""
    for _ in range(MOST_ROUNDS):
        faults = [item for item in found(text) if item.severity is Severity.ERROR]
        if not faults:
            return text
        assert faults[0].fix, f"{faults[0]}\n{text}"
        text, count = apply(text, [faults[0].fix])
        assert count == 1
    raise AssertionError(text)


# --- every code -----------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", SPECS, ids=lambda entry: entry.code)
def test_the_fix_of_an_example_is_one(entry: Code) -> None:
    lint = entry.code.startswith("W")
    for item in found(entry.fails, lint=lint):
        if not item.fix:
            assert not CONCRETE.fullmatch(item.help or ""), item
            continue
        mended, _ = apply(entry.fails, [item.fix])
        kept = [(each.code, each.message) for each in found(mended, lint=lint)]
        assert (item.code, item.message) not in kept, mended


# --- a newcomer's mistakes ------------------------------------------------------------------------

_HEAD = "  global_avgpool -> flatten -> linear(10)\n"
NEWCOMER = {
    "modules of torch.nn": arch(
        "nn.Conv2d(3, 16, 3, padding=1) -> nn.BatchNorm2d(16) -> nn.ReLU()",
        "nn.MaxPool2d(2, 2)",
        "nn.Flatten() -> nn.Linear(4096, 10)",
    ),
    "layers of Keras": arch("Conv2D(16, 3, strides=2, use_bias=true)", "Flatten() -> Dense(10)"),
    "batch_norm": arch("conv(16, 3) -> batch_norm -> relu"),
    "functions": arch("x = conv(16, 3)", "x = F.relu(x)", "torch.flatten(x)"),
    "cat": arch("a = conv(16, 3)", "b = from input -> conv(8, 1)", "torch.cat([a, b], dim=1)"),
    "a call of add": arch("a = conv(8, 3)", "b = from input -> conv(8, 1)", "add(a, b)"),
    "a sum": arch("a = conv(8, 3)", "b = from input -> conv(8, 1)", "y = a + b"),
    "a missing brace": "arch net {\n  input(3, 32, 32)\n  body = {\n    conv(8, 3)\n  relu\n}\n",
    "how often a stage repeats, without its name": arch("stage(conv(16, 3), 3)"),
    "a missing parenthesis": arch("conv(16, 3 -> bn -> relu"),
    "input channels": arch("conv(16, 3)", "conv(16, 32, 3)", "flatten -> linear(32768, 10)"),
    "kernel first": arch("conv(3, 16) -> bn"),
    "names of arguments": arch("conv(in_channels=3, out_channels=16, kernel_size=3)"),
    "a forgotten use": arch("stage(basic, 16, n=2)"),
    "a use of a use": 'use "outer.arch"\n\n' + arch("two(8)", "unit(8)"),
    "a tuple": arch("conv(16, 3, stride=(2, 2)) -> bn"),
    "padding": arch("conv(16, 3, padding=same) -> bn"),
    "a comment": arch("conv(16, 3) -> bn  // the stem, isn't it", "// the rest", "relu"),
    "param": arch("conv(16, 3)", "expect param == 432"),
    "no parentheses": arch("conv 16 3"),
    "Python's words": arch("conv(16, 3, bias=True)", "if channels = 16 && not False { relu }"),
    "no input": "arch net {\n  conv(16, 3) -> bn\n}\n",
    "a method": arch("conv(16, 3).relu()"),
    "a comma": arch("conv(16, 3) -> bn, relu"),
    "self": arch("self.conv1 = conv(16, 3)", "relu"),
    "no arrow": arch("conv(16, 3) bn"),
    "half a division": arch("conv(channels / 3 * 4, 3)"),
    "a misspelling": arch("covn(16, 3)", "x = relu", "add { from x; from inptu -> conv(16, 1) }"),
}


@pytest.mark.parametrize("text", NEWCOMER.values(), ids=NEWCOMER)
def test_a_newcomer_is_led_to_a_spec_that_works(text: str) -> None:
    assert found(text), "this is no mistake"
    archgen.loads(followed(text))


ONE = ["a missing brace", "a missing parenthesis", "a call of add", "a sum", "a tuple", "cat",
       "a comment", "no input", "a forgotten use", "a method", "self"]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("y = a + b", "y = add { from a; from b }"),
        ("a * b", "mul { from a; from b }"),
        ("a - b", "sub { from a; from b }"),
        ("y = input / b", "y = div { from input; from b }"),
        ("a = a + b", "add { from a; from b }"),
        ("a * 2", "a -> multiply(2)"),
    ],
)
def test_arithmetic_of_values_is_put_into_merges(written: str, meant: str) -> None:
    """And nothing around it is touched, be the next statement on another line or behind a `;`."""
    head = "arch net {\n  input(3, 8, 8)\n  a = relu\n  b = from input -> tanh\n"
    for rest in ("\n  conv(8, 3)\n}\n", "; conv(8, 3) }\n", "  # why\n}\n"):
        text = f"{head}  {written}{rest}"
        fault = next(item for item in found(text) if item.code == "A001")
        assert apply(text, [fault.fix])[0] == f"{head}  {meant}{rest}"


@pytest.mark.parametrize("name", ONE)
def test_one_mistake_is_one_error(name: str) -> None:
    assert len(found(NEWCOMER[name])) == 1


def test_what_was_meant_is_what_comes_out() -> None:
    text = followed(NEWCOMER["modules of torch.nn"])
    assert "conv(16, 3, padding=1, bias=true) -> bn -> relu" in text
    assert "linear(10)" in text
    assert "concat { from a; from b }" in followed(NEWCOMER["cat"])
    assert 'use "inner.arch"\n' in followed(NEWCOMER["a use of a use"])
