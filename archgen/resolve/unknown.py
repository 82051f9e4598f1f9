"""Names that nothing is called by: what was meant, in the words of this language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from archgen import foreign, resources
from archgen.closest import MOST_CANDIDATES, closest
from archgen.diagnostics import Diagnostic, Edit, error
from archgen.frozen import dataclass
from archgen.layers import LAYERS
from archgen.layers.signature import headline
from archgen.resolve.functions import FUNCTIONS
from archgen.resolve.translation import translated
from archgen.resolve.values import Environment, Scope, check_lost
from archgen.syntax import tree
from archgen.text import Source

_CONSTANTS = {"True", "False", "None"}


@dataclass(frozen=True, slots=True)
class _Hint:
    help: str | None = None
    fix: tuple[Edit, ...] = ()


def unknown_name(name: tree.Name, env: Environment) -> Diagnostic:
    """A name that nothing is called by. Raises `Unknown` where a failed `use` may have known it."""
    check_lost(name, env.scope)
    known = [*env.names, *env.scope, *FUNCTIONS, "channels", "shape", "input.channels"]
    hint = _imported(name, env) or _foreign(name, None) or _similar(name, known)
    if name.text == "same":
        hint = _Hint('write `"same"`', (Edit(name.span, '"same"'),))
    if name.text in _CONSTANTS:
        word = name.text.lower()
        hint = _Hint(f"write `{word}`", (Edit(name.span, word),))
    return error("A101", f"unknown name `{name.text}`", name.span, help=hint.help, fix=hint.fix)


def unknown_layer(name: tree.Name, env: Environment, call: tree.Call | None = None) -> Diagnostic:
    """The same for what is applied; `call` with its arguments."""
    check_lost(name, env.scope)
    known = [*env.scope, *env.names, "stage"]
    hint = _imported(name, env) or _foreign(name, call) or _similar(name, known)
    message = f"unknown layer or block `{name.text}`"
    return error("A102", message, name.span, help=hint.help, fix=hint.fix)


def applied_value(name: tree.Name) -> Diagnostic:
    """A value that stands where a layer is applied."""
    message = f"`{name.text}` is a value of the network, not a layer or block"
    fix = [Edit(name.span, text := f"from {name.text}")]
    return error("A112", message, name.span, help=f"write `{text}`", fix=fix)


def unknown_function(name: tree.Name, env: Environment) -> Diagnostic:
    """The same for what is called in an expression."""
    check_lost(name, env.scope)
    if name.text == "stage":
        message = "a `stage` is applied where it stands, it is no value"
        return error("A112", message, name.span, help="make it a block: `block NAME = stage(...)`")
    known = [*FUNCTIONS, *env.scope, *env.names]
    hint = _imported(name, env) or _foreign(name, None) or _similar(name, known)
    message = f"unknown function or layer `{name.text}`"
    return error("A101", message, name.span, help=hint.help, fix=hint.fix)


def _similar(name: tree.Name, known: Sequence[str]) -> _Hint:
    close = closest(name.text, known[:MOST_CANDIDATES])
    if close is None:
        return _Hint("`archgen layers` lists the layers; `use` imports blocks")
    return _Hint(f"did you mean `{close}`?", (Edit(name.span, close),))


# --- names of other files -------------------------------------------------------------------------


def _imported(name: tree.Name, env: Environment) -> _Hint | None:
    """A block that a used file uses itself, or that a shipped library has."""
    line = env.scope.behind.get(name.text) if isinstance(env.scope, Scope) else None
    if line is not None:
        file, use = line
        help = f"`use` is not transitive: {file} uses it for itself; write `{use}` here too"
        return _Hint(help, (_at_top(name.span.source, use),))
    library = _libraries().get(name.text)
    if library is None:
        return None
    use = f"use {library}"
    return _Hint(f"`{use}` imports it", (_at_top(name.span.source, use),))


def _at_top(source: Source, line: str) -> Edit:
    """A line before the first definition of a file."""
    for match in re.finditer(r"^[^\S\n]*(?P<text>.*)$", source.text, re.MULTILINE):
        if match["text"] and not match["text"].startswith("#"):
            return Edit(source.span(match.start(), match.start()), f"{line}\n")
    return Edit(source.span(0, 0), f"{line}\n")


@cache
def _libraries() -> dict[str, str]:
    """Every block and arch of the shipped libraries, with the (first) library that has it."""
    found: dict[str, str] = {}
    for path in sorted((resources.root("specs") / "blocks").glob("*.arch")):
        for name in re.findall(r"^(?:block|arch) (\w+)", path.read_text("utf-8"), re.MULTILINE):
            found.setdefault(name, path.stem)
    return found


# --- names of other libraries ---------------------------------------------------------------------


def _foreign(name: tree.Name, call: tree.Call | None) -> _Hint | None:
    """A name of PyTorch or Keras."""
    found = foreign.word(name.text, LAYERS)
    if found is None:
        return None
    if found.keyword is None:
        return _merge(found, call) or _Hint(found.help)
    if call is None or not call.arguments:
        return _Hint(f"write `{found.keyword}`", (Edit(name.span, found.keyword),))
    text = translated(call, found.keyword)
    if text is None:
        return _Hint(f"it is written `{headline(LAYERS[found.keyword])}`")
    return _Hint(f"write `{text}`", (Edit(call.span, text),))


def _merge(found: foreign.Word, call: tree.Call | None) -> _Hint | None:
    """`cat([a, b], dim=1)` as the merge of these values, where nothing else is said."""
    names = named_values(call.arguments) if call and found.merge else None
    if not names or call is None or found.merge is None:
        return None
    text = merge_of(found.merge, names)
    return _Hint(f"write `{text}`", (Edit(call.span, text),))


def merge_of(kind: str, names: Sequence[str]) -> str:
    """`add { from a; from b }`."""
    return f"{kind} {{ {'; '.join(f'from {name}' for name in names)} }}"


def named_values(arguments: Sequence[tree.Argument]) -> list[str] | None:
    """The names that are all that a call is given, in a list or not; but for `dim=1`."""
    names: list[str] = []
    for argument in arguments:
        value = argument.value
        if argument.name == "dim" and isinstance(value, tree.Number) and value.value == 1:
            continue
        items = value.items if isinstance(value, tree.ListOf) else (value,)
        if argument.name is not None or not all(isinstance(item, tree.Name) for item in items):
            return None
        names += [item.text for item in items if isinstance(item, tree.Name)]
    return names
