"""Every name that Python, `nn.Module` or the generator treats specially, in every role.

A role is a spec with `NAME` where an author could write the name.
"""

from __future__ import annotations

import builtins
import keyword

import archgen
from archgen.resolve.program import Program
from archgen.resolve.reserved import MODULE_ATTRIBUTES
from archgen.syntax.words import RESERVED

REFUSED = {"A103", "A104", "A105", "A107", "A108", "A112", "A118"}


def _words(text: str) -> list[str]:
    return text.split()


MANGLED = _words(
    "_ __ ___ __b __x _x _T__x __x__ __class__ __dict__ __init__ __name__ __all__ __debug__ "
    "__slots__ __doc__ __module__ __call__ __future__ __path__"
)
# What the generated file says itself, and names that it makes.
OURS = _words(
    "x y z u v w t t0 t1 self torch nn math F Tensor OrderedDict Callable NamedTuple divisible "
    "in_channels channels features size items index layers blocks paths path n out heads "
    "has_conv1 has_relu1 skips_conv1 has_shortcut conv relu conv1 relu1 conv2 output input like "
    "T U TOutput UOutput Net Conv2d Linear DropPath LayerNorm2d l O I kernel_size stride padding "
    "bias inplace training count width annotations dim result value net model forward"
)
PYTHON = [*keyword.kwlist, *keyword.softkwlist, *dir(builtins)]
NAMES = sorted(
    {*MANGLED, *OURS, *PYTHON, *MODULE_ATTRIBUTES, *dir(object)}
    - {word.lower() for word in RESERVED}
    - {"True", "False", "None"}
)

