"""W0xx: lint: legal and suspicious."""

from __future__ import annotations

from archgen.codes.entry import Code


def _arch(*lines: str, size: int = 32) -> str:
    """A network with these lines in its body, and a promise."""
    body = "".join(f"  {line}\n" for line in (f"input(3, {size}, {size})", *lines))
    return f"arch net {{\n{body}  expect depth <= 50\n}}\n"


def _residual(*branch: str) -> str:
    """A network with these lines as a branch beside a shortcut."""
    lines = (f"    {line}" for line in branch)
    return _arch("conv(16, 3) -> bn", "add {", "  {", *lines, "  }", "  identity", "}", "relu")


def _digits(line: str) -> str:
    """A network of one line, for grey images."""
    return f"arch net {{\n  input(1, 28, 28)\n  {line}\n  expect depth <= 50\n}}\n"


_UNIT = "block unit(out) {\n  conv(out, 3) -> bn -> relu\n}\n\n"

ENTRIES: tuple[Code, ...] = (
    Code(
        "W001",
        "a bias that the normalisation takes away",
        """
Batch norm subtracts the mean of each channel, and with it whatever a bias before it added. The
bias costs memory and a gradient, and does nothing. Take it away, unless published weights have it.
""",
        _arch("conv(16, 3, bias=true) -> bn -> relu"),
        _arch("conv(16, 3) -> bn -> relu"),
    ),
    Code(
        "W002",
        "a convolution with neither bias nor normalisation",
        """
`conv` has no bias unless it is said, since most are followed by a normalisation, which has one.
Here none follows: the convolution goes into an activation, or out of the network, and nothing
learns where zero is. Say `bias=true`, or add the `bn` that was forgotten. Gates (`sigmoid`,
`hardsigmoid`, `softmax`) and layers of one number for each channel are published without.
""",
        _arch("conv(16, 3) -> relu"),
        _arch("conv(16, 3, bias=true) -> relu"),
    ),
    Code(
        "W003",
        "an activation before the addition",
        """
The branch ends in a ReLU and is then added to what it started from: all that it can do is add
something positive, so that the signal only grows from block to block. He et al. 2016 (arXiv:
1603.05027, figure 4 c) measured what that costs. Activate the sum, or the input of the branch.
""",
        _residual("conv(16, 3) -> bn -> relu"),
        _residual("conv(16, 3) -> bn -> relu", "conv(16, 3) -> bn"),
    ),
    Code(
        "W004",
        "a window with ends that only see padding",
        """
The kernel, with its dilation, is so much larger than its input that its first or last weight meets
nothing but padding, wherever the window stands: it costs memory and does nothing. A window of up to
`2 * size - 1` reads some place with each of its weights. Often the network was made for larger
images and a stride too many is left in it.
""",
        _arch("conv(16, 3, stride=4) -> bn", "conv(16, 5) -> bn", size=8),
        _arch("conv(16, 3, stride=4) -> bn", "conv(16, 3) -> bn", size=8),
    ),
    Code(
        "W005",
        "an adaptive pool that ONNX does not have",
        """
An adaptive pool to a size that does not divide its input has windows of different sizes, which
overlap. PyTorch can do that, but its ONNX exporter (as of 2.14) fails for `adaptive_maxpool` then,
and for `adaptive_avgpool` over a volume, unless it makes one number of each channel. Means over
images and signals are exported whatever their sizes.
""",
        _arch("conv(16, 3) -> bn -> relu -> adaptive_maxpool(7)"),
        _arch("conv(16, 3) -> bn -> relu -> adaptive_avgpool(7)"),
    ),
    Code(
        "W006",
        "channels that are no multiple of 8",
        """
Tensor cores multiply tiles of 8 numbers and more; a layer of 60 channels takes the time of one of
64. Told of convolutions in one group and linear layers, but not of those whose size is given: the
last ones, whose result is that of the network, those that hold one number for each channel, and
those of a single channel.
For weights that exist, or a network too small to care, silence it with the reason.
""",
        _arch("conv(60, 3) -> bn -> relu", "conv(64, 3) -> bn -> relu"),
        _arch("conv(64, 3) -> bn -> relu", "conv(64, 3) -> bn -> relu"),
    ),
    Code(
        "W007",
        "rows of the input that are never read",
        """
The windows end before their input does, so that the last rows and columns of an image are never
read, and PyTorch says nothing. Reported only where the windows meet (a kernel at least as large as
the stride; a 1x1 convolution with a stride skips rows because that is what it is for), and only
where something of the network's input is lost: a pool that drops the last row of a map loses
nothing if the row before it has seen the same pixels.
""",
        _arch("conv(16, 3, stride=2, padding=0) -> bn -> relu"),
        _arch("conv(16, 3, stride=2) -> bn -> relu"),
    ),
    Code(
        "W008",
        "a linear layer over a single number",
        """
`linear` works on the last axis. Here that holds one number, so that the layer is the same scale
and shift for each of the others: probably a `flatten` is missing before it.
""",
        _digits("permute([1, 2, 0]) -> linear(10)"),
        _digits("flatten -> linear(10)"),
    ),
    Code(
        "W009",
        "a network without a promise",
        """
No `expect` says what must stay true of the network, so a change that doubles its parameters, or
its depth, goes by unseen. `archgen summary` shows the figures; promise those that matter. Archs
with parameters that have no default are made to be given arguments by others, and need none.
""",
        "arch net {\n  input(3, 32, 32)\n  conv(16, 3) -> bn -> relu\n}\n",
        "arch net {\n  input(3, 32, 32)\n  conv(16, 3) -> bn -> relu\n  expect params <= 500\n}\n",
    ),
    Code(
        "W010",
        "an unused parameter",
        """
Nothing in the block or arch reads the parameter: whoever gives it believes that it does something.
""",
        "block unit(out, stride=1) {\n  conv(out, 3) -> bn -> relu\n}\n\n"
        + _arch("unit(16, stride=2)"),
        "block unit(out, stride=1) {\n  conv(out, 3, stride=stride) -> bn -> relu\n}\n\n"
        + _arch("unit(16, stride=2)"),
    ),
    Code(
        "W011",
        "an unused block",
        """
A file that holds a network defines a block that nothing in it calls, nor any other file that is
checked with it. In a file without a network, a library, every block is there for others.
""",
        _UNIT + _arch("conv(16, 3) -> bn -> relu"),
        _UNIT + _arch("unit(16)"),
    ),
    Code(
        "W012",
        "an unused constant",
        """
Nothing reads what `let` defines. `archgen lint --fix` takes it away. At the top level of a library
every constant is there for others.
""",
        _arch("let width = 32", "conv(16, 3) -> bn -> relu"),
        _arch("let width = 32", "conv(width, 3) -> bn -> relu"),
    ),
    Code(
        "W013",
        "an unused library",
        """
Nothing that `use` brings is used. `archgen lint --fix` takes it away.
""",
        "use residual\n\n" + _arch("conv(16, 3) -> bn -> relu"),
        "use residual\n\n" + _arch("basic(16)"),
    ),
    Code(
        "W014",
        "a line of a merge that begins with `->`",
        """
Every statement directly inside `add`, `mul` or `concat` is a branch. A line that begins with `->`
goes on with the branch above it; take the arrow away, and it is a branch of its own, in silence.
Braces around the branch show where it ends. `archgen lint --fix` writes them.
""",
        _arch("add {", "  conv(16, 3)", "    -> bn", "  conv(16, 1) -> bn", "}"),
        _arch("add {", "  {", "    conv(16, 3)", "    -> bn", "  }", "  conv(16, 1) -> bn", "}"),
    ),
    Code(
        "W015",
        "a name that looks like a layer's and is a chain's",
        """
`conv1 = conv(...) -> bn` names the whole chain, an `nn.Sequential`: its keys are `conv1.0.weight`
and `conv1.1.weight`, where `conv1.weight` was probably meant. Name the layer alone and go on in the
next line, or give the chain a name that is not that of its first layer and a number.
""",
        _arch("conv1 = conv(16, 3) -> bn -> relu"),
        _arch("conv1 = conv(16, 3)", "bn -> relu"),
    ),
    Code(
        "W016",
        "a nameless layer behind a conditional one",
        """
Nameless layers are numbered as they stand in the text, whichever side of an `if` is taken. So this
one keeps its number where the side with others of its kind is not taken, and the `state_dict` has a
`conv2` without a `conv1`. Name it, or those in the `if`.
""",
        _arch(
            "if channels != 16 {",
            "  conv(16, 1) -> bn",
            "}",
            "last = conv(16, 3)",
            "bn -> relu",
        ),
        _arch(
            "if channels != 16 {",
            "  project = conv(16, 1) -> bn",
            "}",
            "last = conv(16, 3)",
            "bn -> relu",
        ),
    ),
    Code(
        "W017",
        "a nameless layer with weights in a network",
        """
Keys of the `state_dict` hold the numbers of the nameless. One more inserted before this renames it
and all behind it, and old checkpoints do not load any more. Not given unless the configuration
enables it: a network in development is better off without names, and one whose weights are
published wants them.
""",
        _arch("conv(16, 3)", "norm = bn", "relu"),
        _arch("stem = conv(16, 3)", "norm = bn", "relu"),
    ),
    Code(
        "W018",
        "a lint comment that silences nothing",
        """
What the comment is for is not there any more, or the comment stands at another line. One behind a
statement is for its line, one alone for the next line. `archgen lint --fix` takes it away.
""",
        _arch("conv(16, 3) -> bn -> relu  # lint: off W002"),
        _arch("conv(16, 3) -> relu  # lint: off W002: as published"),
    ),
    Code(
        "W019",
        "a lint comment that cannot be read",
        """
It is written `# lint: off W001` or `# lint: off W001, W002: the reason`. The codes must be named,
so that a comment silences what its author saw and not what comes later.
""",
        _arch("conv(16, 3) -> bn -> relu  # lint: off"),
        _arch("conv(16, 3) -> relu  # lint: off W002: as published"),
    ),
    Code(
        "W020",
        "a batch norm over maps of one position",
        """
After a global pool each channel of a sample is one number. In training with a batch of one sample
a batch norm has no variance to divide by, and PyTorch raises an error; a last batch of one sample
is enough. With larger batches the statistics are those of a few numbers.
""",
        _arch("conv(16, 3) -> bn -> relu", "global_avgpool -> conv(16, 1) -> bn -> relu"),
        _arch("conv(16, 3) -> bn -> relu", "global_avgpool -> conv(16, 1, bias=true) -> relu"),
    ),
    Code(
        "W021",
        "an input with the batch, or with its channels last",
        """
`input` declares one sample, channels first: `input(3, 224, 224)`. Four sizes are a volume and three
are channels, height and width, so that `input(1, 3, 224, 224)` makes of every `conv` a 3-d one, and
`input(224, 224, 3)` is an image of 224 channels. Where that is meant, a comment says so; channels
last are declared by `axis=2`.
""",
        "arch net {\n  input(1, 3, 32, 32)\n  conv(16, 3) -> bn\n  expect depth == 1\n}\n",
        "arch net {\n  input(3, 32, 32)\n  conv(16, 3) -> bn\n  expect depth == 1\n}\n",
    ),
    Code(
        "W022",
        "incoming channels given as in PyTorch",
        """
The channels that come in are known, and no layer takes them: `conv(32, 3)` is PyTorch's
`nn.Conv2d(16, 32, 3)`, and `bn` its `nn.BatchNorm2d(32)`. `bn(32)` is a batch norm with eps=32, and
`conv(16, 32, 3, 1, 1)` has a kernel of 32 and a stride of 3.
""",
        _arch("conv(16, 3) -> bn(16)"),
        _arch("conv(16, 3) -> bn"),
    ),
    Code(
        "W023",
        "a constant that is lost at the end of its pass",
        """
A `let` holds until the end of its braces. One in a loop that adds to a list outside makes a list
of this pass alone; the one outside does not grow. Values are collected by names, `x[i] = ...`, and
read together by `from x`; numbers by a comprehension.
""",
        _arch(
            "let seen = []",
            "for i in range(2) { conv(16, 3) -> bn; x[i] = relu; let seen = seen + [from x[i]] }",
            "concat { identity; for s in seen { from s } }",
        ),
        _arch(
            "for i in range(2) { conv(16, 3) -> bn; x[i] = relu }",
            "concat { identity; for s in from x { from s } }",
        ),
    ),
    Code(
        "W024",
        "a name that hides a newer layer",
        """
Layers that came after 0.1 are not reserved: a block, a constant or a loop variable may have the
name of one, and is what the name means in its file or braces. A spec from before such a layer stays
as it was. Who reads `unbind` may expect the layer, so that another name is clearer.
""",
        "block unbind(out) {\n  conv(out, 3) -> bn\n}\n\n" + _arch("unbind(16)"),
        "block unit(out) {\n  conv(out, 3) -> bn\n}\n\n" + _arch("unit(16)"),
    ),
)
