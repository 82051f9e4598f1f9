"""What an arch promises of the sizes of its input (`sizes`), held against those that it takes.

A condition over sizes is evaluated with integers that carry their function of the input's: each
answer says for which other sizes it is the same, and so its whole set is found. Nothing is tried
at a few sizes and believed of all: what cannot be decided is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product
from math import gcd

from archgen.analysis.sizes.expressions import value
from archgen.analysis.sizes.forms import NotKnown
from archgen.analysis.sizes.legal import OfAxis, Sizes, sizes_of
from archgen.analysis.sizes.passing import Run, run
from archgen.analysis.sizes.sets import EVERY, NONE, SizeSet, TooLarge
from archgen.analysis.sizes.symbols import Joint, Note, Term, Trace
from archgen.analysis.sizes.words import OPERATORS, requirement
from archgen.diagnostics import Diagnostic, Fault, Label, Severity, error
from archgen.network import Network
from archgen.resolve.implicit import free_names
from archgen.resolve.later import SizePromise
from archgen.resolve.values import Environment
from archgen.syntax import tree

MOST_ANSWERS = 64  # regions of one axis
MOST_POINTS = 1 << 12
TRIED = 8  # sizes of each axis that are looked at where axes are tied together
Point = tuple[int, ...]


def verify(
    network: Network, promises: Sequence[SizePromise], severity: Severity
) -> list[Diagnostic]:
    """The claims that do not hold, or of which nobody can say (A303)."""
    sizes = sizes_of(network)
    found = (_verify(network, sizes, each, severity) for each in promises)
    return [diagnostic for diagnostic in found if diagnostic]


def _verify(
    network: Network, sizes: Sizes, promise: SizePromise, severity: Severity
) -> Diagnostic | None:
    names = [of.axis.name for of in sizes.axes]
    if len(promise.names) != len(names):
        listed = ", ".join(names)
        message = f"{len(promise.names)} names for {len(names)} sizes of the input ({listed})"
        return error("A303", message, promise.span)
    if not sizes.known:
        return _undecided(promise, severity, "which sizes the network takes is not known")
    try:
        claim = _Claim(network, sizes, promise)
        match promise.kind:
            case "accepts":
                return _accepts(claim, severity)
            case "only":
                return _only(claim, severity)
            case _:
                return _always(claim, severity)
    except (NotKnown, TooLarge):
        text = "this condition is more than sums, multiples, `//` and `%` of sizes"
        return _undecided(promise, severity, text)
    except Fault as fault:
        return fault.diagnostic


def _undecided(promise: SizePromise, severity: Severity, why: str) -> Diagnostic:
    message = f"this cannot be decided: {why}"
    return error("A303", message, promise.span, severity=severity)


class _Claim:
    """A condition over the sizes of a network's input."""

    def __init__(self, network: Network, sizes: Sizes, promise: SizePromise) -> None:
        assert isinstance(promise.environment, Environment)
        self.network, self.sizes, self.promise = network, sizes, promise
        self.env = promise.environment
        self.declared = tuple(of.axis.declared for of in sizes.axes)
        self.places = tuple((of.axis.input, of.axis.axis) for of in sizes.axes)

    def at(self, point: Point) -> str:
        """`H = 48, W = 64`."""
        names = (of.axis.name for of in self.sizes.axes)
        return ", ".join(f"{name} = {size}" for name, size in zip(names, point, strict=True))

    def holds(self, point: Point) -> bool:
        """Whether the condition holds there, nothing asked of the network."""
        return self.answer(Trace(point), self.promise.condition)

    def answer(self, trace: Trace, expr: tree.Expr, output: object = None) -> bool:
        sizes = {name: trace.of_axis(axis) for axis, name in enumerate(self.promise.names)}
        return bool(value(expr, self.env, {**sizes, "output": output}))

    def parts(self) -> list[tuple[tree.Expr, frozenset[int]]]:
        """What all must hold, each with the axes that it names."""
        whole = self.promise.condition
        terms = whole.operands if isinstance(whole, tree.Logic) and whole.op == "and" else (whole,)
        names = self.promise.names
        return [
            (term, frozenset(names.index(each) for each, _ in free_names(term) if each in names))
            for term in terms
        ]

    def box(self) -> tuple[list[SizeSet], bool]:
        """For each axis the sizes that the condition leaves it by itself, and whether that is all
        that it says."""
        sets = [EVERY] * len(self.declared)
        alone = True
        for expr, axes in self.parts():
            if len(axes) > 1:
                alone = False
            elif axes:
                (axis,) = axes
                sets[axis] &= self.set_of(expr, axis)
            elif not self.answer(Trace(self.declared), expr):
                sets = [NONE] * len(sets)
        return sets, alone

    def set_of(self, expr: tree.Expr, axis: int) -> SizeSet:
        """The sizes of one axis at which a condition on it holds."""
        found, left = NONE, EVERY
        for _ in range(MOST_ANSWERS):
            size = left.first
            if size is None:
                return found
            trace = Trace(_moved(self.declared, axis, size))
            answer = self.answer(trace, expr)
            same = _region(trace.notes, axis)
            found |= same & left if answer else NONE
            left &= ~same
        raise NotKnown


