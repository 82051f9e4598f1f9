"""Chapter "Top level": what a file holds, and how its names reach bodies and other files."""

from __future__ import annotations

from pathlib import Path

import pytest

import archgen
from tests.language.ask import arch, diagnostics, fault, faults, keys, paths, result, sizes

BLOCKS = "block unit(out) { conv(out, 3) -> bn }\nlet width = 8\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "mine.arch").write_text(BLOCKS)
    (tmp_path / "blocks" / "more.arch").write_text(
        'use "mine.arch"\nblock pair { unit(4) -> unit(8) }'
    )
    return tmp_path


def load(folder: Path, text: str) -> archgen.api.Network:
    (folder / "net.arch").write_text(text)
    return archgen.load(folder / "net.arch")


# --- use ----------------------------------------------------------------------------------------


def test_use_brings_blocks_of_a_shipped_library() -> None:
    assert paths("use residual\n" + arch("b = basic(3)"))[:2] == ["b", "b.conv1"]


def test_use_brings_blocks_and_constants_of_a_file_relative_to_this_one(folder: Path) -> None:
    net = load(folder, 'use "blocks/mine.arch"\n' + arch("unit(width)"))
    assert net.output == (8, 32, 32)


def test_use_as_puts_a_name_before_what_it_brings(folder: Path) -> None:
    net = load(folder, 'use "blocks/mine.arch" as m\n' + arch("m.unit(m.width)"))
    assert [node.name for node in net.body.nodes] == ["unit1"]
    assert faults('use "blocks/mine.arch" as m\n' + arch("unit(8)"), folder) == [("A102", 4, 3)]


def test_use_is_not_transitive(folder: Path) -> None:
    assert faults('use "blocks/more.arch"\n' + arch("unit(8)"), folder) == [("A102", 4, 3)]
    assert load(folder, 'use "blocks/more.arch"\n' + arch("pair")).output == (8, 32, 32)


def test_use_of_one_file_on_two_ways_is_no_conflict(folder: Path) -> None:
    text = 'use "blocks/more.arch"\nuse "blocks/mine.arch"\n' + arch("pair -> unit(2)")
    assert load(folder, text).output == (2, 32, 32)


def test_use_brings_archs(folder: Path) -> None:
    (folder / "small.arch").write_text(arch("conv(4, 1)", head="small"))
    assert load(folder, 'use "small.arch"\n' + arch("a = small -> relu")).output == (4, 32, 32)


@pytest.mark.parametrize(
    ("use", "code"),
    [
        ('use "/etc/blocks.arch"', "A508"),
        ('use "nowhere.arch"', "A501"),
        ('use "mine.txt"', "A503"),
        ("use nowhere", "A509"),
        ('use "net.arch"', "A507"),
    ],
)
def test_use_of_what_cannot_be_used(folder: Path, use: str, code: str) -> None:
    (folder / "net.arch").write_text(use + "\n" + arch("relu"))
    (found,) = archgen.check(folder / "net.arch")
    assert (found.code, found.span.line, found.span.column) == (code, 1, 1)


# --- let ----------------------------------------------------------------------------------------


def test_let_is_a_constant_of_the_file() -> None:
    assert result("let widths = [64, 128]\n" + arch("conv(widths[1], 1)")) == (128, 32, 32)


def test_let_unpacks_and_uses_what_stands_before() -> None:
    assert result("let a, b = [2, 3]\nlet c = a * b\n" + arch("conv(c, 1)")) == (6, 32, 32)


def test_let_may_hold_layers() -> None:
    text = "let act = leaky_relu(0.1)\n" + arch("act")
    assert paths(text) == ["act1"]


def test_let_cannot_use_what_stands_below() -> None:
    assert faults("let a = b\nlet b = 1\n" + arch("conv(b, 1)")) == [("A101", 1, 9)]


# --- block --------------------------------------------------------------------------------------


def test_block_is_a_module_with_a_body() -> None:
    assert keys("block unit(out) { conv(out, 3) }\n" + arch("unit(4)")) == ["unit1.conv1.weight"]


