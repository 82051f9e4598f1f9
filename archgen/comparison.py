"""Two networks side by side: `archgen.diff`, and which of two files' archs belong together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from archgen import operands, versions
from archgen.analysis import difference
from archgen.arguments import is_module
from archgen.loaded import Network
from archgen.loading import network_in
from archgen.overrides import Inputs
from archgen.resolve.program import Program

if TYPE_CHECKING:
    from archgen.importers.compared import Comparison
    from archgen.operands import Operand

__all__ = ["Difference", "compare", "diff", "followed", "pairs"]


@dataclass(frozen=True, eq=False)
class Difference(difference.Difference):
    """What it takes to make one network of another; `print` shows it.

    `edits` are those of the text, `follows` what shows elsewhere because of them; `figures` and
    `keys` say what changes in size and in the `state_dict`, `state()` goes through its entries.
    """

    def __eq__(self, other: object) -> bool:
        """Between equal networks there are equal differences."""
        if not isinstance(other, Difference):
            return NotImplemented
        return (self.old, self.new) == (other.old, other.new)

    def __hash__(self) -> int:
        return hash((self.old, self.new))

    def __str__(self) -> str:
        from archgen.backends.difference import text

        return text.render(self)

    def _repr_markdown_(self) -> str:
        from archgen.backends.difference import markdown

        return markdown.render(self)


def diff(old: Operand, new: Operand, *, input: Inputs = None) -> Difference:
    """Compare two networks by meaning: loaded ones, specs (`main:specs/a.arch` too), or modules of
    PyTorch.

    input: sizes, without the batch, for those that are not loaded yet; a module needs them unless
    the other one has them.
    Raises `ArchError` with everything that is wrong with a spec, or for a module that has none.
    """
    found = difference.difference(*operands.pair(old, new, input))
    return Difference(**{each.name: getattr(found, each.name) for each in fields(found)})


def compare(old: Operand, new: Operand, *, input: Inputs = None) -> Comparison:
    """Whether two networks that ought to be one are: keys, shapes, outputs and gradients.

        assert archgen.compare("net.arch", theirs).equal

    old, new: networks, specs or modules of PyTorch, of which neither needs to be importable. input:
    the shapes of their inputs, without the batch, for what is not loaded yet; a module is run on
    those of the other one where they are not given.
    If their keys are equal, a copy of `old` gets the weights of `new`, and both are run in float64,
    in evaluation and in training. Runs the modules' own code. Raises `ArchError`.
    """
    from archgen import trial
    from archgen.importers.measure import compare as measured
    from archgen.importers.surroundings import running

    sides = {"old": old, "new": new}
    networks = {
        name: operands.taken(name, side, None if isinstance(side, Network) else input)
        for name, side in sides.items()
        if not is_module(side)
    }
    known = [operands.input_sizes(network) for network in networks.values()]
    if not known:
        known = [operands.shapes("old", input)]
    if known[0] != known[-1]:
        raise ValueError("both are run on the same input: give `input`, or load them with it")
    models = tuple(
        trial.build(networks[name]) if name in networks else side for name, side in sides.items()
    )
    names = tuple(
        networks[name].name if name in networks else type(side).__name__
        for name, side in sides.items()
    )
    with running("running a module"):
        return measured(models, names, known[0])  # type: ignore[arg-type]


def pairs(
    one: versions.Version,
    other: versions.Version,
    parameters: Mapping[str, object] | None = None,
    inputs: tuple[Inputs, Inputs] = (None, None),
) -> Iterator[versions.Pair]:
    """The networks of two specs; of two files with several archs, those of equal names.

    `parameters` are set in all of them, `inputs` in those of each. Raises `ArchError`.
    """
    given = parameters or {}
    before, after = versions.program(one), versions.program(other)
    names = _names(before, given), _names(after, given)
    chosen = versions.partners(one, other, names)
    if len(chosen) == 1:  # of one pair both sides are asked for: what is not there is a fault
        first, second = (
            network_in(program, name, given, input)
            for program, name, input in zip((before, after), chosen[0], inputs, strict=True)
        )
        yield versions.Pair(other.shown, second.name, first, second)
        return
    for arches in chosen:
        sides = (
            network_in(program, name, given, input) if name else None
            for program, name, input in zip((before, after), arches, inputs, strict=True)
        )
        yield versions.Pair(other.shown, arches[1] or arches[0] or "", *sides)


def _names(program: Program, given: Mapping[str, object]) -> list[str]:
    """The archs that have all their parameters."""
    return [
        name
        for name, definition in program.archs.items()
        if all(each.default is not None or each.name in given for each in definition.parameters)
    ]


def followed(found: Iterable[versions.Pair]) -> list[versions.Pair]:
    """The same, but archs that moved to another file compared with themselves there: those of a
    name that is gone in one place only and new in one place only."""
    pairs = list(found)
    gone = _by_arch(pair for pair in pairs if pair.new is None)
    new = _by_arch(pair for pair in pairs if pair.old is None)
    moved = {arch for arch in gone if len(gone[arch]) == len(new.get(arch, ())) == 1}
    joined = [
        replace(pair, old=gone[pair.arch][0].old)
        if pair.arch in moved and pair.old is None
        else pair
        for pair in pairs
    ]
    return [pair for pair in joined if pair.arch not in moved or pair.new is not None]


def _by_arch(pairs: Iterable[versions.Pair]) -> dict[str, list[versions.Pair]]:
    found: dict[str, list[versions.Pair]] = {}
    for pair in pairs:
        found.setdefault(pair.arch, []).append(pair)
    return found