def _moved(point: Point, axis: int, size: int) -> Point:
    return (*point[:axis], size, *point[axis + 1 :])


def _region(notes: Sequence[Note | Joint], axis: int) -> SizeSet:
    """The sizes of an axis at which all answers are the same. Raises `NotKnown` for answers that
    hang on several axes."""
    region = EVERY
    for note in notes:
        if isinstance(note, Joint):
            raise NotKnown
        if note.axis == axis:
            region &= note.sizes
    return region


# --- the claims ---------------------------------------------------------------------------------


def _accepts(claim: _Claim, severity: Severity) -> Diagnostic | None:
    """Every size at which the condition holds is one that the network takes."""
    sizes, (box, alone) = claim.sizes, claim.box()
    for axis, (asked, of) in enumerate(zip(box, sizes.axes, strict=True)):
        for size in islice(asked & ~of.legal, MOST_POINTS):
            points = _points(claim, [*box[:axis], _only_size(size), *box[axis + 1 :]])
            point = next((each for each in points if claim.holds(each)), None)
            if point is not None and size in of.unknown:
                return _undecided(claim.promise, severity, f"whether it takes {claim.at(point)}")
            if point is not None:
                return _refused(claim, severity, of, size)
            break  # what ties the axes together leaves none: no other size is looked at
    points = _points(claim, box)
    point = next((each for each in points if claim.holds(each) and not _taken(sizes, each)), None)
    if point is not None:
        text = f"it does not take {claim.at(point)}"
        return _broken(claim, severity, text)
    if all(each <= of.legal for each, of in zip(box, sizes.axes, strict=True)):
        if not sizes.joints or _is_finite(box):
            return None
    elif alone:
        return None  # no size at all is asked for
    return _undecided(claim.promise, severity, "it ties sizes together")


def _only(claim: _Claim, severity: Severity) -> Diagnostic | None:
    """The network takes no size at which the condition does not hold."""
    sizes, (box, alone) = claim.sizes, claim.box()
    legal = [of.legal | of.unknown for of in sizes.axes]
    for axis, (asked, of) in enumerate(zip(box, sizes.axes, strict=True)):
        size = (legal[axis] & ~asked).first
        if size is None:
            continue
        tried = _points(claim, [*legal[:axis], _only_size(size), *legal[axis + 1 :]])
        point = next((each for each in tried if _taken(sizes, each)), None)
        if point is not None:
            return _broken(claim, severity, f"it takes {of.axis.name} = {size} too")
        return _undecided(claim.promise, severity, f"whether it takes {of.axis.name} = {size}")
    if alone:
        return None
    points = _points(claim, legal)
    point = next((each for each in points if _taken(sizes, each) and not claim.holds(each)), None)
    if point is not None:
        return _broken(claim, severity, f"it takes {claim.at(point)} too")
    several = [expr for expr, axes in claim.parts() if len(axes) > 1]
    if _is_finite(legal) or all(_follows(claim, expr, legal) for expr in several):
        return None
    return _undecided(claim.promise, severity, "it ties sizes together")


def _follows(claim: _Claim, expr: tree.Expr, legal: Sequence[SizeSet]) -> bool:
    """Whether a condition that holds as declared holds, for the same reasons, at every size that
    the network takes: each reason is one of its own conditions, or holds on all of an axis."""
    trace = Trace(claim.declared)
    if not claim.answer(trace, expr):
        return False
    own = set(map(_normal, claim.sizes.joints))
    return all(
        _normal(note) in own if isinstance(note, Joint) else legal[note.axis] <= note.sizes
        for note in trace.notes
    )


