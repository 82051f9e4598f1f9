"""Sizes that are asked for and not taken: the error says which would do."""

from __future__ import annotations

import pytest

import archgen

U = "arch u { input(1, 32, 32); a = conv(4, 3); maxpool(2) -> maxpool(2) -> upsample(4)\n"
U += "  concat { from a; identity } }"


def last_note(text: str, input: object) -> str:
    with pytest.raises(archgen.ArchError) as caught:
        archgen.loads(text, input=input)  # type: ignore[arg-type]
    notes = caught.value.diagnostics[-1].notes
    return notes[-1] if notes else ""


@pytest.mark.parametrize(
    ("input", "advice"),
    [
        ((1, 30, 30), "; 28 or 32 would do for H and W, not 30"),
        ((1, 30, 32), "; 28 or 32 would do for H, not 30"),
        ((1, 30, 41), "; 28 or 32 would do for H, not 30; 40 or 44 would do for W, not 41"),
        ((1, 3, 32), "; 4 would do for H, not 3"),
    ],
)
def test_a_size_that_would_do(input: tuple[int, ...], advice: str) -> None:
    takes = "it takes 1 x H x W: H % 4 == 0 and H >= 4, W likewise"
    assert last_note(U, input) == takes + advice


def test_no_advice_where_sizes_are_not_to_blame() -> None:
    """Other channels; a network that is wrong at its own size."""
    grouped = "arch g { input(4, 8, 8); conv(4, 3, groups=4) }"
    assert last_note(grouped, (3, 8, 8)).startswith("given from outside")
    wrong = "arch w { input(4, 8, 8); a = conv(4, 3); maxpool(2); concat { from a; identity } }"
    assert last_note(wrong, (4, 9, 9)).startswith("given from outside")
