"""Specs that ask for too much: each with the code that it ends in, or none for a right answer."""

from __future__ import annotations

from collections.abc import Iterable

from tests.language.ask import arch

UNIT = "block unit(out, stride=1) { conv(out, 3, stride=stride) -> bn }\n"
IMAGE = "8, 16, 16"


def net(*lines: str, before: str = "") -> str:
    return before + arch(*lines, size=IMAGE)


def lets(first: str, following: str, count: int = 60) -> str:
    """`let a0 = first`, then `let a1 = ...` and so on; `@` is the one before."""
    more = (f"let a{i + 1} = {following.replace('@', f'a{i}')}\n" for i in range(count))
    return f"let a0 = {first}\n{''.join(more)}"


def tree(inner: str, leaf: str = "relu", parameters: str = "n") -> str:
    return f"block t({parameters}) {{ if n > 0 {{ {inner} }} else {{ {leaf} }} }}\n"


def many(line: str, count: int) -> Iterable[str]:
    return (line for _ in range(count))


STAGES = {
    "10^9 blocks": (net("stage(unit, 8, n=10 ** 9)", before=UNIT), None),
    "10^18 blocks": (net("stage(unit, 8, n=9 * 10 ** 18)", before=UNIT), None),
    "stages of stages": (
        net(
            "stage(b, n=10 ** 9)",
            before=UNIT
            + "block a { stage(unit, 8, n=10 ** 9) }\nblock b { stage(a, n=10 ** 9) }\n",
        ),
        None,
    ),
    "blocks that all differ": (
        net("stage(g, n=10 ** 9)", before="block g { conv(channels + 1, 1) }\n"),
        "A404",
    ),
    "10^9 layers": (net("stage(conv, 8, 3, n=10 ** 9)"), "A404"),
}
LOOPS = {
    "10^12 passes": (net("for i in range(10 ** 12) { relu }"), "A402"),
    "10^12 passes that do nothing": (net("for i in range(10 ** 12) { }", "relu"), "A402"),
    "loops in loops": (
        net("for i in range(50000) { for j in range(50000) { let a = i } }", "relu"),
        "A404",
    ),
    "loops in a side not taken": (
        net("if false { for i in range(50000) { for j in range(50000) { relu } } }", "relu"),
        "A404",
    ),
    "lists for a side not taken": (
        net("if false { for i in range(50000) { let a = [j for j in range(50000)]; relu } }"),
        "A404",
    ),
    "100,000 layers": (net("for i in range(100000) { relu }"), "A404"),
    "100,000 layers in a seq": (net("s = seq { for i in range(100000) { relu } }"), "A404"),
    "100,000 names": (net("for i in range(100000) { a[i] = relu }"), "A404"),
    "100,000 different blocks": (
        net("for i in range(100000) { unit(8 + i) }", before=UNIT),
        "A404",
    ),
    "10,000 layers that differ": (net("for i in range(10000) { conv(8 + i % 7, 1) }"), None),
    "all of a growing list": (
        net("a[0] = relu", "for i in range(1, 9000) { let n = len(from a); a[i] = relu }"),
        "A404",
    ),
    "all of a growing list, merged": (
        net(
            "a[0] = relu",
            "for i in range(1, 5000) { concat { for x in from a { from x } }; a[i] = conv(1, 1) }",
        ),
        "A404",
    ),
    "a chain of reads": (
        net("a[0] = relu", "for i in range(1, 9000) { a[i] = from a[i - 1] -> relu }"),
        None,
    ),
}
LISTS = {
    "10^12 items": (net("relu", before="let a = [i for i in range(10 ** 12)]\n"), "A402"),
    "10^12 items, repeated": (net("relu", before="let a = [0] * 10 ** 12\n"), "A402"),
    "nothing, 10^12 times": (net("relu", before="let a = [] * 10 ** 12\n"), None),
    "range(10^18)": (net("conv(len(range(10 ** 18)), 1)"), "A402"),
    "comprehensions in comprehensions": (
        net("conv(sum([sum([sum(range(9000)) for j in range(9000)]) for i in range(9000)]), 1)"),
        "A404",
    ),
    "comprehensions in a promise": (
        net("relu", "expect sum([sum([k for k in range(9000)]) for j in range(90000)]) > 0"),
        "A404",
    ),
    "lists that double": (net("relu", before=lets("[1, 2]", "@ + @")), "A402"),
    "lists of lists that double": (net("relu", before=lets("[1, 2]", "[@, @]")), "A402"),
    "strings that double": (net("relu", before=lets('"ab"', "@ + @")), "A402"),
    "layers that double": (
        net("a60", before="block b(x=none, y=none) { relu }\n" + lets("b", "b(@, @)")),
        "A402",
    ),
    "arguments that double": (
        net("t(60, 1)", before=tree("t(n - 1, [v, v])", parameters="n, v")),
        "A402",
    ),
    "values that double": (
        net("a = relu", "t(60, from a)", before=tree("t(n - 1, [v, v])", parameters="n, v")),
        "A404",
    ),
    "defaults that double": (
        net(
            "b",
            before="block b(p0=[1, 1], "
            + ", ".join(f"p{i + 1}=[p{i}, p{i}]" for i in range(60))
            + ") { relu }\n",
        ),
        "A402",
    ),
    "sums of a long list": (
        net("relu", before="let a = range(90000)\nlet b = [sum(a) for i in range(90000)]\n"),
        "A404",
    ),
    "copies of a long list": (
        net("relu", before="let a = range(90000)\nlet b = [len(a + []) for i in range(90000)]\n"),
        "A404",
    ),
    "slices of a long list": (
        net("relu", before="let a = range(90000)\nlet b = [len(a[1:]) for i in range(90000)]\n"),
        "A404",
    ),
    "comparisons of a long list": (
        net("relu", before="let a = range(90000)\nlet b = [a == a for i in range(90000)]\n"),
        "A404",
    ),
    "pairs of a long list": (
        net("relu", before="let a = range(30000)\nlet b = [len(zip(a, a)) for i in a]\n"),
        "A404",
    ),
}
NUMBERS = {
    text: (net(f"conv({text}, 1)"), code)
    for text, code in {
        "9 ** 9 ** 9": "A403",
        "(-9) ** 9 ** 9": "A403",
        "int(9.0 ** 9 ** 9)": "A403",
        "int(9 ** -(9 ** 9))": "A403",
        "9 ** 9 ** 9 ** 9 ** 9": "A403",
        "int(1e308)": "A403",
        "floor(1e300)": "A403",
        "divisible(1e300)": "A403",
        "int(round(15, -(10 ** 18)))": "A403",
        "int(round(1.5, 10 ** 18))": "A403",
        "2 ** 31": "A109",
    }.items()
}
RECURSION = {
    "without an end": (net("t", before="block t { t }\n"), "A401"),
    "without an end, counting": (net("t(1)", before="block t(n) { t(n + 1) }\n"), "A401"),
    "without an end, in two branches": (
        net("t(1)", before="block t(n) { add { t(n + 1); t(n + 2) } }\n"),
        "A401",
    ),
    "without an end, in a seq": (net("t(1)", before="block t(n) = seq { t(n + 1) }\n"), "A401"),
    "without an end, in a group": (
        net("t(1)", before="block t(n) { s = { t(n + 1) } }\n"),
        "A401",
    ),
    "without an end, in a stage": (
        net("t(1)", before="block t(m) { stage(t, m + 1, n=2) }\n"),
        "A401",
    ),
    "without an end, by its argument": (net("t(t)", before="block t(f) { f(f) }\n"), "A401"),
    "archs that call one another": (
        arch("b", size=IMAGE, head="a") + arch("a", size=IMAGE, head="b"),
        "A401",
    ),
    "branching, equal calls": (
        net("t(60)", before=tree("a = t(n - 1); b = t(n - 1)", "conv(8, 1)")),
        None,
    ),
    "branching, equal calls that are used again": (
        net("x = t(60); reuse x", before=tree("a = t(n - 1); b = t(n - 1)", "conv(8, 1)")),
        None,
    ),
    "branching, equal calls that fail": (
        net("t(60)", before=tree("a = t(n - 1); b = t(n - 1)", "conv(0, 1)")),
        "A109",
    ),
    "branching, different calls": (
        net(
            "t(60, 1)",
            before=tree("a = t(n - 1, 2 * k); b = t(n - 1, 2 * k + 1)", parameters="n, k"),
        ),
        "A404",
    ),
    "branching, different inputs": (
        net("t(60)", before=tree("conv(channels + 1, 1); t(n - 1); t(n - 1)")),
        "A404",
    ),
    "aliases of aliases": (
        arch("relu", head="a0") + "".join(f"arch a{i + 1} = a{i}\n" for i in range(3000)),
        "A401",
    ),
    "aliases of aliases, backwards": (
        "".join(f"arch a{i + 1} = a{i}\n" for i in reversed(range(3000))) + arch("relu", head="a0"),
        "A401",
    ),
}
SIZES = {
    "a weight that no machine holds": (net("conv(2 ** 31 - 1, 1) -> conv(2 ** 31 - 1, 1)"), None),
    "a large input": (arch("relu", size="2 ** 31, 2 ** 31, 2 ** 31"), "A403"),
    "a large parameter": (net("p = param([2 ** 40, 2 ** 40])", "add { from p }"), "A403"),
    "many chunks": (net("conv(100000, 1)", "a = split(100000)"), "A109"),
    "many axes": (net("reshape([8, 16, 16] + [1] * 50000)"), "A109"),
    "long names": (net('for i in range(9000) { "a' + "{i}" * 2000 + '" = relu }'), "A404"),
}
TEXTS = {
    "nested braces": (net("{" * 10000 + "relu" + "}" * 10000), "A401"),
    "nested parentheses": (net("conv(" + "(" * 100000 + "8" + ")" * 100000 + ", 1)"), "A401"),
    "unknown blocks beside many": (
        net(
            *(f"blocknumbr{i}" for i in range(1000)),
            before="".join(f"block blocknumber{i} {{ relu }}\n" for i in range(1000)),
        ),
        "A102",
    ),
    "faults in each pass": (
        net("for i in range(9000) { b(i) }", before="block b(i) { conv(0 - i, 1) }\n"),
        "A109",
    ),
    "many parameters": (
        net(
            *many("b", 300),
            before="block b(" + ", ".join(f"p{i}={i}" for i in range(5000)) + ") { relu }\n",
        ),
        "A404",
    ),
    "many paths": (
        net(
            "s = stage(unit, 8, n=10 ** 9)",
            *(f'init("s.{i}.conv1.weight", zeros)' for i in range(1000)),
            before=UNIT,
        ),
        None,
    ),
    "many merges": (net("for i in range(2000) { add { conv(8, 3); conv(8, 1) } }"), None),
    "many archs that work hard": (
        "".join(
            arch("let a = sum([j for j in range(60000)])", "relu", head=f"a{i}") for i in range(200)
        ),
        "A404",
    ),
}
SPECS = {
    f"{group}: {name}": case
    for group, cases in {
        "stages": STAGES,
        "loops": LOOPS,
        "lists": LISTS,
        "numbers": NUMBERS,
        "recursion": RECURSION,
        "sizes": SIZES,
        "texts": TEXTS,
    }.items()
    for name, case in cases.items()
}
