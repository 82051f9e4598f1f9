"""Bxxx: what a change breaks: interface (B1), weights (B2), numerics (B3), cost, training.

Their examples are the arch before the change, and after a change that breaks it or does not.
"""

from __future__ import annotations

from archgen.codes.entry import Code


def _net(*statements: str, parameters: str = "") -> str:
    lines = "".join(f"  {statement}\n" for statement in statements)
    return f"arch net{parameters} {{\n{lines}}}\n"


ENTRIES: tuple[Code, ...] = (
    Code(
        "B001",
        "an exception that excepts nothing",
        """
An exception in the configuration (`[[breaking.exceptions]]`) matches no finding: the change that it
was written for was merged, or was taken back. A warning: remove it, so that it does not hide the
next change.
""",
        before=_net("input(8)", "relu"),
        fails=_net("input(8)", "relu"),
        passes=_net("input(8)", "gelu"),
    ),
    Code(
        "B101",
        "an arch is gone",
        """
Scripts, papers and other specs name a network by its file and its arch. One that is removed,
renamed or moved is not found there any more. Keep the old name as an alias:
`arch old = new`.
""",
        before=_net("input(8)", "linear(10)"),
        fails=_net("input(8)", "linear(10)").replace("net", "classifier"),
        passes=_net("input(8)", "linear(10)").replace("net", "classifier")
        + "arch net = classifier\n",
    ),
    Code(
        "B102",
        "a parameter of an arch is gone",
        """
`--set classes=10` and `archgen.load(spec, classes=10)` name the parameters of an arch. One that is
removed or renamed makes these calls fail. A new parameter with a default breaks nobody.
""",
        before=_net("input(8)", "linear(classes)", parameters="(classes=10)"),
        fails=_net("input(8)", "linear(labels)", parameters="(labels=10)"),
        passes=_net("input(8)", "linear(classes, bias=bias)", parameters="(classes=10, bias=true)"),
    ),
    Code(
        "B103",
        "an arch needs arguments now",
        """
An arch whose parameters all have defaults is a network: it can be checked, built and drawn as it
is. With a parameter that has none, it is only something for others to call, or for `--set`.
""",
        before=_net("input(8)", "linear(classes)", parameters="(classes=10)"),
        fails=_net("input(8)", "linear(classes)", parameters="(classes)"),
        passes=_net("input(8)", "linear(classes)", parameters="(classes=5 * 2)"),
    ),
    Code(
        "B104",
        "the input is another",
        """
How many inputs there are, what they are called, in which order, and the shape of each: whoever
calls, exports or feeds the network depends on it. A convolutional network may accept other sizes
as well; the shape in the spec is the one that is promised.
""",
        before=_net("input(8)", "tanh"),
        fails=_net("x = input(8)", "tanh"),
        passes=_net("input(8)", "y = tanh"),
    ),
    Code(
        "B105",
        "the result is another",
        """
How many values a network returns, in which order, under which names and of which shapes; and
whether as one tensor, a named tuple or a list.
""",
        before=_net("input(8)", "a = relu", "b = tanh", "output a, b"),
        fails=_net("input(8)", "a = relu", "b = tanh", "output b, a"),
        passes=_net("input(8)", "a = relu", "b = { tanh }", "output a, b"),
    ),
    Code(
        "B106",
        "the heads in training are others",
        """
In training a network with auxiliary heads returns a named tuple: the loss names its fields.
""",
        before=_net("input(8)", "aux head = tanh", "relu"),
        fails=_net("input(8)", "aux side = tanh", "relu"),
        passes=_net("input(8)", "aux head = { tanh }", "relu"),
    ),
    Code(
        "B107",
        "a feature is another",
        """
Detectors and segmentation networks take values from inside a network by name: the named values of
an arch, and the results of its blocks and stages. It breaks them if such a name is gone, or if
its value has other channels or another reduction (size of the input over its own). Names inside
blocks, and of layers that nobody named, are no features.
""",
        before=_net("input(3, 8, 8)", "stem = maxpool(2)", "relu"),
        fails=_net("input(3, 8, 8)", "first = maxpool(2)", "relu"),
        passes=_net("input(3, 8, 8)", "stem = maxpool(2)", "last = relu"),
    ),
    Code(
        "B108",
        "fewer sizes of the input are taken",
        """
A network is run at other heights and widths than its spec declares. Those that the model built
from the old spec took, and the one from the new spec does not, break whoever uses them; the line
`input` of `archgen summary` says which there are. Nothing is said where the sizes of one of both
are not known.
""",
        before=_net("input(3, 16, 16)", "a = relu", "maxpool(2) -> upsample(2)"),
        fails=_net(
            "input(3, 16, 16)", "a = relu", "maxpool(2) -> upsample(2)", "add { identity; from a }"
        ),
        passes=_net("input(3, 16, 16)", "a = relu", "b = maxpool(2)", "upsample(2)"),
    ),
    Code(
        "B201",
        "keys are gone from the state_dict",
        """
A checkpoint of the old network has tensors for which the new one has no place, so that
`load_state_dict` refuses it. Layers that nobody named are numbered: one that is inserted or
removed renames those after it.
""",
        before=_net("input(3, 8, 8)", "conv(4, 3)", "conv(4, 3, bias=true)"),
        fails=_net("input(3, 8, 8)", "conv(4, 3)", "conv(4, 3)"),
        passes=_net("input(3, 8, 8)", "conv(4, 3)", "conv2 = conv(4, 3, bias=true)"),
    ),
    Code(
        "B202",
        "keys are new in the state_dict",
        """
The new network has tensors of which a checkpoint of the old one knows nothing, so that
`load_state_dict` refuses it.
""",
        before=_net("input(3, 8, 8)", "conv(4, 3)"),
        fails=_net("input(3, 8, 8)", "conv(4, 3) -> bn").replace("-> bn", "\n  prelu"),
        passes=_net("input(3, 8, 8)", "conv1 = conv(4, 3)"),
    ),
    Code(
        "B203",
        "weights have other shapes",
        """
A checkpoint of the old network has tensors of other sizes under the same keys, so that
`load_state_dict` refuses it: another width, kernel, number of groups or of classes.
""",
        before=_net("input(3, 8, 8)", "conv(4, 3, padding=0)"),
        fails=_net("input(3, 8, 8)", "conv(4, 1, padding=0)", "maxpool(3, stride=1, padding=0)"),
        passes=_net("input(3, 8, 8)", "conv(2 * 2, 3, padding=0)"),
    ),
    Code(
        "B301",
        "the network computes another function",
        """
With the weights of an old checkpoint, the network computes something else: a stride that moved, an
activation, an epsilon, a shortcut, branches in another order. Nothing fails; accuracy drops. Where
the checkpoint does not load as a whole, the weights that `archgen transfer` carries are meant.

Both versions are compared as computations: names, comments, the way a block is written, and layers
that do nothing make no difference. Two computations are equal if their results are equal to the
last bit: the same three numbers added in another order count as different.
""",
        before=_net("input(3, 8, 8)", "conv(4, 3)", "add { identity; relu }"),
        fails=_net("input(3, 8, 8)", "conv(4, 3)", "add { identity; gelu }"),
        passes=_net("input(3, 8, 8)", "conv(4, 3)", "add { relu; { identity } }"),
    ),
    Code(
        "B401",
        "more parameters",
        """
The network has more parameters than before, by more than the threshold: 5 %, or `--threshold`, or
`cost-threshold` in the configuration. Fewer of them break nobody.
""",
        before=_net("input(8)", "linear(100)"),
        fails=_net("input(8)", "linear(106)"),
        passes=_net("input(8)", "linear(10 * 10)"),
    ),
    Code(
        "B402",
        "more multiply-adds",
        """
One evaluation takes more multiply-adds (MACs) than before, by more than the threshold: 5 %, or
`--threshold`, or `cost-threshold` in the configuration. Fewer of them break nobody.
""",
        before=_net("input(3, 8, 8)", "conv(4, 2, stride=2)"),
        fails=_net("input(3, 8, 8)", "conv(4, 2, padding=0)"),
        passes=_net("input(3, 8, 8)", "conv(4, 2, stride=[2, 2])"),
    ),
    Code(
        "B403",
        "more activations",
        """
The convolutions and linear layers have larger outputs than before (RegNet's measure of memory and
time), by more than the threshold: 5 %, or `--threshold`, or `cost-threshold` in the configuration.
""",
        before=_net("input(3, 8, 8)", "conv(4, 2, stride=2)"),
        fails=_net("input(3, 8, 8)", "conv(4, 2, padding=0)"),
        passes=_net("input(3, 8, 8)", "conv(4, 2, stride=[2, 2])"),
    ),
    Code(
        "B501",
        "training is another",
        """
Old checkpoints load and compute the same, but training goes another way: a rate of dropout, a
momentum of statistics, what an auxiliary head reads. Not asked for unless the category `training`
is, since who uses the network does not notice.
""",
        before=_net("input(8)", "dropout(0.1)"),
        fails=_net("input(8)", "dropout(0.2)"),
        passes=_net("input(8)", "dropout(1 / 10)"),
    ),
    Code(
        "B502",
        "weights start differently",
        """
Old checkpoints load and compute the same, but a network that is trained from the beginning starts
elsewhere: an `init`, or the start of a `param`. Not asked for unless the category `training` is.
""",
        before=_net("input(8)", "linear(10)"),
        fails=_net("input(8)", "init(linear.bias, zeros)", "linear(10)"),
        passes=_net("input(8)", "init(conv.bias, zeros)", "linear(10)"),
    ),
)
