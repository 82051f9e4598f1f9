"""Lint: what is legal in a spec, and suspicious. Warnings W0xx, as `archgen.codes.w0` explains.

A rule is a function of what it judges: of a file's text (`unused`, `spelling`), of a network
(`promises`), of a node of a body (`layers`, `wiring`). Rules know neither comments nor
configuration: what is silenced is decided in `walk` and here, and here too where a warning is
shown.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from archgen.diagnostics import Diagnostic, Label, Sink
from archgen.lint import habits, promises, spelling, unused
from archgen.lint.suppressions import Mark, Suppressions
from archgen.lint.walk import Walk
from archgen.syntax import tree

if TYPE_CHECKING:
    from archgen.config.schema import Config
    from archgen.network import Network
    from archgen.resolve.modules import Module
    from archgen.resolve.program import Program
    from archgen.text import Span

# Given only where the configuration asks for them.
OPT_IN: Final = frozenset({"W017"})


class Linter:
    """Collects the warnings of files that hold no error; `finish` gives them."""

    def __init__(self, config: Config | None = None) -> None:
        self._config = config
        self._suppressions = Suppressions()
        self._modules: list[Module] = []
        self._found: list[Diagnostic] = []

    def look(self, program: Program, networks: Mapping[str, Network]) -> None:
        """Judge a file, and the networks that were made of its archs, by name."""
        self._modules.append(program.module)
        self._add(spelling.check(program.module))
        self._add(habits.check(program.module))
        for name, network in networks.items():
            self._add(promises.check(network))
            self._found += Walk(self._suppressions).run(network, program.archs[name])

    def finish(self) -> list[Diagnostic]:
        """Every warning in the order of the text, one for each place, however many calls show it.

        What is wrong inside a file that nobody asked about is shown where it is called.
        """
        self._add(unused.check(self._modules))
        asked = {id(module.source): at for at, module in enumerate(self._modules)}
        shown = Sink()
        for item in (*self._found, *self._suppressions.complaints(self._modules)):
            moved = _brought_home(item, asked)
            if self._is_on(item) and self._is_on(moved):
                shown.add(moved)
        return sorted(shown, key=lambda item: (asked.get(id(item.span.source), 0), item.span.start))

    def _add(self, items: Iterable[Diagnostic]) -> None:
        """Take warnings about a text, but for those that a comment there silences."""
        for item in items:
            if not self._suppressions.silence(item, self._at_head(item.span)):
                self._found.append(item)

    def _at_head(self, span: Span) -> frozenset[Mark]:
        """The comments at the head of the block or arch in which something stands."""
        items = next(each.tree.items for each in self._modules if each.source is span.source)
        at = bisect_right(items, span.start, key=lambda item: item.span.start)
        if not at or span.start >= items[at - 1].span.end:
            return frozenset()
        item = items[at - 1]
        head = item.span if isinstance(item, tree.Use | tree.Let) else item.name_span
        return self._suppressions.at(head)

    def _is_on(self, item: Diagnostic) -> bool:
        code = item.code
        if self._config is None:
            return code not in OPT_IN
        lint = self._config.lint
        if code in lint.disable or (code in OPT_IN and code not in lint.enable):
            return False
        path = item.span.source.path
        return not any(
            code in codes and self._config.matches(glob, path)
            for glob, codes in lint.per_file_disable.items()
        )


def _brought_home(item: Diagnostic, asked: Mapping[int, int]) -> Diagnostic:
    """The same, at the innermost call that stands in a file that was asked about."""
    if id(item.span.source) in asked:
        return item
    for depth, frame in enumerate(item.trail):
        if id(frame.span.source) in asked:
            inside = Label(item.span, item.labels[0].text or "here")
            labels = (Label(frame.span), inside, *item.labels[1:])
            return replace(item, labels=labels, trail=item.trail[depth + 1 :], edits=())
    return item
