"""What every shipped network is compared with: one table for the tests and for docs/ZOO.md.

A test takes its networks from here and says what it found by `record_property("result", ...)`;
`docs/zoo.py` runs these tests and prints what they said. Knows names, figures and where they are
printed, never torch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Reference:
    """What a network is compared with, and the test that does it: its id, or how that begins."""

    source: str
    test: str


# --- torchvision ----------------------------------------------------------------------------------

# Networks under torchvision's own names. One image of the size that they are made for is enough
# for the large ones: they share every line with a smaller one but their numbers.
LARGE = [
    "efficientnet_b5",
    "efficientnet_b6",
    "efficientnet_b7",
    "efficientnet_v2_m",
    "efficientnet_v2_l",
    "regnet_x_16gf",
    "regnet_x_32gf",
    "regnet_y_16gf",
    "regnet_y_32gf",
    "regnet_y_128gf",
    "convnext_base",
    "convnext_large",
    "vit_l_16",
    "vit_l_32",
    "vit_h_14",
    "swin_b",
]
TORCHVISION = [
    "alexnet",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
    "squeezenet1_0",
    "squeezenet1_1",
    "googlenet",
    "inception_v3",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "wide_resnet50_2",
    "wide_resnet101_2",
    "resnext50_32x4d",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
    "mobilenet_v2",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "shufflenet_v2_x0_5",
    "shufflenet_v2_x1_0",
    "shufflenet_v2_x1_5",
    "shufflenet_v2_x2_0",
    "mnasnet0_5",
    "mnasnet0_75",
    "mnasnet1_0",
    "mnasnet1_3",
    "efficientnet_b0",
    "efficientnet_b1",
    "efficientnet_b2",
    "efficientnet_b3",
    "efficientnet_b4",
    "efficientnet_v2_s",
    "regnet_x_400mf",
    "regnet_x_800mf",
    "regnet_x_1_6gf",
    "regnet_x_3_2gf",
    "regnet_x_8gf",
    "regnet_y_400mf",
    "regnet_y_800mf",
    "regnet_y_1_6gf",
    "regnet_y_3_2gf",
    "regnet_y_8gf",
    "convnext_tiny",
    "convnext_small",
    "vit_b_16",
    "vit_b_32",
    "swin_t",
    "swin_s",
    *LARGE,
]
# One of each kind of unit, and the size of the images that it is trained on here.
TRAINED = {
    "alexnet": 64,
    "vgg11_bn": 64,
    "squeezenet1_1": 64,
    "googlenet": 224,
    "inception_v3": 299,
    "resnet18": 64,
    "resnet50": 64,
    "resnext50_32x4d": 64,
    "densenet121": 64,
    "mobilenet_v2": 64,
    "mobilenet_v3_large": 64,
    "shufflenet_v2_x1_0": 64,
    "mnasnet1_0": 64,
    "efficientnet_b0": 64,
    "efficientnet_v2_s": 64,
    "regnet_x_400mf": 64,
    "regnet_y_400mf": 64,
    "convnext_tiny": 64,
    "vit_b_32": 224,  # has a place for each token
    "swin_t": 224,  # and one for each window
}
# Parts of torchvision's detectors, and the test of each.
PARTS = {
    "ssd300_vgg16": Reference(
        "torchvision `ssd300_vgg16`, `backbone` and `head`",
        "tests/specs/test_ssd.py::test_ssd300_equals_torchvision",
    ),
    "resnet50_fpn": Reference(
        "torchvision `fasterrcnn_resnet50_fpn`, `backbone`",
        "tests/specs/test_rcnn.py::test_part_equals_torchvision[resnet50_fpn]",
    ),
    "resnet50_fpn_rpn": Reference(
        "torchvision `fasterrcnn_resnet50_fpn`, `backbone` and `rpn.head`",
        "tests/specs/test_rcnn.py::test_part_equals_torchvision[resnet50_fpn_rpn]",
    ),
    "box_head": Reference(
        "torchvision `fasterrcnn_resnet50_fpn`, `roi_heads`",
        "tests/specs/test_rcnn.py::test_part_equals_torchvision[box_head]",
    ),
}

# Models of a package that is no dependency: keys and shapes are in a file, with how far the outputs
# were apart.
ULTRALYTICS = ["yolov8n", "yolov8s", "yolov8m", "yolo11n"]

# --- figures that papers print --------------------------------------------------------------------

# Parameters in millions, and where.
PARAMETERS = {
    "lenet5": ("0.061706", "LeCun et al. 1998"),
    "lenet5_1998": ("0.061706", "LeCun et al. 1998"),
    "squeezenet1_0": ("1.248424", "Iandola et al. 2016, table 1"),
    "mobilenet_v1": ("4.2", "Howard et al. 2017, table 8"),
    "mobilenet_v3_small": ("2.5", "Howard et al. 2019, table 3"),
    "shufflenet_v2_x0_5": ("1.4", "Ma et al. 2018, table 5"),
    "shufflenet_v2_x1_0": ("2.3", "Ma et al. 2018, table 5"),
    "shufflenet_v2_x1_5": ("3.5", "Ma et al. 2018, table 5"),
    "shufflenet_v2_x2_0": ("7.4", "Ma et al. 2018, table 5"),
    "wide_resnet50_2": ("68.9", "Zagoruyko, Komodakis 2016, table 8"),
    "resnet20": ("0.27", "He et al. 2015, table 6"),
    "resnet32": ("0.46", "He et al. 2015, table 6"),
    "resnet44": ("0.66", "He et al. 2015, table 6"),
    "resnet56": ("0.85", "He et al. 2015, table 6"),
    "resnet110": ("1.7", "He et al. 2015, table 6"),
    "resnet1202": ("19.4", "He et al. 2015, table 6"),
    "preact_resnet110": ("1.7", "He et al. 2016, table 4"),
    "preact_resnet164": ("1.7", "He et al. 2016, table 4"),
    "resnext50_32x4d": ("25.0", "Xie et al. 2016, table 1"),
    "resnext29_8x64d": ("34.4", "Xie et al. 2016, table 7"),
    "densenet40_k12": ("1.0", "Huang et al. 2016, table 2"),
    "densenet_bc100_k12": ("0.8", "Huang et al. 2016, table 2"),
    "densenet_bc250_k24": ("15.3", "Huang et al. 2016, table 2"),
    "densenet_bc190_k40": ("25.6", "Huang et al. 2016, table 2"),
    "darknet19": ("20.84", "the reading list"),
    "darknet53": ("41.61", "the reading list"),
    "yolo_v3": ("61.95", "the reading list"),
    "unet": ("31.0", "the reading list"),
}
# The same where the paper cuts instead of rounding, or counts otherwise.
ROUNDED_OTHERWISE = {
    "resnext29_16x64d": "Xie et al. 2016, table 7",
    "preact_resnet1001": "He et al. 2016, table 4",
}
# Multiply-adds in millions, and where; the papers round and count in ways of their own, so with
# how far a figure may be off.
MACS = {
    "mobilenet_v1": (569, 0.5, "Howard et al. 2017, table 8"),
    "shufflenet_v1": (137, 0.5, "Zhang et al. 2017, table 1"),
    "resnet18": (1_800, 100, "He et al. 2015, table 1"),
    "plain18": (1_800, 100, "He et al. 2015, table 1"),
    "resnet34": (3_600, 100, "He et al. 2015, table 1"),
    "plain34": (3_600, 100, "He et al. 2015, figure 3"),
    "resnet50_v1": (3_800, 100, "He et al. 2015, table 1"),
    "resnet101_v1": (7_600, 100, "He et al. 2015, table 1"),
    "resnet152_v1": (11_300, 100, "He et al. 2015, table 1"),
    "resnext50_32x4d": (4_200, 100, "Xie et al. 2016, table 1"),
    "darknet19": (2_790, 1, "Redmon, Farhadi 2016, section 3.1"),
    "yolo_v3": (32_930, 5, "the authors' code at 416 x 416"),
}

# --- plain PyTorch --------------------------------------------------------------------------------

BY_HAND = {
    "lenet5": "test_by_hand.py::test_chain_computes_what_its_layers_do[lenet5]",
    "lenet5_1998": "test_by_hand.py::test_chain_computes_what_its_layers_do[lenet5_1998]",
    "mobilenet_v1": "test_by_hand.py::test_chain_computes_what_its_layers_do[mobilenet_v1]",
    "shufflenet_v1": "test_by_hand.py::test_shufflenet_v1_is_wired_as_published",
    "darknet19": "test_darknet.py::test_darknet_is_wired_as_published[darknet19]",
    "darknet53": "test_darknet.py::test_darknet_is_wired_as_published[darknet53]",
    "yolo_v1": "test_yolo.py::test_yolo_is_wired_as_published[yolo_v1]",
    "yolo_v2": "test_yolo.py::test_yolo_is_wired_as_published[yolo_v2]",
    "yolo_v3": "test_yolo.py::test_yolo_is_wired_as_published[yolo_v3]",
    "yolov8n": "test_published_yolo.py::test_yolo_is_wired_as_published[yolov8n]",
    "yolov8m": "test_published_yolo.py::test_yolo_is_wired_as_published[yolov8m]",
    "yolo11n": "test_published_yolo.py::test_yolo_is_wired_as_published[yolo11n]",
    "unet": "test_unet.py::test_unet_is_wired_as_published",
}
# Networks whose own units, by name, are compared with units wired by hand.
UNITS = {
    **dict.fromkeys(["plain18", "plain34"], "plain"),
    **dict.fromkeys(["resnet20", "resnet32", "resnet44", "resnet56", "resnet110"], "basic_a"),
    **dict.fromkeys(["resnet1202", "resnet34_a"], "basic_a"),
    "resnet34_c": "basic_c",
    **dict.fromkeys(["resnet50_v1", "resnet101_v1", "resnet152_v1"], "bottleneck_v1"),
    "preact_resnet110": "preact_basic",
    **dict.fromkeys(["preact_resnet164", "preact_resnet1001"], "preact_bottleneck"),
    **dict.fromkeys(["preact_resnet50", "preact_resnet101"], "preact_bottleneck"),
    **dict.fromkeys(["preact_resnet152", "preact_resnet200"], "preact_bottleneck"),
    "resnet110_bn_after_addition": "bn_after_addition",
    "resnet110_constant_scaling": "constant_scaling",
    "resnet110_conv_shortcut": "basic_c",
    "resnet110_dropout_shortcut": "dropout_shortcut",
    "resnet110_exclusive_gating": "exclusive_gating",
    "resnet110_relu_before_addition": "relu_before_addition",
    "resnet110_relu_only_preact": "relu_only_preact",
    "resnet110_shortcut_only_gating": "shortcut_only_gating",
}
# Other forms of one network: equal outputs with converted weights.
FORMS = {"resnext50_32x4d_a": "a", "resnext50_32x4d_b": "b"}


def references(name: str) -> Iterator[Reference]:
    """All that a network is compared with."""
    if name in TORCHVISION:
        source = f"torchvision `{name}`"
        yield Reference(source, f"tests/specs/test_torchvision.py::test_equals_torchvision[{name}]")
    if name in TRAINED:
        test = f"tests/specs/test_torchvision.py::test_trains_as_torchvision[{name}]"
        yield Reference("the same, training", test)
    if name in PARTS:
        yield PARTS[name]
    if name in ULTRALYTICS:
        test = "tests/specs/test_published_yolo.py::test_keys_and_shapes_are_the_published"
        yield Reference(f"ultralytics `{name}`, from its description", f"{test}[{name}]")
    if name in BY_HAND:
        yield Reference("plain PyTorch", f"tests/specs/{BY_HAND[name]}")
    if name in UNITS:
        test = "tests/specs/test_wiring.py::test_unit_is_wired_as_published"
        yield Reference(f"`{UNITS[name]}` in plain PyTorch", f"{test}[{UNITS[name]}-")
    if name in FORMS:
        test = "tests/specs/test_resnext_forms.py::test_a_whole_network_takes_converted_weights"
        yield Reference("`resnext50_32x4d`, weights converted", f"{test}[{FORMS[name]}]")
    yield from _figures(name)


def _figures(name: str) -> Iterator[Reference]:
    published = "tests/specs/test_published.py::test"
    if name in PARAMETERS:
        millions, source = PARAMETERS[name]
        test = f"{published}_parameters_are_as_published[{name}]"
        yield Reference(f"{source}: {millions} M parameters", test)
    if name in ROUNDED_OTHERWISE:
        test = f"{published}_parameters_that_papers_round_otherwise[{name}]"
        yield Reference(f"{ROUNDED_OTHERWISE[name]}: parameters", test)
    if name in MACS:
        millions, _, source = MACS[name]
        test = f"{published}_work_is_as_published[{name}]"
        yield Reference(f"{source}: {millions:,} M multiply-adds", test)
