"""Networks written as programs: values in expressions, calls of methods, tuples.

Here values meet in `add`, `mul` and `concat`, and steps follow one another.
"""

from __future__ import annotations

from collections.abc import Sequence

from archgen import foreign
from archgen.diagnostics import Edit, error
from archgen.syntax.situation import (
    Mistake,
    Situation,
    made,
    place,
    statement,
)
from archgen.syntax.tokens import Token, kinds, span_of
from archgen.syntax.words import NAMES

_MERGES = {"ADD": "add", "MUL": "mul", "CONCAT": "concat"}
_OPERATORS = {"PLUS": "add", "TIMES": "mul", "MINUS": "sub", "DIVIDE": "div"}
_ENDS = kinds("_END $END RBRACE")
_CALLED = NAMES | kinds("INPUT INIT PARAM ADD MUL CONCAT")
_OTHERS = kinds("FLOOR_DIVIDE MODULO POWER")


def merge_of_arguments(here: Situation) -> Mistake | None:
    """`add(a, b)`, `concat([a, b], dim=1)`."""
    before = statement(here)
    opened = _opener(before)
    if here.token.type not in _ENDS | {"ARROW"} or opened < 1:
        return None
    kind = _MERGES.get(before[opened - 1].type)
    if kind is None or not here.accepts("LBRACE"):
        return None
    span = span_of(here.source, before[opened - 1], before[-1])
    message = f"`{kind}` takes branches in braces, no arguments"
    names = _names(before[opened + 1 : -1])
    if names is None:
        help = f"every branch is a statement: `{kind} {{ from a; from b }}`"
        return Mistake(error("A017", message, span, help=help))
    text = _merge(kind, names)
    return Mistake(error("A017", message, span, help=f"write `{text}`", fix=[Edit(span, text)]))


def _opener(before: Sequence[Token]) -> int:
    """The index of the `(` that the last token closes; -1 if that is no `)`."""
    if not before or before[-1].type != "RPAR":
        return -1
    depth = 0
    for index in range(len(before) - 1, -1, -1):
        depth += (before[index].type == "RPAR") - (before[index].type == "LPAR")
        if not depth:
            return index
    return -1


def _names(tokens: Sequence[Token]) -> list[str] | None:
    """`a, b` or `[a, b], dim=1`; None for anything else."""
    words = [token.value for token in tokens]
    if words[-4:] == [",", "dim", "=", "1"]:
        words = words[:-4]
    if words[:1] == ["["] and words[-1:] == ["]"]:
        words = words[1:-1]
    names, commas = words[::2], words[1::2]
    plain = all(name.isidentifier() for name in names) and set(commas) <= {","}
    return names if names and plain else None


def _merge(kind: str, names: Sequence[str]) -> str:
    return f"{kind} {{ {'; '.join(f'from {name}' for name in names)} }}"


def arithmetic(here: Situation) -> Mistake | None:
    """`a + b` where a layer should be."""
    kind, before = here.token.type, statement(here)
    if here.bracket != "LBRACE" or not before or here.accepts(kind):
        return None
    if kind not in _OPERATORS and kind not in _OTHERS:
        return None
    if before[-1].type not in ("NAME", "INPUT", "RPAR", "RSQB"):
        return None
    message = f"`{here.token}` works on numbers, not on values of the network"
    merge = _OPERATORS.get(kind)
    if merge is None:
        help = "a factor is `multiply(0.5)`; values meet in merges: `div { from a; from b }`"
        return Mistake(error("A001", message, place(here), help=help))
    following = here.following
    if merge == "mul" and following is not None and following.type == "NUMBER":
        step = f"-> multiply({following})"
        fix = [Edit(span_of(here.source, here.token, following), step)]
        return Mistake(error("A001", message, place(here), help=f"write `{step}`", fix=fix))
    text = _summed(here, merge, before)
    if text is None:
        help = f"every operand is a branch: `{merge} {{ from a; from b }}`"
        return Mistake(error("A001", message, place(here), help=help))
    fix = [Edit(span_of(here.source, before[0], here.tokens[here.at + 1]), text)]
    return Mistake(error("A001", message, place(here), help=f"write `{text}`", fix=fix))


def _summed(here: Situation, merge: str, before: Sequence[Token]) -> str | None:
    """`y = a + b` as a merge of two values; None for other operands."""
    left, right = before[-1], here.following
    head = [token.type for token in before[:-1]]
    if right is None or here.tokens[here.at + 2 : here.at + 3] == []:
        return None
    if here.tokens[here.at + 2].type not in _ENDS or head not in ([], ["NAME", "EQUAL"]):
        return None
    if left.type not in ("NAME", "INPUT") or right.type not in ("NAME", "INPUT"):
        return None
    text = _merge(merge, [left.value, right.value])
    again = head and before[0].value in (left.value, right.value)
    return f"{before[0]} = {text}" if head and not again else text


