"""One file -> its definitions and constants, and the names that its text may use."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from archgen.diagnostics import Diagnostic, Fault, Label, Sink, error
from archgen.layers import LAYERS
from archgen.network import Definition
from archgen.resolve.arguments import suggest
from archgen.resolve.expressions import evaluate, unpack
from archgen.resolve.implicit import doc_of
from archgen.resolve.names import MOST_FAULTS, check_definition
from archgen.resolve.uses import from_use, used_file
from archgen.resolve.values import (
    ANY_NAME,
    LOST,
    Budget,
    Environment,
    Scope,
    Unknown,
    Word,
    check_lost,
    may_be_hidden,
)
from archgen.syntax import tree
from archgen.syntax.parse import parse
from archgen.syntax.read import read_shown
from archgen.text import Source, Span

DEEPEST_ALIAS = 64
BUILT_IN: Mapping[str, object] = {**LAYERS, **{word.value: word for word in Word}}
_CALLED = {"block", "synonym"}  # what is there to be called, and for nothing else


@dataclass(eq=False)
class Module:
    """One file. `names` is what others get by `use`, `scope` what its own text may say."""

    source: Source
    tree: tree.File
    names: dict[str, object] = field(default_factory=dict)
    scope: Scope = field(default_factory=lambda: Scope({}))
    places: dict[str, Span] = field(default_factory=dict)  # where each name of `scope` came from
    sources: dict[str, Source] = field(default_factory=dict)  # this file and all that it uses
    shown: str = ""  # the path as it was asked for; a reader may add to it (`main:`)

    @property
    def whole(self) -> bool:
        """Whether all of its text, and all that it uses, was understood."""
        return ANY_NAME not in self.scope

    @cached_property
    def definitions(self) -> tuple[Definition, ...]:
        """Those of its own text. Asked when all its names are bound."""
        return tuple(item for item in self.names.values() if isinstance(item, Definition))

    @cached_property
    def digest(self) -> str:
        """The sha256 of every text that its networks are made from: the same for the same texts,
        with whatever line endings, and under whatever path they were read."""
        total = hashlib.sha256()
        own, *used = self.sources.values()
        for source in (*used, own):
            total.update(source.text.replace("\r\n", "\n").encode())
            total.update(b"\0")
        return total.hexdigest()


class Loader:
    """Reads files and binds their names, each once.

    `read` gives the text of a path, under the path that it is to be shown as; `place` is the
    same for two paths to one file.
    """

    def __init__(
        self,
        read: Callable[[Path, str], Source] = read_shown,
        place: Callable[[Path], str] = os.path.realpath,  # where links go in a circle, no error
    ) -> None:
        self.sink = Sink()
        self._read = read
        self._place = place
        self._modules: dict[str, Module] = {}
        self._unread: dict[str, Diagnostic] = {}  # why a file cannot be read
        self._open: list[str] = []

    @staticmethod
    def with_texts(texts: Mapping[str, str]) -> Loader:
        """One that has the texts of some paths, and reads the others."""

        def read(path: Path, shown: str) -> Source:
            text = texts.get(str(path))
            return read_shown(path, shown) if text is None else Source(shown, text)

        def place(path: Path) -> str:
            return str(path) if str(path) in texts else os.path.realpath(path)

        return Loader(read, place)

    def load(self, path: Path, shown: str, asked: tree.Use | None = None) -> Module | None:
        """The module of a file; None if it cannot be read. `asked` is the `use` that names it."""
        key = self._place(path)
        if key in self._open:
            message = f"`{shown}` is used by itself, directly or through others"
            hint = "move what both need to a third file"
            span = asked.span if asked else Source(shown, "").span(0, 0)
            raise Fault(error("A507", message, span, help=hint))
        if key not in self._modules and key not in self._unread:
            self._open.append(key)
            try:
                self._modules[key] = self.bind(self._read(path, shown), path.parent, shown)
            except Fault as fault:
                self._unread[key] = fault.diagnostic
            finally:
                self._open.pop()
        if key in self._unread:  # each `use` of it is at fault
            self.sink.add(from_use(self._unread[key], asked))
        return self._modules.get(key)

    def bind(self, source: Source, folder: Path, shown: str = "") -> Module:
        """The module of a source; `folder` is where its `use`s start."""
        parsed = parse(source)
        self.sink.extend(parsed.diagnostics)
        sources = {source.path: source}
        module = Module(
            source, parsed.tree, scope=Scope(BUILT_IN), sources=sources, shown=shown or source.path
        )
        items = parsed.tree.items
        if parsed.diagnostics:
            module.scope[ANY_NAME] = LOST
            module.scope.broken = frozenset(
                item.name_span.start
                for item in items
                if not isinstance(item, tree.Use | tree.Let)
                and any(item.span.start <= at <= item.span.end for at in parsed.given_up)
            )
        budget = Budget()
        found = len(self.sink)
        aliases = {item.name: item for item in items if isinstance(item, tree.Alias)}
        for item in items:
            with self.collecting():
                match item:
                    case tree.Use():
                        self._use(module, item, folder)
                    case tree.Let():
                        self._constants(module, item, budget)
                    case tree.Alias():
                        pass  # its target may stand behind it
                    case _:
                        _declare(module, item.name, self._meaning(module, item), item.name_span)
        for item in items:
            if isinstance(item, tree.Alias):
                with self.collecting():
                    if self._sound(item.parameters):
                        _declare_alias(module, item, aliases, ())
                module.scope.setdefault(item.name, LOST)
        if not parsed.diagnostics:
            for definition in module.definitions:
                if len(self.sink) - found > MOST_FAULTS:
                    break
                self.sink.extend(check_definition(definition))
        return module

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Collect a fault and go on behind it."""
        try:
            yield
        except Fault as fault:
            self.sink.add(fault.diagnostic)
        except Unknown:
            pass

    def _meaning(
        self, module: Module, item: tree.Block | tree.Synonym | tree.Arch | tree.Extern
    ) -> object:
        if not self._sound(item.parameters):
            return LOST
        if isinstance(item, tree.Extern):
            from archgen.resolve.externs import declared  # few specs have any

            with self.collecting():
                return declared(module.scope, item)
            return LOST
        return _definition(module, item)

    def _sound(self, parameters: Sequence[tree.Parameter]) -> bool:
        faults = list(_faults_of(parameters))
        self.sink.extend(faults)
        return not faults

    def _use(self, module: Module, use: tree.Use, folder: Path) -> None:
        used = None
        with self.collecting():
            path, shown = used_file(use, folder, module.shown)
            used = self.load(path, shown, use)
        known_as = use.alias or (use.target if use.arch else ANY_NAME)
        if used is None or ANY_NAME in used.scope:
            module.scope.setdefault(known_as, LOST)
        if used is None:
            return
        module.sources.update(used.sources)
        if use.arch:
            with self.collecting():
                _declare(module, known_as, used.names[use.target], use.span, own=False)
            return
        for name, meaning in used.names.items():
            full = f"{use.alias}.{name}" if use.alias else name
            with self.collecting():
                _declare(module, full, meaning, use.span, own=False)
        module.scope.behind |= dict(_behind(used, use))

    def _constants(self, module: Module, let: tree.Let, budget: Budget) -> None:
        values: dict[str, object] = dict.fromkeys(let.names, LOST)
        with self.collecting():
            value = evaluate(let.value, Environment({}, module.scope, budget=budget))
            values = unpack(let.targets, value, let.span)
        for name, item in values.items():
            _declare(module, name, item, let.span)


