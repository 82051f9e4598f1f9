"""Which names a value or submodule may have."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence

from archgen.diagnostics import Edit, Fault, error
from archgen.layers.base import Layer
from archgen.resolve.reserved import METHODS, MODULE_ATTRIBUTES
from archgen.syntax import tree
from archgen.text import Span


def check_spelling(name: str, span: Span, *, quoted: bool, free: bool) -> None:
    """Refuse what no name can be. A quoted name may be a number; inside `seq` (`free`) it need not
    be an identifier."""
    if quoted and name.isascii() and name.isdecimal():
        return
    if quoted and free and name and "." not in name and name.isprintable():
        return
    if not name.isidentifier() or not name.isascii():
        message = f"`{name}` cannot be a name"
        hint = "letters, digits and `_`; a quoted name inside `seq` may hold more, but no dot"
        raise Fault(error("A104", message, span, help=hint))


def check_submodule(name: str, span: Span) -> None:
    """Refuse a name of a submodule that Python or `nn.Module` owns."""
    if keyword.iskeyword(name):
        message = f"`{name}` is a word of Python, no submodule can have it"
        raise Fault(error("A104", message, span, help=f"call it `{name}_`", fix=_longer(span)))
    if name in METHODS:
        message = f"`{name}` is a method of every generated network, no submodule can have it"
        raise Fault(error("A104", message, span, help=f"call it `{name}_`", fix=_longer(span)))
    if name.startswith("__"):
        message = f"`{name}` begins with `__`, which has a meaning of its own in a Python class"
        raise Fault(error("A104", message, span, help="name the submodule otherwise"))
    if name in MODULE_ATTRIBUTES:
        message = f"`{name}` is an attribute of every `nn.Module`, no submodule can have it"
        raise Fault(error("A104", message, span, help=f"call it `{name}_`", fix=_longer(span)))


def _longer(span: Span) -> list[Edit]:
    """A name with `_` behind it, if it is written plainly."""
    return [Edit.behind(span, "_")] if span.text.isidentifier() else []


def check_field(name: str, span: Span) -> None:
    """Refuse a name of one of several results that a field of a `NamedTuple` cannot have."""
    if name.isdecimal():
        message = f"`{name}` is a number, and results are fields of a `NamedTuple`"
        raise Fault(error("A104", message, span, help=f"give it a name as well: `y{name} = ...`"))
    if keyword.iskeyword(name) or name.startswith("_") or name in {"count", "index"}:
        message = f"`{name}` cannot name a result, which is a field of a `NamedTuple`"
        hint = f"call it `{name.strip('_')}_`"
        raise Fault(error("A104", message, span, help=hint))


def makes_module(links: Sequence[tree.Link], scope: Mapping[str, object]) -> bool:
    """Whether the name of a chain (behind its leading `from`) becomes that of a submodule."""
    links = [link for link in links if not isinstance(link, tree.From)]
    if len(links) != 1:
        return bool(links) and not isinstance(links[0], tree.Reuse)
    link = links[0]
    if isinstance(link, tree.Call) and not link.indices:
        layer = scope.get(link.function.text)
        if isinstance(layer, type) and issubclass(layer, Layer):
            return layer.makes_module
        return True
    return isinstance(link, tree.Call | tree.Stage | tree.Param | tree.Seq | tree.Group)