def tuple_(here: Situation) -> Mistake | None:
    """`stride=(2, 2)`."""
    if here.token.type != "COMMA" or here.bracket != "LPAR" or not here.accepts("RPAR"):
        return None
    depth = 0
    for start in range(here.at - 1, -1, -1):
        kind = here.tokens[start].type
        depth += (kind in ("RPAR", "RSQB")) - (kind in ("LPAR", "LSQB"))
        if depth < 0:
            break
    if start and here.tokens[start - 1].type in _CALLED:
        return None
    depth = 0
    for end in range(here.at, len(here.tokens)):
        kind = here.tokens[end].type
        depth += (kind in ("RPAR", "RSQB")) - (kind in ("LPAR", "LSQB"))
        if depth > 0 or kind == "$END":
            break
    opened, closed = here.tokens[start], here.tokens[end]
    whole = span_of(here.source, opened, closed)
    inner = here.source.text[opened.end : closed.start].strip().rstrip(",").rstrip()
    text = f"[{inner}]"
    report = error(
        "A001",
        "a list stands in square brackets",
        whole,
        help=f"write `{text}`",
        fix=[Edit(whole, text)],
    )
    return Mistake(report)


def braces_of_no_merge(here: Situation) -> Mistake | None:
    """`matmul { ... }`, `block1 { ... }`."""
    before = statement(here)
    if here.token.type != "LBRACE" or here.bracket != "LBRACE" or not before:
        return None
    last = before[-1]
    if last.type != "NAME" or not here.accepts("ARROW"):
        return None
    span = span_of(here.source, last)
    found = foreign.word(last.value, ())
    if found is not None:
        help = found.help or f"write `{found.keyword}`"
        return Mistake(error("A012", f"`{last}` takes no branches", span, help=help))
    if len(before) > 1:
        return None
    help = f"write `{last} = {{ ... }}`; branches are those of `add`, `mul` and `concat`"
    fix = [Edit.behind(span, " =")]
    report = error(
        "A012", f"`=` is missing between `{last}` and its body", span, help=help, fix=fix
    )
    return Mistake(report, [made("EQUAL", "=", here.token), here.token])


def method(here: Situation) -> Mistake | None:
    """`conv(16, 3).relu()`."""
    previous, following = here.previous, here.following
    if here.token.type != "DOT" or previous is None or previous.type != "RPAR":
        return None
    if following is None or following.type != "NAME":
        return None
    message = "values have no methods"
    tail = [token.type for token in here.tokens[here.at + 2 : here.at + 4]]
    if tail != ["LPAR", "RPAR"]:
        help = f"the next step follows with `->`: `-> {following}`"
        return Mistake(error("A001", message, place(here), help=help))
    whole = span_of(here.source, here.token, here.tokens[here.at + 3])
    report = error(
        "A001",
        message,
        place(here),
        help=f"write `-> {following}`",
        fix=[Edit(whole, f" -> {following}")],
    )
    return Mistake(report, [made("ARROW", "->", here.token), following], width=4)


def dotted_name(here: Situation) -> Mistake | None:
    """`self.conv1 = conv(16, 3)`."""
    before = statement(here)
    if here.token.type != "EQUAL" or len(before) < 3 or before[-2].type != "DOT":
        return None
    if any(token.type not in ("NAME", "DOT") for token in before):
        return None
    span = span_of(here.source, before[0], before[-1])
    help = f"write `{before[-1]} = ...`"
    report = error("A001", "a name has no dots", span, help=help, fix=[Edit(span, str(before[-1]))])
    return Mistake(report)


def comma_between_steps(here: Situation) -> Mistake | None:
    """`conv(16, 3) -> bn, relu`."""
    if here.token.type != "COMMA" or here.bracket != "LBRACE" or not here.accepts("ARROW"):
        return None
    help = "write `->` between two steps"
    report = error(
        "A001",
        "`,` does not join steps",
        place(here),
        help=help,
        fix=[Edit(place(here), " ->")],
    )
    return Mistake(report, [made("ARROW", "->", here.token)])


def bare_arguments(here: Situation) -> Mistake | None:
    """`conv 16 3`."""
    previous = here.previous
    if here.token.type != "NUMBER" or previous is None or previous.type != "NAME":
        return None
    if here.bracket != "LBRACE":
        return None
    end = here.at
    while here.tokens[end].type in ("NUMBER", "COMMA"):
        end += 1
    taken = here.tokens[here.at : end]
    numbers = [token for token in taken if token.type == "NUMBER"]
    text = f"{previous}({', '.join(map(str, numbers))})"
    span = span_of(here.source, taken[0], taken[-1])
    whole = span_of(here.source, previous, taken[-1])
    report = error(
        "A012",
        "arguments stand in parentheses",
        span,
        help=f"write `{text}`",
        fix=[Edit(whole, text)],
    )
    commas = [made("COMMA", ",", here.token) for _ in numbers]
    inner = [token for pair in zip(numbers, commas, strict=True) for token in pair]
    call = [made("LPAR", "(", here.token), *inner[:-1], made("RPAR", ")", here.token)]
    return Mistake(report, call, width=len(taken))


def loop_in_parentheses(here: Situation) -> Mistake | None:
    """`for (i in range(3)) { ... }`, `for i, (a, b) in pairs`."""
    previous = here.previous
    if here.token.type != "LPAR" or previous is None or previous.type not in ("FOR", "COMMA"):
        return None
    if previous.type == "COMMA":
        if here.accepts("LPAR") or not here.accepts("LSQB", "NAME", "RSQB", "IN"):
            return None
        help = "names stand in square brackets: `[a, b]`"
        return Mistake(error("A011", "`for` unpacks lists", place(here), help=help))
    help = "without parentheses: `for i in range(3) { ... }`"
    return Mistake(error("A011", "`for` takes no parentheses", place(here), help=help))
