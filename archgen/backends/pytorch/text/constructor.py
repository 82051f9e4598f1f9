"""`__init__`: what the items of a class make, in their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import (
    Apply,
    Child,
    Container,
    Either,
    For,
    Gather,
    If,
    Item,
    Learned,
    Let,
    Module,
    Param,
    Plan,
)
from archgen.backends.pytorch.plan.regions import children
from archgen.backends.pytorch.text import modules
from archgen.backends.pytorch.text.attributes import Attributes
from archgen.backends.pytorch.text.expressions import broken, condition, literal, written
from archgen.backends.pytorch.text.filled import Filler
from archgen.backends.pytorch.text.formulas import tensor_of
from archgen.backends.pytorch.text.layout import STEP, Call, Layout, parameters, statement
from archgen.backends.pytorch.text.lists import appended, locals_first
from archgen.network import Initialiser
from archgen.syntax import tree

Write = Callable[[], None]


def constructor(plan: Plan, attributes: Attributes) -> list[str]:
    """The lines of `__init__`."""
    head = ["self", *map(parameter, plan.params)]
    lines = [parameters("def __init__", head, " -> None:", STEP)]
    writer = Constructor(plan, attributes, 2 * STEP)
    if plan.sequential:
        writer.sequential(plan.items)
    else:
        writer.line("super().__init__()")
        for name, attribute in attributes.stored.items():
            writer.line(f"self.{attribute} = {name}")
        writer.items(locals_first(plan.items))
    writer.items(plan.own_heads)
    for each in plan.path_init:
        target = f"self.get_parameter({literal(each.path)})"
        writer.write("", modules.initial(each.init, target))
    return lines + writer.lines


def parameter(param: Param) -> str:
    """`stride: int = 1`."""
    default = param.default
    text = f"{param.name}: {annotation(param)}"
    if default is None:
        return text
    return f"{text} = {default if isinstance(default, str) else written(default)}"


def annotation(param: Param) -> str:
    if param.kind == "layer":
        return "Callable[..., nn.Module]"
    values = list(param.values.values())
    if param.default is not None and not isinstance(param.default, str):
        values.append(algebra.value_of(param.default, {}))
    return _type_of(values)


def _type_of(values: Sequence[object]) -> str:
    if all(isinstance(value, bool) for value in values):
        return "bool"
    if all(isinstance(value, int) for value in values):
        return "int"
    if all(isinstance(value, int | float) for value in values):
        return "float"
    if all(isinstance(value, str) for value in values):
        return "str"
    if all(isinstance(value, tuple | list) for value in values):
        return _tuple_type([tuple(value) for value in values])  # type: ignore[arg-type]
    return "object"


def _tuple_type(values: Sequence[tuple[object, ...]]) -> str:
    """Of short tuples of one length, all items are told: torch's kernels are such."""
    inner = _type_of([item for value in values for item in value])
    lengths = {len(value) for value in values}
    if lengths <= {2, 3} and len(lengths) == 1:
        return f"tuple[{', '.join([inner] * lengths.pop())}]"
    return f"tuple[{inner}, ...]"


