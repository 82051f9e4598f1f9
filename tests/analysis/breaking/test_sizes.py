"""B108: sizes of the input that the old model took and the new one refuses, and no others."""

from __future__ import annotations

import pytest

import archgen
from archgen.analysis.breaking import Category, findings

WIDE = "arch n { input(3, 16, 16); a = relu; maxpool(2) -> upsample(2) }"
NARROW = (
    "arch n { input(3, 16, 16); a = relu; maxpool(2) -> upsample(2); add { identity; from a } }"
)
TIED = "arch n { input(3, 16, 16); a = relu; maxpool(2) -> upsample(2); reshape([3, 256]) }"
UNKNOWN = "arch n { input(3, 16, 16); a = relu; maxpool(2) -> upsample(2); reshape([8, 6, -1]) }"


def of_sizes(old: str, new: str) -> list[str]:
    found = findings(archgen.loads(old), archgen.loads(new), [Category.INTERFACE])
    return [
        "\n".join([each.message, *each.diagnostic.notes]) for each in found if each.code == "B108"
    ]


def test_fewer() -> None:
    assert of_sizes(WIDE, NARROW) == [
        "the sizes that are taken: H % 2 == 0 and H >= 2, W likewise; "
        "they were: H >= 2, W likewise\n"
        "for instance `H` 3 and `W` 3\n"
        "refused by a merge, line 1: `add` of sizes 2, 3"
    ]


def test_tied() -> None:
    assert of_sizes(WIDE, TIED) == [
        "the sizes that are taken: H >= 2, W likewise; (H // 2) * (W // 2) == 64; "
        "they were: H >= 2, W likewise"
    ]


@pytest.mark.parametrize(
    ("old", "new"), [(NARROW, WIDE), (TIED, WIDE), (WIDE, WIDE), (WIDE, UNKNOWN), (UNKNOWN, WIDE)]
)
def test_more_or_unknown(old: str, new: str) -> None:
    assert not of_sizes(old, new)
