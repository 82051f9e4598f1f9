"""`sizes` promises which sizes an arch takes: held against each size, one by one, and torch."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import archgen
from tests.sweeps import examples

pytestmark = pytest.mark.torch

NETS = {
    "halved": "maxpool(2) -> conv(2, 3) -> upsample(scale=2); add { identity; from x }",
    "quartered": "maxpool(4) -> upsample(scale=4); add { identity; from x }; conv(4, 3, stride=2)",
    "strided": "conv(8, 5, stride=3, padding=0) -> conv(4, 3, stride=2)",
    "fixed": "conv(4, 3, stride=4) -> flatten -> linear(3)",
    "any": "conv(4, 3) -> relu -> global_avgpool",
    "shuffled": "conv(8, 1) -> pixel_shuffle(2) -> maxpool(3, stride=2)",
    "width": "avgpool([1, 3]) -> upsample(scale=[1, 3]); add { identity; from x }",
}
GRID = 40  # sizes of each axis that are looked at one by one


def spec(net: str, claims: str) -> str:
    return f"""arch net {{
  input(2, 24, 24)
  x = identity
  {NETS[net]}
  sizes h, w {{ {claims} }}
}}
"""


@cache
def taken(net: str) -> tuple[dict[tuple[int, int], bool], dict[tuple[int, int], tuple[int, ...]]]:
    """What torch says of each size: whether it is taken, and what comes out."""
    model = archgen.build(archgen.loads(spec(net, "")), device="meta").eval()
    accepts, outputs = {}, {}
    for at in product(range(1, GRID), repeat=2):
        with suppress(RuntimeError):
            outputs[at] = tuple(model(torch.empty(1, 2, *at, device="meta")).shape[1:])
        accepts[at] = at in outputs and all(outputs[at])
    return accepts, {at: sizes for at, sizes in outputs.items() if accepts[at]}


def verdict(text: str) -> archgen.Diagnostic | None:
    try:
        archgen.loads(text)
    except archgen.ArchError as fault:
        (found,) = fault.diagnostics
        return found
    return None


def terms(name: str) -> st.SearchStrategy[str]:
    number = st.integers(1, 12).map(str)
    return st.one_of(
        st.builds("{} % {} == {}".format, st.just(name), number, st.integers(0, 5)),
        st.builds("{} >= {}".format, st.just(name), number),
        st.builds("{} != {}".format, st.just(name), number),
        st.builds("{} // {} > {}".format, st.just(name), number, st.integers(0, 3)),
        st.builds("not {} < {}".format, st.just(name), number),
        st.builds("2 * {} - 1 >= {}".format, st.just(name), number),
        st.builds("ceil({} / {}) * {} == {}".format, st.just(name), number, number, st.just(name)),
    )


CONDITIONS = st.lists(
    st.one_of(
        terms("h"),
        terms("w"),
        st.builds("({} or {})".format, terms("h"), terms("h")),
        st.builds("({} or {})".format, terms("h"), terms("w")),
        st.builds("not ({} and {})".format, terms("w"), terms("h")),
        st.builds("(h == w or {})".format, terms("w")),
    ),
    min_size=1,
    max_size=3,
).map(" and ".join)


def meaning(condition: str, at: tuple[int, int]) -> bool:
    """What Python makes of it."""
    from math import ceil

    return bool(eval(condition, {"ceil": ceil}, {"h": at[0], "w": at[1]}))


@examples(sample=150, full=5_000, of="size promises")
@given(net=st.sampled_from(sorted(NETS)), condition=CONDITIONS, only=st.booleans())
def test_every_size_one_by_one(net: str, condition: str, only: bool) -> None:
    accepts, _ = taken(net)
    found = verdict(spec(net, f"{'only' if only else 'accepts'} {condition}"))
    if found is not None and "cannot be decided" in found.message:
        return
    asked = {at: meaning(condition, at) for at in accepts}
    wrong = [
        at
        for at in accepts
        if (accepts[at] and not asked[at] if only else asked[at] and not accepts[at])
    ]
    if found is None:
        assert not wrong
    else:
        assert found.code == "A303"
        told = [int(word.strip(",")) for word in found.message.split() if word.strip(",").isdigit()]
        assert wrong or max(told) >= GRID or not any(asked.values())


@pytest.mark.parametrize("net", sorted(NETS))
def test_what_a_summary_says_can_be_promised(net: str) -> None:
    sizes = archgen.loads(spec(net, "")).sizes
    conditions = [
        text.replace("H", "h").replace("W", "w") for text in _conditions(sizes) if "{" not in text
    ]
    assert conditions or net in {"any", "shuffled"}
    for text in conditions:
        assert verdict(spec(net, f"only {text}")) is None


def _conditions(sizes: object) -> list[str]:
    from archgen.analysis.sizes.words import conditions

    return conditions(sizes)  # type: ignore[arg-type]


OUTPUTS = [
    ("halved", "output == [2, h, w]"),
    ("quartered", "output == [4, ceil(h / 2), ceil(w / 2)]"),
    ("quartered", "output[1] * 2 == h and w == 2 * output[2]"),
    ("strided", "output == [4, ((h - 5) // 3) // 2 + 1, ((w - 5) // 3) // 2 + 1]"),
    ("strided", "output[1] < h"),
    ("fixed", "output == [3]"),
    ("any", "output == [4, 1, 1]"),
    ("width", "output == [2, h, 3 * (w // 3)]"),
]


@pytest.mark.parametrize(("net", "condition"), OUTPUTS)
def test_outputs_at_every_size(net: str, condition: str) -> None:
    assert verdict(spec(net, condition)) is None
    from math import ceil

    for (h, w), output in taken(net)[1].items():
        assert eval(condition, {"ceil": ceil}, {"h": h, "w": w, "output": [*output]})


BROKEN = [
    ("halved", "accepts h >= 4", "it does not take H = 5"),
    ("halved", "accepts h % 2 == 0", "it does not take W = 1"),
    ("halved", "only h % 4 == 0", "it takes H = 2 too"),
    ("strided", "accepts h >= 4 and w >= 5", "it does not take H = 4"),
    ("strided", "only h >= 6", "it takes H = 5 too"),
    ("halved", "output == [2, h, h]", "cannot be decided"),
    ("halved", "output == [4, h, w]", "at H = 2, W = 2 it is 2 x 2 x 2"),
    ("strided", "output[1] > 1", "at H = 5, W = 5 it is 4 x 1 x 1"),
    ("fixed", "output == [4]", "at H = 24, W = 24 it is 3"),
    ("fixed", "accepts h >= 1 and w >= 1", "it does not take"),
    ("halved", "accepts h ** 2 > 4", "this condition is more than sums"),
    ("any", "accepts h % 0 == 1", "division by zero"),
    ("any", "accepts hight > 3", "hight"),
    ("any", "only h % 50 != 0 or w % 50 != 0", "cannot be decided"),
    ("any", "only h < 40 or w < 70", "cannot be decided"),
    ("any", "only not (h > 30 and w > 30)", "cannot be decided"),
]


@pytest.mark.parametrize(("net", "claim", "message"), BROKEN)
def test_what_is_said_of_a_broken_promise(net: str, claim: str, message: str) -> None:
    found = verdict(spec(net, claim))
    assert found is not None
    assert message in found.message


def test_the_place_that_refuses_is_shown() -> None:
    found = verdict(spec("strided", "accepts h >= 4 and w >= 5"))
    assert found is not None
    assert [label.span.text for label in found.labels][1] == "conv(8, 5, stride=3, padding=0)"
    assert found.help == "what it takes: H >= 5, W likewise"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("arch net { input(2, 8, 8); conv(3, 3); sizes h { accepts h > 0 } }", "A303"),
        ("arch net { input(8); linear(3); sizes h { accepts h > 0 } }", "A303"),
        (
            "block b { conv(3, 3); sizes h, w { only h > 0 } }\narch net { input(2, 8, 8); b }",
            "A123",
        ),
        ("arch net { input(2, 8, 8); conv(3, 3); sizes h, w { accept h > 0 } }", "A012"),
    ],
)
def test_mistakes(text: str, code: str) -> None:
    found = verdict(text)
    assert found is not None
    assert found.code == code


def test_the_words_are_names_elsewhere() -> None:
    text = """block sizes(only, accepts=3) { conv(only, accepts) }