class Constructor:
    """Lines of a constructor at an indentation."""

    def __init__(self, plan: Plan, attributes: Attributes, indent: int) -> None:
        self.plan = plan
        self.attributes = attributes
        self.indent = indent
        self.lines: list[str] = []
        self.lists: set[str] = set()
        self.nested = False  # in a container that is filled step by step
        self.appended = appended(plan.items)
        self.texts: dict[str, str] = {}  # locals of formulas, by what they are

    def line(self, text: str) -> None:
        self.lines.append(" " * self.indent + text)

    def write(self, prefix: str, layout: Layout, suffix: str = "") -> None:
        self.lines.append(statement(prefix, layout, self.indent, suffix))

    def items(self, items: Sequence[Item]) -> None:
        for item in items:
            self.item(item)

    def item(self, item: Item) -> None:
        match item:
            case Apply(child=Child() as child, reused=False):
                self.child(child)
            case Learned():
                self.learned(item)
            case Let(name, expr):
                self.write(f"{name} = ", broken(expr))
            case If():
                arms = [(test, partial(self.items, inner)) for test, inner in item.arms]
                self.decide(item, arms)
            case For():
                self.loop(item, partial(self.items, item.items))
            case Gather():
                self.items(item.items)
            case _:
                pass

    # --- blocks of statements -----------------------------------------------------------------

    def indented(self, write: Write) -> list[str]:
        """The lines that something writes one level deeper."""
        before, self.lines = self.lines, []
        self.indent += STEP
        write()
        self.indent -= STEP
        lines, self.lines = self.lines, before
        return lines

    def decide(self, item: If, arms: Sequence[tuple[Expr | None, Write]]) -> None:
        """`if`, `elif`, `else`; sides without lines are left out where that is the same."""
        flags = self.attributes.flags.get(id(item), {})
        bodies = [self.indented(write) for _, write in arms]
        for number, flag in flags.items():
            test = arms[number][0]
            assert test is not None
            self.write(f"self.{flag} = ", condition(test))
        tests = [
            tree.Name((f"self.{flags[at]}",)) if at in flags else test
            for at, (test, _) in enumerate(arms)
        ]
        self.lines += branching(tests, bodies, self.indent)

    def loop(self, item: For, write: Write) -> None:
        for name in self.attributes.lists_in(item):
            if name not in self.lists:
                self.lists.add(name)
                self.line(f"self.{name} = nn.ModuleList()")
        body = self.indented(write)
        if body:
            self.write("", modules.clause_of(item, item.iterable, "\n".join(body)), ":")
            self.lines += body

    # --- one submodule ------------------------------------------------------------------------

    def child(self, child: Child) -> None:
        members = self.attributes.members_of(child)
        if members is not None:
            self.list_child(child, members)
            return
        if isinstance(child.module, Either):
            self.either(child, child.module)
            return
        self.assign(child.name, self.layout(child.module))

    def assign(self, name: Expr, layout: Layout) -> None:
        if isinstance(name, tree.String) and not name.value.isdecimal():
            self.write(f"self.{name.value} = ", layout)
        elif (listed := list_of(name)) is not None:
            self.write("", Call(f"self.{listed}.append", (layout,)))
        else:
            self.write("", Call("self.add_module", (written(name), layout)))

    def list_child(self, child: Child, members: Sequence[Child]) -> None:
        """All of `ups.0`, `ups.1`... at the place of the first; or each at its own."""
        assert isinstance(child.name, tree.String)
        name = child.name.value.partition(".")[0]
        if name in self.appended:
            if members:
                self.line(f"self.{name} = nn.ModuleList()")
            self.write("", Call(f"self.{name}.append", (self.layout(child.module),)))
        elif members:
            self.write(f"self.{name} = ", self._list_layout(name, members))

    def _list_layout(self, prefix: str, members: Sequence[Child]) -> Layout:
        """The children below a prefix: a list of modules, or of lists. Of a backbone some may be
        left out; the others keep their places."""
        groups: dict[str, list[Child]] = {}
        for member in members:
            assert isinstance(member.name, tree.String)
            rest = member.name.value[len(prefix) + 1 :]
            groups.setdefault(rest.partition(".")[0], []).append(member)
        items: list[Layout] = []
        for key in map(str, range(1 + max(map(int, groups)))):
            if key not in groups:
                items.append("nn.Identity()")
                continue
            inner = groups[key]
            below = f"{prefix}.{key}"
            alone = len(inner) == 1 and inner[0].name == tree.String(below)
            items.append(self.layout(inner[0].module) if alone else self._list_layout(below, inner))
        return Call("nn.ModuleList", (Call("", tuple(items), "[]", len(items) > 1),))

    def either(self, child: Child, either: Either) -> None:
        if isinstance(child.name, tree.String) and not child.name.value.isdecimal():
            self.line(f"self.{child.name.value}: nn.Module")
        bodies = [
            self.indented(partial(self._either_way, child.name, module))
            for _, module in either.arms
        ]
        self.lines += branching([test for test, _ in either.arms], bodies, self.indent)

    def _either_way(self, name: Expr, module: Module | None) -> None:
        self.assign(name, "nn.Identity()" if module is None else self.layout(module))

    def learned(self, item: Learned) -> None:
        """A parameter or buffer, and what it holds from the start."""
        made, start = self.content(item)
        if item.word == "param":
            given = (made,) if item.trainable else (made, "requires_grad=False")
            made = Call("nn.Parameter", given)
        text = ""
        if isinstance(item.name, tree.String) and not item.name.value.isdecimal():
            text = f"self.{item.name.value}"
        if item.word == "param" and text:
            self.write(f"{text} = ", made)
        else:
            method = "self.register_parameter" if item.word == "param" else "self.register_buffer"
            kept = () if item.persistent else ("persistent=False",)
            self.write("", Call(method, (written(item.name), made, *kept)))
            get = "get_parameter" if item.word == "param" else "get_buffer"
            text = text or f"self.{get}({written(item.name)})"
        if start is not None:
            self.write("", modules.initial(start, text))

    def content(self, item: Learned) -> tuple[Layout, Initialiser | None]:
        """The tensor, and what fills it afterwards."""
        if item.values is not None:
            return tensor_of(item.values, self.local), None
        constant = {"zeros": "torch.zeros", "ones": "torch.ones"}
        start = item.init.name if item.init is not None else "zeros"
        made = Call(constant.get(start, "torch.empty"), tuple(map(written, item.sizes)))
        return made, None if start in constant else item.init

    def local(self, stem: str, text: str) -> str:
        """A local for a text; one that the constructor has already, if that is seen here."""
        known = self.texts.get(text)
        if known is not None:
            return known
        name = self.attributes.locals.claim(stem)
        self.write(f"{name} = ", text)
        if self.indent == 2 * STEP:
            self.texts[text] = name
        return name

    def sequential(self, items: Sequence[Item]) -> None:
        """The class is a container: its children are handed to `nn.Sequential`."""
        for item in items:
            match item:
                case Apply(child=Child(module=Container() as container)):
                    layout = self.layout(container)
                    assert isinstance(layout, Call)
                    self.write("", replace(layout, head="super().__init__"))
                case _:
                    self.item(item)

    # --- containers ---------------------------------------------------------------------------

    def layout(self, module: Module) -> Layout:
        """A module as an expression; statements that it needs are written before."""
        if isinstance(module, Container) and not modules.is_simple(module):
            return self.built(module)
        return modules.layout(module)

    def built(self, container: Container) -> Layout:
        """A container whose children depend on decisions: a list, filled step by step."""
        name = self.attributes.locals.claim("blocks" if self.nested else "layers")
        named = any(not child.position for child in children(container.items))
        before, self.nested = self.nested, True
        Filler(self, name, named=named).fill(container.items)
        self.nested = before
        return Call("nn.Sequential", (name if named else f"*{name}",))