def _behind(used: Module, use: tree.Use) -> Iterator[tuple[str, tuple[str, str]]]:
    """What a used file imports for itself, with the `use` that would import it here."""
    for inner in used.tree.items:
        if not isinstance(inner, tree.Use) or inner.alias or use.alias:
            continue
        target = inner.target
        if inner.quoted:
            folder = Path(use.target).parent if use.quoted else Path()
            target = f'"{(folder / inner.target).as_posix()}"'
        for name, place in used.places.items():
            if place == inner.span:
                yield name, (used.source.path, f"use {target}")


def _declare(module: Module, name: str, meaning: object, span: Span, *, own: bool = True) -> None:
    """Make a name known to the file. Hiding another meaning is a mistake."""
    if name == "stage" and isinstance(meaning, Definition) and meaning.kind in _CALLED:
        message = "`stage` repeats blocks wherever it is applied: nothing could call this"
        raise Fault(error("A105", message, span, help="call it otherwise"))
    known = module.scope.get(name)
    if known is not None and known is not meaning and not may_be_hidden(known):
        also = [Label(module.places[name], "first here")] if name in module.places else []
        what = "a layer" if name in LAYERS else "another definition"
        code = "A103" if name in module.names else "A105"
        hint = "call it otherwise" if own else "use ... as m, and say m.NAME"
        raise Fault(error(code, f"`{name}` hides {what}", span, also=also, help=hint))
    module.scope[name] = meaning
    module.places[name] = span
    if own:
        module.names[name] = meaning


