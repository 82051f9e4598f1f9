"""Laws of every network that a spec can say: lint answers with warnings at places of the text, a
comment silences each of them, and what is mended is mended for good and means the same."""

from __future__ import annotations

from hypothesis import assume, event, given
from hypothesis import strategies as st

from archgen.diagnostics import Diagnostic, Severity
from archgen.lint import Linter
from archgen.lint.fix import mended
from archgen.resolve.program import Program
from archgen.text import Source
from tests.laws.writing import specs
from tests.sweeps import examples

IDLE = ("use shuffle as idle\n", "let idle = 3\n", "# lint: off W009: idle\nlet used = 1\n")


def linted(text: str) -> list[Diagnostic]:
    """The warnings of a text that has no error."""
    program = Program.of(text, "net.arch")
    networks = {name: program.network(name) for name in program.archs}
    assume(not program.sink.failed)
    linter = Linter()
    linter.look(program, {name: network for name, network in networks.items() if network})
    return linter.finish()


@examples(sample=60, full=3000, of="random specs, linted")
@given(specs())
def test_warnings_have_places_and_are_told_once(text: str) -> None:
    found = linted(text)
    for item in found:
        event(item.code)
        assert item.severity is Severity.WARNING
        assert item.span.source.text == text
        assert item.span.text
    assert len({item.key for item in found}) == len(found)


@examples(sample=60, full=1000, of="random specs, warnings silenced by comments")
@given(specs())
def test_a_comment_silences_each(text: str) -> None:
    lines = text.split("\n")
    codes: dict[int, set[str]] = {}
    for item in linted(text):
        codes.setdefault(item.span.line, set()).add(item.code)
    assume(codes)
    for line, named in codes.items():
        assume("#" not in lines[line - 1])
        lines[line - 1] += f"  # lint: off {', '.join(sorted(named))}: said"
    assert linted("\n".join(lines)) == []


@examples(sample=15, full=500, of="random specs with idle lines, fixed")
@given(specs(), st.lists(st.sampled_from(IDLE), unique=True))
def test_what_is_mended_stays_mended(text: str, idle: list[str]) -> None:
    source = Source("net.arch", "".join(idle) + text)
    for _ in range(5):
        text, count = mended(source, linted(source.text))  # raises if it means something else
        if not count:
            break
        source = Source("net.arch", text)
    assert not [item for item in linted(source.text) if item.edits]
