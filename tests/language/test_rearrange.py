"""`rearrange`: axes by name, in the notation of einops without the batch."""

from __future__ import annotations

import pytest

import archgen
from archgen.analysis.sizes.words import InputSizes
from archgen.shapes import Shape
from tests.language.ask import arch, fault, result, sizes


def last(line: str, size: str) -> Shape:
    """The value that a network ends with, with the axis of its features."""
    body = archgen.loads(arch(line, size=size)).body
    return body.values[body.outputs[0].value]


@pytest.mark.parametrize(
    ("line", "size", "found"),
    [
        ('rearrange("c h w -> (h w) c")', "3, 4, 6", Shape((24, 3), 1)),
        ('rearrange("c (a h) w -> (a w) c h", h=2)', "3, 4, 6", Shape((12, 3, 2), 1)),
        # Features that are split are where their last part is.
        ('rearrange("(h d) n -> h n d", h=4)', "8, 6", Shape((4, 6, 2), 2)),
        # Features may be said.
        ('rearrange("n c -> c n", features="n")', "6, 8, axis=1", Shape((8, 6), 1)),
        ('rearrange("c ... -> ... c")', "3, 4, 6", Shape((4, 6, 3), 2)),
        # An axis of size 1 goes and comes; a new one repeats.
        ('rearrange("1 h w -> h 1 w")', "1, 4, 6", Shape((4, 1, 6), 0)),
        ('rearrange("c h -> c n h", n=5)', "3, 4", Shape((3, 5, 4), 0)),
    ],
)
def test_shapes_and_features(line: str, size: str, found: Shape) -> None:
    assert last(line, size) == found


def test_token_mixing_is_three_lines() -> None:
    text = arch(
        'rearrange("n c -> c n", features="n")',
        "linear(32) -> gelu -> linear(16)",
        'rearrange("c n -> n c", features="c")',
        "layer_norm",
        size="16, 8, axis=1",
    )
    assert list(sizes(text).values()) == [(32, 16), (32,), (16, 32), (16,), (8,), (8,)]


WRONG = [
    # what is written, the code, what the error points at, a part of the help
    ("c h w", "A109", "c h w", "->"),
    ("c -> h -> w", "A109", "->", "->"),
    ("c h w -> (h w c", "A109", "(", None),
    ("c h w -> h w) c", "A109", ")", "nest"),
    ("c h w -> (h (w)) c", "A109", "(", "nest"),
    ("c h w -> h w", "A109", "c", "mean"),
    ("c h h -> c h", "A109", "h", None),
    ("c 7 w -> c w", "A109", "7", "h=7"),
    ("c h w -> c h w !", "A109", "!", "names"),
    ("c h w -> c h w ...", "A109", "...", None),
    ("c (h ...) w -> c h w ...", "A109", "...", "outside"),
    ("c (h a) w -> c h a w", "A202", "h", "a="),
    ("c h w -> c h w n", "A202", "n", "n="),
    ("1 h w -> h w", "A202", None, None),
    ("c h -> h c", "A201", None, "batch"),
]


@pytest.mark.parametrize(("pattern", "code", "part", "help"), WRONG)
def test_a_wrong_pattern_is_pointed_at(
    pattern: str, code: str, part: str | None, help: str | None
) -> None:
    found = fault(arch(f'rearrange("{pattern}")', size="3, 4, 6"))
    assert found.code == code
    assert part is None or found.span.text == part
    assert help is None or help in (found.help or "")


def test_wrong_sizes() -> None:
    by = fault(arch('rearrange("c (h a) w -> h a c w", a=3)', size="3, 4, 6"))
    assert (by.code, by.message) == (
        "A202",
        "rearrange: a=3 does not divide 4, the size of `(h a)`",
    )
    unknown = fault(arch('rearrange("c h w -> w h c", a=3)', size="3, 4, 6"))
    assert (unknown.code, unknown.span.text) == ("A106", "a=3")
    whole = fault(arch('rearrange("c h w -> w h c", h=3)', size="3, 4, 6"))
    assert (whole.code, whole.message) == ("A202", "rearrange: `h` has 4, which h=3 does not fill")
    nobody = fault(arch('rearrange("c h w -> w h c", features="d")', size="3, 4, 6"))
    assert nobody.code == "A201"
    assert fault(arch('rearrange("c h w -> w h c", h=0.5)', size="3, 4, 6")).code == "A109"


def test_patterns_are_bounded() -> None:
    many = " ".join(f"a{number}" for number in range(1500))
    assert fault(arch(f'rearrange("{many} -> {many}")')).code == "A109"
    assert fault(arch(f'rearrange("c h w -> c h w {"1 " * 4000}")')).code == "A201"


def test_it_is_no_module() -> None:
    found = fault(arch('a = conv(8, 1) -> rearrange("c h w -> (h w) c")'))
    assert found.code == "A117"


def test_sizes_that_are_not_given_are_those_of_the_input() -> None:
    text = arch(
        "conv(4, 3, stride=2)",
        'x = rearrange("c h w -> (h w) c")',
        "from x -> layer_norm -> linear(6)",
        'rearrange("(h w) c -> c h w", like=from input)',
    ).replace("conv(4, 3, stride=2)", "conv(4, 3)")
    assert result(text) == (6, 32, 32)
    assert repr(InputSizes.of(archgen.loads(text))) == "3 x H x W -> 6 x H x W; any H and W"
    windows = arch('rearrange("c (a h) (b w) -> (a b) c h w", h=8, w=4)')
    assert "H % 8 == 0" in repr(InputSizes.of(archgen.loads(windows)))
