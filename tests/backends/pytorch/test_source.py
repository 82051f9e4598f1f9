"""The text itself: reviewed files, sizes, names, determinism."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

import archgen
from archgen.backends.pytorch import class_name, render
from archgen.backends.pytorch.plan.names import camel_case
from tests.backends.pytorch.specs import TRAPS, network_of, shipped

GOLDEN = {
    "resnet18": "resnet.arch:resnet18",
    "resnet50": "resnet50.arch",
    "resnext50_32x4d_a": "resnext.arch:resnext50_32x4d_a",
    "densenet121": "densenet.arch:densenet121",
    "preact_resnet50": "preact.arch:preact_resnet50",
    "vgg19": "vgg.arch:vgg19",
    "efficientnet_b0": "efficientnet.arch:efficientnet_b0",
    "regnet_y_400mf": "regnet.arch:regnet_y_400mf",
    "yolo_v3": "yolo.arch:yolo_v3",
    "exclusive_gating": "identity_mappings.arch:resnet110_exclusive_gating",
}
BACKBONES = {
    "resnet18_backbone": ("resnet.arch:resnet18", ["relu1", "layer2.0", "layer3"]),
    "densenet121_backbone": (
        "densenet.arch:densenet121",
        ["features.denseblock1", "features.denseblock3"],
    ),
}
TRICKY = ("edge4", "loopsplit", "edge1", "phi", "factories", "unet", "seqif", "optional", "aux")


def source(spec: str) -> str:
    network = shipped(spec)
    return render(network, network.figures)


@pytest.mark.parametrize("name", GOLDEN)
def test_reviewed_networks(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"pytorch/{name}.py.txt", source(GOLDEN[name]))


def backbone(name: str) -> str:
    spec, features = BACKBONES[name]
    return archgen.source(archgen.load(f"specs/{spec}", features=features))


@pytest.mark.parametrize("name", BACKBONES)
def test_reviewed_backbones(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"pytorch/{name}.py.txt", backbone(name))


@pytest.mark.parametrize("name", TRICKY)
def test_reviewed_traps(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"pytorch/trap_{name}.py.txt", render(network_of(TRAPS[name])))


def test_lines() -> None:
    fifty = len(source("resnet50.arch").splitlines())
    assert fifty < 100
    assert len(source("resnet.arch:resnet152").splitlines()) <= fifty + 5
    assert len(source("densenet.arch:densenet121").splitlines()) < 130
    assert len(source("resnet_cifar.arch:resnet1202").splitlines()) <= fifty + 5
    assert len(source("vgg.arch:vgg19").splitlines()) < 70


def test_the_same_text_each_time() -> None:
    code = (
        "from tests.backends.pytorch.test_source import source;"
        "print(source('resnext.arch:resnext50_32x4d_b'))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


def test_a_stage_of_a_billion_blocks() -> None:
    text = """use residual
