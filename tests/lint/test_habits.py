"""Habits of other languages: warned of where they are surely meant, and only there."""

from __future__ import annotations

import pytest

from archgen.lint.edits import apply
from tests.lint.ask import codes, found

_BODY = "  conv(16, 1) -> bn -> relu\n  expect depth < 99\n}\n"


def _input(sizes: str) -> str:
    return f"arch net {{\n  input({sizes})\n{_BODY}"


@pytest.mark.parametrize(
    ("sizes", "right"),
    [
        ("1, 3, 224, 224", "3, 224, 224"),
        ("32, 3, 32, 32", "3, 32, 32"),
        ("1, 1, 28, 28", "1, 28, 28"),
        ("224, 224, 3", "3, 224, 224"),
        ("28, 28, 1", "1, 28, 28"),
        ("480, 640, 3", "3, 480, 640"),
    ],
)
def test_a_batch_or_channels_last(sizes: str, right: str) -> None:
    text = _input(sizes)
    assert codes(text) == [("W021", 2)]
    fixed, _ = apply(text, [found(text)[0].fix])
    assert fixed == _input(right)
    assert codes(fixed) == []


@pytest.mark.parametrize(
    "sizes",
    [
        "3, 224, 224", "1, 28, 28", "3, 16, 112, 112", "1, 64, 64, 64", "3, 4, 112, 112",
        "64, 7, 1", "256, 4, 4", "4, 224, 224", "2, 3, 64, 64", "12, 12, 12", "3, 8, 8",
    ],
)  # fmt: skip
def test_images_and_volumes(sizes: str) -> None:
    assert codes(_input(sizes)) == []


def test_an_axis_that_is_said_is_meant() -> None:
    text = "arch net {\n  input(32, 32, 3, axis=2)\n  bn -> linear(8)\n  expect depth < 99\n}\n"
    assert codes(text) == []


def _line(line: str) -> list[tuple[str, int]]:
    return codes(f"arch net {{\n  input(64, 64, 64)\n  {line}\n  expect depth < 99\n}}\n")


@pytest.mark.parametrize(
    "line",
    [
        "bn(64)", "instance_norm(64)", "conv(64, 32, 3, 1, 1) -> bn",
        "conv_transpose(64, 32, 3) -> bn", "bn(eps=1)",
    ],
)  # fmt: skip
def test_channels_as_in_pytorch(line: str) -> None:
    assert ("W022", 3) in _line(line)


@pytest.mark.parametrize(
    "line",
    [
        "conv(64, 3, 2) -> bn", "conv(64, 7, 2, 3) -> bn", "bn(1e-3)", "conv(64, 16, 16) -> bn",
        "conv(64, 31, groups=64) -> bn", "conv_transpose(64, 2, 2) -> bn",
    ],
)  # fmt: skip
def test_arguments_that_mean_what_they_say(line: str) -> None:
    assert _line(line) == []


def test_a_constant_that_its_pass_reads_is_not_lost() -> None:
    loop = "let n = 8\n  for i in range(2) {{ let n = 2 * n; {} }}\n  identity"
    assert _line(loop.format("conv(8 * n, 3) -> bn")) == []
    assert ("W023", 4) in _line(loop.format("conv(64, 3) -> bn"))