def _definition(module: Module, item: tree.Block | tree.Synonym | tree.Arch) -> Definition:
    if isinstance(item, tree.Synonym):
        body = tree.Body((item.chain,), span=item.chain.span)
        return Definition(
            item.name, "synonym", item.parameters, body, "", module.scope, item.name_span
        )
    kind: Literal["arch", "block"] = "arch" if isinstance(item, tree.Arch) else "block"
    doc = doc_of(item.body)
    return Definition(
        item.name,
        kind,
        item.parameters,
        item.body,
        doc,
        module.scope,
        item.name_span,
    )


def _faults_of(parameters: Sequence[tree.Parameter]) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for parameter in parameters:
        if parameter.name in seen:
            yield error("A103", f"the parameter `{parameter.name}` stands twice", parameter.span)
        seen.add(parameter.name)
        if parameter.name in {"channels", "shape", "input"}:
            message = f"`{parameter.name}` has a meaning of its own in every body"
            yield error("A105", message, parameter.span, help="call the parameter otherwise")


# --- aliases --------------------------------------------------------------------------------------


def _declare_alias(
    module: Module, item: tree.Alias, aliases: Mapping[str, tree.Alias], above: tuple[str, ...]
) -> None:
    """Make an alias known, after the alias that it stands for."""
    if (
        isinstance(known := module.names.get(item.name), Definition)
        and known.span == item.name_span
    ):
        return
    name = item.call.function.text
    if len(above) > DEEPEST_ALIAS:
        message = f"aliases of aliases nest deeper than {DEEPEST_ALIAS}"
        raise Fault(error("A401", message, item.name_span, help="name the arch behind them"))
    if name in above or name == item.name:
        raise Fault(error("A401", f"the alias `{item.name}` stands for itself", item.name_span))
    if name in aliases and name not in module.names:
        _declare_alias(module, aliases[name], aliases, (*above, item.name))
    _declare(module, item.name, _alias(module, item), item.name_span)


def _alias(module: Module, item: tree.Alias) -> Definition:
    """The definition of an alias: its parameters are its own and those that pass through."""
    target = _alias_target(module, item.call.function)
    _check_depth(target, item)
    fixed = _fixed(item.call, target)
    passing = tuple(each for each in target.parameters if each.name not in fixed)
    own = {parameter.name for parameter in item.parameters}
    if clash := [each.name for each in passing if each.name in own]:
        message = f"`{target.name}` has a parameter `{clash[0]}` too"
        hint = f"pass it on: `{clash[0]}={clash[0]}`"
        raise Fault(error("A105", message, item.call.span, help=hint))
    extras = item.body.statements if item.body else ()
    chain = tree.Chain((item.call,), span=item.call.span)
    return Definition(
        item.name,
        "alias",
        (*item.parameters, *passing),
        tree.Body((chain, *extras), span=item.span),
        doc_of(item.body) if item.body else "",
        module.scope,
        item.name_span,
        own=item.parameters,
    )


def _check_depth(target: Definition, item: tree.Alias) -> None:
    """Refuse an alias of an alias of an alias..."""
    for _ in range(DEEPEST_ALIAS):
        if target.kind != "alias":
            return
        target = target.target
    message = f"aliases of aliases nest deeper than {DEEPEST_ALIAS}"
    raise Fault(error("A401", message, item.name_span, help="name the arch behind them"))


def _alias_target(module: Module, function: tree.Name) -> Definition:
    target = module.scope.get(function.text)
    if isinstance(target, Definition) and target.kind in {"arch", "alias"}:
        return target
    check_lost(function, module.scope)
    archs = [
        name
        for name, item in module.scope.items()
        if isinstance(item, Definition) and item.kind in {"arch", "alias"}
    ]
    message = f"`{function.text}` is no arch"
    raise Fault(error("A102", message, function.span, help=suggest(function.text, archs)))


def _fixed(call: tree.Call, target: Definition) -> set[str]:
    """The parameters that the call of an alias gives."""
    positional = sum(argument.name is None for argument in call.arguments)
    first = {parameter.name for parameter in target.parameters[:positional]}
    return first | {argument.name for argument in call.arguments if argument.name}
