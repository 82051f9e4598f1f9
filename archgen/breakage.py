"""What changes of specs break: the networks of two versions, compared pair by pair.

Above `archgen.versions`, which finds the pairs. `archgen.analysis.breaking` judges each pair;
here is what a project decided about it: which categories count, and what may break, and why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from archgen import arguments, operands
from archgen.analysis.breaking import THRESHOLD, USUAL, Category, Finding, answer, findings
from archgen.analysis.breaking.finding import finding
from archgen.diagnostics import Diagnostic, Fault, Severity, error
from archgen.loaded import Network
from archgen.report import plural
from archgen.syntax import tree
from archgen.syntax.parse import parse
from archgen.syntax.read import read_source
from archgen.text import NOWHERE, Source, Span
from archgen.versions import Broken, Pair

if TYPE_CHECKING:
    from archgen.config.schema import Config, Exemption
    from archgen.operands import Operand
    from archgen.overrides import Inputs

MOST_SUCCESSORS = 20  # new archs that are compared with one that is gone


def breaking(
    old: Operand,
    new: Operand,
    *,
    input: Inputs = None,
    categories: Collection[Category | str] = USUAL,
    threshold: float = THRESHOLD,
) -> list[Finding]:
    """What breaks for those who depend on a network, when `old` becomes `new`.

    Networks, SPECs as the commands take them, also `REV:PATH`, or modules of PyTorch; `input` as
    for `archgen.diff`. categories: "interface",
    "weights", "numerics", "cost", and "training", which is not asked for by default.
    threshold: by how many per cent parameters, MACs and activations may grow.
    Raises `ArchError` for a bad spec, `ValueError` for an unknown category.
    """
    arguments.check(
        categories=(categories, arguments.TEXTS),
        threshold=(threshold, arguments.SHARE),
    )
    before, after = operands.pair(old, new, input)
    return findings(before, after, [Category(each) for each in categories], threshold)


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts: categories, the threshold of cost, and the exceptions of a configuration."""

    categories: tuple[Category, ...] = USUAL
    threshold: float = THRESHOLD
    config: Config | None = None

    @staticmethod
    def of(
        config: Config | None, only: Sequence[str] = (), threshold: float | None = None
    ) -> Rules:
        """Those of a configuration, where a call does not say otherwise."""
        table = config.breaking if config else None
        categories = only or (table.categories if table else USUAL)
        if threshold is None:
            threshold = table.cost_threshold if table else THRESHOLD
        return Rules(tuple(map(Category, categories)), threshold, config)

    @property
    def exceptions(self) -> tuple[Exemption, ...]:
        return self.config.breaking.exceptions if self.config else ()


@dataclass(frozen=True, slots=True)
class Met:
    """A finding, and the archs that it was met in: `specs/resnet.arch:resnet50`."""

    finding: Finding
    archs: tuple[str, ...]
    reason: str = ""  # of the exception that allows it

    @property
    def diagnostic(self) -> Diagnostic:
        """As it is reported: with the archs, and as a note if it is allowed."""
        made = self.finding.diagnostic
        shown = ", ".join(f"`{arch}`" for arch in self.archs[:3])
        more = f" and {len(self.archs) - 3:,} more" if len(self.archs) > 3 else ""
        notes = (*made.notes, f"breaks {self.finding.category.value} of {shown}{more}")
        if not self.reason:
            return replace(made, notes=notes)
        allowed = (*notes, f"allowed: {self.reason}")
        return replace(made, notes=allowed, severity=Severity.NOTE)


@dataclass(slots=True)
class Report:
    """All that was compared, and found."""

    rules: Rules
    pairs: list[Pair] = field(default_factory=list)
    met: list[Met] = field(default_factory=list)
    faults: list[Diagnostic] = field(default_factory=list)  # specs that cannot be compared
    unused: list[Diagnostic] = field(default_factory=list)  # exceptions that except nothing
    unasked: dict[Category, list[str]] = field(default_factory=dict)  # the reason for each network

    @property
    def diagnostics(self) -> list[Diagnostic]:
        return [*self.faults, *(each.diagnostic for each in self.met), *self.unused]


def verdict(report: Report) -> str:
    """`2 breaking changes, 1 allowed`; "nothing breaks" only where all that was asked for could be
    compared."""
    broken = sum(not each.reason for each in report.met)
    nothing = "nothing found that breaks" if report.unasked else "nothing breaks"
    parts = [plural(broken, "breaking change") if broken else nothing]
    parts += [f"{allowed:,} allowed"] if (allowed := len(report.met) - broken) else []
    remarks = []
    for category, reasons in report.unasked.items():
        (reason, _), *more = Counter(reasons).most_common()
        others = "" if not more else " and other reasons"
        which = plural(len(reasons), "network")
        part = reason.startswith("only")
        said = f"compared {reason}" if part else f"not compared: {reason}"
        remarks.append(f"{category.value} of {which} {said}{others}")
    return "; ".join((", ".join(parts), *remarks))


