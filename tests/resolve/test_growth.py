"""Nothing is quadratic: twice the text takes twice the calls of Python's functions, and no more."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from archgen.lint import Linter
from archgen.resolve.program import Program

MOST = 2.1  # times the calls, for twice the text


def body(*lines: str) -> str:
    return "\n".join(("arch net(a=8) {", "  input(8, 16, 16)", *lines, "}\n"))


def repeated(line: str) -> Callable[[int], str]:
    return lambda n: body(*(line.replace("@", str(i)) for i in range(n)))


def archs(n: int) -> str:
    return "\n".join(f"arch net{i} {{ input(8, 4, 4); conv(8, 1, bias=true) }}" for i in range(n))


def aliases(n: int) -> str:
    return repeated("relu")(2) + "\n".join(f"arch net{i} = net(a={i})" for i in range(n))


def blocks(n: int) -> str:
    defined = "\n".join(f"block b{i}(out) {{ conv(out, 3); relu }}" for i in range(n))
    return f"{defined}\n{body(*(f'b{i}(8)' for i in range(n)))}"


def constants(n: int) -> str:
    defined = "\n".join(f"let w{i} = {i} + 1" for i in range(n))
    return f"{defined}\n{body(*(f'conv(w{i}, 1)' for i in range(n)))}"


def read_later(n: int) -> str:
    named = [f"x{i} = relu" for i in range(n)]
    return body(*named, *(f"add {{ from x{i}; identity }}" for i in range(n)))


def outputs(n: int) -> str:
    names = ", ".join(f"x{i}" for i in range(n))
    return body(*(f"x{i} = conv(8, 3)" for i in range(n)), f"output {names}")


SPECS: dict[str, tuple[int, Callable[[int], str]]] = {
    "layers": (60, repeated("conv(8, 3) -> bn -> relu")),
    "names": (60, repeated("x@ = conv(8, 3)")),
    "lets": (60, repeated("let w@ = @ + 1; conv(w@, 1)")),
    "ifs": (60, repeated("if a > 8 { conv(8, 3) } elif a > 9 { bn } else { relu }")),
    "loops": (60, repeated("for i in range(2) { conv(8, 3) }")),
    "collected": (60, repeated("let w@ = @; for i in range(2) { let w@ = w@ + 1; conv(w@, 1) }")),
    "items": (60, repeated("xs[@] = relu")),
    "groups": (60, repeated("x@ = { conv(8, 3) }")),
    "inits": (60, repeated('x@ = conv(8, 3); init("x@.weight", zeros)')),
    "stages": (60, repeated("stage(conv(8), n=2, kernel=3)")),
    "comments": (60, repeated("conv(8, 3) -> bn  # lint: off W003")),
    "warnings": (60, repeated("conv(8, 3, bias=true) -> bn")),
    "promises": (60, repeated("relu; expect channels == 8")),
    "faults": (60, repeated("conv(8, 3, wrong=@)")),
    "heads": (60, repeated("x@ = conv(8, 3); aux h@ = conv(4, 1); add { from x@; identity }")),
    "outputs": (60, outputs),
    "archs": (150, archs),
    "aliases": (150, aliases),
    "blocks": (60, blocks),
    "constants": (60, constants),
    "read later": (60, read_later),
}


def calls(text: str) -> int:
    """How many functions are called by a check with lint."""
    count = 0

    def profile(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        program = Program.of(text)
        found = {name: program.network(name) for name in program.archs}
        linter = Linter()
        linter.look(program, {name: network for name, network in found.items() if network})
        linter.finish()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("kind", SPECS)
def test_twice_the_text_takes_twice_the_calls(kind: str) -> None:
    n, write = SPECS[kind]
    calls(write(2))  # what is made once
    assert calls(write(2 * n)) < MOST * calls(write(n))