def test_blocks_may_stand_below_their_use() -> None:
    assert result(arch("unit(4)") + "block unit(out) { conv(out, 3) }") == (4, 32, 32)


def test_parentheses_without_parameters_may_be_left_out() -> None:
    text = "block a { relu }\nblock b() { tanh }\n" + arch("a -> a() -> b -> b()")
    assert paths(text) == ["a1", "a1.relu1", "a2", "a2.relu1", "b1", "b1.tanh1", "b2", "b2.tanh1"]


def test_a_default_may_use_the_parameters_before_it() -> None:
    text = "block unit(out, width=out // 4, twice=2 * width) { conv(twice, 1) }\n"
    assert result(text + arch("unit(8)")) == (4, 32, 32)
    assert result(text + arch("unit(8, width=5)")) == (10, 32, 32)


def test_a_default_may_not_use_the_parameters_behind_it() -> None:
    assert faults("block unit(a=b, b=1) { conv(a + b, 1) }\n" + arch("unit")) == [("A101", 1, 14)]


def test_a_default_may_use_channels_of_the_input() -> None:
    text = "block unit(out=2 * channels, mid=input.channels) { conv(mid, 1) -> conv(out, 1) }\n"
    assert sizes(text + arch("unit")) == {
        "unit1.conv1.weight": (3, 3, 1, 1),
        "unit1.conv2.weight": (6, 3, 1, 1),
    }


def test_a_block_that_is_a_seq_is_an_nn_sequential() -> None:
    text = "block cna(out) = seq { conv(out, 3) -> bn; relu }\n" + arch("cna(4)")
    assert paths(text) == ["cna1", "cna1.0", "cna1.1", "cna1.2"]


def test_a_block_that_is_a_chain_is_an_nn_sequential() -> None:
    text = "block cna(out) = conv(out, 3) -> bn -> relu\n" + arch("stem = cna(4)")
    assert paths(text) == ["stem", "stem.0", "stem.1", "stem.2"]


def test_a_block_that_is_a_layer_has_no_level_of_its_own() -> None:
    text = "block conv3(out, stride=1) = conv(out, 3, stride=stride, bias=true)\n"
    assert keys(text + arch("conv3(4, 2)", "c = conv3(5)")) == [
        "conv31.weight",
        "conv31.bias",
        "c.weight",
        "c.bias",
    ]


def test_a_block_that_is_a_block_has_its_level_only() -> None:
    text = "block basic(out) { conv(out, 1) }\nblock twice = basic(2 * channels)\n"
    assert keys(text + arch("twice")) == ["twice1.conv1.weight"]


def test_a_block_that_is_braces_is_a_block_with_that_body() -> None:
    text = "block unit(out) = { conv(out, 1) -> bn }\n" + arch("unit(4)")
    assert paths(text) == ["unit1", "unit1.conv1", "unit1.bn1"]


def test_a_block_that_is_no_module_is_refused() -> None:
    assert faults("block twice = add { identity; relu }\n" + arch("twice")) == [("A117", 1, 15)]


# --- arch ---------------------------------------------------------------------------------------

RESNET = """\
arch resnet(width, layers, classes=10) {
  input(3, 32, 32)
  for n in layers { conv(width * n, 1) }
  global_avgpool -> flatten -> linear(classes)
}
"""


def test_an_alias_gives_arguments_and_the_others_pass_through() -> None:
    text = RESNET + "arch small = resnet(4, [1, 2])\n"
    assert archgen.loads(text, "small").output == (10,)
    assert archgen.loads(text, "small", classes=7).output == (7,)


def test_an_alias_may_fix_what_cannot_be_set_then() -> None:
    text = RESNET + "arch small = resnet(4, [1, 2], classes=2)\n"
    with pytest.raises(archgen.ArchError, match="no parameter `classes`"):
        archgen.loads(text, "small", classes=7)


def test_an_alias_may_have_parameters_of_its_own() -> None:
    text = RESNET + "arch wide(factor=2) = resnet(4 * factor, [1, 2])\n"
    assert archgen.loads(text, "wide", factor=3, classes=5).params == 3 * 12 + 12 * 24 + 125