def _normal(joint: Joint) -> tuple[Term, str]:
    """A condition on several axes in one way to write it: `4 * H * W == 100` is `H * W == 25`."""
    difference = joint.left.plus(joint.right, -1)
    by = gcd(difference.offset, *(scale for _, scale in difference.products))
    scaled = tuple((factors, scale // by) for factors, scale in difference.products)
    return Term(scaled, difference.offset // by), OPERATORS[joint.compare, joint.answer]


def _always(claim: _Claim, severity: Severity) -> Diagnostic | None:
    """The condition holds at every size that the network takes."""
    if claim.sizes.joints:
        return _always_as_declared(claim, severity)
    cells = [_cells(claim, axis) for axis in range(len(claim.declared))]
    for chosen in product(*cells):
        firsts = [cell.first for cell in chosen]
        point = tuple(size for size in firsts if size is not None)
        if not _taken(claim.sizes, point):
            continue
        made = run(claim.network, claim.places, point)
        answer, notes = _answered(claim, made)
        if not answer:
            return _broken(claim, severity, f"at {claim.at(point)} it is {_outputs(made, point)}")
        if not all(cell <= _region(notes, axis) for axis, cell in enumerate(chosen)):
            raise NotKnown
    return None


def _always_as_declared(claim: _Claim, severity: Severity) -> Diagnostic | None:
    """The same where sizes are tied together: what holds as declared, for reasons that hold at
    every size of each axis."""
    answer, notes = _answered(claim, claim.sizes.main)
    if not answer:
        outputs = _outputs(claim.sizes.main, claim.declared)
        return _broken(claim, severity, f"at {claim.at(claim.declared)} it is {outputs}")
    regions = [_region(notes, axis) for axis in range(len(claim.declared))]
    if all(of.legal <= region for of, region in zip(claim.sizes.axes, regions, strict=True)):
        return None
    return _undecided(claim.promise, severity, "sizes of several axes are tied together")


def _cells(claim: _Claim, axis: int) -> list[SizeSet]:
    """The legal sizes of an axis, those apart at which the network or the condition goes another
    way, the other axes as declared."""
    found: list[SizeSet] = []
    left = claim.sizes.axes[axis].legal
    for _ in range(MOST_ANSWERS):
        size = left.first
        if size is None:
            return found
        made = run(claim.network, claim.places, _moved(claim.declared, axis, size))
        region = _region(_answered(claim, made)[1], axis)
        found.append(region & left)
        left &= ~region
    raise NotKnown


def _answered(claim: _Claim, made: Run) -> tuple[bool, list[Note | Joint]]:
    """The answer for the outputs of a run, and all that it hangs on."""
    assert made.outputs is not None
    trace = Trace(made.at)
    outputs = [tuple(map(trace.size, shape)) for shape in made.outputs]
    output = outputs[0] if len(outputs) == 1 else tuple(outputs)
    answer = claim.answer(trace, claim.promise.condition, output)
    alone = [note for note in made.notes if isinstance(note, Note)]  # others are `joints`
    return answer, [*alone, *trace.notes]


def _outputs(made: Run, point: Point) -> str:
    assert made.outputs is not None
    return ", ".join(" x ".join(str(term(point)) for term in shape) for shape in made.outputs)


# --- points -------------------------------------------------------------------------------------


def _points(claim: _Claim, box: Sequence[SizeSet]) -> Iterator[Point]:
    """Points of a box: all of a small one, else a few of each axis, the declared ones first."""
    few = MOST_POINTS if _is_finite(box) and len(box) < 3 else TRIED
    tried = []
    for declared, sizes in zip(claim.declared, box, strict=True):
        first = [declared] if declared in sizes else []
        tried.append(list(dict.fromkeys([*first, *islice(sizes, few)])))
    return islice(product(*tried), MOST_POINTS)


def _only_size(size: int) -> SizeSet:
    return SizeSet.of(1, size + 1, lambda x: x == size)


def _is_finite(box: Sequence[SizeSet]) -> bool:
    """Whether all points of a box are among those that are tried."""
    if not all(each.is_finite for each in box):
        return False
    total = 1
    for each in box:
        total *= max(sum(1 for _ in each), 1)
    return total <= MOST_POINTS and len(box) < 3


def _taken(sizes: Sizes, point: Point) -> bool:
    return sizes.accept(point) is True


# --- words --------------------------------------------------------------------------------------


def _refused(claim: _Claim, severity: Severity, of: OfAxis, size: int) -> Diagnostic:
    reason = next((each.refused for each in of.reasons if size in each.sizes), None)
    text = f"it does not take {of.axis.name} = {size}"
    also = [Label(reason.span, reason.message)] if reason is not None else []
    return _broken(claim, severity, text, also)


def _broken(claim: _Claim, severity: Severity, text: str, also: Sequence[Label] = ()) -> Diagnostic:
    kind = claim.promise.kind
    help = None if kind == "always" else f"what it takes: {requirement(claim.sizes)}"
    return error(
        "A303",
        f"broken promise: {text}",
        claim.promise.span,
        also=list(also),
        help=help,
        severity=severity,
    )
