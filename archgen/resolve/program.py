"""Files -> definitions -> networks.

A `Loader` reads each file once; a `Module` is one file with its names bound; a `Program` is
the file that a user asked about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from pathlib import Path

from archgen.diagnostics import Fault, Sink, error
from archgen.frozen import dataclass
from archgen.network import Definition, Network, Promise
from archgen.resolve.arguments import suggest
from archgen.resolve.instances import Resolver, alias_call
from archgen.resolve.interpret.finish import finish
from archgen.resolve.later import captured, size_promises
from archgen.resolve.modules import Loader, Module
from archgen.resolve.recursion import deep_recursion
from archgen.resolve.values import STEPS, Budget, Environment, Unknown
from archgen.shapes import Shape
from archgen.syntax import tree
from archgen.text import Source, Span
from archgen.validate import validated

MOST_NETWORKS = 10  # of one file, as far as the work for each goes


@dataclass(frozen=True, eq=False)
class Program:
    """One spec file, read and bound. `sink` collects what is found in it and what it uses."""

    module: Module
    sink: Sink
    budget: Budget = field(default_factory=lambda: Budget(MOST_NETWORKS * STEPS))

    @staticmethod
    def read(
        path: Path | str, loader: Loader | None = None, shown: str | None = None
    ) -> Program | None:
        """Read a spec file and all that it uses; None if the file itself cannot be read."""
        loader = loader or Loader()
        module = loader.load(Path(path), shown or str(path))
        return Program(module, loader.sink) if module else None

    @staticmethod
    def of(text: str, path: str = "<text>.arch", folder: Path | None = None) -> Program:
        """A program from a text; its `use`s start at `folder`."""
        loader = Loader()
        module = loader.bind(Source(path, text), folder or Path())
        return Program(module, loader.sink)

    @cached_property
    def archs(self) -> dict[str, Definition]:
        """The networks of the file, in order, aliases included."""
        archs = [item for item in self.module.definitions if item.kind in {"arch", "alias"}]
        return {item.name: item for item in sorted(archs, key=lambda item: item.span.start)}

    def choose(self, name: str | None, span: Span | None = None) -> Definition:
        """The arch of that name; without one, the only or (of several) none. Raises `Fault`."""
        archs = self.archs
        place = span or Span(self.module.source, 0, 0)
        if name is None and len(archs) == 1:
            return next(iter(archs.values()))
        if name in archs:
            return archs[name]
        shown = self.module.source.path
        listed = ", ".join(archs)
        if not archs:
            raise Fault(error("A122", f"{shown} holds no arch", place))
        if name is None:
            hint = f"say which: {shown}:NAME with one of {listed}"
            raise Fault(error("A122", f"{shown} holds {len(archs)} archs", place, help=hint))
        hint = suggest(name, list(archs)) or f"there are: {listed}"
        raise Fault(error("A122", f"{shown} holds no arch `{name}`", place, help=hint))

    def network(
        self,
        name: str | None = None,
        parameters: Mapping[str, object] | None = None,
        inputs: Mapping[str | int, tuple[int, ...]] | None = None,
        places: Mapping[str, Span] | None = None,
    ) -> Network | None:
        """Resolve an arch. None if it has faults, which are in `sink` then.

        `inputs` are sizes by the name or the place of an input, `places` say where the names of
        `parameters` stand.
        """
        given = min(STEPS, max(self.budget.left, 0))
        resolver = Resolver(self.sink, Budget(given))
        try:
            with deep_recursion():
                definition = self.choose(name)
                _check_parameters(definition, parameters or {}, places or {})
                made = self._resolve(definition, resolver, dict(parameters or {}), inputs or {})
                return validated(made, "the resolver")
        except Fault as fault:
            resolver.report(fault.diagnostic)
        except Unknown:
            pass
        finally:
            self.budget.left -= given - resolver.budget.left
        return None

    def _resolve(
        self,
        definition: Definition,
        resolver: Resolver,
        given: dict[str, object],
        inputs: Mapping[str | int, tuple[int, ...]],
    ) -> Network:
        target, arguments = definition, given
        known = given
        if definition.kind == "alias":
            target, arguments, known = alias_call(definition, given, resolver.budget)
        with resolver.through(definition):
            frame = resolver.open(target, arguments, (), {})
            frame.asked = {which: Shape(sizes) for which, sizes in inputs.items()}
            steps = frame.run(target.body.statements)
            body = finish(frame, steps, "arch")
        _check_inputs(definition, body.input_names, inputs)
        promises = frame.promises
        if definition.kind == "alias":
            promises = _alias_promises(definition, known, frame.env)
        shown = {**frame.parameters, **known}
        return Network(
            name=definition.name,
            doc=definition.doc or target.doc,
            body=body,
            promises=tuple(promises),
            spec=Path(self.module.shown).name,
            digest=self.module.digest,
            parameters=shown,
            defaults=not given and not inputs,
            span=definition.span,
            settable=tuple(each.name for each in definition.parameters),
            hidden=frozenset(known.keys() & frame.parameters.keys()),
        )


def _check_parameters(
    definition: Definition, given: Mapping[str, object], places: Mapping[str, Span]
) -> None:
    """Parameters set from outside must exist, and those without a default must be set."""
    known = [parameter.name for parameter in definition.parameters]
    for name in given:
        if name not in known:
            hint = _giver(definition, name) or suggest(name, known)
            hint = hint or f"it has: {', '.join(known) or 'none'}"
            message = f"`{definition.name}` has no parameter `{name}`"
            place = places.get(name, definition.span)
            raise Fault(error("A106", message, place, help=hint))
    for parameter in definition.parameters:
        if parameter.default is None and parameter.name not in given:
            message = f"`{definition.name}` needs `{parameter.name}`"
            hint = f"--set {parameter.name}=..., or give the parameter a default"
            raise Fault(error("A107", message, definition.span, help=hint))


def _giver(definition: Definition, name: str) -> str | None:
    """Of an alias: what to ask for instead, where it gives that parameter itself."""
    while definition.kind == "alias":
        target = definition.target
        if any(parameter.name == name for parameter in target.parameters):
            return f"`{definition.name}` gives it to `{target.name}`: ask for that"
        definition = target
    return None


def _check_inputs(
    definition: Definition, names: Sequence[str], inputs: Mapping[str | int, tuple[int, ...]]
) -> None:
    """Inputs whose sizes are given from outside must exist."""
    known = [name or "input" for name in names]
    for which in inputs:
        if isinstance(which, int) and which >= len(known):
            listed = ", ".join(f"`{name}`" for name in known)
            message = f"sizes for {len(inputs)} inputs; `{definition.name}` has {listed}"
            raise Fault(error("A204", message, definition.span))
        if isinstance(which, str) and which not in known:
            hint = suggest(which, known) or f"it has: {', '.join(known)}"
            message = f"`{definition.name}` has no input `{which}`"
            raise Fault(error("A204", message, definition.span, help=hint))


def _alias_promises(
    definition: Definition, known: Mapping[str, object], env: Environment
) -> list[Promise]:
    """The promises of an alias, over its own parameters and those that pass through."""
    statements = definition.body.statements
    values = {**env.names, **known}
    names = {each.name: values[each.name] for each in definition.parameters}
    inner = replace(env, names=names, scope=definition.scope)
    found: list[Promise] = []
    for statement in statements:
        if isinstance(statement, tree.Expect):
            asked = captured(statement.condition, inner)
            found.append(Promise(statement.condition, asked, statement.span))
        elif isinstance(statement, tree.Sizes):
            found.extend(size_promises(statement, inner))
    return found