def test_an_alias_has_documentation_and_promises_only() -> None:
    text = RESNET + 'arch small = resnet(4, [1, 2]) { "Small."; expect depth == %d }\n'
    assert archgen.loads(text % 3, "small").doc == "Small."
    assert faults(text % 4) == [("A301", 6, 51)]
    assert faults(RESNET + "arch small = resnet(4, [1]) { relu }\n") == [("A018", 6, 31)]


def test_an_alias_of_an_alias() -> None:
    text = RESNET + "arch small = resnet(4, [1, 2])\narch tiny = small(classes=3)\n"
    assert archgen.loads(text, "tiny").output == (3,)


def test_an_alias_may_stand_above_its_target() -> None:
    text = "arch tiny = small(classes=3)\narch small = resnet(4, [1, 2])\n" + RESNET
    assert archgen.loads(text, "tiny").output == (3,)


def test_an_alias_promises_over_its_parameters() -> None:
    text = (
        RESNET
        + "arch wide(factor=2) = resnet(factor, [1]) { expect factor == 2 and classes == 10 }\n"
    )
    assert faults(text) == []


def test_an_alias_promises_over_the_parameters_of_what_it_stands_for() -> None:
    text = RESNET + "arch wide(factor=2) = resnet(factor, [1])\n"
    assert faults(text + "arch wider = wide { expect factor == 2 and classes == 10 }\n") == []
    assert faults(text + "arch wider = wide(factor=3) { expect factor == 2 }\n") == [
        ("A101", 7, 38)
    ]


def test_an_alias_promises_with_the_constants_of_its_own_file(folder: Path) -> None:
    (folder / "resnet.arch").write_text(RESNET)
    text = 'use "resnet.arch"\nlet d = 2\narch a = resnet(4, [1]) { expect depth == d }\n'
    assert load(folder, text).params == 12 + 50
    assert archgen.check(folder / "net.arch") == []


def test_an_alias_of_itself_is_refused() -> None:
    assert {code for code, _, _ in faults("arch a = b\narch b = a\n")} == {"A401"}


def test_the_first_string_is_the_documentation() -> None:
    assert archgen.loads('arch net {\n  "What it is."\n  input(3, 8, 8)\n}\n').doc == "What it is."


def test_a_file_may_hold_many_archs() -> None:
    text = arch("conv(4, 1)", head="one") + arch("conv(5, 1)", head="two")
    assert archgen.loads(text, "two").output == (5, 32, 32)
    with pytest.raises(archgen.ArchError, match="2 archs"):
        archgen.loads(text)


def test_parameters_of_an_arch_are_set_from_outside() -> None:
    text = "arch net(classes=10, width) { input(3); linear(width); linear(classes) }"
    assert result(text, width=4) == (10,)
    assert result(text, width=4, classes=2) == (2,)
    with pytest.raises(archgen.ArchError, match="A107"):
        result(text)
    with pytest.raises(archgen.ArchError, match="did you mean `classes`"):
        result(text, width=4, class_=2)


def test_an_arch_inside_another_body_is_a_block() -> None:
    text = arch("conv(4, 1)", "expect depth == 99", head="inner") + arch("inner -> relu")
    assert [code for code, _, _ in faults(text)] == ["A301"]  # asked of `inner` itself alone
    assert archgen.loads(text, "net").output == (4, 32, 32)


def test_the_input_of_an_arch_inside_another_body_checks_the_shape() -> None:
    text = arch("conv(4, 1)", head="inner") + arch("conv(8, 1) -> inner")
    assert faults(text) == [("A204", 2, 3)]


def test_an_arch_may_call_an_alias() -> None:
    text = RESNET + "arch small = resnet(4, [1, 2])\n" + arch("small(classes=3)")
    assert archgen.loads(text, "net").output == (3,)


# --- names of the file ----------------------------------------------------------------------------


def test_submodules_are_another_namespace_than_layers_and_blocks() -> None:
    text = "block se(by) { relu }\n" + arch("bn = bn", "se = se(16)", "relu = relu", "bn -> se(2)")
    assert paths(text) == ["bn", "se", "se.relu1", "relu", "bn1", "se1", "se1.relu1"]


