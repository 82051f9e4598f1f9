"""A0xx: text that does not parse."""

from __future__ import annotations

from archgen.codes.entry import Code

_PASSES = """\
arch small {
  input(3, 32, 32)
  conv(16, 3) -> bn -> relu
}
"""

_WIDE = "arch wide(n=16) { input(3, 32, 32); conv(n, 3) }\n"


def _arch(*lines: str) -> str:
    """A network with these lines in its body."""
    body = "".join(f"  {line}\n" for line in ("input(3, 32, 32)", *lines))
    return f"arch small {{\n{body}}}\n"


ENTRIES: tuple[Code, ...] = (
    Code(
        "A001",
        "unexpected text",
        "The text is made of known words and signs, but this one cannot stand here. Where only a\n"
        "few others could, they are listed.",
        fails=_arch("conv(16, 3) -> if true { relu }"),
        passes=_arch("conv(16, 3) -> { if true { relu } }"),
    ),
    Code(
        "A002",
        "a bracket is never closed",
        "Every `(`, `[` and `{` needs its closing one. For a brace, the place is found with the\n"
        "help of the indentation: a body whose closing brace stands further left than its head.",
        fails=_arch("conv(16, 3 -> bn -> relu"),
        passes=_PASSES,
    ),
    Code(
        "A003",
        "a bracket closes nothing, or another kind",
        "A closing bracket stands where none is open, or where one of another kind is.",
        fails=_arch("conv(16, 3)) -> bn -> relu"),
        passes=_PASSES,
    ),
    Code(
        "A004",
        "a character that means nothing",
        "The character belongs to no word or sign of the language, or it is one that readers do\n"
        "not see: a control character, a zero-width space, a soft hyphen, a variation selector, a\n"
        "mark that reorders text. Hidden ones are refused in comments and strings too, so that\n"
        "what is reviewed is what is read.",
        fails=_arch("conv(16, 3) @ bn"),
        passes=_arch("conv(16, 3) -> bn"),
    ),
    Code(
        "A005",
        "a string is not closed",
        'A string in `"` ends on its line; one in `"""` may run over several. There are no\n'
        "escapes: a backslash is a backslash.",
        fails=_arch('"block1 = conv(16, 3)'),
        passes=_arch('"block1" = conv(16, 3)'),
    ),
    Code(
        "A006",
        "a number is misspelled",
        "Numbers are written `64`, `1_000`, `0.5`, `1e-5`; `K`, `M` and `G` multiply by a\n"
        "thousand, a million and a thousand millions. There is a digit on both sides of the\n"
        "point, no zero in front, and names do not begin with digits.",
        fails=_arch("conv(16, 3) -> bn -> dropout(.5)"),
        passes=_arch("conv(16, 3) -> bn -> dropout(0.5)"),
    ),
    Code(
        "A007",
        "a number is out of range",
        "Integers go up to 2^63 - 1, as sizes do in PyTorch, and floats as far as they do in\n"
        "Python. A number with `K`, `M` or `G` has to come out whole: it is never rounded.",
        fails=_arch("conv(16, 3)", "expect params >= 0.4321K"),
        passes=_arch("conv(16, 3)", "expect params >= 0.432K"),
    ),
    Code(
        "A008",
        "a reserved word cannot be a name",
        "The words of the language (`let if elif else for in from input output aux reuse expect\n"
        "init param add mul concat seq and or not true false none auto`) name nothing. A quoted\n"
        "name is never a reserved word.",
        fails=_arch("add = conv(16, 3) -> bn"),
        passes=_arch('"add" = conv(16, 3) -> bn'),
    ),
    Code(
        "A009",
        "a comma is missing",
        "Arguments, parameters and items of a list are separated by commas.",
        fails=_arch("conv(16, 3 stride=2)"),
        passes=_arch("conv(16, 3, stride=2)"),
    ),
    Code(
        "A010",
        "`=` where `==` is meant",
        "One `=` gives a name to something; two compare.",
        fails=_arch("if channels = 3 { conv(16, 3) }"),
        passes=_arch("if channels == 3 { conv(16, 3) }"),
    ),
    Code(
        "A011",
        "the spelling of another language",
        "The word or sign is one of Python, C or a word processor, and has another spelling\n"
        "here: `true` and `none` in lower case, `and`, `or` and `not` in words, bodies in braces,\n"
        "strings in double quotes, comments after `#`.",
        fails=_arch("conv(16, 3, bias=True)"),
        passes=_arch("conv(16, 3, bias=true)"),
    ),
    Code(
        "A012",
        "something is missing between two parts",
        "Steps of a chain are joined by `->`; statements are separated by a new line or `;`;\n"
        "arguments stand in parentheses; a `{` stands on the line of what it belongs to.",
        fails=_arch("conv(16, 3) bn"),
        passes=_arch("conv(16, 3) -> bn"),
    ),
    Code(
        "A013",
        "not at this level",
        "At the top level stand `use`, `let`, `block`, `arch` and `extern`; all else stands in a\n"
        "body of a block or an arch, and these five (but `let`) do not. If the text looks right,\n"
        "a brace above closes too early.",
        fails="arch small {\n  input(3, 32, 32)\n}\nconv(16, 3)\n",
        passes=_arch("conv(16, 3)"),
    ),
    Code(
        "A014",
        "a quoted name that cannot be read",
        'In a string, braces hold an expression: `"layer{i + 1}"`. A brace itself is written\n'
        "twice, `{{` or `}}`. A name is not empty.",
        fails=_arch('for i in range(1) { "part{i" = conv(16, 3) }'),
        passes=_arch('for i in range(1) { "part{i}" = conv(16, 3) }'),
    ),
    Code(
        "A015",
        "documentation that does not come first",
        "A string alone documents the body that it opens. Elsewhere it would say nothing; a\n"
        "remark is written after `#`.",
        fails=_arch('"A small network."', "conv(16, 3)"),
        passes='arch small {\n  "A small network."\n  input(3, 32, 32)\n  conv(16, 3)\n}\n',
    ),
    Code(
        "A016",
        "a file that defines nothing",
        "A spec holds at least one definition: an `arch`, a `block`, a `let` or a `use`.",
        fails="# A network comes here.\n",
        passes=_PASSES,
    ),
    Code(
        "A017",
        "something is missing",
        "After an operator, `=`, `->` or a comma, or in an empty place, something is awaited and\n"
        "the statement ends instead.",
        fails=_arch("conv(16, 3) -> bn -> ; relu"),
        passes=_PASSES,
    ),
    Code(
        "A018",
        "more than promises in the braces of an arch with `=`",
        "`arch a = b(...) { }` is `b` with these arguments. Its braces hold documentation and\n"
        "promises; it has no steps of its own.",
        fails=_WIDE + "arch narrow = wide(n=8) { relu }\n",
        passes=_WIDE + "arch narrow = wide(n=8) { expect depth == 1 }\n",
    ),
)