def judge(pairs: Iterable[Pair | Broken], rules: Rules, *, everything: bool = True) -> Report:
    """Judge every pair. everything: no spec was left out, so that an exception for one that did
    not change excepts nothing."""
    report = Report(rules)
    for each in pairs:
        if isinstance(each, Broken):
            report.faults += _faults(each)
        else:
            report.pairs.append(each)
    met: dict[object, Met] = {}
    used: set[int] = set()
    for pair in report.pairs:
        for found in _findings(pair, report):
            number, reason = _exception(found, pair, rules)
            used.add(number)
            _merge(met, found, f"{pair.path}:{pair.arch}", reason)
    report.met += met.values()
    report.unused += _unused(report, used, everything=everything)
    return report


def _findings(pair: Pair, report: Report) -> list[Finding]:
    rules = report.rules
    if pair.old is None:
        return []  # a new arch breaks nobody
    if pair.new is not None:
        found = answer(pair.old, pair.new, rules.categories, rules.threshold)
        for category, reason in found.unasked.items():
            report.unasked.setdefault(category, []).append(reason)
        return list(found.findings)
    if Category.INTERFACE not in rules.categories:
        return []
    return [_gone(pair, pair.old, report)]


def _merge(met: dict[object, Met], each: Finding, arch: str, reason: str) -> None:
    """One finding for what several archs share, as a block of a library."""
    key = (*each.diagnostic.key, each.message, each.diagnostic.notes, reason)
    known = met.get(key)
    met[key] = replace(known, archs=(*known.archs, arch)) if known else Met(each, (arch,), reason)


def _faults(broken: Broken) -> Iterator[Diagnostic]:
    """What is wrong with a spec. With the old one alone, warnings: this change mended it."""
    for fault in broken.faults:
        if fault.severity is Severity.ERROR:
            yield replace(fault, severity=Severity.WARNING) if broken.old else fault


# --- archs that are gone --------------------------------------------------------------------------


def _gone(pair: Pair, old: Network, report: Report) -> Finding:
    file = _file(pair.path)
    items = parse(file).tree.items if file else ()
    for item in items:
        if isinstance(item, tree.Arch | tree.Alias) and item.name == pair.arch:
            message = f"`{pair.arch}` needs arguments now"
            return finding("B103", message, item.name_span, old.span, otherwise=old.span)
    message = f"the arch `{pair.arch}` is gone from {pair.path}"
    successor = _successor(old, report)
    if successor is not None:
        message += f"; `{successor.arch}` in {successor.path} computes the same"
    hint = f"`arch {pair.arch} = {successor.arch if successor else '...'}` keeps the name"
    if file is None:
        return finding("B101", message, None, None, otherwise=old.span, help=hint)
    return finding("B101", message, file.span(0, 0), old.span, otherwise=old.span, help=hint)


def _successor(old: Network, report: Report) -> Pair | None:
    """A new arch that has the same weights and computes the same: another name, or place."""
    fresh = [pair for pair in report.pairs if pair.old is None][:MOST_SUCCESSORS]
    same = (Category.WEIGHTS, Category.NUMERICS)
    return next((each for each in fresh if each.new and not findings(old, each.new, same)), None)


def _file(path: str) -> Source | None:
    """The file as it is now, if there is one."""
    try:
        return read_source(path)
    except Fault:
        return None


# --- exceptions -----------------------------------------------------------------------------------


def _exception(each: Finding, pair: Pair, rules: Rules) -> tuple[int, str]:
    """The number and reason of the exception that allows a finding; -1 if none does."""
    for number, exception in enumerate(rules.exceptions):
        if _allows(exception, each, pair, rules):
            return number, exception.reason
    return -1, ""


def _allows(exception: Exemption, each: Finding, pair: Pair, rules: Rules) -> bool:
    if exception.category != each.category or not _is_for(exception, pair, rules):
        return False
    path = exception.path
    if path is None:
        return True
    inside = (one == path or one.startswith(f"{path}.") for one in each.paths)
    return bool(each.paths) and each.whole and all(inside)


def _is_for(exception: Exemption, pair: Pair, rules: Rules) -> bool:
    return rules.config is not None and rules.config.matches(exception.spec, pair.path)


def _unused(report: Report, used: set[int], *, everything: bool) -> Iterator[Diagnostic]:
    rules = report.rules
    for number, exception in enumerate(rules.exceptions):
        asked = exception.category in rules.categories and (
            everything or any(_is_for(exception, pair, rules) for pair in report.pairs)
        )
        if asked and number not in used:
            message = f"this exception excepts nothing: {exception.category} of {exception.spec}"
            hint = "remove it, so that it does not hide the next change"
            place = _place(rules, number)
            yield error("B001", message, place, help=hint, severity=Severity.WARNING)


def _place(rules: Rules, number: int) -> Span:
    """Where an exception stands in the configuration."""
    from archgen.config import OWN, SHARED
    from archgen.config.places import place_of

    folder = rules.config.folder if rules.config else None
    if folder is None:
        return NOWHERE
    own = Path(folder, OWN)
    file, start = (own, ()) if own.exists() else (Path(folder, SHARED), ("tool", "archgen"))
    source = Source(str(file), file.read_text(encoding="utf-8"))
    return place_of(source, (*start, "breaking", "exceptions", number))
