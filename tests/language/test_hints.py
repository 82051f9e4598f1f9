"""What cannot be said in one way: the help names a form that works, or says that there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

import archgen
from archgen.lint.edits import apply
from tests.language.ask import arch, diagnostics, fault

_MIXER = "block mixer { permute([1, 0]) -> linear(4) -> permute([1, 0]) }\n\n"
_TOKENS = _MIXER + arch("mixer", size="16, 8, axis=1")
_VECTOR = arch(
    "v = global_avgpool -> flatten",
    "from input -> flatten(start=1) -> permute([1, 0])",
    "concat(axis=0) { identity; { from v; reshape([1, 8]) } }",
    "layer_norm",
    size="8, 4, 4",
)
_OFFSETS = arch(
    "reshape([3, 4, 2, 4, 2]) -> permute([4, 2, 0, 1, 3]) -> reshape([12, 4, 4])", size="3, 8, 8"
)
_TWO = "block two {\n  a = conv(4, 3)\n  b = conv(4, 3)\n  output a, b\n}\n\n"


@pytest.mark.parametrize("text", [_TOKENS, _VECTOR, _OFFSETS], ids=["tokens", "vector", "offsets"])
def test_features_are_moved_by_an_axis_of_size_1(text: str) -> None:
    found = fault(text)
    mended, _ = apply(text, [found.fix])
    archgen.loads(mended)
    ((edit,),) = [found.fix]
    assert edit.replacement.removeprefix(" -> ") in (found.help or "")


def test_the_numbers_are_those_that_were_asked_for() -> None:
    """Space to depth with the offsets outermost, as the permutation of torch has it."""
    torch = pytest.importorskip("torch")
    mended, _ = apply(_OFFSETS, [fault(_OFFSETS).fix])
    x = torch.randn(2, 3, 8, 8)
    model = archgen.build(archgen.loads(mended))
    wanted = x.reshape(2, 3, 4, 2, 4, 2).permute(0, 5, 3, 1, 2, 4).reshape(2, 12, 4, 4)
    assert torch.equal(model(x), wanted)


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        (arch("a, b = split([1, 2])", "from b"), "A114", "channels cannot be dropped"),
        (arch("p = maxpool(2, return_indices=true)"), "A106", "keeps its indices"),
        (arch("maxunpool(2)"), "A102", "none can be undone"),
        (arch('conv(8, 3, weight_norm="standard")'), "A106", "not normalised or parametrised"),
        (arch("a = matmul { identity; identity }"), "A012", "no product of two"),
        (arch("rnn(64)"), "A102", "there are `lstm(hidden)` and `gru(hidden)`"),
        (
            arch(
                "for i in range(3) {",
                "  add { identity; from y[i - 1] }",
                "  y[i] = conv(3, 3)",
                "}",
            ),
            "A113",
            "`if i > 0 { ... from y[i - 1] ... }`",
        ),
        (
            arch(
                "for i in range(3) {", "  if i > 0 { add { identity; from y } }", "  y = relu6", "}"
            ),
            "A113",
            "number it, `y[i] = ...`",
        ),
    ],
)
def test_the_help_is_honest(text: str, code: str, hint: str) -> None:
    found = diagnostics(text)
    assert found[0].code == code
    assert hint in (found[0].help or "")


@pytest.mark.parametrize(
    "text",
    [
        "block take(others) { concat { identity; for o in others { from o } } }\n\n"
        + arch("for i in range(3) { xs[i] = conv(3, 3) }", "take((from xs)[:2])"),
        arch(
            "y[0] = conv(3, 3)",
            "for i in range(1, 3) {",
            "  add { identity; from y[i - 1] }",
            "  y[i] = conv(3, 3)",
            "}",
        ),
        _TWO + arch('"units{0}" = two', "add { from units0.a; from units0.b }"),
        arch(
            "for i in range(3) { conv(3, 3) -> bn; x[i] = relu }",
            "concat { identity; for s in from x { from s } }",
        ),
        # |a - b| of one network over two images
        "block tower { conv(8, 5, stride=2) -> bn -> relu; flatten -> linear(4) }\n\n"
        "arch siamese {\n  left = input(1, 32, 32)\n  right = input(1, 32, 32)\n"
        "  a = from left -> tower\n  b = from right -> reuse a\n"
        "  minus_b = from b -> multiply(-1)\n  ab = add { from a; from minus_b }\n"
        "  minus_ab = from ab -> multiply(-1)\n"
        "  distance = add { from ab -> relu; from minus_ab -> relu }\n  score = linear(1)\n}\n",
    ],
    ids=["list of values", "first pass", "computed name", "collected", "siamese"],
)
def test_the_form_that_is_named_works(text: str) -> None:
    pytest.importorskip("torch")
    archgen.build(archgen.loads(text), device="meta")


def test_a_shipped_network_is_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`use resnet`: what the help says is done, and the file checks."""
    text = "{use}\narch net {{ input(3, 64, 64); trunk = resnet18 }}\n"
    monkeypatch.chdir(tmp_path)
    help = fault(text.format(use="use resnet18")).help or ""
    assert "`use arch resnet18`" in help
    Path("net.arch").write_text(text.format(use="use arch resnet18"))
    assert archgen.check("net.arch") == []