arch net(sizes_=4) {
  input(2, 8, 8)
  let accepts = 5
  sizes(sizes_) -> sizes(3, accepts=accepts)
  only = conv(accepts, 1)
  sizes h, w { only h > 0; accepts h >= 1 }
}
"""
    assert verdict(text) is None


ALIAS = """arch net(k=2) { input(1, 16, 16); maxpool(k) -> conv(3, 3) }
arch other(limit=4) = net(4) { sizes h, w { accepts h >= limit and w >= 4; only h >= 4 } }
"""


def test_of_an_alias() -> None:
    (found,) = archgen_check(ALIAS.replace("limit=4", "limit=3"))
    assert "it does not take H = 3" in found.message
    assert not archgen_check(ALIAS)


def archgen_check(text: str) -> list[archgen.Diagnostic]:
    from archgen.analysis.promises import verify
    from archgen.resolve.program import Program

    program = Program.of(text)
    network = program.network("other")
    assert network is not None, program.sink
    return verify(network)


def test_of_several_inputs() -> None:
    text = """arch two {
  a = input(1, 16, 16)
  b = input(1, 32, 32)
  concat { from a; from b -> maxpool(2) }
  conv(3, 3)
  sizes h, w, bh, bw { CLAIM }
}
"""
    assert verdict(text.replace("CLAIM", "only bh >= 2 and bw >= 2")) is None
    found = verdict(text.replace("CLAIM", "accepts h == 16"))
    assert found is not None
    assert found.code == "A303"
