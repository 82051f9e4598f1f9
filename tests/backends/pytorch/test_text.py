"""Laid-out text is what `ruff format` would make of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archgen.backends.pytorch.text.layout import (
    Call,
    Generator,
    Layout,
    Operation,
    Prefixed,
    statement,
)

NAMES = st.integers(1, 20).map(lambda size: "a" * size)


def _calls(inner: st.SearchStrategy[Layout]) -> st.SearchStrategy[Layout]:
    items = st.lists(inner, min_size=1, max_size=4)
    heads = st.integers(1, 12).map(lambda size: "f" * size)
    return st.one_of(
        st.builds(lambda head, found, last: _call(head, found, last), heads, items, inner),
        st.builds(lambda found: Call("", tuple(found), "[]"), items),
        st.builds(lambda one, more: Call("", (one, *more)), inner, items),
        st.builds(_starred, inner, items),
        st.builds(lambda one: Call("nn.Sequential", (Generator(one, "for i in range(n)"),)), inner),
    )


def _call(head: str, items: list[Layout], last: Layout) -> Layout:
    return Call(head, (*items, Prefixed("kernel_size=", last)), forced=len(items) > 3)


def _starred(element: Layout, items: list[Layout]) -> Layout:
    generator = Call("", (Generator(element, "for _ in range(3)"),))
    return Call("nn.Sequential", (Prefixed("*", generator), *items))


DOCUMENTS: st.SearchStrategy[Layout] = st.recursive(NAMES, _calls, max_leaves=12)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(DOCUMENTS, min_size=20, max_size=20))
def test_ruff_changes_nothing(tmp_path: Path, documents: list[Layout]) -> None:
    lines = [statement(f"self.x{at} = ", each, 8) for at, each in enumerate(documents)]
    path = tmp_path / "generated.py"
    text = "\n".join(["class A:", "    def f(self):", *lines, ""])
    path.write_text(text)
    command = [sys.executable, "-m", "ruff", "format", "--isolated", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    assert path.read_text() == text


def test_a_long_condition_is_broken_before_its_words() -> None:
    parts = ("a" * 40, "and " + "b" * 40, "and c")
    assert statement("if ", Operation(parts), 0, ":") == "\n".join(
        ["if (", f"    {parts[0]}", f"    {parts[1]}", "    and c", "):"]
    )