ROLES = {
    "parameter": "block u(NAME) { conv(NAME, 1); if NAME > 4 { relu } } ARCH { u(4) -> u(5) }",
    "default": """block u(out, NAME=2) { conv(out, 1); if NAME > 2 { relu }
        for i in range(NAME) { conv(out + i, 1) } } ARCH { u(4) -> u(5, NAME=6) }""",
    "number of a block that is handed on": """block v(NAME, out=2 * NAME) { conv(out, 1) }
        block u(NAME) { v(NAME); v(NAME, out=NAME); add { identity; conv(NAME, 3) } }
        ARCH { u(4) -> u(5) }""",
    "value": """block u(out, NAME) { conv(out, 3); concat { identity; from NAME }
        conv(NAME.channels, 1) } ARCH { c = conv(4, 3); u(8, from c) }""",
    "value beside others": """block u(out, NAME, x) { conv(out, 3)
        concat { identity; from NAME; from x } }
        ARCH { c = conv(4, 3); d = conv(3, 1); u(8, from c, from d); u(9, from d, from c) }""",
    "list of values": """block u(NAME) { conv(4, 3)
        concat { identity; for each in from NAME { from each } } }
        ARCH { c = conv(4, 3); d = conv(3, 1); u([from c, from d]) }""",
    "layer": "block u(out, NAME=relu) { conv(out, 1) -> NAME } ARCH { u(4) -> u(5, NAME=gelu) }",
    "block": "block NAME(n) { conv(n, 3) -> bn } ARCH { NAME(4) -> NAME(5); c = NAME(6) }",
    "synonym": "block NAME(n) = seq { conv(n, 3) -> bn } ARCH { NAME(4) -> NAME(5) }",
    "arch": "arch NAME { input(3, 8, 8); conv(4, 1); aux head = relu }",
    "parameter of an arch": """arch net(NAME=4) { input(3, 8, 8); conv(NAME, 3)
        global_avgpool -> flatten -> linear(NAME) }""",
    "parameter of an arch that decides": """arch net(NAME=4) { input(3, 8, 8)
        for i in range(NAME) { conv(NAME, 3) }; if NAME > 3 { relu } }""",
    "output": "ARCH { NAME = conv(4, 1); b = conv(5, 1); output NAME, b }",
    "output of a block": """block u { NAME = conv(4, 1); b = conv(5, 1); output NAME, b }
        ARCH { both = u; concat { from both.NAME; from both.b } }""",
    "quoted output": """ARCH { for i in range(2) { "NAME{i}" = conv(4, 1)
        output "NAME{i}" } }""",
    "head": "ARCH { conv(4, 1); aux NAME = relu -> conv(5, 1); relu }",
    "head of a block": "block u { aux NAME = conv(5, 1); relu } ARCH { u; u }",
    "item": """ARCH { for i in range(2) { NAME[i] = conv(4, 1) }
        concat { for c in from NAME { from c } } }""",
    "quoted": 'ARCH { "NAME" = conv(4, 1); add { from "NAME"; relu } }',
    "quoted in a sequence": 'ARCH { s = seq { "NAME" = conv(4, 1); relu } }',
    "let": """block u(k) { let NAME = k * 2 + 1; conv(NAME, 1); conv(NAME + 1, 1) }
        ARCH { u(4) -> u(5); let NAME = channels; conv(NAME, 1) }""",
    "list": """block u(k) { let NAME = [k, 8, 4]; for c in NAME { conv(c, 1) }; conv(NAME[0], 1) }
        ARCH { u(4) -> u(5) }""",
    "loop": """block u(k) { for NAME in range(k) { conv(4 + NAME, 1) } } ARCH { u(2) -> u(6) }""",
    "loop in a sequence": """block u(k) { s = seq { for NAME in range(k) { conv(4 + NAME, 1) } } }
        ARCH { u(2) -> u(6) }""",
    "loop in a merge": """block u(k) { concat { for NAME in range(k) { conv(4 + NAME, 1) } } }
        ARCH { u(2) -> u(6) }""",
    "value in a decided branch": """block u(k) { concat { identity; if k > 4 {
        NAME = conv(k, 1); add { identity; relu } } } } ARCH { u(4) -> u(5) }""",
    "parameter beside numbered layers": """block u(out, NAME=2) { conv(out, 1)
        for i in range(NAME) { conv(out + i, 1) } if NAME > 3 { relu } }
        ARCH { u(4) -> u(5, NAME=6) }""".replace("} if", "}; if"),
    "parameter beside a class": """block U(out, k=1) { conv(out, k) }
        block v(NAME) { U(NAME); add { identity; U(NAME, 3) } } ARCH { v(4) -> v(5) }""",
    "loop in a comprehension": """block u(k) { for c in [NAME + 1 for NAME in range(k)] {
        conv(c, 1) } } ARCH { u(2) -> u(6) }""",
    "submodule": "ARCH { NAME = conv(4, 1); relu; add { from NAME; identity } }",
    "chain": "ARCH { NAME = conv(4, 1) -> bn; relu; add { from NAME; identity } }",
    "submodule of a block": """block u(k) { NAME = conv(k, 1); if k > 4 { NAME_ = relu }
        add { from NAME; identity } } ARCH { u(4) -> u(5) }""",
    "part": "ARCH { NAME = { conv(4, 1); add { identity; conv(4, 3) } } }",
    "decided": """block u(k) { if k > 4 { NAME = conv(k, 1) } else { NAME = identity }
        relu; add { conv(1, 1); from NAME } } ARCH { u(4) -> u(5) }""",
    "stage": "ARCH { NAME = stage(conv, 4, 1, n=3); relu }",
    "learned": "ARCH { mul { identity; NAME = param([3, 1, 1], init=ones) } }",
    "input": "arch net { NAME = input(3, 8, 8); b = input(3, 8, 8); add { from NAME; from b } }",
    "value that is named": """ARCH { conv(4, 1); NAME = identity; conv(4, 3); relu
        add { from NAME; identity } }""",
    "unpacked": "ARCH { conv(4, 1); NAME, b = split(2); concat { from b; from NAME } }",
    "start": 'ARCH { NAME = conv(4, 1); init("NAME.weight", zeros) }',
    "reused": "ARCH { NAME = conv(3, 1); relu; reuse NAME }",
}


def spec(role: str, name: str) -> str:
    """The text of a role with a name."""
    text = ROLES[role].replace("ARCH {", "\narch net { input(3, 8, 8);")
    return text.replace("NAME", name) + "\n"


def network(role: str, name: str) -> archgen.Network | None:
    """The network, if the name may stand there."""
    text = spec(role, name)
    program = Program.of(text)
    arch = next(iter(program.archs), None)
    found = program.network(arch) if arch is not None else None
    if found is None or program.sink.failed:
        assert {each.code for each in program.sink} & REFUSED
        return None
    return archgen.loads(text, arch)