def list_of(name: Expr) -> str | None:
    """`ups` of a child called `ups.{i}`."""
    if isinstance(name, tree.Template) and isinstance(name.parts[0], str):
        head, dot, _ = name.parts[0].partition(".")
        return head if dot else None
    return None


def branching(tests: Sequence[Expr | None], bodies: Sequence[list[str]], indent: int) -> list[str]:
    """`if` with its sides; what has no lines is left out."""
    if not any(bodies):
        return []
    pairs = list(zip(tests, bodies, strict=True))
    if not pairs[-1][1]:
        pairs.pop()
    while pairs and not pairs[-1][1]:
        pairs.pop()
    if len(pairs) == 2 and not pairs[0][1] and pairs[1][0] is None and pairs[0][0] is not None:
        pairs = [(negated(pairs[0][0]), pairs[1][1])]
    lines: list[str] = []
    for at, (test, body) in enumerate(pairs):
        if test is None:
            lines.append(" " * indent + "else:")
        else:
            word = "elif " if at else "if "
            lines.append(statement(word, condition(test), indent, ":"))
        lines += body or [" " * (indent + STEP) + "pass"]
    return lines


def negated(test: Expr) -> Expr:
    """`not test`, comparisons turned round."""
    opposite = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
    match test:
        case tree.Compare(first, ((op, operand),)):
            return tree.Compare(first, ((opposite[op], operand),))  # type: ignore[arg-type]
        case tree.Unary("not", operand):
            return operand
        case _:
            return tree.Unary("not", test)
