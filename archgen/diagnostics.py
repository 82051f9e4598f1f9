"""Diagnostics as values. Steps collect them; only the edge renders or raises them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum

from archgen.frozen import dataclass
from archgen.text import Span


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Label:
    """A place in a source, and what is to be said there (may be empty)."""

    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """One call of the chain that led to a fault: `stage layer2, bottleneck, call 1 of 4`."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Edit:
    """A part of a source, and what should stand there instead. An empty part is an insertion."""

    span: Span
    replacement: str

    @classmethod
    def before(cls, span: Span, text: str) -> Edit:
        """Insert a text before a part of a source."""
        return cls(span.source.span(span.start, span.start), text)

    @classmethod
    def behind(cls, span: Span, text: str) -> Edit:
        """Insert a text after a part of a source."""
        return cls(span.source.span(span.end, span.end), text)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A fault in a spec. The first label is the place, and `help` says how to fix it.

    `edits` fix it without changing what the spec means: all of them, or none. `fix` is what
    `help` spells out, as edits: an editor can offer them, nothing applies them unasked.
    """

    code: str
    message: str
    labels: tuple[Label, ...]
    notes: tuple[str, ...] = ()
    help: str | None = None
    trail: tuple[Frame, ...] = ()  # innermost call first
    severity: Severity = Severity.ERROR
    edits: tuple[Edit, ...] = ()
    fix: tuple[Edit, ...] = ()

    def __str__(self) -> str:
        from archgen.report import render_text

        return render_text([self]).rstrip()

    def __repr__(self) -> str:
        place = f"{self.span.source.path}:{self.span.line}:{self.span.column}"
        return f"<{self.severity.value} {self.code} at {place}: {self.message}>"

    @property
    def span(self) -> Span:
        return self.labels[0].span

    @property
    def key(self) -> tuple[str, str, int, int]:
        """Equal for two reports of one fault."""
        span = self.span
        return self.code, span.source.path, span.start, span.end

    def within(self, *frames: Frame) -> Diagnostic:
        """The same, with more callers known."""
        return replace(self, trail=(*self.trail, *frames))


def warning(
    code: str,
    message: str,
    span: Span,
    label: str = "",
    *,
    also: Sequence[Label] = (),
    help: str | None = None,
    edits: Sequence[Edit] = (),
    fix: Sequence[Edit] = (),
) -> Diagnostic:
    """Make a warning with one main place."""
    severity = Severity.WARNING
    made = error(code, message, span, label, also=also, help=help, severity=severity, fix=fix)
    return replace(made, edits=tuple(edits))


def error(
    code: str,
    message: str,
    span: Span,
    label: str = "",
    *,
    also: Sequence[Label] = (),
    notes: Sequence[str] = (),
    help: str | None = None,
    severity: Severity = Severity.ERROR,
    fix: Sequence[Edit] = (),
) -> Diagnostic:
    """Make a diagnostic with one main place."""
    labels = (Label(span, label), *also)
    return Diagnostic(code, message, labels, tuple(notes), help, (), severity, (), tuple(fix))


class Fault(Exception):
    """Carries one diagnostic out of nested evaluation to the step that collects it.

    Never leaves the package: `api` turns what was collected into an `ArchError`.
    """

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class Sink:
    """Collects diagnostics in order of first appearance, one for each fault."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str, int, int], Diagnostic] = {}

    def add(self, diagnostic: Diagnostic) -> None:
        self._items.setdefault(diagnostic.key, diagnostic)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            self.add(diagnostic)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self._items.values())

    def __len__(self) -> int:
        return len(self._items)

    @property
    def failed(self) -> bool:
        return any(item.severity is Severity.ERROR for item in self)


class ArchError(Exception):
    """A spec that cannot be used. Carries every diagnostic that was found."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        from archgen.report import render_text

        return render_text(self.diagnostics)
