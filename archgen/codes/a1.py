"""A1xx: names, parameters, arguments, types and arithmetic, and where things may stand."""

from __future__ import annotations

from archgen.codes.entry import Code


def _arch(*lines: str) -> str:
    """A network with these lines in its body."""
    body = "".join(f"  {line}\n" for line in ("input(4, 16, 16)", *lines))
    return f"arch net {{\n{body}}}\n"


def _block(head: str, *lines: str, call: str) -> str:
    """A block with these lines in its body, and a network that calls it."""
    return f"block {head} {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n\n" + _arch(call)


ENTRIES: tuple[Code, ...] = (
    Code(
        "A101",
        "an unknown name in an expression",
        """
Nothing is called so where the expression stands. An expression knows the parameters of its block,
what `let` and `for` around it define, the constants, layers and blocks of the file, and `channels`,
`shape` and `input.channels`. A value of the network (`x = conv(...)`) is not among them: `from x`
is that value, and a submodule sees nothing of the body around it but constants.
""",
        _block("unit(out)", "conv(width, 3)", call="unit(8)"),
        _block("unit(out, width=out // 2)", "conv(width, 3)", call="unit(8)"),
    ),
    Code(
        "A102",
        "an unknown layer or block",
        """
No layer, block or arch is called so in this file. Blocks stand in the file itself, or come with
`use`: `use residual` for the shipped ones, `use "blocks/mine.arch"` for your own. What a file uses
itself is not passed on. `archgen layers` lists the layers.
""",
        _arch("convolution(8, 3) -> bn -> relu"),
        _arch("conv(8, 3) -> bn -> relu"),
    ),
    Code(
        "A103",
        "a name defined twice",
        """
Names become attributes of the modules and keys of the `state_dict`, so each stands for one thing in
its body; in a file, too, each definition has a name of its own. In a loop, number the name:
`names[i] = ...` or `"layer{i + 1}" = ...`. A nameless layer has a name as well, its kind and its
place (`conv1`), which a name given by hand can meet.
""",
        _arch("for i in range(2) { unit = conv(8, 3) }"),
        _arch("for i in range(2) { units[i] = conv(8, 3) }"),
    ),
    Code(
        "A104",
        "a name that cannot be one",
        """
The name of a submodule becomes an attribute in Python. It is made of letters, digits and `_`, is no
word of Python (`class`, `lambda`) and no attribute that every `nn.Module` has (`forward`,
`training`, `half`, `type`): the model would break where it is least awaited. Directly inside `seq`
a quoted name may hold other signs, but never a dot, which separates the parts of a path.
""",
        _arch("half = conv(2, 3)"),
        _arch("halved = conv(2, 3)"),
    ),
    Code(
        "A105",
        "a name that hides another meaning",
        """
Layers, blocks, archs and constants share one namespace, and who reads `conv` must be sure what it
means. So nothing may be called like a layer, or like a block that `use` brought; no block `stage`,
which repeats blocks; and no parameter `channels`, `shape` or `input`, which every body knows.
Choose another name, or bring the library under a name of its own: `use residual as r`, then
`r.basic`.
""",
        "use residual\n\n" + _block("basic(out)", "conv(out, 3)", call="basic(8)"),
        "use residual as r\n\n" + _block("basic(out)", "conv(out, 3)", call="basic(8)"),
    ),
    Code(
        "A106",
        "no such argument",
        """
The layer, block or arch has no parameter of this name. The message names the nearest one, or all.
A parameter of a block is declared in its head: `block unit(out, stride=1)`; those of an arch are
what `--set` can give.
""",
        _arch("conv(8, 3, strides=2)"),
        _arch("conv(8, 3, stride=2)"),
    ),
    Code(
        "A107",
        "an argument is missing",
        """
A parameter without a default needs an argument from every call; the help shows the whole
signature. A layer value may bring arguments of its own, `norm=group_norm(8)`: what is still missing
when it is applied is asked for there.
""",
        _arch("conv(8)"),
        _arch("conv(8, 3)"),
    ),
    Code(
        "A108",
        "arguments that do not fit the parameters",
        """
There are more arguments than parameters, one is given twice, or one without a name stands behind
one with a name. Arguments without names fill the parameters in their order; all others are named.
""",
        _block("unit(out, kernel=3)", "conv(out, kernel)", call="unit(8, 3, 2)"),
        _block(
            "unit(out, kernel=3, stride=1)",
            "conv(out, kernel, stride=stride)",
            call="unit(8, 3, 2)",
        ),
    ),
    Code(
        "A109",
        "an argument of the wrong type or size",
        """
The parameter takes another kind of value, or this one is out of its bounds. Nothing is rounded or
converted in silence: a float is not taken where an integer is asked, even 64.0, and `true` is no
number. Say `int(...)`, or divide with `//`.
""",
        _arch("conv(channels / 2, 3)"),
        _arch("conv(channels // 2, 3)"),
    ),
    Code(
        "A110",
        "an expression of the wrong type",
        """
An operator, a function, a condition or a loop got a kind of value that it cannot work with: `+`
adds numbers, joins strings or joins lists, never two of different kinds; `for` goes over a list;
`x[i]` reads a list. A layer or a value of the network is no condition: compare it, `act != none`.
""",
        _arch("for i in 2 { conv(8, 3) }"),
        _arch("for i in range(2) { conv(8, 3) }"),
    ),
    Code(
        "A111",
        "an expression without a result",
        """
The types fit, and yet there is no result: a division by zero, the logarithm or root of a negative
number, an index behind the end of a list (it counts from 0), a `range` with step 0, `zip` of lists
that differ in length.
""",
        _arch("let widths = [8, 16]", "conv(widths[2], 3)"),
        _arch("let widths = [8, 16]", "conv(widths[1], 3)"),
    ),
    Code(
        "A112",
        "not a layer or block",
        """
What stands in a chain is applied, so it has to be a layer, a block, an arch or a parameter that
holds one. A number or a list is none; the value of an earlier step is read with `from`.
""",
        _block("unit(out, act)", "conv(out, 3) -> act", call="unit(8, act=1)"),
        _block("unit(out, act)", "conv(out, 3) -> act", call="unit(8, act=relu)"),
    ),
    Code(
        "A113",
        "no such value",
        """
`from` names a value of the network: one that a statement before it defined in the same body, on
every side of an `if` in between; a parameter that received a value; or `input`. It is no name for a
layer or a number, and nameless layers have no values to ask for. A submodule (`name = { }`, a
block) does not see the values of the body around it: make it a block, and pass the value.
""",
        _arch("conv(4, 3)", "add { identity; from early }"),
        _arch("early = conv(4, 3) -> bn", "conv(4, 3)", "add { identity; from early }"),
    ),
    Code(
        "A114",
        "a value that nothing reads",
        """
A step computes something, and no later one, no merge and no `output` reads it: most often a `from`
that passes over a branch, a chunk of a `split` that was forgotten, or an input that is not used.
A block that is handed a value reads it only if one of its results depends on it: one that begins
with `from v` makes nothing of the current value. `like=from x` reads sizes and no numbers. No
gradient would come back to the weights behind such a value. Read it, or remove the step.
""",
        _arch("a = conv(8, 3)", "b = from input -> conv(8, 5)"),
        _arch("a = conv(8, 3)", "b = from input -> conv(8, 5)", "add { from a; from b }"),
    ),
    Code(
        "A115",
        "several values where one is needed",
        """
`split` and blocks with several outputs give several values, and a layer takes one. Give them names
(`a, b = split(2)`), or name the statement and read its outputs (`from x.a`); after it, the next
statement says which value goes on. An item of a list (`names[i] = ...`) is one value, too.
""",
        _arch("split(2)", "conv(8, 3)"),
        _arch("a, b = split(2)", "concat { from b; from a }", "conv(8, 3)"),
    ),
    Code(
        "A116",
        "more or fewer names than values",
        """
On the left of `=` stand as many names as the right side gives values. `split(3)` gives three;
`let a, b = ...` takes a list of two, and `for a, b in ...` a list of pairs, as `zip` and
`enumerate` make them.
""",
        _arch("for width, kernel in [8, 16] { conv(width, kernel) }"),
        _arch("for width, kernel in [[8, 3], [16, 5]] { conv(width, kernel) }"),
    ),
    Code(
        "A117",
        "not in an `nn.Sequential`",
        """
`seq { }` and a named chain (`name = a -> b`) become an `nn.Sequential`, which passes one value from
child to child. A merge, a `from`, a `reuse` or a `param` directly in it would need more. Give that
part a body of its own, as a block or as `name = { }`, and put it into the chain as one child. For
the same reason `block NAME = ...` stands for one module.
""",
        _arch("body = conv(4, 3) -> add { identity; conv(4, 3) }"),
        _arch("body = { conv(4, 3) -> add { identity; conv(4, 3) } }"),
    ),
    Code(
        "A118",
        "nothing to reuse, or nothing that fits",
        """
`reuse` applies a submodule of this body again, with the same weights. It has to be made by a
statement before, and the weights have to fit what comes: channels that differ from those of the
first time would need others. A value has no weights; it is read with `from`.
""",
        _arch("stem = conv(8, 3)", "reuse stem"),
        _arch("stem = conv(4, 3)", "reuse stem"),
    ),
    Code(
        "A119",
        "an `init` that means nothing",
        """
`init` takes a target and an initialiser. The target is a kind of layer with one of its weights
(`conv.weight`), or a path in quotes to a weight in this body (`"heads.head.weight"`); the
initialisers are those of `torch.nn.init` without the last underscore, with their arguments. A
target that does not exist would change nothing, and no one would notice.
""",
        _arch("init(conv.weights, zeros)", "conv(8, 3)"),
        _arch("init(conv.weight, zeros)", "conv(8, 3)"),
    ),
    Code(
        "A120",
        "a stage that cannot repeat its block",
        """
`stage(B, ..., n=3, stride=2)` calls a block n times; the first call gets the stride, the others
stride 1. So its first argument is a layer or block, a stride is only for one with a parameter
`stride`, and the block has no parameter `n`, which would never reach it. What differs otherwise
from call to call is a loop: `seq { for ... }`.
""",
        _block("unit(out)", "conv(out, 3) -> bn", call="stage(unit, 8, n=2, stride=2)"),
        _block(
            "unit(out, stride=1)",
            "conv(out, 3, stride=stride) -> bn",
            call="stage(unit, 8, n=2, stride=2)",
        ),
    ),
    Code(
        "A121",
        "something needs a name",
        """
A `param` becomes a key of the `state_dict`, and of several inputs each is an argument of the model:
they are named. So are layers in a loop on a side of an `if` that is not taken, where the length of
the loop depends on something unknown there: how many numbers of nameless layers it uses up decides
what the layers behind it are called.
""",
        _arch("mul { identity; param([channels, 1, 1], init=ones) }"),
        _arch("mul { identity; scale = param([channels, 1, 1], init=ones) }"),
    ),
    Code(
        "A122",
        "which network?",
        """
The file holds no network of that name, none at all, or several, and none was named. On the command
line and in `archgen.load` one is named behind a colon: `specs/resnet.arch:resnet50`.
""",
        _block("unit(out)", "conv(out, 3)", call="unit(8)").partition("arch")[0],
        _block("unit(out)", "conv(out, 3)", call="unit(8)"),
    ),
    Code(
        "A123",
        "a statement that cannot stand here",
        """
`input(...)` stands in an arch, before all layers: a block takes what comes. `init` is a statement
of its own. `aux` stands in the body of a block or arch, not in a `seq`, and its head is one layer,
block or chain. In a merge every statement is a branch, or a constant for them; what is for
the result stands behind the braces.
""",
        _block("unit(out)", "input(4, 16, 16)", "conv(out, 3)", call="unit(8)"),
        _block("unit(out)", "conv(out, 3)", call="unit(8)"),
    ),
    Code(
        "A124",
        "a body without a clear beginning or end",
        """
An arch begins with `input`. A body has one result: the last value, or what its one `output`
names (in a loop, in all passes together). An arch with several inputs cannot be called as a
block, since a chain brings one value; write a block that takes the others as parameters.
""",
        _arch("a = conv(8, 3)", "b = conv(8, 3)", "output a", "output b"),
        _arch("a = conv(8, 3)", "b = conv(8, 3)", "output a, b"),
    ),
    Code(
        "A125",
        "a list of submodules that leaves out many numbers",
        """
`names[i] = ...` makes child i of an `nn.ModuleList`, in whatever order it is filled. A number that
has no submodule (an item that is `identity` or a merge, or none at all) has no key; the model holds
its place all the same, so that a list leaves out 100 numbers at most. Number the submodules one
after the other, or give them quoted names: `"up{i}" = ...`.
""",
        _arch("for i in [1, 200] { ups[i] = conv(8, 3) }"),
        _arch("for i in [1, 2] { ups[i] = conv(8, 3) }"),
    ),
    Code(
        "A126",
        "a feature that cannot be returned",
        """
`--features layer2,layer3` cuts a network to the backbone that returns these values. A feature is a
value that has a name, a node by its path (`relu1`), a result of a block (`body.layer2`), a child of
an `nn.Sequential` or `stage` (`features.4`), or a value inside a submodule that is applied once
(`encoder.ln`). Each is a field of a `NamedTuple`, where what no identifier can hold is `_`: two of
them must not be the same. `archgen.load(...).features` lists all that a network can give. With
`--features stem` this fails where nothing is called so.
""",
        _arch("conv(8, 3)"),
        _arch("stem = conv(8, 3)"),
    ),
    Code(
        "A127",
        "an extern that does not say what it is",
        """
`extern` declares a module of another package: its class as `"package.module:Class"`, the arguments
of its constructor, the sizes of its results (`output [out, shape[1], shape[2]]`), the entries of
its `state_dict` in order (`param weight = [out, channels]`, `buffer mean = [out]`) and its
multiply-adds (`macs out * channels`). Only `output` is needed; what is not said is not there.
Sizes are lists of integers of at least 1. The same error stands at a call for which an expression
of the declaration has no such value.
""",
        """
extern attend(out) = "mypackage.layers:Attend"(channels, out) {
  outputs [out, shape[1], shape[2]]
}

arch net {
  input(4, 16, 16)
  attend(8)
}
""",
        """
extern attend(out) = "mypackage.layers:Attend"(channels, out) {
  output [out, shape[1], shape[2]]
}

arch net {
  input(4, 16, 16)
  attend(8)
}
""",
    ),
)
