"""How the keys and shapes of two `state_dict`s differ.

Works on the distinct bodies: a stage of 10^9 blocks is a run of one form. Bodies, lists of
submodules and sequential containers are one thing here, a tree of names; order is of no account,
as it is of none to `load_state_dict`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import Literal, assert_never

from archgen.interning import Interner
from archgen.network import Body, CallNode, LayerNode, MergeNode, ParamNode
from archgen.traversal import Fold, Leaf, Part

Form = int  # the number of a tree; equal for equal trees
Sizes = tuple[int, ...]
Run = tuple[int, int, Form]  # children `start` to `start + count - 1` have this form
Nested = dict[str, "Form | Nested"]


@dataclass(frozen=True, slots=True)
class Tree:
    """What a module holds: children by name, and by number where they are numbered; or a tensor.

    `keys` counts the tensors.
    """

    children: Mapping[str, Form] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()
    sizes: Sizes | None = None
    keys: int = 1


@dataclass(frozen=True, slots=True)
class Change:
    """A key, or all below a path, that only one of two states has, or with another shape.

    `path` is that of the first of `times` repeats, which `shown` names all. `keys` counts all.
    """

    kind: Literal["gone", "new", "reshaped"]
    path: str
    shown: str
    keys: int
    old: Sizes | None = None
    new: Sizes | None = None


class States:
    """The trees of bodies, one number for equal ones. One for both networks.

    starts: weights that start differently are different.
    """

    def __init__(self, *, starts: bool = False) -> None:
        self._starts = starts
        self._trees: list[Tree] = []
        self._interner = Interner()
        self._fold = Fold(self._of_leaf, self._of_body)

    def of(self, body: Body) -> Form:
        """The form of what a module with this body holds."""
        form = self._fold.of_body(body)
        assert isinstance(form, int)
        return form

    def changes(self, old: Form, new: Form) -> Iterator[Change]:
        """Every difference, as high in the tree as it is whole."""
        return self._changes(old, new, _Path("", "", 1))

    # --- making trees --------------------------------------------------------------------------

    def _of_body(self, body: Body, parts: Sequence[Part[Form | Nested]]) -> Form:
        nested: Nested = {}
        runs: list[Run] = []
        for part in parts:
            if part.count > 1:
                assert isinstance(part.node, CallNode)
                assert isinstance(part.value, int)
                runs.append((int(part.node.name), part.count, part.value))
            elif not isinstance(part.node, MergeNode) and not part.reused:
                _put(nested, part.node.name, part.value)
        if self._starts and body.path_init:
            nested[f'init("{body.path_init[0][0]}")'] = self._leaf((), body.path_init)
        return self._tree(nested, runs)

    def _of_leaf(self, body: Body, node: Leaf) -> Form | Nested:
        match node:
            case LayerNode():
                x = body.shape_in(node)
                nested: Nested = {}
                starts = dict(node.init)
                for name, sizes in {**node.layer.weights(x), **node.layer.buffers(x)}.items():
                    _put(nested, name, self._leaf(sizes, starts.get(name)))
                return nested
            case ParamNode():
                return self._leaf(node.sizes, node.start) if node.persistent else {}
            case MergeNode():
                return {}
            case _:
                assert_never(node)

    def _leaf(self, sizes: Sizes, start: Hashable) -> Form:
        key = ("leaf", sizes, start if self._starts else None)
        return self._number(key, Tree(sizes=sizes))

    def _tree(self, nested: Nested, runs: list[Run]) -> Form:
        forms = {
            name: self._tree(below, []) if isinstance(below, dict) else below
            for name, below in nested.items()
        }
        full = {name: form for name, form in forms.items() if self._trees[form].keys}
        numbered = [(int(name), 1, form) for name, form in full.items() if _is_number(name)]
        joined = _joined(sorted([*numbered, *(run for run in runs if self._trees[run[2]].keys)]))
        children = {name: form for name, form in full.items() if not _is_number(name)}
        keys = sum(self._trees[form].keys for form in children.values())
        keys += sum(count * self._trees[form].keys for _, count, form in joined)
        tree = Tree(children, joined, keys=keys)
        return self._number((frozenset(children.items()), joined), tree)

    def _number(self, key: Hashable, tree: Tree) -> Form:
        form = self._interner.number(key)
        if form == len(self._trees):
            self._trees.append(tree)
        return form

    # --- comparing them ------------------------------------------------------------------------

    def _changes(self, old: Form | None, new: Form | None, at: _Path) -> Iterator[Change]:
        if old == new:
            return
        if old is None or new is None:
            yield from self._one_side(old, new, at)
            return
        before, after = self._trees[old], self._trees[new]
        if before.sizes is not None and after.sizes is not None:
            yield Change("reshaped", at.path, at.shown, at.times, before.sizes, after.sizes)
        elif before.sizes is not None or after.sizes is not None:
            yield from self._one_side(old, None, at)
            yield from self._one_side(None, new, at)
        else:
            for name in {**before.children, **after.children}:
                old_child, new_child = before.children.get(name), after.children.get(name)
                yield from self._changes(old_child, new_child, at.child(name))
            for start, count, old_run, new_run in _aligned(before.runs, after.runs):
                yield from self._changes(old_run, new_run, at.run(start, count))

    def _one_side(self, old: Form | None, new: Form | None, at: _Path) -> Iterator[Change]:
        for kind, form in (("gone", old), ("new", new)):
            if form is not None and (keys := self._trees[form].keys):
                sizes = self._trees[form].sizes
                both = (sizes, None) if kind == "gone" else (None, sizes)
                yield Change(kind, at.path, at.shown, keys * at.times, *both)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class _Path:
    path: str
    shown: str
    times: int

    def child(self, name: str) -> _Path:
        return _Path(_join(self.path, name), _join(self.shown, name), self.times)

    def run(self, start: int, count: int) -> _Path:
        last = f"-{start + count - 1}" if count > 1 else ""
        shown = _join(self.shown, f"{start}{last}")
        return _Path(_join(self.path, str(start)), shown, self.times * count)


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _put(nested: Nested, path: str, form: Form | Nested) -> None:
    """Put a form at a path with dots: an item of an `nn.ModuleList`, a weight of an inner part."""
    *above, name = path.split(".")
    for part in above:
        inner = nested.setdefault(part, {})
        assert isinstance(inner, dict), path
        nested = inner
    nested[name] = form


def _joined(runs: list[Run]) -> tuple[Run, ...]:
    """Runs in order, neighbours of one form as one."""
    joined: list[Run] = []
    for start, count, form in runs:
        if joined and joined[-1][2] == form and sum(joined[-1][:2]) == start:
            joined[-1] = (joined[-1][0], joined[-1][1] + count, form)
        else:
            joined.append((start, count, form))
    return tuple(joined)


def _aligned(
    old: tuple[Run, ...], new: tuple[Run, ...]
) -> Iterator[tuple[int, int, Form | None, Form | None]]:
    """Both lists cut at the ends of either, so that each part has one form on each side."""
    cuts = sorted({end for start, count, _ in (*old, *new) for end in (start, start + count)})
    for start, end in pairwise(cuts):
        before, after = _at(old, start), _at(new, start)
        if before is not None or after is not None:
            yield start, end - start, before, after


def _at(runs: tuple[Run, ...], place: int) -> Form | None:
    index = bisect_right(runs, place, key=itemgetter(0)) - 1
    if index < 0:
        return None
    start, count, form = runs[index]
    return form if place < start + count else None


def _is_number(name: str) -> bool:
    """Whether a name is what the place of a child would be written as."""
    return name.isascii() and name.isdecimal() and (name == "0" or name[0] != "0")