@pytest.mark.parametrize(
    "text",
    [
        "block relu { tanh }\n",
        "arch conv { input(3) }\n",
        "let bn = 1\n",
        "block identity = relu\n",
    ],
)
def test_hiding_a_layer_is_an_error(text: str) -> None:
    assert [code for code, _, _ in faults(text)] == ["A105"]


def test_hiding_a_block_that_use_brought_is_an_error() -> None:
    assert faults("use residual\nblock basic { relu }\n") == [("A105", 2, 7)]
    assert faults("block stage(out) { conv(out, 3) }\n") == [("A105", 1, 7)]
    assert faults("block stage = relu\n") == [("A105", 1, 7)]
    assert faults(f"{arch('relu')}arch stage = net\n") == []
    assert faults("block basic { relu }\nuse residual\n") == [("A103", 2, 1)]


def test_two_libraries_with_one_name_are_kept_apart_by_as(folder: Path) -> None:
    (folder / "other.arch").write_text("block unit(out) { linear(out) }")
    text = 'use "blocks/mine.arch"\nuse "other.arch"\n' + arch("unit(4)")
    assert faults(text, folder) == [("A105", 2, 1)]
    text = 'use "blocks/mine.arch"\nuse "other.arch" as o\n' + arch(
        "unit(4) -> flatten -> o.unit(2)"
    )
    assert load(folder, text).output == (2,)


def test_defining_a_name_twice_is_an_error() -> None:
    assert faults("block a { relu }\nblock a { tanh }\n") == [("A103", 2, 7)]
    assert faults("let a = 1\narch a { input(3) }\n") == [("A103", 2, 6)]


def test_a_let_or_a_loop_that_hides_a_layer_or_a_block_is_an_error() -> None:
    assert faults(arch("let relu = tanh", "relu")) == [("A105", 3, 3)]
    assert faults(arch("for conv in [1, 2] { relu }")) == [("A105", 3, 3)]
    assert faults("use residual\n" + arch("let basic = 1", "relu")) == [("A105", 4, 3)]
    assert faults("let n = 1\n" + arch("let n = 2", "conv(n, 1)")) == []


def test_a_parameter_hides_a_layer_inside_its_block() -> None:
    assert paths("block b(relu) { relu }\n" + arch("b(tanh)")) == ["b1", "b1.relu1"]


@pytest.mark.parametrize("name", ["channels", "shape"])
def test_a_parameter_called_like_a_fact_of_every_body_is_an_error(name: str) -> None:
    assert faults(f"block b({name}) {{ relu }}\n") == [("A105", 1, 9)]


def test_a_parameter_that_stands_twice_is_an_error() -> None:
    assert faults("block b(a, a) { relu }\n") == [("A103", 1, 12)]


# --- recursion ------------------------------------------------------------------------------------


def test_a_block_may_call_itself_if_it_ends() -> None:
    text = """
block tree(depth) {
  if depth > 1 { left = tree(depth - 1); right = tree(depth - 1) } else { conv(channels, 3) }
}
"""
    assert keys(text + arch("tree(3)")) == [
        f"tree1.{a}.{b}.conv1.weight" for a in ("left", "right") for b in ("left", "right")
    ]


def test_recursion_without_an_end_is_an_error() -> None:
    assert fault("block tree { tree }\n" + arch("tree")).code == "A401"
    assert fault("block tree(n) { tree(n + 1) }\n" + arch("tree(1)")).code == "A401"


def test_recursion_ends_at_a_depth_of_64() -> None:
    text = "block tree(n) { if n > 1 { tree(n - 1) } else { relu } }\n"
    assert diagnostics(text + arch("tree(64)")) == []
    assert fault(text + arch("tree(65)")).code == "A401"


def test_mutual_recursion() -> None:
    text = (
        "block a(n) { relu; if n > 0 { b(n - 1) } }\nblock b(n) { tanh; if n > 0 { a(n - 1) } }\n"
    )
    assert paths(text + arch("a(2)")) == [
        "a1", "a1.relu1", "a1.b1", "a1.b1.tanh1", "a1.b1.a1", "a1.b1.a1.relu1",
    ]  # fmt: skip
