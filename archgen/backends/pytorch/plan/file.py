"""The file of a network as data: its classes, helpers and initialised layers, and their names."""

from __future__ import annotations

from dataclasses import dataclass, field

from archgen.backends.pytorch.plan.ir import Plan
from archgen.backends.pytorch.plan.names import Names, camel_case
from archgen.network import Initialiser, LayerNode, Network
from archgen.shapes import Shape


@dataclass(slots=True, eq=False)
class Initialised:
    """A torch class whose weights start otherwise: a small class that makes such layers.

    `whole`: every weight is set, so that torch's own initialisation need not run first.
    """

    name: str
    target: str
    init: tuple[tuple[str, Initialiser], ...]
    whole: bool

    def covers(self, init: tuple[tuple[str, Initialiser], ...]) -> bool:
        """Whether it is right for these starts, or can be: convolutions may lack a bias."""
        if init == self.init:
            return True
        few, many = sorted((dict(self.init), dict(init)), key=len)
        beyond = {name for name in many if name not in few}
        if not self.whole or not self.target.startswith("nn.Conv") or beyond != {"bias"}:
            return False
        if any(many[name] != few[name] for name in few):
            return False
        self.init = tuple(many.items())
        return True


@dataclass(slots=True, eq=False)
class File:
    """All classes of a network's file, callees first; the last is the network's own."""

    network: Network
    names: Names
    plans: list[Plan] = field(default_factory=list)
    helpers: list[str] = field(default_factory=list)
    initialised: list[Initialised] = field(default_factory=list)
    externs: dict[str, str] = field(default_factory=dict)  # `package.module:Class` -> its name

    @property
    def arch(self) -> Plan:
        return self.plans[-1]

    def claim(self, name: str) -> str:
        """A name of the file that nothing else has."""
        return self.names.claim(name)

    def need_helper(self, name: str | None) -> None:
        if name is not None and name not in self.helpers:
            self.helpers.append(name)

    def _extern(self, target: str) -> str:
        """The name of a class of another package; of two classes of one name one is renamed."""
        head, *rest = target.partition(":")[2].split(".")
        module = f"{target.partition(':')[0]}:{head}"
        if module not in self.externs:
            self.externs[module] = self.claim(head)
        return ".".join((self.externs[module], *rest))

    def torch_class(self, target: str, node: LayerNode, x: Shape) -> str:
        """The name of a layer's class in the file: torch's, a helper's, or an initialised one."""
        if ":" in target:
            return self._extern(target)
        if not target.startswith("nn."):
            self.need_helper(target)
        if not node.init:
            return target
        whole = {name for name, _ in node.init} == set(node.layer.weights(x))
        whole = whole and not node.layer.buffers(x)
        others = [known for known in self.initialised if known.target == target]
        for known in others:
            if known.whole is whole and known.covers(node.init):
                return known.name
        bare = target.removeprefix("nn.")
        starts = {known.init[0][1].name for known in others}
        if starts and node.init[0][1].name not in starts:
            bare = camel_case(node.init[0][1].name) + bare
        name = self.claim(bare)
        self.initialised.append(Initialised(name, target, node.init, whole))
        return name
