"""Lists of submodules, filled in every way, by calls that share a class or cannot."""

from __future__ import annotations

import pytest

import archgen

pytestmark = pytest.mark.torch

ARCH = "arch net { input(4, 8, 8); b(3) -> b(2) }\n"
BODIES = (
    "for i in range(k) { x[i] = conv(channels + i + 1, 3) }",
    "for i in range(k) { x[k - 1 - i] = conv(4 + i, 3) }",
    "for i in range(k) { let j = k - 1 - i; x[j] = conv(4 + j, 3) }",
    "for i in range(k) { for j in range(2) { x[i][j] = conv(4, 3) } }",
    "for i in range(k) { x[i] = conv(4, 3); y[k - 1 - i] = conv(4, 3) }",
    "for i in range(k) { x[2 * i] = conv(4, 3); x[2 * i + 1] = conv(4, 1) }",
    "x[0] = conv(4, 3); for i in range(k) { x[i + 1] = conv(4, 3) }",
    "x[0] = conv(4, 3); for i in range(k) { conv(channels + 1, 3) }; x[1] = conv(channels + 2, 3)",
    "x[0] = conv(4, 3); for i in range(k) { conv(channels + i, 3) }; x[1] = conv(channels // 2, 3)",
    "x[0] = conv(4, 3); let m = k * 2; add { conv(m, 3); x[1] = conv(m, 3) }",
    "x[0] = conv(4, 3); let m = k * 2; add { x[1] = conv(m, 3); if k > 2 { conv(m, 5) } }",
    "add { for i in range(k) { x[k - 1 - i] = conv(4, 2 * i + 1) } }",
    "concat { for i in range(k) { x[i] = conv(4, 2 * i + 1) } }",
    "if k > 2 { x[0] = conv(4, 1) } else { x[0] = conv(4, 3) }; x[1] = conv(4, 3)",
    "if k > 2 { x[0] = conv(4, 1); x[1] = conv(4, 3) } else { x[0] = conv(4, 3) }",
    "if k > 2 { x[0] = conv(4, 1); x[1] = relu } else { x[1] = conv(4, 3); x[0] = conv(4, 5) }",
)


@pytest.mark.parametrize("body", BODIES)
def test_lists_hold_what_was_said(body: str) -> None:
    from tests.laws.judge import Judge

    Judge(archgen.loads(f"block b(k) {{ {body} }}\n{ARCH}")).all()


def test_a_list_is_numbered_in_whatever_order_it_is_filled() -> None:
    from tests.laws.judge import Judge

    text = "arch net { input(4, 8, 8); for i in [2, 0, 1] { x[i] = conv(4 + 4 * i, 3) } }"
    judge = Judge(archgen.loads(text))
    judge.all()
    assert list(judge.model.state_dict()) == ["x.0.weight", "x.1.weight", "x.2.weight"]
