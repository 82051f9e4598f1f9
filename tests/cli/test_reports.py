"""Whole reports of `breaking`, `diff` and `lint`, as reviewed: every number and which is the old.

The changes are those that explain the codes, and some more; a file of them for each command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import archgen
from archgen.analysis.weights import state
from archgen.checkpoint import identify
from archgen.codes import CODES
from tests.checkpoints import write
from tests.cli.conftest import Run
from tests.repositories import Repository

CONFIG = """\
[breaking]
categories = ["interface", "weights", "numerics", "cost", "training"]
"""


def net(*statements: str, parameters: str = "") -> str:
    lines = "".join(f"  {statement}\n" for statement in statements)
    return f"arch net{parameters} {{\n{lines}}}\n"


HEAD = "aux early = global_avgpool -> flatten -> linear(10)"
BODY = ("input(3, 32, 32)", "conv(16, 3) -> bn -> relu")
END = "global_avgpool -> flatten -> linear(10)"
INIT = 'init(conv.weight, kaiming_normal(mode="{}"))'
CHANGES = {
    "a head more": (net(*BODY, END), net(*BODY, HEAD, END)),
    "a head less": (net(*BODY, HEAD, END), net(*BODY, END)),
    "a head of another width": (
        net(*BODY, HEAD, END),
        net(*BODY, HEAD.replace("10", "20"), END),
    ),
    "a head of another name": (
        net(*BODY, HEAD, END),
        net(*BODY, HEAD.replace("early", "late"), END),
    ),
    "a head elsewhere": (
        net(*BODY, HEAD, "conv(16, 3)", END),
        net(*BODY, "conv(16, 3)", HEAD, END),
    ),
    "other numbers at the start": (
        net(*BODY, INIT.format("fan_in"), END),
        net(*BODY, INIT.format("fan_out"), END),
    ),
    "numbers at the start": (net(*BODY, END), net(*BODY, INIT.format("fan_in"), END)),
    "a wider layer": (net(*BODY, END), net(*BODY, END.replace("10", "12"))),
    "between two uses of a layer": (
        net(*BODY, "y = conv(16, 3)", "relu", "reuse y -> bn"),
        net(*BODY, "y = conv(16, 3)", "gelu", "reuse y -> bn"),
    ),
    "a side that is taken now": (
        net(*BODY, "add { identity; if channels > 20 { conv(16, 3) } else { conv(16, 1) } }"),
        net(*BODY, "add { identity; if channels > 10 { conv(16, 3) } else { conv(16, 1) } }"),
    ),
    "a larger kernel": (net(*BODY, END), net(*(each.replace("3)", "5)") for each in BODY), END)),
    "a stride": (
        net(*BODY, END),
        net(*(each.replace("16, 3", "16, 3, stride=2") for each in BODY), END),
    ),
    "another default": (
        net(*BODY, END.replace("10", "classes"), parameters="(classes=10)"),
        net(*BODY, END.replace("10", "classes"), parameters="(classes=100)"),
    ),
    "a longer stage": (
        net("input(3, 32, 32)", "stage(conv, 8, 3, n=2)"),
        net("input(3, 32, 32)", "stage(conv, 8, 3, n=4)"),
    ),
    "a value by another form": (
        net("input(3, 32, 32)", "x = split(2, axis=1)", "add { from x[0]; from x[1] }"),
        net("input(3, 32, 32)", "a, b = split(2, axis=1)", "add { from a; from b }"),
    ),
    "a size of the input": (
        net("input(3, 32, 32)", "conv(8, 3)"),
        net("input(1, 28, 28)", "conv(8, 3)"),
    ),
}


WARNED = {
    "a head": net(
        *BODY, "aux early = conv(60, 3, bias=true) -> bn -> global_avgpool -> conv(8, 1) -> bn", END
    ),
    "a reused layer": net(*BODY, "y = conv(16, 3, bias=true) -> bn", "relu", "reuse y", END),
    "a side that no call takes": net(
        *BODY, "if channels < 8 { conv(60, 3, bias=true) -> bn }", END
    ),
}


def changes() -> Iterator[tuple[str, str, str]]:
    for code in CODES.values():
        if code.before:
            yield code.code, code.before, code.fails
            yield f"{code.code}, what breaks nothing", code.before, code.passes
    for name, (before, after) in CHANGES.items():
        yield name, before, after


@pytest.mark.parametrize("command", ["breaking", "diff"])
def test_changes(command: str, folder: Path, run: Run, golden: Callable[[str, str], None]) -> None:
    Path("archgen.toml").write_text(CONFIG)
    cases = list(changes())
    Repository(folder).history([{"net.arch": before} for _, before, _ in cases])
    reports = []
    for number, (title, _, after) in enumerate(cases, 1):
        Path("net.arch").write_text(after)
        revision = f"HEAD~{len(cases) - number}"
        words = ["--against", revision]
        result = run(
            command, *(words if command == "breaking" else [f"{revision}:net.arch", "net.arch"])
        )
        output = result.output.replace(revision, "HEAD")
        reports.append(f"## {title}: {result.exit_code}\n\n{output}")
    golden(f"reports/{command}.txt", "\n".join(reports))


CARRIED = {
    **{name: pair for name, pair in CHANGES.items() if pair[0] != pair[1]},
    "stages that became a list": (
        net("input(3, 8, 8)", *(f"layer{i + 1} = conv(4, 3) -> bn" for i in range(2))),
        net("input(3, 8, 8)", "for i in range(2) { layers[i] = conv(4, 3) -> bn }"),
    ),
    "the last name is another": (
        net("input(3, 8, 8)", "a = conv(4, 3)"),
        net("input(3, 8, 8)", "body = seq { conv(4, 3) }"),
    ),
}


@pytest.mark.parametrize("command", ["transfer", "weights"])
def test_checkpoints(
    command: str,
    folder: Path,
    run: Run,
    golden: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Files of safetensors, without torch; no hint that resolves all shipped networks."""
    monkeypatch.setattr(identify, "_shipped", lambda: iter(()))
    reports = []
    for title, (before, after) in CARRIED.items():
        Path("old.arch").write_text(before)
        Path("new.arch").write_text(after)
        shapes = {entry.key: entry.sizes for entry in state(archgen.load("old.arch"))}
        write(Path("old.safetensors"), shapes)
        words = ["old.arch", "new.arch", "old.safetensors", "-o", "new.safetensors", "--force"]
        result = run(command, *(words if command == "transfer" else [words[2], words[1]]))
        reports.append(f"## {title}: {result.exit_code}\n\n{result.output}")
    golden(f"reports/{command}.txt", "\n".join(reports))


def test_lint(folder: Path, run: Run, golden: Callable[[str, str], None]) -> None:
    reports = []
    shown = {code.code: code.fails for code in CODES.values() if code.is_warning}
    for title, text in {**shown, **WARNED}.items():
        Path("net.arch").write_text(text)
        result = run("lint", "net.arch")
        reports.append(f"## {title}: {result.exit_code}\n\n{result.output}")
    golden("reports/lint.txt", "\n".join(reports))
