"""The names in a body: what `name =` binds, what `from name` finds, what a submodule is called."""

from __future__ import annotations

from collections.abc import Sequence

from archgen.diagnostics import Fault, Label, error
from archgen.network import Ref
from archgen.resolve.arguments import suggest
from archgen.resolve.expressions import integer, render
from archgen.resolve.faults import several_in_item
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
    pick,
    refs_of,
)
from archgen.syntax import tree
from archgen.syntax.nameless import Numbered, stem
from archgen.text import Span

Tensor = TensorValue | Several | Items


class Bindings:
    """`tensors` are values by name, `lists` those of `names[i] = ...` by name and indices."""

    def __init__(self, body: Draft, env: Environment, *, sequential: bool) -> None:
        self._body = body
        self._env = env
        self._sequential = sequential
        self.tensors: dict[str, Tensor] = {}
        self.lists: dict[str, dict[tuple[int, ...], TensorValue]] = {}
        self.places: dict[str, Span] = {}
        self.lost: set[str | None] = set()  # names whose statement failed; None: an unknown one

    # --- reading --------------------------------------------------------------------------------

    def find(self, place: object) -> Tensor:
        """What `from place` names. Raises `Fault` if nothing does."""
        assert isinstance(place, tree.Name | tree.Template | tree.Index)
        if self._sequential:
            message = "`from` directly inside `seq` or a named chain"
            raise Fault(error("A117", message, place.span, help="make it a block"))
        body = self._body
        match place:
            case tree.Template():
                text = render(place, self._env)
                name, _, path = text.partition(".")
                if path and text not in self.tensors and name in self.tensors:
                    return self._output(name, path, place.span)
                return self._named(text, place.span)
            case tree.Name(parts=("input",)):
                body.entered(place.span)
                return body.tensor(body.inputs[0])
            case tree.Name(parts=(name,)):
                return self._named(name, place.span)
            case tree.Name(parts=("input", name)) if name in body.input_names:
                return body.tensor(body.inputs[body.input_names.index(name)])
            case tree.Name(parts=(name, *rest)):
                return self._output(name, ".".join(rest), place.span)
            case tree.Index():
                return self._item(place)
        raise AssertionError(place)

    def _named(self, name: str, span: Span) -> Tensor:
        if name in self._body.heads:
            message = f"`{name}` is a training head, which evaluation does not run"
            raise Fault(error("A113", message, span, help="nothing but training reads a head"))
        if name in self.tensors:
            found = self.tensors[name]
            if isinstance(found, TensorValue):
                self._body.shape_of(found.ref)
            return found
        if name in self.lists:
            return self._list(name, (), span)
        value = self._env.names.get(name)
        if isinstance(value, TensorValue | Several) or is_tensors(value):
            return value  # type: ignore[return-value]
        if name in self._env.names:
            message = f"`{name}` is {kind_of(value)}, not a value of the network"
            raise Fault(error("A113", message, span))
        if self.lost & {name, None}:
            raise Unknown
        known = [*self.tensors, *self.lists, "input"]
        hint = suggest(name, known) or "a value is known after the statement that names it"
        raise Fault(error("A113", f"no value is called `{name}` here", span, help=hint))

    def _output(self, owner: str, name: str, span: Span) -> TensorValue:
        """An output of a block, or a value inside of a network."""
        value = self._named(owner, span)
        made = refs_of(value)[0]
        if isinstance(value, Several) and (found := value.get(name)) is not None:
            return found
        from archgen.resolve.interpret.insides import inside

        if (inner := inside(self._body, made, name, owner, span)) is not None:
            return inner
        if isinstance(value, Several):
            names = [field for field, _ in value.fields]
            hint = suggest(name, names) or f"it has: {', '.join(names)}"
            raise Fault(error("A113", f"there is no output `{name}`", span, help=hint))
        raise Fault(error("A113", f"one value has no output `{name}`", span))

    def _item(self, place: tree.Index) -> Tensor:
        base: tree.Expr = place
        indices: list[int] = []
        while isinstance(base, tree.Index):
            indices.insert(0, integer(base.index, self._env, "an index"))
            base = base.base
        if isinstance(base, tree.Name | tree.Template):
            name = base.parts[0] if isinstance(base, tree.Name) else render(base, self._env)
            if isinstance(name, str) and name in self.lists:
                return self._list(name, tuple(indices), place.span)
        found: object = self.find(base)
        for index in indices:
            found = pick(found, index, place.span)
        return found  # type: ignore[return-value]

    def _list(self, name: str, indices: tuple[int, ...], span: Span) -> Tensor:
        """A value of `names[i] = ...`, or all of those below an index, in order."""
        if self.lost & {name, None}:
            raise Unknown
        items = self.lists[name]
        if indices in items:
            self._body.shape_of(items[indices].ref)
            return items[indices]
        self._env.budget.spend(span, len(items) // 2)
        below = sorted(key for key in items if key[: len(indices)] == indices)
        if not below and name in self.places:  # a statement that would have named it failed
            raise Unknown
        if not below:
            at = "".join(f"[{index}]" for index in indices)
            known = ", ".join(f"{name}[{key[0]}]" for key in list(items)[:5])
            help_ = f"so far there are: {known}"
            raise Fault(error("A113", f"no value is called `{name}{at}` here", span, help=help_))
        heads = list(dict.fromkeys(key[len(indices)] for key in below))
        return Items.of((self._list(name, (*indices, head), span) for head in heads), span)

    # --- binding --------------------------------------------------------------------------------

    def text_of(self, place: tree.Place) -> tuple[str, tuple[int, ...]]:
        """The name and the indices of what stands left of `=`, computed."""
        name, quoted = place.name, isinstance(place.name, tree.Template)
        if isinstance(name, tree.Template):
            name = render(name, self._env)
        check_spelling(name, place.span, free=quoted and self._sequential)
        indices = tuple(integer(index, self._env, "an index") for index in place.indices)
        if any(index < 0 for index in indices):
            raise Fault(error("A109", "an index of a name is at least 0", place.span))
        return name, indices

    def bind(self, place: tree.Place, value: Tensor | Ref) -> str:
        """Give a value its name. The name as computed is returned (`up[0]`)."""
        name, indices = self.text_of(place)
        shown = shown_name(name, indices)
        self.check_free(shown, place.span)
        self.places[shown] = place.span
        tensor = self._known(value) if isinstance(value, int) else value
        if tensor is None:
            self.lost.add(name)
        elif not indices:
            self.tensors[name] = tensor
        elif isinstance(tensor, TensorValue):
            self.lists.setdefault(name, {})[indices] = tensor
        else:
            raise Fault(several_in_item(place))
        return shown

    def lose(self, place: tree.Place) -> None:
        """The name of a statement that failed exists, so that its readers stay silent."""
        if isinstance(place.name, str):
            self.lost.add(place.name)
            self.places.setdefault(place.name, place.span)
            return
        try:
            self.lost.add(render(place.name, self._env))
        except (Fault, Unknown):  # reported where the statement was run
            self.lost.add(None)

    def _known(self, ref: Ref) -> TensorValue | None:
        shape = self._body.values[ref]
        return None if shape is None else TensorValue(ref, shape)

    def check_free(self, name: str, span: Span, child: str | None = None) -> None:
        """Refuse a name that a value has; or, for a new `child`, a nameless submodule."""
        if name in self.places:
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


def shown_name(name: str, indices: Sequence[int]) -> str:
    """The name of an item as it is written: `ups[0]`."""
    return name + "".join(f"[{index}]" for index in indices)
