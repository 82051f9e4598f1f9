"""Chapter "Weights at the start": what an `init` reaches."""

from __future__ import annotations

import pytest

import archgen
from archgen.layers.initialisers import Initialiser
from tests.language.ask import arch, fault, faults, layers, sizes


def inits(text: str) -> dict[str, str]:
    """The initialiser of each weight that has one, by key."""
    found: dict[str, str] = {}
    for path, node in layers(text).items():
        found |= {f"{path}.{weight}": _short(made) for weight, made in node.init}
    return found


def _short(made: Initialiser) -> str:
    arguments = dict(made.arguments)
    return f"constant({arguments['val']:g})" if made.name == "constant" else made.name


def constant(value: int) -> str:
    return f"init(conv.weight, constant({value}))"


def test_the_examples() -> None:
    text = arch(
        'init(conv.weight, kaiming_normal(mode="fan_out"))',
        "init(conv.bias, zeros)",
        "init(linear.weight, uniform(-1 / sqrt(classes), 1 / sqrt(classes)))",
        'init("heads.head.weight", zeros)',
        "conv(4, 1, bias=true) -> flatten",
        "heads = { head = linear(classes) }",
        head="net(classes=10)",
    )
    assert inits(text) == {
        "conv1.weight": "kaiming_normal",
        "conv1.bias": "zeros",
        "heads.head.weight": "uniform",
    }
    (path_init,) = archgen.loads(text).body.path_init
    assert (path_init[0], path_init[1].name) == ("heads.head.weight", "zeros")


def test_an_init_holds_in_its_braces_and_below_wherever_it_stands() -> None:
    text = "block b { conv(4, 1) }\n" + arch(
        "conv(4, 1) -> b", "s = seq { conv(4, 1) }", constant(1)
    )
    assert inits(text) == {
        "conv1.weight": "constant(1)",
        "b1.conv1.weight": "constant(1)",
        "s.0.weight": "constant(1)",
    }


def test_an_init_ends_with_its_braces() -> None:
    text = arch("{", constant(1), "conv(4, 1)", "}", "conv(4, 1)")
    assert inits(text) == {"conv1.weight": "constant(1)"}


def test_braces_of_merges_ifs_and_loops_hold_an_init() -> None:
    text = arch(
        f"add {{ {constant(1)}; conv(3, 1); identity }}",
        f"if true {{ {constant(2)}; conv(3, 1) }}",
        f"for i in range(1) {{ {constant(3)}; conv(3, 1) }}",
        "conv(3, 1)",
    )
    assert inits(text) == {
        "conv1.weight": "constant(1)",
        "conv2.weight": "constant(2)",
        "conv3.weight": "constant(3)",
    }


def test_the_innermost_speaks() -> None:
    text = f"block b {{ {constant(2)}; conv(4, 1) }}\n" + arch(constant(1), "conv(4, 1) -> b")
    assert inits(text) == {"conv1.weight": "constant(1)", "b1.conv1.weight": "constant(2)"}


def test_a_later_one_speaks_over_an_earlier() -> None:
    text = arch(constant(1), "conv(4, 1)", constant(2))
    assert inits(text) == {"conv1.weight": "constant(2)"}


def test_one_block_under_different_inits_is_two_bodies() -> None:
    text = "block b { conv(4, 1) }\n" + arch("b", "{", constant(1), "b", "}", "b")
    assert inits(text) == {"b2.conv1.weight": "constant(1)"}


def test_an_init_reaches_into_stages_and_archs() -> None:
    text = (
        "block b { conv(3, 1) }\n"
        + arch("conv(3, 1)", head="inner")
        + arch(constant(1), "stage(b, n=2)", "inner")
    )
    assert [len(node.init) for node in layers(text, "net").values()] == [1, 1]


def test_where_none_speaks_nothing_is_said() -> None:
    assert inits(arch("conv(4, 1) -> bn")) == {}


def test_a_path_may_interpolate() -> None:
    text = arch('for i in range(2) { "c{i}" = conv(4, 1) }', 'init("c{2 - 1}.weight", zeros)')
    assert [path for path, _ in archgen.loads(text).body.path_init] == ["c1.weight"]


def test_a_path_is_inside_this_body() -> None:
    text = 'block b { c = conv(4, 1); init("c.weight", zeros) }\n' + arch("b")
    assert faults(text) == []
    assert faults('block b { c = conv(4, 1); init("b1.c.weight", zeros) }\n' + arch("b")) == [
        ("A119", 1, 32)
    ]


def test_a_path_may_lead_to_a_param_and_through_a_stage() -> None:
    text = arch("add { identity; p = param([3, 1, 1]) }", 'init("p", zeros)')
    assert faults(text) == []
    text = "block b { conv(3, 1) }\n" + arch("s = stage(b, n=9)", 'init("s.7.conv1.weight", zeros)')
    assert faults(text) == []


def test_a_param_has_its_own_init() -> None:
    text = arch("mul { identity; p = param([3, 1, 1], init=normal(std=0.02)) }")
    assert sizes(text) == {"p": (3, 1, 1)}


@pytest.mark.parametrize(
    "init",
    [
        "init(conv.wieght, zeros)",
        "init(convv.weight, zeros)",
        "init(relu.weight, zeros)",
        "init(conv.weight, zeroes)",
        "init(conv.weight, constant)",
        'init(conv.weight, kaiming_normal(mode="fan_outt"))',
        "init(conv.weight)",
        "init(zeros)",
        "init(conv, zeros)",
        'init("conv1.wieght", zeros)',
        'init("conv2.weight", zeros)',
        "init(conv.weight, 3)",
    ],
)
def test_what_an_init_cannot_mean_is_an_error(init: str) -> None:
    found = fault(arch(init, "conv(4, 1)"))
    assert (found.code, found.span.line) == ("A119", 3)
    assert found.help


def test_an_initialiser_must_fit_its_weight() -> None:
    assert fault(arch("init(bn.weight, kaiming_normal)", "bn")).code == "A119"


def test_init_is_a_statement_of_its_own() -> None:
    for line in ("relu -> init(conv.weight, zeros)", "x = init(conv.weight, zeros)"):
        assert {code for code, _, _ in faults(arch(line))} == {"A001"}