arch huge { input(3, 8, 8); conv(16, 3); stage(basic, 16, n=1G) }"""
    start = time.monotonic()
    assert "for _ in range(1000000000)" in render(network_of(text))
    assert time.monotonic() - start < 5


def test_expressions_do_not_grow_without_end() -> None:
    lines = "\n".join(["conv(channels % 7 + channels // 3 + 8, 1)"] * 30)
    text = f"block b(n) {{ conv(n, 1)\n{lines} }}\narch a {{ input(3, 8, 8); b(4) -> b(9) }}"
    assert len(render(network_of(text))) < 20_000


def test_what_the_author_wrote_stays_in_the_class() -> None:
    """Named arguments of functions, sums, parts of a list that is a parameter."""
    lines = "conv(divisible(w * 3, by=4), 1); conv(w - s[0], s); conv(s[1] - w, 1)"
    calls = "b(5, [1, 9]) -> b(9, [3, 11])"
    text = f"block b(w, s) {{ {lines} }}\narch a {{ input(3, 8, 8); {calls} }}"
    made = render(network_of(text))
    for part in ("w: int, s: tuple[int, int]", "divisible(w * 3, by=4)", "w - s[0]", "s[1] - w"):
        assert part in made, made


def test_learned_values_that_start_otherwise_are_of_other_classes() -> None:
    blocks = (
        "block b(s) { x = param([3, 1, 1], init=constant(s)); mul { from x; from input } }\n"
        "block c(s) { x = param(s); mul { from x; from input } }\n"
    )
    calls = "b(0.5) -> b(2.0) -> b(0.5) -> c([3, 1, 1]) -> c([1, 1, 1])"
    made = render(network_of(f"{blocks}arch a {{ input(3, 8, 8); {calls} }}"))
    assert [line for line in made.splitlines() if line.startswith("class ")] == [
        *("class B(nn.Module):", "class B2(nn.Module):", "class C(nn.Module):"),
        "class A(nn.Module):",
    ]
    assert "def __init__(self, s: tuple[int, int, int]) -> None:" in made
    assert "self.c2 = C((1, 1, 1))" in made


def test_an_activation_that_is_a_parameter_is_one_however_often_it_is_applied() -> None:
    text = "block b(act) { act; conv(3, 3); act }\narch a { input(3, 8, 8); b(relu) -> b(silu) }"
    made = render(network_of(text))
    assert "def __init__(self, in_channels: int, act: Callable[..., nn.Module])" in made
    assert [each.strip() for each in made.splitlines() if "= B(" in each] == [
        *("self.b1 = B(3, nn.ReLU)", "self.b2 = B(3, nn.SiLU)"),
    ]


def test_a_chain_may_begin_with_a_submodule_that_is_used_again() -> None:
    lines = "c = conv(3, 3); y = reuse c -> relu; z = from input -> reuse c -> tanh"
    made = render(network_of(f"arch a {{ input(3, 8, 8); {lines}; add {{ from y; from z }} }}"))
    assert "self.relu1(self.c(self.c(x))) + self.tanh1(self.c(x))" in made


MERGES = {
    "sums": "add { from x@; identity }",
    "sums the other way round": "add { identity; from x@ }",
    "joined": "concat { from x@; identity }",
    "products of sums": "mul { from x@; add { from x@; identity } }",
}


@pytest.mark.parametrize("line", MERGES.values(), ids=MERGES)
def test_merges_in_merges_do_not_nest_without_end(line: str) -> None:
    """Python reads 200 brackets in brackets and no more."""
    named = [f"x{at} = relu" for at in range(250)]
    merged = [line.replace("@", str(at)) for at in range(250)]
    lines = "\n".join(["input(1, 4, 4)", *named, *merged])
    text = render(network_of(f"arch net {{\n{lines}\n}}\n"))
    compile(text, "net.py", "exec")
    assert max(map(len, text.splitlines())) <= 100


def test_documentation_cannot_leave_its_quotes() -> None:
    doc = 'quote \\"\\"\\" and """ + "\\\\" + """ end'
    network = network_of(TRAPS["hostile"])
    object.__setattr__(network, "doc", doc + '"""\nimport os  # \\')
    compiled = compile(render(network), "x", "exec")
    assert "os" not in compiled.co_names


@pytest.mark.parametrize(
    ("name", "doc", "spelled"),
    [
        ("resnet50", "ResNet-50 v1.5 (He et al. 2015)", "ResNet50"),
        ("resnext50_32x4d", "ResNeXt-50 32x4d", "ResNeXt50_32x4d"),
        ("inverted_residual", "", "InvertedResidual"),
        ("tiny", "", "Tiny"),
        ("O", "", "NetO"),
    ],
)
def test_names_of_classes(name: str, doc: str, spelled: str) -> None:
    assert camel_case(name, doc) == spelled


def test_class_name_is_the_one_in_the_file() -> None:
    for spec in GOLDEN.values():
        network = archgen.load(f"specs/{spec}")
        assert f'__all__ = ["{class_name(network)}"' in render(network)


def test_calls_whose_quoted_inits_differ_have_classes_of_their_own() -> None:
    text = render(
        archgen.loads(
            """
        block b(out) { init("c.weight", normal(std=1 / channels)); c = conv(out, 1) }
        arch net { input(4, 8, 8); b(8) -> b(16) -> b(4) }
        """
        )
    )
    for std in (0.25, 0.125, 0.0625):
        assert f"std={std}" in text


def test_a_parameter_that_an_init_depends_on_is_a_constant() -> None:
    text = render(
        archgen.loads(
            """
        arch net(classes=4, width=8) {
          input(3)
          init(linear.weight, uniform(-1 / classes, 1 / classes))
          linear(width)
          fc = linear(classes)
        }
        """
        )
    )
    assert "def __init__(self, width: int = 8) -> None:" in text
    assert "nn.init.uniform_(self.weight, a=-0.25, b=0.25)" in text
