"""Backbones without torch: what is left, what is known of it, and what cannot be asked for."""

from __future__ import annotations

import ast

import pytest

import archgen
from archgen.analysis.weights import state
from archgen.cutting.cut import field_name
from archgen.network import Network
from archgen.validate import validate
from tests import networks
from tests.specs.chosen import EVERY, representatives
from tests.sweeps import cases

REPRESENTATIVES = representatives()


def by_reduction(network: archgen.Network) -> list[str]:
    """The last value of each reduction: what a pyramid is made of."""
    known = network.features.items()
    last = {feature.reduction: name for name, feature in known if feature.reduction}
    return list(last.values()) or list(network.features)[:1]


def weights(network: Network) -> dict[str, tuple[int, ...]]:
    return {entry.key: entry.sizes for entry in state(network)}


@cases("name", EVERY, sample=REPRESENTATIVES, of="shipped networks, cut to backbones")
def test_every_shipped_network_has_backbones(name: str) -> None:
    whole = archgen.load(name)
    wanted = by_reduction(whole)
    backbone = archgen.load(name, features=wanted)
    assert validate(backbone) == []
    assert backbone.output == {field_name(each): whole.features[each].shape for each in wanted}
    assert list(backbone.features) == wanted
    for each in wanted:
        assert backbone.features[each] == whole.features[each]
    assert weights(backbone).items() <= weights(whole).items()
    assert backbone.macs <= whole.macs
    assert backbone.body.aux == ()
    assert unread_submodules(archgen.source(backbone), f"{backbone.name}") == set()


def unread_submodules(source: str, name: str) -> set[str]:
    """Attributes that the constructor of the network's class sets and no other method reads."""
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    methods = {each.name: each for each in classes[-1].body if isinstance(each, ast.FunctionDef)}
    made = attributes(methods.pop("__init__"))
    assert made, name
    return made.difference(*map(attributes, methods.values()))


def attributes(function: ast.FunctionDef) -> set[str]:
    return {
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
        and not node.attr.startswith("get_")
    }


# --- what is left ---------------------------------------------------------------------------------

HEADED = networks.HEADED


def nodes(network: Network) -> list[str]:
    return [getattr(node, "name", "") for node in network.body.nodes]


def test_what_no_feature_needs_is_left_out() -> None:
    backbone = archgen.loads(HEADED, features=["relu1"])
    assert nodes(backbone) == ["conv1", "bn1", "relu1"]
    assert backbone.body.aux == ()
    assert backbone.output == {"relu1": (16, 16, 16)}
    assert backbone.promises == ()


def test_an_auxiliary_head_runs_where_it_is_asked_for() -> None:
    backbone = archgen.loads(HEADED, features=["early", "conv1"])
    assert nodes(backbone) == ["conv1", "bn1", "relu1", "early"]
    assert backbone.output == {"early": (10,), "conv1": (16, 16, 16)}
    assert "training" not in archgen.source(backbone)


def test_the_branch_of_a_merge_that_is_left_out() -> None:
    text = """
    arch net {
      input(8, 4, 4)
      concat { a = conv(4, 1); b = conv(8, 3) -> relu }
      conv(2, 1)
    }
    """
    assert nodes(archgen.loads(text, features=["b"])) == ["b"]
    assert nodes(archgen.loads(text, features=["b", "a"])) == ["a", "b"]


def test_weights_that_are_shared_stay_where_they_were_made() -> None:
    backbone = archgen.loads(networks.SIAMESE, features=["b"])
    assert nodes(backbone) == ["a", "a"]
    assert weights(backbone).keys() < weights(archgen.loads(networks.SIAMESE)).keys()


def test_passes_of_a_loop_that_are_left_out() -> None:
    text = """
    arch net {
      input(8, 16, 16)
      for i in range(6) {
        "conv{i}" = conv(8 + i, 3, bias=true)
        "relu{i}" = relu
      }
      head = conv(2, 1)
    }
    """
    backbone = archgen.loads(text, features=["conv1", "conv3"])
    assert nodes(backbone) == ["conv0", "relu0", "conv1", "relu1", "conv2", "relu2", "conv3"]


def test_a_quoted_init_goes_with_its_weight() -> None:
    text = """
    arch net {
      input(8)
      init("fc1.weight", zeros)
      init("fc2.weight", ones)
      fc1 = linear(4)
      fc2 = linear(4)
    }
    """
    backbone = archgen.loads(text, features=["fc1"])
    assert [path for path, _ in backbone.body.path_init] == ["fc1.weight"]


