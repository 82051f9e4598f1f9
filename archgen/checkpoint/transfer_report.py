"""What a transfer did, as text for people and as JSON for programs: every weight has its fate.

The JSON is one object, its structure stable within a `version`:

    {"version": 1, "old": "net", "new": "net", "carried": [{"old", "new"}],
     "added": [{"key", "shape", "place"}], "dropped": [{"key", "shape", "place"}],
     "combined": [{"old", "new", "before", "after", "place"}],
     "reshaped": [{"old", "new", "before", "after", "place"}]}

where "old" and "new" are keys, and "before" and "after" are shapes. "combined" are weights of first
convolutions, computed for other input channels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archgen.analysis.weights import Entry, state
from archgen.checkpoint.differences import place_of
from archgen.checkpoint.grouping import layer_of, whole
from archgen.checkpoint.plan import Plan
from archgen.checkpoint.report import place_json, place_text, sizes_text, table
from archgen.network import Network
from archgen.report import plural

Row = tuple[str, str, str, str]


def render_text(plan: Plan) -> str:
    """A line that counts, then one for each layer or block that did not stay as it was."""
    total = sum(1 for _ in state(plan.new))
    counts = [f"{len(plan.carried):,} of {plural(total, 'tensor')} carried"]
    counts += [f"{len(plan.renamed):,} of them under another name"] if plan.renamed else []
    counts += [f"{len(plan.combined):,} computed"] if plan.combined else []
    counts += [f"{len(plan.initialised):,} new"] if plan.initialised else []
    counts += [f"{len(plan.dropped) + len(plan.reshaped):,} dropped"] if _loses(plan) else []
    names = f"{plan.old.name} to {plan.new.name}"
    return "\n".join([f"{names}: {', '.join(counts)}", *table(list(_rows(plan)))])


def as_json(plan: Plan) -> dict[str, object]:
    return {
        "version": 1,
        "old": plan.old.name,
        "new": plan.new.name,
        "carried": [{"old": old, "new": new} for new, old in plan.carried.items()],
        "added": [_entry(plan.new, each) for each in plan.added],
        "dropped": [_entry(plan.old, each) for each in plan.dropped],
        "combined": [_pair(plan, old, new) for old, new in plan.combined],
        "reshaped": [_pair(plan, old, new) for old, new in plan.reshaped],
    }


def _pair(plan: Plan, old: Entry, new: Entry) -> dict[str, object]:
    place = place_json(place_of(plan.new, new.key))
    return {
        "old": old.key,
        "new": new.key,
        "before": old.sizes,
        "after": new.sizes,
        "place": place,
    }


def _loses(plan: Plan) -> bool:
    return bool(plan.dropped or plan.reshaped)


def _entry(network: Network, entry: Entry) -> dict[str, object]:
    place = place_json(place_of(network, entry.key))
    return {"key": entry.key, "shape": entry.sizes, "place": place}


# --- rows ---------------------------------------------------------------------------------


def _rows(plan: Plan) -> Iterator[Row]:
    yield from _renamed(plan)
    yield from _combined(plan)
    yield from _reshaped(plan)
    yield from _groups("new", plan.new, plan.added)
    yield from _groups("dropped", plan.old, plan.dropped)


def _renamed(plan: Plan) -> Iterator[Row]:
    """By what the two keys do not share at their ends: a layer, or the block around it."""
    groups: dict[tuple[str, str], int] = {}
    for new, old in plan.renamed.items():
        pair = _unlike(old, new)
        groups[pair] = groups.get(pair, 0) + 1
    for (old, new), count in groups.items():
        place = place_text(place_of(plan.new, new))
        yield "renamed", f"{old} -> {new}", plural(count, "tensor"), place


def _unlike(old: str, new: str) -> tuple[str, str]:
    before, after = old.split("."), new.split(".")
    while len(before) > 1 and len(after) > 1 and before[-1] == after[-1]:
        before.pop()
        after.pop()
    return ".".join(before), ".".join(after)


_HOW = {"sum": "the sum of all", "mean": "the mean of all", "repeat": "in turn those of the"}


def _combined(plan: Plan) -> Iterator[Row]:
    for old, new in plan.combined:
        assert plan.channels
        sizes = f"was {sizes_text(old.sizes)}, is {sizes_text(new.sizes)}"
        how = f"each input channel is {_HOW[plan.channels]} {old.sizes[1]}"
        place = place_text(place_of(plan.new, new.key))
        yield "computed", new.key, f"{sizes}: {how}", place


def _reshaped(plan: Plan) -> Iterator[Row]:
    groups: dict[str, list[str]] = {}
    for old, new in plan.reshaped:
        layer = layer_of(new.key)
        name = new.key.removeprefix(layer).removeprefix(".")
        change = f"{name} was {sizes_text(old.sizes)}, is {sizes_text(new.sizes)}".strip()
        groups.setdefault(layer, []).append(change)
    for layer, changes in groups.items():
        yield "reshaped", layer, "; ".join(changes), place_text(place_of(plan.new, layer))


def _groups(fate: str, network: Network, entries: Iterable[Entry]) -> Iterator[Row]:
    keys = [entry.key for entry in entries]
    if keys:
        for path, inside in whole(keys, (entry.key for entry in state(network))).items():
            place = place_text(place_of(network, path))
            yield fate, path, plural(len(inside), "tensor"), place
