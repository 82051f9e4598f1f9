"""Chapter "A file": words newer than 0.1 take no name away, and the merges among them."""

from __future__ import annotations

import pytest

import archgen
from archgen.layers import LAYERS
from archgen.merges import MERGES, UNRESERVED
from archgen.network import MergeNode
from tests.language.ask import arch, fault, keys, result

NEWER = sorted(name for name, layer in LAYERS.items() if not layer.reserved)
each_layer = pytest.mark.parametrize("name", NEWER)
each_merge = pytest.mark.parametrize("name", sorted(UNRESERVED))
each_word = pytest.mark.parametrize("name", sorted({*NEWER, *UNRESERVED}))
IMAGE = "3, 8, 8"


@each_word
def test_a_block_may_have_the_name_of_a_newer_word(name: str) -> None:
    text = f"block {name}(out) {{ conv(out, 3) }}\n" + arch(f"{name}(4)", size=IMAGE)
    assert keys(text) == [f"{name}1.conv1.weight"]


@each_word
def test_so_may_constants_loop_variables_parameters_values_and_submodules(name: str) -> None:
    text = f"let {name} = 4\n" + arch(f"conv({name}, 3)", size=IMAGE)
    assert result(text) == (4, 8, 8)
    assert result(arch(f"let {name} = 4", f"conv({name}, 3)", size=IMAGE)) == (4, 8, 8)
    loop = f"for {name} in [4, 5] {{ conv({name}, 3) }}"
    assert result(arch(loop, size=IMAGE)) == (5, 8, 8)
    block = f"block u({name}) {{ conv({name}, 3) }}\n"
    assert result(block + arch(f"u({name}=6)", size=IMAGE)) == (6, 8, 8)
    assert keys(arch(f"{name} = conv(4, 3)", f"from {name}", size=IMAGE)) == [f"{name}.weight"]


@each_word
def test_before_the_braces_of_if_and_for_it_is_a_name(name: str) -> None:
    text = arch(f"let {name} = true", f"if {name} {{ conv(4, 3) }}", size=IMAGE)
    assert result(text) == (4, 8, 8)
    text = arch(f"let {name} = [4]", f"for n in {name} {{ conv(n, 3) }}", size=IMAGE)
    assert result(text) == (4, 8, 8)
    text = arch(f"let {name} = 3", f"if ({name}) {{ conv(4, 3) }}", size=IMAGE)
    assert result(text) == (4, 8, 8)


@each_layer
def test_the_name_of_a_submodule_follows_what_the_word_means(name: str) -> None:
    text = f"block {name} {{ conv(4, 3) }}\n" + arch(f"a = {name}", size=IMAGE)
    assert keys(text) == ["a.conv1.weight"]


@pytest.mark.parametrize("name", ["conv", "split", "mean"])
def test_the_words_of_the_first_version_stay(name: str) -> None:
    text = f"block {name}(out) {{ relu }}\n" + arch("relu", size=IMAGE)
    assert fault(text).code == "A105"


@each_merge
def test_a_merge_and_a_block_of_one_name(name: str) -> None:
    head = f"block {name} {{ conv(3, 3) }}\n"
    net = archgen.loads(head + arch(f"{name} {{ identity; {name} }}", size=IMAGE))
    (merge,) = [node for node in net.body.nodes if isinstance(node, MergeNode)]
    assert merge.kind == name


@pytest.mark.parametrize("branches", ["identity", "identity; relu; tanh"])
@pytest.mark.parametrize("name", sorted(kind for kind, each in MERGES.items() if each.ordered))
def test_two_sides(name: str, branches: str) -> None:
    found = fault(arch(f"{name} {{ {branches} }}", size=IMAGE))
    assert found.code == "A203"
    assert "two branches" in found.message


@each_merge
def test_no_arguments(name: str) -> None:
    assert fault(arch(f"{name}(axis=1) {{ identity; relu }}", size=IMAGE)).code == "A106"
