"""Networks as parts: when a body is finished, each arch that it called becomes one that gives what
was read of it (`insides` notes that), and makes nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from archgen.cutting.cut import opened
from archgen.cutting.places import Spot, find_inside, place_of
from archgen.cutting.trim import trimmed_steps
from archgen.network import Body, CallNode, Node, OutputValue, Ref, Step
from archgen.resolve.interpret.frame import Frame


def opened_parts(
    frame: Frame, outputs: Sequence[OutputValue], steps: tuple[Step, ...]
) -> tuple[Step, ...]:
    """Let each part give what is read of it alone. The steps that are left are returned."""
    body = frame.body
    kept: dict[int, Node] = {id(node): node for node in body.all_nodes}
    read = {output.value for output in outputs}.union(*(node.inputs for node in body.all_nodes))
    for name in {body.networks[ref].name for ref in body.inside}:
        uses = [node for node in body.nodes if isinstance(node, CallNode) and node.name == name]
        frame.env.budget.spend(uses[0].span, sum(len(node.body.nodes) for node in uses))
        kept |= {
            id(node): made for node, made in zip(uses, _opened(frame, uses, read), strict=True)
        }
    body.nodes = [kept[id(node)] for node in body.nodes]
    for each in body.nodes:
        if isinstance(each, CallNode) and not each.reused:
            body.children[each.name] = each
    alive = set(range(len(body.values))) - {
        ref for node in body.networks.values() for ref in node.outputs
    }
    alive.update(*(node.outputs for node in body.nodes))
    body.forgotten = set(range(len(body.values))) - alive
    return trimmed_steps(steps, kept, alive, body.inputs[0], results=True)


Noted = dict[tuple[object, ...], tuple[str, Ref]]  # by place: the path that was read, the value


def _opened(frame: Frame, uses: Sequence[CallNode], read: set[Ref]) -> list[CallNode]:
    """All uses of one part, which give the same: what any of them is asked for."""
    asked = [frame.body.inside.get(node.outputs[0], {}) for node in uses]
    paths = list(dict.fromkeys(path for noted in asked for path, _ in noted.values()))
    count = len(uses[0].outputs)
    own = [at for at in range(count) if any(node.outputs[at] in read for node in uses)]
    pairs = zip(uses, asked, strict=True)
    return [_one(frame, node, noted, paths, own) for node, noted in pairs]


def _one(
    frame: Frame, node: CallNode, noted: Noted, paths: Sequence[str], own: Sequence[int]
) -> CallNode:
    """A call that gives its own results at these places, and the values at these paths."""
    found = [find_inside(node.body, path, path, node.span) for path in paths]
    spots = list({place_of(spot): spot for spot in found}.values())
    made, places = _cut(frame, node.body, spots, own)
    outputs = [-1] * len(made.outputs)
    for at, place in zip(own, places, strict=False):
        outputs[place] = node.outputs[at]
    for spot, place in zip(spots, places[len(own) :], strict=True):
        if outputs[place] < 0:
            known = noted.get(place_of(spot))
            shape = made.values[made.outputs[place].value]
            outputs[place] = known[1] if known else frame.body.add(shape)
    return replace(node, body=made, outputs=tuple(outputs))


def _cut(
    frame: Frame, body: Body, spots: Sequence[Spot], own: Sequence[int]
) -> tuple[Body, list[int]]:
    """Equal parts of a network share what they become."""
    key = (id(body), *map(place_of, spots), tuple(own))
    known = frame.resolver.parts
    if key not in known:
        known[key] = opened(body, [body.outputs[at] for at in own], spots)
    return known[key]
