"""Names in a definition's text, whichever sides and passes a call takes.

Resolution sees only the sides that some call takes. This walk sees all of them, without values:
every constant, layer, argument and value that the text names must exist there. Faults found by
both have the same code and place, and are reported once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace

from archgen.diagnostics import Diagnostic, Edit, Fault, Sink, error
from archgen.layers.base import Layer
from archgen.network import Definition
from archgen.resolve.arguments import match_arguments, parameters_of, suggest, takes_others
from archgen.resolve.faults import meant
from archgen.resolve.functional import defined_twice, of_values, values_given
from archgen.resolve.functions import is_function
from archgen.resolve.known import Known
from archgen.resolve.lookup import CONSTANTS, SHAPE_NAMES, as_value
from archgen.resolve.spelling import check_submodule, makes_module
from archgen.resolve.values import Environment, Unknown, Word, kind_of, may_be_hidden
from archgen.syntax import tree

# What `expect` of an arch knows besides.
FIGURES = (
    "params",
    "buffers",
    "macs",
    "flops",
    "activations",
    "depth",
    "output",
    "reduction",
    "receptive_field",
    "kept",
)
MOST_FAULTS = 100  # reports from one file


def check_definition(definition: Definition) -> list[Diagnostic]:
    """Every unknown name, layer, argument and value in the text of a definition.

    Of `block b(out) { if out > 8 { conv(width, 3) } }` that is A101 at `width`, whether or not a
    call has an `out` over 8.
    """
    walk = _Walk(definition.scope, definition.kind, definition.body)
    constants: set[str] = set()
    for parameter in definition.own if definition.kind == "alias" else definition.parameters:
        if parameter.default is not None:
            walk.expression(parameter.default, Known(frozenset(constants)))
        constants.add(parameter.name)
    constants.update(parameter.name for parameter in definition.parameters)
    walk.statements(definition.body.statements, Known(frozenset(constants)))
    return list(walk.sink)


def check_expressions(
    scope: Mapping[str, object], constants: frozenset[str], expressions: object
) -> list[Diagnostic]:
    """Every unknown name and function in expressions that stand outside of bodies."""
    walk = _Walk(scope, "extern", tree.Body(()))
    walk.expression(expressions, Known(constants))
    return list(walk.sink)


class _Walk:
    def __init__(self, scope: Mapping[str, object], kind: str, body: tree.Body) -> None:
        self.kind = kind
        self.body = body
        self.scope = scope
        self.sink = Sink()

    # --- statements ---------------------------------------------------------------------------

    def statements(self, statements: Sequence[tree.Statement], place: Known) -> Known:
        outside = place.constants
        for statement in statements:
            place = self.statement(statement, place)
        return replace(place, constants=outside)

    def statement(self, statement: tree.Statement, place: Known) -> Known:
        if len(self.sink) > MOST_FAULTS:
            return place
        match statement:
            case tree.Chain():
                return self.links(statement.links, place)
            case tree.Named():
                return self.named(statement, place)
            case tree.Aux():
                return self.named(statement.named, place)
            case tree.If():
                return self.if_(statement, place)
            case tree.For():
                self.expression(statement.iterable, place)
                self.hides_nothing(statement)
                inner = self.statements(statement.body.statements, place.in_loop(statement))
                return place.after_loop(inner)
            case tree.Let(value=tree.Apply(function, arguments)) if self.declares(function, place):
                self.tensor(arguments, place)
                for name in statement.names:
                    target = tree.Place(name, span=statement.span)
                    place = self.define(target, place, makes_module=True, pure=False)
                return place
            case tree.Let():
                self.expression(statement.value, place)
                self.hides_nothing(statement)
                return place.knowing(statement.names)
            case tree.Output():
                for value in statement.places:
                    self.value(value, place)
            case tree.Expect():
                known = FIGURES if self.kind in {"arch", "alias"} else ()
                self.expression(statement.condition, place.knowing(known))
            case tree.Scalar():
                self.expression(statement.value, place)
            case tree.Sizes():
                inner = place.knowing(("output", *statement.names))
                self.expression(tuple(claim.condition for claim in statement.claims), inner)
            case tree.Init() | tree.Doc():
                pass  # the words of an `init` are of another kind; `initial` knows them
        return place

    def hides_nothing(self, statement: tree.Let | tree.For) -> None:
        """A constant of a body may hide another constant, but no layer or block."""
        for name in statement.names:
            hidden = self.scope.get(name)
            if isinstance(hidden, Definition | type) and not may_be_hidden(hidden):
                message = f"`{name}` hides {kind_of_meaning(hidden)}"
                self.sink.add(error("A105", message, statement.span, help="call it otherwise"))

    def if_(self, statement: tree.If, place: Known) -> Known:
        ends = []
        for arm in statement.arms:
            self.expression(arm.condition, place)
            ends.append(self.statements(arm.body.statements, place.behind_condition()))
        if statement.otherwise is not None:
            rest = statement.otherwise.statements
            ends.append(self.statements(rest, place.behind_condition()))
        else:
            ends.append(place)
        return place.after_sides(ends)

    def named(self, named: tree.Named, place: Known) -> Known:
        links = named.chain.links
        if (twice := defined_twice(named, place.values, self.body)) is not None:
            self.sink.add(twice)
            return place
        for target in named.places:
            for expr in (target.name, *target.indices):
                if not isinstance(expr, str):
                    self.expression(expr, place)
        if isinstance(links[0], tree.From):
            self.value(links[0].place, place)
            links = links[1:]
        one = len(named.places) == 1
        if one and len(links) == 1 and isinstance(links[0], tree.Group):
            self.statements(links[0].body.statements, place.inside())
        elif links:
            place = self.links(links, place)
        module = makes_module(links, self.scope)
        for target in named.places:
            place = self.define(target, place, makes_module=module, pure=not (one and module))
        return place

    def define(self, target: tree.Place, place: Known, *, makes_module: bool, pure: bool) -> Known:
        if isinstance(target.name, tree.Template):
            return replace(place, dynamic=True)
        with self.collecting():
            if makes_module:
                check_submodule(target.name, target.span)
        names = place.pure | {target.name} if pure and not target.indices else place.pure
        return replace(place, values={**place.values, target.name: target}, pure=names)

    # --- links --------------------------------------------------------------------------------

    def links(self, links: Sequence[tree.Link], place: Known) -> Known:
        for link in links:
            place = self.link(link, place)
        return place

    def link(self, link: tree.Link, place: Known) -> Known:
        match link:
            case tree.Call(function, arguments) if self.declares(function, place):
                self.tensor(arguments, place)
            case tree.Call():
                self.call(link, place)
            case tree.Stage() | tree.Input():
                self.expression(link.arguments, place)
            case tree.Param():
                self.tensor(link.arguments, place)
            case tree.Merge():
                for argument in link.arguments:
                    self.expression(argument.value, place)
                return self.statements(link.body.statements, place)
            case tree.Group():
                return self.statements(link.body.statements, place)
            case tree.Seq():
                self.statements(link.body.statements, place.inside())
            case tree.From():
                self.value(link.place, place)
            case tree.Reuse():
                self.submodule(link.place, place)
                self.expression(link.arguments, place)
        return place

    def declares(self, function: tree.Name, place: Known) -> bool:
        """Whether a call is `param` or `buffer`: a tensor of the body."""
        if function.parts[0] in place.constants:
            return False
        return function.text == "param" or self.scope.get(function.text) is Word.BUFFER

    def tensor(self, arguments: Sequence[tree.Argument], place: Known) -> None:
        """The arguments of a tensor; the words of its `init` are of another kind."""
        for at, argument in enumerate(arguments):
            if argument.name != "init" and (argument.name or at != 1):
                self.expression(argument.value, place)

    def call(self, link: tree.Call, place: Known) -> None:
        if link.indices:
            self.expression((link.callee, link.arguments), place)
            return
        constant = link.function.parts[0] in place.constants
        if not constant and self.of_values(link, place):
            return
        self.expression(link.arguments, place)
        if constant or (not link.arguments and link.function.text == "channels"):
            return
        with self.collecting():
            if link.function.text not in self.scope:
                from archgen.resolve.unknown import applied_value, unknown_layer

                if link.function.text in place.values:
                    raise Fault(applied_value(link.function))
                raise Fault(unknown_layer(link.function, self.environment(place), link))
            self.arguments(self.scope[link.function.text], link.arguments)

    def of_values(self, link: tree.Call, place: Known) -> bool:
        """Whether a layer is given values of the network, as a function of Python is."""
        meaning = self.scope.get(link.function.text)
        if isinstance(meaning, Definition) or not values_given(link, place.values):
            return False
        with self.collecting():
            raise Fault(of_values(link, place.values, self.environment(place)))
        return True

    def arguments(self, target: object, arguments: Sequence[tree.Argument]) -> None:
        """Arguments of a layer or block that the text names itself."""
        if isinstance(target, Definition):
            match_arguments(target.name, parameters_of(target), arguments)
        elif isinstance(target, type) and issubclass(target, Layer):
            others = takes_others(target)
            match_arguments(target.keyword, parameters_of(target), arguments, others=others)

    # --- names of values ----------------------------------------------------------------------

    def value(self, value: tree.Expr, place: Known) -> None:
        """`from x`: x must be a value on every way there."""
        match value:
            case tree.Index():
                self.expression(value.index, place)
                self.value(value.base, place)
            case tree.Slice():
                self.expression((value.start, value.stop), place)
                self.value(value.base, place)
            case tree.Member():
                self.value(value.base, place)
            case tree.Template():
                self.expression(value, place)
            case tree.Name(parts=(name, *_)):
                self.known_value(value, name, place)
            case _:
                self.expression(value, place)

    def known_value(self, value: tree.Name, name: str, place: Known) -> None:
        if name == "input" or name in place.values or name in place.constants or place.dynamic:
            return
        if name in place.maybe | place.passed:
            return  # the calls and passes that come here tell
        if name in place.perhaps:
            message = f"`{name}` is not defined on every side of the `if` before"
            hint = f"define it on the other side too: `{name} = identity`"
        elif name in self.scope:
            message = f"`{name}` is {kind_of_meaning(self.scope[name])}, not a value of the network"
            hint = f"name a value: `x = {name}`, then `from x`"
        elif name in place.later:
            message = f"`{name}` is named further down in the loop: its first pass has none"
            hint = f"read it where there is one: `if i > 0 {{ ... from {name}[i - 1] ... }}`"
            if name not in place.items:
                message = f"`{name}` is named further down in the loop, for the rest of its pass"
                hint = f"number it, `{name}[i] = ...`; later passes read `from {name}[i - 1]`"
        else:
            message = f"no value is called `{name}` here"
            known = [*place.values, "input"]
            hint = suggest(name, known) or "a value is known after the statement that names it"
        self.sink.add(error("A113", message, value.span, help=hint, fix=meant(hint, value)))

    def submodule(self, name: tree.Expr, place: Known) -> None:
        """`reuse x`: x must have been made before; nameless layers have names too."""
        if isinstance(name, tree.Index):
            self.expression(name.index, place)

    # --- expressions --------------------------------------------------------------------------

    def expression(self, expr: object, place: Known) -> None:
        match expr:
            case tree.Name():
                self.name(expr, place)
            case tree.Apply():
                self.apply(expr, place)
            case tree.Comprehension():
                self.expression(expr.iterable, place)
                inner = place.behind_condition().knowing(expr.names)
                self.expression(expr.element, inner)
                self.expression(expr.condition, inner)
            case tree.Choose():
                self.expression(expr.condition, place)
                self.expression((expr.value, expr.otherwise), place.behind_condition())
            case tree.Logic():
                self.expression(expr.operands[0], place)
                self.expression(expr.operands[1:], place.behind_condition())
            case tree.Value():
                self.value(expr.place, place)
            case tree.Argument():
                self.expression(expr.value, place)
            case tuple():
                for item in expr:
                    self.expression(item, place)
            case _ if is_dataclass(expr) and isinstance(expr, tree.Node):
                for part in fields(expr):
                    if part.name != "span":
                        self.expression(getattr(expr, part.name), place)

    def name(self, name: tree.Name, place: Known) -> None:
        head = name.parts[0]
        known = head in place.constants or head in {"input", *SHAPE_NAMES}
        if known or name.text in self.scope or name.text in CONSTANTS:
            return
        with self.collecting():
            if head in place.values:
                message = f"`{head}` is a value of the network; here a constant is needed"
                help, fix = f"write `from {head}`", [Edit(name.span, f"from {head}")]
                if len(name.parts) > 1:
                    help = f"say `from {head}` first; then `{name.parts[-1]}` is its own"
                    fix = []
                raise Fault(error("A101", message, name.span, help=help, fix=fix))
            from archgen.resolve.unknown import unknown_name

            raise Fault(unknown_name(name, self.environment(place)))

    def apply(self, expr: tree.Apply, place: Known) -> None:
        for argument in expr.arguments:
            self.expression(argument.value, place)
        name = expr.function
        if name.parts[0] in place.constants:
            return
        if is_function(name.text, self.scope):
            return
        with self.collecting():
            if name.text in self.scope:
                self.arguments(self.scope[name.text], expr.arguments)
            else:
                from archgen.resolve.unknown import unknown_function

                raise Fault(unknown_function(name, self.environment(place)))

    def environment(self, place: Known) -> Environment:
        """For messages: every name that is known there."""
        return Environment(dict.fromkeys(place.constants), self.scope)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        try:
            yield
        except Fault as fault:
            self.sink.add(fault.diagnostic)
        except Unknown:
            pass


def kind_of_meaning(meaning: object) -> str:
    """What a file's name stands for, in the words of a message."""
    return kind_of(as_value(meaning))