def test_in_the_middle_of_a_billion_blocks() -> None:
    whole = archgen.loads(networks.LONG)
    (name,) = [name for name, feature in whole.features.items() if name.startswith("layer")][:1]
    backbone = archgen.loads(networks.LONG, features=[f"{name}.300000000", f"{name}.7"])
    assert validate(backbone) == []
    assert 0.2 < backbone.params / whole.params < 0.4
    assert f"self.{name}[:8]" in archgen.source(backbone)


def test_a_network_has_more_paths_than_can_be_listed() -> None:
    loop = 'for i in range(11) {{ "{name}{{i}}" = {{ {inner} }} }}'
    text = "relu"
    for name in "abcd":
        text = loop.format(name=name, inner=text)
    deep = archgen.loads(f"arch net {{ input(4); {text} }}")
    assert len(deep.features) == 10_000
    backbone = archgen.api.backbone(deep, ["d9.c3.b2.a1"])
    assert validate(backbone) == []
    with pytest.raises(archgen.ArchError):
        archgen.api.backbone(deep, ["d9.c3.b2.a31"])


def test_a_backbone_of_a_backbone() -> None:
    first = archgen.load("resnet18", features=["layer1", "layer3"])
    again = archgen.api.backbone(first, ["layer1"])
    assert again.name == "resnet18_backbone"
    assert archgen.source(again) == archgen.source(archgen.load("resnet18", features=["layer1"]))


# --- what cannot be asked for ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("features", "place", "message", "help"),
    [
        (["layer2", "layer33"], "layer33", "no value `layer33`", "did you mean `layer3`?"),
        (["layer2", "layer2"], "layer2", "asked for twice", None),
        (["layer2.1.conv1"], "layer2.1.conv1", "inside a child", "`layer2.1`"),
        (["layer1.3"], "layer1.3", "no value", "did you mean"),
        (["layer1.01"], "layer1.01", "no value", "did you mean"),
        (["layer1.\u0661"], "layer1.\u0661", "no value", None),  # a digit, but not of ours
        (["layer1." + "9" * 5000], "layer1." + "9" * 5000, "no value", None),
        (["relu1.x"], "relu1.x", "`relu1`, which is a layer", None),
        (["layer1", ""], "", "without a name", "layer2,layer3"),
        ("layer1,,layer2", "", "without a name", "layer2,layer3"),
    ],
)
def test_a_feature_of_resnet50_that_is_none(
    features: list[str], place: str, message: str, help: str | None
) -> None:
    with pytest.raises(archgen.ArchError) as raised:
        archgen.load("resnet50", features=features)
    (fault,) = raised.value.diagnostics
    assert (fault.code, fault.span.text) == ("A126", place)
    assert message in fault.message
    assert help is None or help in str(fault.help)


@pytest.mark.parametrize(
    ("text", "features", "message"),
    [
        (networks.SIAMESE, ["a.conv1"], "applied several times"),
        ("arch n { input(3, 8, 8); a = { conv(4, 1) -> relu }; a_conv1 = relu }",
         ["a.conv1", "a_conv1"], "both be the field `a_conv1`"),
        ("arch n { input(4, 8, 8); add { identity; s = param([4, 1, 1], init=ones) } }",
         ["s"], "is a parameter"),
        ("block two { a = conv(4, 1); b = relu; output a, b }\n"
         "arch n { input(4, 8, 8); t = two; from t.b -> relu }", ["t"], "has several values"),
    ],
)  # fmt: skip
def test_a_feature_that_cannot_be_had(text: str, features: list[str], message: str) -> None:
    with pytest.raises(archgen.ArchError) as raised:
        archgen.loads(text, features=features)
    (fault,) = raised.value.diagnostics
    assert fault.code == "A126"
    assert message in fault.message


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("layer3", "layer3"),
        ("features.4", "features_4"),
        ("ups[0]", "ups_0"),
        ("up[1][0]", "up_1_0"),
        ("trunk.block1-0", "trunk_block1_0"),
        ("class", "class_"),
        ("count", "count_"),
        ("_x", "f_x"),
        ("head_", "head_"),
    ],
)
def test_fields_are_identifiers(name: str, field: str) -> None:
    assert field_name(name) == field
