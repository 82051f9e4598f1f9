"""The names in a body: what `name =` binds, what `from name` finds, what a submodule is called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count

from archgen.diagnostics import Diagnostic, Fault, Label, error
from archgen.network import Ref
from archgen.resolve.arguments import suggest
from archgen.resolve.expressions import bounds, integer, render
from archgen.resolve.faults import not_yet
from archgen.resolve.interpret.draft import Draft
from archgen.resolve.spelling import check_spelling, check_submodule
from archgen.resolve.values import (
    Environment,
    Items,
    Several,
    TensorValue,
    Unknown,
    is_tensors,
    kind_of,
    parts_of,
    pick,
    refs_of,
)
from archgen.syntax import tree
from archgen.syntax.nameless import Numbered, stem
from archgen.text import Span

Tensor = TensorValue | Several | Items
Passes = tuple[tuple[int, int], ...]  # of the loops around, from the outside in: which loop, which


class Bindings:
    """`tensors` are values by name, `lists` those of `names[i] = ...` by name and indices.

    A name that makes no submodule may be given again in another pass of a loop. `homes` are the
    passes in which such names were given last; `passing` those that several passes gave, which
    are known in the pass that gives them alone.
    """

    def __init__(self, body: Draft, env: Environment, *, sequential: bool) -> None:
        self._body = body
        self._env = env
        self._sequential = sequential
        self.tensors: dict[str, Tensor] = {}
        self.lists: dict[str, dict[tuple[int, ...], Tensor]] = {}
        self.places: dict[str, Span] = {}
        self.lost: set[str | None] = set()  # names whose statement failed; None: an unknown one
        self.homes: dict[str, Passes] = {}
        self.passing: set[str] = set()
        self._passes: Passes = ()
        self._loops = 0

    @contextmanager
    def passes(self) -> Iterator[Iterator[None]]:
        """A loop; it gives an iterator that moves on to the next pass."""
        around, self._loops = self._passes, self._loops + 1
        loop = self._loops

        def each() -> Iterator[None]:
            for number in count():
                self._passes = (*around, (loop, number))
                yield

        yield each()
        self._passes = around

    def _is_over(self, name: str) -> bool:
        """Whether the pass that gave a name has ended."""
        home = self.homes.get(name, self._passes)
        return self._passes[: len(home)] != home

    # --- reading --------------------------------------------------------------------------------

    def find(self, place: object, env: Environment | None = None) -> Tensor:
        """What `from place` names, where `env` says what its numbers are. Raises `Fault` if nothing
        does."""
        assert isinstance(place, tree.Name | tree.Template | tree.Index | tree.Slice | tree.Member)
        env = env or self._env
        if self._sequential:
            message = "`from` directly inside `seq` or a named chain"
            raise Fault(error("A117", message, place.span, help="make it a block"))
        body = self._body
        match place:
            case tree.Template():
                text = render(place, env)
                name, _, path = text.partition(".")
                if path and text not in self.tensors and name in self.tensors:
                    return self._output(self._named(name, place.span), name, path, place.span)
                return self._named(text, place.span)
            case tree.Name(parts=("input",)):
                body.entered(place.span)
                return body.tensor(body.inputs[0])
            case tree.Name(parts=(name,)):
                return self._named(name, place.span)
            case tree.Name(parts=("input", name)) if name in body.input_names:
                return body.tensor(body.inputs[body.input_names.index(name)])
            case tree.Name(parts=(name, *rest)):
                return self._output(self._named(name, place.span), name, ".".join(rest), place.span)
            case tree.Index():
                return self._item(place, env)
            case tree.Slice():
                return self._part(place, env)
            case tree.Member(base=base, name=name):
                return self._output(self.find(base, env), base.span.text, name, place.span)
        raise AssertionError(place)

    def _named(self, name: str, span: Span) -> Tensor:
        if name in self._body.heads:
            message = f"`{name}` is a training head, which evaluation does not run"
            raise Fault(error("A113", message, span, help="nothing but training reads a head"))
        if name in self.passing and self._is_over(name):
            raise Fault(_over(name, span))
        if name in self.tensors:
            return self._alive(self.tensors[name])
        if name in self.lists:
            return self._list(name, (), span)
        value = self._env.names.get(name)
        if isinstance(value, TensorValue | Several) or is_tensors(value) or value == ():
            return value  # type: ignore[return-value]
        if name in self._env.names:
            message = f"`{name}` is {kind_of(value)}, not a value of the network"
            raise Fault(error("A113", message, span))
        if self.lost & {name, None}:
            raise Unknown
        known = [*self.tensors, *self.lists, "input"]
        hint = suggest(name, known) or not_yet(name, self._body.definition)
        raise Fault(error("A113", f"no value is called `{name}` here", span, help=hint))

    def _alive(self, found: Tensor) -> Tensor:
        """What was found; raises `Unknown` if a fault left it so."""
        if isinstance(found, TensorValue):
            self._body.shape_of(found.ref)
        return found

    def _output(self, value: Tensor, owner: str, name: str, span: Span) -> TensorValue:
        """An output of a block, or a value inside of a network, which is called `owner`."""
        if isinstance(value, Several) and (found := value.get(name)) is not None:
            return found
        from archgen.resolve.interpret.insides import inside

        made = refs_of(value)
        if made and (inner := inside(self._body, made[0], name, owner, span)) is not None:
            return inner
        if isinstance(value, Several):
            names = [field for field, _ in value.fields]
            hint = suggest(name, names) or f"it has: {', '.join(names)}"
            raise Fault(error("A113", f"there is no output `{name}`", span, help=hint))
        raise Fault(error("A113", f"one value has no output `{name}`", span))

    def _part(self, place: tree.Slice, env: Environment) -> Items:
        """Some of the items of a list that has them all."""
        if (listed := self._listed(place.base, env)) is not None:
            name, indices = listed
            numbers = self._below(name, indices)
            if gap := set(range(len(numbers))).difference(numbers):
                message = f"`{shown_name(name, indices)}` has no item {min(gap)}: it is no list"
                hint = f"read its items by their numbers: `[from {name}[i] for i in ...]`"
                raise Fault(error("A113", message, place.span, help=hint))
        items = parts_of(self.find(place.base, env))
        if items is None:
            raise Fault(error("A113", "one value has no items", place.span))
        env.budget.spend(place.span, len(items) // 4)
        return Items.of(items[bounds(place, env)], place.span)

    def _item(self, place: tree.Index, env: Environment) -> Tensor:
        if (listed := self._listed(place, env)) is not None:
            return self._list(*listed, place.span)
        index = integer(place.index, env, "an index")
        return pick(self.find(place.base, env), index, place.span)  # type: ignore[return-value]

    def _listed(self, place: tree.Expr, env: Environment) -> tuple[str, tuple[int, ...]] | None:
        """The name and the indices of a list of this body, or of an item of one."""
        match place:
            case tree.Index(base=base, index=index):
                found = self._listed(base, env)
                at = integer(index, env, "an index") if found is not None else 0
                return None if found is None else (found[0], (*found[1], at))
            case tree.Name() | tree.Template():
                name = place.text if isinstance(place, tree.Name) else render(place, env)
                return (name, ()) if name in self.lists else None
            case _:
                return None

    def _below(self, name: str, indices: tuple[int, ...]) -> list[int]:
        """The numbers of the items of a list, or of those below an index, in order."""
        keys = (key for key in self.lists[name] if key[: len(indices)] == indices)
        return sorted({key[len(indices)] for key in keys if len(key) > len(indices)})

    def _list(self, name: str, indices: tuple[int, ...], span: Span) -> Tensor:
        """A value of `names[i] = ...`, or all of those below an index, in order."""
        if self.lost & {name, None}:
            raise Unknown
        items = self.lists[name]
        shown = shown_name(name, indices)
        if shown in self.passing and self._is_over(shown):
            raise Fault(_over(shown, span))
        if indices in items:
            return self._alive(items[indices])
        for length in range(1, len(indices)):
            if indices[:length] in items:  # an item of what several values are
                inner: object = items[indices[:length]]
                for index in indices[length:]:
                    inner = pick(inner, index, span)
                return inner  # type: ignore[return-value]
        self._env.budget.spend(span, len(items) // 2)
        below = self._below(name, indices)
        if not below and name in self.places:  # a statement that would have named it failed
            raise Unknown
        if not below:
            known = ", ".join(f"{name}[{key[0]}]" for key in list(items)[:5])
            help_ = f"so far there are: {known}"
            raise Fault(error("A113", f"no value is called `{shown}` here", span, help=help_))
        return Items.of((self._list(name, (*indices, number), span) for number in below), span)

    # --- binding --------------------------------------------------------------------------------

    def text_of(self, place: tree.Place) -> tuple[str, tuple[int, ...]]:
        """The name and the indices of what stands left of `=`, computed."""
        name, quoted = place.name, isinstance(place.name, tree.Template)
        if isinstance(name, tree.Template):
            name = render(name, self._env)
        check_spelling(name, place.span, quoted=quoted, free=self._sequential)
        indices = tuple(integer(index, self._env, "an index") for index in place.indices)
        if any(index < 0 for index in indices):
            raise Fault(error("A109", "an index of a name is at least 0", place.span))
        return name, indices

    def bind(self, place: tree.Place, value: Tensor | Ref, *, pure: bool) -> str:
        """Give a value its name, which makes a submodule or (`pure`) none. The name as computed is
        returned (`up[0]`)."""
        name, indices = self.text_of(place)
        shown = shown_name(name, indices)
        self.check_free(shown, place.span, pure=pure)
        if shown in self.places:
            self.passing.add(shown)
        self.places[shown] = place.span
        if pure:
            self.homes[shown] = self._passes
        tensor = self._known(value) if isinstance(value, int) else value
        if tensor is None:
            self.lost.add(name)
        elif not indices:
            self.tensors[name] = tensor
        else:
            self.lists.setdefault(name, {})[indices] = tensor
        return shown

    def lose(self, place: tree.Place) -> None:
        """The name of a statement that failed exists, so that its readers stay silent."""
        if isinstance(place.name, str):
            self.lost.add(place.name)
            self.places.setdefault(place.name, place.span)
            self.homes.setdefault(place.name, self._passes)
            return
        try:
            self.lost.add(render(place.name, self._env))
        except (Fault, Unknown):  # reported where the statement was run
            self.lost.add(None)

    def _known(self, ref: Ref) -> TensorValue | None:
        shape = self._body.values[ref]
        return None if shape is None else TensorValue(ref, shape)

    def check_free(
        self, name: str, span: Span, child: str | None = None, *, pure: bool = False
    ) -> None:
        """Refuse a name that a value has; or, for a new `child`, a nameless submodule. A name that
        makes none (`pure`) is free again when the pass that gave it has ended."""
        if name in self.places and not (pure and self._is_over(name)):
            message = f"`{name}` is defined twice in one body"
            also = [Label(self.places[name], "first here")]
            hint = "give it another name, or none: the next step takes its value anyway"
            if self.places[name] == span:
                hint = "in a loop: number it, `names[i] = ...`"
            raise Fault(error("A103", message, span, also=also, help=hint))
        if child in self._body.children:
            message = f"a nameless layer above is called `{name}`"
            also = [Label(self._body.children[child].span, "this one")]
            hint = "give one of them another name"
            raise Fault(error("A103", message, span, also=also, help=hint))

    def child_name(self, given: str | None, link: Numbered) -> str:
        """The attribute name for a submodule: the one given, else by its place.

        In a body: the stem and its number among the nameless, `conv2`. In an `nn.Sequential`: the
        number of children before it.
        """
        if given is not None:
            return given
        if self._sequential:
            return str(self._body.child_count)
        name = self._body.count(link)
        check_submodule(name, link.span)
        if name in self._body.children or name in self.places:
            message = f"the name `{name}` of this nameless layer is taken"
            also = [Label(self.places[name], "here")] if name in self.places else []
            help = f"name it: `... = {stem(link)}`"
            raise Fault(error("A103", message, link.span, also=also, help=help))
        return name


def _over(name: str, span: Span) -> Diagnostic:
    message = f"`{name}` is given in each pass of a loop, and known in that pass alone"
    hint = f"number it, `{name}[i] = ...`, and read `from {name}[i]`"
    return error("A113", message, span, help=hint)


def shown_name(name: str, indices: Sequence[int]) -> str:
    """The name of an item as it is written: `ups[0]`."""
    return name + "".join(f"[{index}]" for index in indices)
