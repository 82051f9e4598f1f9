"""Hypothesis writes specs: blocks with parameters, stages, merges, loops, splits, heads.

Every construct of the language comes up, in every place where it may stand. Most specs are valid
and some are not (a window that does not fit, a channel too few), which is as it should be: laws
say what holds of either. Widths are mostly multiples of 4 and images of 8, so that cutting and
halving go well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.laws.vocabulary import (
    ACTIVATIONS,
    CALLS,
    CONDITIONS,
    FLOATS,
    HEADED,
    HOLDING,
    INDICES,
    KEEPING,
    LAYER_VALUES,
    NORMS,
    OF_OTHERS,
    PARTS,
    REDUCED,
    RESIZING,
    SPECIAL,
    STARTS,
    TAKEN,
    WIDTHS,
)

T = TypeVar("T")
MERGED = ["add", "mul", "concat", "sub", "maximum", "minimum"]


class Writer:
    """One spec in the making: lines are added, indented as deep as they stand."""

    def __init__(self, draw: DrawFn) -> None:
        self.draw = draw
        self.lines: list[str] = []
        self.depth = 0
        own = OF_OTHERS if draw(st.integers(1, 8)) == 1 else ()  # of which little is known
        self.blocks = [*CALLS, *own]  # calls of blocks that keep the sizes of an image
        self.headed = list(HEADED)  # those that bring a training head
        self.headless = False  # whether no head may stand here
        self.has_head = False  # whether the definition has one so far
        self.strided: list[str] = []  # blocks with `stride`, by name
        self.widths: list[str] = []  # constants that may be widths
        self.acts: list[str] = []  # parameters that hold layers
        self.flags: list[str] = []  # parameters that are true or false
        self.counts: list[str] = []  # parameters that say how often
        self.far: list[tuple[str, int]] = []  # named values of 8 features, and at which size
        self.size = 0  # how often the image was resized
        self.fresh = 0

    def pick(self, items: Sequence[T]) -> T:
        return self.draw(st.sampled_from(items))

    def chance(self, one_in: int = 2) -> bool:
        return self.draw(st.integers(1, one_in)) == 1

    def few(self, least: int, most: int) -> int:
        return self.draw(st.integers(least, most))

    def line(self, text: str) -> None:
        self.lines.append("  " * self.depth + text)

    def name(self, stem: str = "v") -> str:
        self.fresh += 1
        return f"{stem}{self.fresh}_"

    @contextmanager
    def braces(self, head: str = "") -> Iterator[None]:
        known = list(self.far)
        self.line(f"{head} {{".lstrip())
        self.depth += 1
        yield
        self.depth -= 1
        self.line("}")
        self.far = known

    @contextmanager
    def no_heads(self, head: str | None = None) -> Iterator[None]:
        """Where no training head may stand: merges, containers, parts; `head` opens braces."""
        before, self.headless = self.headless, True
        if head is None:
            yield
        else:
            with self.braces(head):
                yield
        self.headless = before

    # --- expressions ---------------------------------------------------------------------------

    def width(self) -> str:
        known = [*self.widths, *(f"2 * {each}" for each in self.widths)]
        return self.pick([*known, *known, *WIDTHS])

    def condition(self) -> str:
        own = [*self.flags, *self.flags, *(f"{each} > 1" for each in self.counts)]
        return self.pick([*CONDITIONS, *own, *(f"{each} >= 8" for each in self.widths)])

    def passes(self, least: int, most: int) -> str:
        """The head of a loop."""
        return f"for i in range({self.pick([str(self.few(least, most)), *self.counts])})"

    # --- links that an image goes through ------------------------------------------------------

    def conv(self, width: str | None = None) -> str:
        width = width or self.width()
        kernel = self.pick(["1", "3", "3", "5", "[3, 1]", "3, dilation=2"])
        groups = self.pick(["", "", "", ", groups=2"])
        more = self.pick(["", "", "", ', padding="same"', ', padding_mode="reflect"'])
        return f"conv({width}, {kernel}{groups}{self.pick(['', '', ', bias=true'])}{more})"

    def act(self) -> str:
        return self.pick([*self.acts, *ACTIVATIONS] if self.acts else ACTIVATIONS)

    def keeping(self) -> str:
        """A link that leaves the spatial sizes as they are."""
        kinds = [self.conv, self.conv, self.act, self.act]
        kinds += [lambda: self.pick(NORMS), lambda: self.pick(KEEPING)]
        kinds += [self.block, self.block]
        return self.pick(kinds)()

    def block(self) -> str:
        if not self.headless and self.chance(4):
            self.has_head = True
            return self.pick(self.headed).format(width=self.width())
        return self.pick(self.blocks).format(width=self.width())

    def chain(self, least: int = 1, most: int = 4) -> str:
        return " -> ".join(self.keeping() for _ in range(self.few(least, most)))

    # --- statements ----------------------------------------------------------------------------

    def statements(self, levels: int, least: int = 1, most: int = 4) -> None:
        """Some statements, which nest so many levels deep."""
        for _ in range(self.few(least, most)):
            if levels > 0 and self.chance():
                self.pick(self.nesting)(levels - 1)
            else:
                self.pick(self.flat)()

    @property
    def flat(self) -> list[Callable[[], None]]:
        return [
            *([] if self.headless else [self.head]),
            self.plain,
            self.plain,
            self.named_chain,
            self.named_layer,
            self.let,
            self.parted,
            self.halved,
            self.turned,
            self.gated,
            self.constant,
            self.scaled,
            self.numbered,
            self.divided,
            self.refolded,
            self.listed,
            self.repeated,
            self.reused,
            self.with_value,
            self.with_outputs,
            self.remembered,
            self.recalled,
            self.collected,
            self.reused_with_values,
            self.optional,
        ]

    @property
    def nesting(self) -> list[Callable[[int], None]]:
        return [
            self.residual,
            self.residual,
            self.merged,
            self.decided,
            self.looped,
            self.sequence,
            self.submodule,
            self.grouped,
        ]

    def plain(self) -> None:
        self.line(self.chain())

    def head(self, name: str = "") -> None:
        """A training head; in a loop its `name` tells the passes apart."""
        self.has_head = True
        with self.no_heads():
            ends = ["global_avgpool -> flatten -> linear(2)", self.conv(), self.chain(1, 2)]
            self.line(f"aux {name or self.name('head')} = {self.pick(ends)}")

    def named_chain(self) -> None:
        with self.no_heads():
            self.line(f"{self.name('chain')} = {self.chain(2)}")

    def named_layer(self) -> None:
        self.line(f"{self.name('layer')} = {self.conv()}")

    def let(self) -> None:
        name = self.name("n")
        self.line(f"let {name} = {self.pick(['channels', '8', 'max(channels // 2, 4)'])}")
        self.line(f"conv({name}, 1)")

    def parted(self) -> None:
        a, b = self.name("a"), self.name("b")
        parts = self.pick([*4 * ["2", "[2, channels - 2]"], "1"])
        self.line(f"{a}, {b} = split({parts})")
        with self.no_heads():
            self.line(f"concat {{ from {a}; {{ from {b}; {self.chain(1, 2)} }} }}")

    def halved(self) -> None:
        """Parts of a spatial axis, which other inputs may not divide."""
        a, b = self.name("a"), self.name("b")
        axis = self.pick(["1", "2", "-1"])
        self.line(f"{a}, {b} = split(2, axis={axis})")
        self.line(f"concat(axis={axis}) {{ from {b}; from {a} }} -> conv(channels, 3)")

    def turned(self) -> None:
        """Methods of a value, directly behind what makes it."""
        with self.no_heads(self.pick(MERGED)):
            self.line("identity")
            self.line(self.pick(["relu", "conv(channels, 1)"]))
        turn = self.pick(['"c h w -> c w h"', '"c (a h) w -> c (h a) w", a=2'])
        self.line(f"rearrange({turn}) -> conv(channels, 3)")  # a mean would not see it

    def gated(self) -> None:
        """A learned scale or shift; squeeze and excitation."""
        start = self.pick(["zeros", "ones", "constant(0.1)"])
        with self.braces(self.pick(["mul", "add"])):
            self.line("identity")
            sizes = self.pick(["channels", "channels, 1, 1", "1, channels, 1, 1"])
            self.line(f"{self.name('scale')} = param([{sizes}], init={start})")
        if self.chance():
            width = self.name("c")
            self.line(f"let {width} = channels")
            gate = f"conv(4, 1) -> relu -> conv({width}, 1) -> sigmoid"
            self.line(f"mul {{ identity; {{ global_avgpool -> {gate} }} }}")

    def scaled(self) -> None:
        """A value and one number for several of its own."""
        kind = self.pick(["mul", "add", "sub", "maximum"])
        first, second = self.draw(st.permutations(["identity", self.pick(REDUCED)]))
        self.line(f"{kind} {{ {first}; {second} }}")
        self.line(self.act())

    def numbered(self) -> None:
        """A merge with a number, that is always there or hangs on a decision."""
        kind = self.pick([*MERGED, "div", "div"])
        if kind == "concat":
            return
        number = self.pick(["0.5", "2", "1e-6", "(channels / 8)", "(sqrt(2))", *self.counts])
        if self.chance(4):
            number = f"if {self.condition()} {{ {number} }} else {{ 1.5 }}"
        elif self.chance(4):
            number = f"if {self.condition()} {{ {number} }} else {{ sigmoid }}"
        value = "{ square; add { identity; 1 } }" if kind == "div" else self.act()
        first, second = self.draw(st.permutations([number, value]))
        self.line(f"{kind} {{ {first}; {second} }}")
        self.line(self.act())

    def refolded(self) -> None:
        name, axis = self.name("flat"), self.pick(["1", "2"])
        self.line(f"{name} = {self.conv()}")
        self.line(f"unfold(3, 1, {axis}) -> {self.act()} -> fold(1, {axis}, like=from {name})")
        self.line("conv(channels, 1)")

    def divided(self) -> None:
        divisor = self.pick(["sigmoid", "add { square; 1 }", "clamp(0.5)"])
        self.line(f"div {{ {self.pick(['identity', self.act()])}; {divisor} }}")

    def constant(self) -> None:
        """A parameter or buffer as a value: through layers, blocks and merges, into the flow."""
        table, index, before = self.name("table"), self.name("index"), self.name("before")
        rows, held = self.few(2, 5), self.name("held")
        self.line(f"let {table} = param([{rows}, channels], init=normal)")
        kept = self.pick(["", "", ", persistent=false"])
        self.line(f"let {index} = buffer({self.pick(INDICES).format(rows=rows)}{kept})")
        self.line(f"{before} = identity")
        self.line(
            f"from {table} -> take(from {index}){self.pick(TAKEN)} -> reshape([-1, channels])"
        )
        self.line(f"{held} = {self.pick(['mean(0)', 'sum(0)', 'max(0)'])}")
        with self.braces(self.pick(["mul", "add", "maximum"])):
            self.line(f"from {before}")
            self.line(f"from {held} -> {self.pick(HOLDING)}")
            if self.chance():
                self.line(f"{self.name('wave')} = buffer({self.pick(FLOATS)}{kept})")

    def listed(self) -> None:
        names, count = self.name("items"), self.few(1, 6)
        with self.braces(f"for i in range({count})"):
            self.line(f"{names}[{self.pick(['i', 'i', f'{count - 1} - i'])}] = {self.conv()}")
        if self.chance():
            self.line(f"concat {{ identity; from {names}[0] -> {self.conv()} }}")

    def repeated(self) -> None:
        if self.strided:
            stride = self.pick(["", "", ", stride=2"])
            self.size += bool(stride)
            call = f"stage({self.pick(self.strided)}, {self.width()}, n={self.few(1, 4)}{stride})"
            self.line(self.pick(["", f"{self.name('stage')} = "]) + call)

    def reused(self) -> None:
        name = self.name("again")
        layer = self.pick(["conv(channels, 3)", "conv(channels, 1) -> relu", "bn", "prelu"])
        self.line(f"{name} = {layer}")
        self.line(self.act())
        self.line(f"reuse {name}")

    def with_value(self) -> None:
        name = self.name("left")
        self.line(f"{name} = {self.conv()}")
        self.line(self.act())
        if self.chance(12):  # an `nn.Sequential` hands on one value
            self.line(f"stage(joined, {self.width()}, from {name}, n=2)")
        elif self.chance(3):
            other = self.name("right")  # an item that nothing reads
            self.line(f"{other} = {self.conv()}")
            values = self.pick([f"[from {name}, from {other}]", f"[from {name}]"])
            self.line(f"listed({self.width()}, {values})")
            if values == f"[from {name}]" or self.chance():
                self.line(f"concat {{ identity; from {other} }}")
        elif self.chance(3):
            self.ignored(name)
        else:
            self.line(f"joined({self.width()}, {self.pick(['', 'other='])}from {name})")

    def collected(self) -> None:
        """Values of all passes: names of one pass, items that later passes and others read."""
        before, items = self.name("before"), self.name("items")
        several, count = self.chance(3), self.few(2, 6)
        made = "forked(8)" if several else self.pick(["conv(8, 3)", "conv(8, 1) -> bn"])
        end = self.pick([".a", ".b"]) if several else ""
        self.line("conv(8, 1)")
        with self.braces(f"for i in range({count})"):
            self.line(f"{before} = identity")
            if several or self.chance():
                self.line(f"{items}[i] = {made}")
            else:  # some without a submodule
                bare = self.pick(["identity", f"from {before} -> relu", f"reuse {items}[0]"])
                self.line(f"if i % 2 == 0 {{ {items}[i] = {made} }} else {{ {items}[i] = {bare} }}")
            self.line(f"from {items}[i]{end}")
            if self.chance():
                read = f"from {items}[i - 1]{end}"
                self.line(f"if i > 0 {{ add {{ identity; {read} }} }}")
            self.line(f"add {{ from {before}; {self.pick(['identity', 'conv(8, 3)'])} }}")
        part = self.pick(["[:2]", "[1:]", f"[{count - 1}:]", "", f"[:{count}][:1]"])
        listed = f"from {items}{part}"
        if self.chance() and not several:
            listed = f"[from {items}[j] for j in range({self.few(1, count)})]"
        with self.braces("concat"):
            self.line("identity")
            self.line(f"for v in {listed} {{ from v{end} }}")

    def reused_with_values(self) -> None:
        """A recurrent cell: the same block with the values of the step before."""
        name, state = self.name("cell"), self.name("state")
        self.line(f"conv(8, 1); {state}[0] = identity")
        self.line(f"{name} = joined(8, from {state}[0]); {state}[1] = identity")
        with self.braces(f"for i in range({self.few(1, 3)})"):
            self.line(f"relu -> reuse {name}(other=from {state}[i + {self.pick('01')}])")
            self.line(f"{state}[i + 2] = identity")

    def ignored(self, name: str) -> None:
        """A call that makes nothing of the current value, or of the one that it is given."""
        call = self.pick(["aside", "aside", "sized", "paired"])
        current, again = self.name("left"), self.name("again")
        if self.chance():
            self.line(f"{current} = identity")
        else:
            self.line(f"{current} = {self.conv()}")
        self.line(f"{again} = {call}({self.width()}, from {self.pick([name, name, current])})")
        if call == "paired":
            ends = self.pick(["a", "b", "ab"])
            self.line(f"concat {{ {'; '.join(f'from {again}.{end}' for end in ends)} }}")
        elif self.chance(3):
            self.line(f"reuse {again}")
        for value in (name, current):
            if self.chance():
                self.line(f"concat {{ identity; from {value} }}")

    def with_outputs(self) -> None:
        name = self.name("both")
        self.line(f"{name} = forked({self.width()})")
        if self.chance(4):
            self.line(f"from {name}.{self.pick('ab')}")
        else:
            self.line(f"{self.pick(MERGED)} {{ from {name}.a; from {name}.b }}")

    def remembered(self) -> None:
        name = self.name("far")
        act = self.pick(["", " -> bn", f" -> {self.act()}"])
        self.line(self.pick([f"{name} = conv(8, 3){act}", f"conv(8, 3){act}; {name} = identity"]))
        self.far.append((name, self.size))

    def recalled(self) -> None:
        """A value from further up, read here, or in every pass of a loop."""
        known = [name for name, size in self.far if size == self.size]
        if not known:
            self.remembered()
            return
        far = f"from {self.pick(known)}"
        read = self.pick([far, f"{far} -> {self.act()}", f"{far} -> conv(8, 3)"])
        merge = self.pick(["add", "add", "mul"])
        others = self.pick(["identity", f"identity; {{ {far} -> {self.act()} }}"])
        merged = f"{merge} {{ {{ {read} }}; {others} }}"
        loop = self.passes(0, 3)
        match self.pick(["here", "each", "branches"]):
            case "here":
                self.line(f"conv(8, 1); {merged}")
            case "each":
                self.line(f"conv(8, 1); {loop} {{ {merged}; conv(8, 1) }}")
            case _:
                self.line(f"conv(8, 1); {merge} {{ identity; {loop} {{ {read} }} }}")

    def optional(self) -> None:
        """A merge that may be left with one branch, then something that may work in place."""
        conv, head = f"conv(channels, {self.pick(['1', '3'])})", f"if {self.condition()}"
        loop = self.passes(0, 2)
        branches = ["identity", f"{self.pick([head, loop])} {{ {conv} }}"]
        first, second = self.draw(st.permutations(branches))
        self.line(f"{self.pick(['add', 'mul'])} {{ {first}; {second} }}")
        self.line(self.act())

    # --- statements that hold others -----------------------------------------------------------

    def residual(self, levels: int) -> None:
        width = self.name("w")
        self.line(f"let {width} = {self.width()}")
        with self.no_heads(self.pick(["add", "add", "add", "mul"])):
            with self.braces():
                self.statements(levels, 0, 2)
                self.line(self.conv(width))
            shortcut = f"{self.name('shortcut')} = conv({width}, 1) -> bn"
            self.line(f"if channels != {width} {{ {shortcut} }} else {{ identity }}")
            if self.chance(3):
                self.line(f"{self.passes(1, 3)} {{ {self.conv(width)} -> {self.act()} }}")
            if self.chance(3):
                self.line(f"{self.name('far')} = {self.conv(width)} -> {self.act()}")

    def merged(self, levels: int) -> None:
        with self.no_heads("concat"):
            self.line(self.chain(1, 2))
            if self.chance():
                self.line("identity")
            if self.chance():
                with self.braces():
                    self.statements(levels, 1, 2)
            if self.chance(3):
                self.line(f"if {self.condition()} {{ {self.conv()} -> {self.act()} }}")

    def decided(self, levels: int) -> None:
        with self.braces(f"if {self.condition()}"):
            self.statements(levels, 1, 2)
        if self.chance():
            with self.braces("else"):
                self.statements(levels, 1, 2)

    def looped(self, levels: int) -> None:
        saved = self.widths
        over = ["i in range(2)", "i in range(3)", "i in [1, 4]", "i in [channels, 8]"]
        over += [f"i in range({each})" for each in self.counts]
        pairs = [
            "i, out_ in zip([1, 2], [8, 4])",
            "i, [k_, out_] in enumerate([[1, 8], [3, 4]])",
            "i, [k_, out_] in enumerate([[1, 8], [3, 4], [5, 8], [1, 4], [3, 8]])",
            "[i, [k_, [out_]]] in [[0, [1, [8]]], [2, [3, [4]]]]",
            "[i, [k_, [out_]]] in [[0, [1, [8]]]] + [[4, [3, [4]]]] * 5",
        ]
        head = self.pick([*over, *pairs])
        self.widths = [*saved, "out_"] if head in pairs else saved
        with self.braces(f"for {head}"):
            self._pass(levels)
        self.widths = saved

    def _pass(self, levels: int) -> None:
        match self.pick(["plain", "quoted", "decided", "nested", "headed"]):
            case "headed" if not self.headless:
                self.line(self.chain(1, 2))
                self.head(f'"{self.name("h")}{{i}}"')
                if self.chance():
                    self.line(self.chain(1, 2))
            case "quoted":
                with self.no_heads():
                    self.line(f'"{self.name("q")}{{i}}" = {self.chain(1, 2)}')
            case "decided":
                self.line(f"if i == 1 {{ {self.conv()} }} else {{ {self.chain(1, 2)} }}")
            case "nested":
                with self.braces("add"):
                    self.line(f"conv(channels, 3) -> {self.act()}")
                    self.line("identity")
            case _:
                self.line(self.chain(1, 3))

    def sequence(self, levels: int) -> None:
        with self.no_heads(self.pick([f"{self.name('seq')} = seq", "seq"])):
            self.line(self.chain(1, 2))
            if self.chance():
                self.line(f"{self.passes(0, 3)} {{ {self.chain(1, 2)} }}")
            if self.chance():
                self.line(f"if {self.condition()} {{ {self.chain(1, 1)} }}")
            if self.chance(3):
                self.line(f'"{self.name("odd-name")}" = {self.conv()}')

    def submodule(self, levels: int) -> None:
        with self.no_heads(f"{self.name('part')} ="):
            self.far = []
            self.statements(levels)

    def grouped(self, levels: int) -> None:
        with self.braces():
            self.start()
            self.statements(levels)

    def start(self) -> None:
        if self.chance(3):
            self.line(f"init({self.pick(STARTS)})")

    # --- definitions ---------------------------------------------------------------------------

    def block_definition(self, index: int) -> None:
        name = f"block{index}"
        out, width, act, flag, deep, n = self.parameters()
        default = self.pick([f"{out} // 2", "2 * channels", "8", out])
        parameters = f"{out}, stride=1, {width}={default}, {act}={self.pick(LAYER_VALUES)}"
        parameters += f", {flag}=true, {deep}=false, {n}=2"
        self.widths, self.acts, self.far = [out, width], [act], []
        self.flags, self.counts, self.has_head = [flag, deep], [n], False
        with self.braces(f"block {name}({parameters})"):
            self.start()
            self.line(f"conv({width}, 3, stride=stride{self.pick(['', ', groups=2'])})")
            self.statements(2, 1, 3)
            if self.chance():
                self.line(f"if {flag} {{ {self.chain(1, 2)} }}")
            self.line(self.conv(out))
        calls = self.headed if self.has_head else self.blocks
        calls += [f"{name}({{width}})", f"{name}({{width}}, {width}=8, {act}=relu)"]
        calls += [f"{name}({{width}}, {flag}=false, {act}={self.pick(LAYER_VALUES)})"]
        calls += [f"{name}({{width}}, {deep}=true, {n}={times})" for times in (0, 1, 3)]
        calls += [f"{name}({{width}}, {deep}=true, {flag}=false)"]
        if not self.has_head:
            self.strided.append(name)

    def parameters(self) -> list[str]:
        """The names of a block's parameters, special ones among them."""
        special = self.draw(st.permutations(SPECIAL)) if self.chance(3) else ()
        usual = ("out", "width", "act", "flag", "deep", "n")
        chosen = [self.pick([one, other]) for one, other in zip(special, usual, strict=False)]
        return chosen or list(usual)

    def arch(self) -> None:
        self.widths, self.acts, self.far = ["wide"], [], []
        self.flags, self.counts = [], []
        with self.braces("arch net(wide=8)"):
            self.inputs()
            self.start()
            for _ in range(self.few(1, 3)):
                self.statements(2, 1, 2)
                if self.chance(3):
                    self.line(self.pick(RESIZING))
                    self.size += 1
            if self.chance(4):
                self.head()
            self.end()

    def inputs(self) -> None:
        sizes = f"{self.pick(['3', '4', '8'])}, {self.pick(['16, 16', '8, 8', '12, 16'])}"
        if self.chance(4):
            self.line(f"left = input({sizes}); right = input({sizes})")
            self.line(f"a = from left -> {self.conv('wide')}")
            self.line(f"b = from right -> {self.pick(['reuse a', self.conv('wide')])}")
            self.line(f"{self.pick(MERGED)} {{ from a; from b }}")
        else:
            self.line(f"input({sizes})")
            self.line(self.conv("wide"))

    def end(self) -> None:
        match self.pick(["vector", "vector", "tokens", "several", "image"]):
            case "vector":
                middle = self.pick(["", "linear(8) -> relu -> dropout(0.1) -> ", "bn -> "])
                self.line(f"global_avgpool -> flatten -> {middle}linear(wide)")
            case "tokens":
                norm = self.pick(["layer_norm", "layer_norm(bias=false)", "rms_norm", "gru(4)"])
                self.line(f"permute([1, 2, 0]) -> {norm} -> linear(8) -> gelu -> mean([0, 1])")
            case "several":
                self.line("small = maxpool(2) -> conv(4, 1)")
                self.line("large = from small -> upsample(scale=2)")
                self.line("output small, large")
            case _:
                pass


@st.composite
def specs(draw: DrawFn) -> str:
    """The text of a spec with one arch, `net`."""
    writer = Writer(draw)
    for index in range(1, 1 + writer.few(0, 2)):
        writer.block_definition(index)
    writer.arch()
    return PARTS + "\n".join(writer.lines) + "\n"
