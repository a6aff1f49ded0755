"""The declared graph: which layer takes what from which, with every shape."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from striate.errors import ArgumentError, ShapeError, StriateError, UnknownNameError
from striate.layers.base import Layer, Symbol
from striate.layers.input import Input, InputLayer
from striate.network.naming import layer_names
from striate.shape import Shape

__all__ = ["Network", "Node"]


Shapes = Sequence[int | None] | Mapping[str, Sequence[int | None]]
"""The shape of the only input, or of each by its name."""


@dataclass(frozen=True, eq=False)
class Node:
    """One use of a layer: by which name, on what, with which shapes (without the batch, channels last)."""

    name: str
    """Unique in the network; a layer used again is `dense`, then `dense:2`."""
    layer: Layer
    inputs: tuple[str, ...]
    shapes: tuple[Shape, ...]
    """Of the inputs; an input node has its own shape here."""
    output: Shape

    @property
    def owner(self) -> str:
        """The name under which the layer's weights are kept, shared by all its uses."""
        return self.name.split(":")[0]

    @property
    def is_input(self) -> bool:
        """Whether the network begins here."""
        return not self.inputs


@dataclass(frozen=True, eq=False)
class Network:
    """A declared graph, in an order in which each node comes after what it takes.

    Example: >>> from striate.layers import Conv2D
             >>> [node.output for node in Network.sequential([Conv2D(6, 5, input_shape=(32, 32, 1))]).nodes]
             [(32, 32, 1), (28, 28, 6)]
    """

    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @classmethod
    def sequential(cls, layers: Sequence[Any], input_shape: Sequence[int] | None = None) -> "Network":
        """The chain of these layers, as `chained` makes it."""
        return cls.functional(*cls.chained(layers, input_shape))

    @staticmethod
    def chained(layers: Sequence[Any], input_shape: Sequence[int] | None = None) -> tuple[Symbol, Symbol]:
        """The first and the last value of the chain of these layers. Its first entry may be an Input, or say `input_shape`.

        A model may stand among them: its layers do.
        Errors: ShapeError where a layer does not fit, with its place in the chain.
        """
        rest: list[Any] = list(layers)
        source = None
        if rest and isinstance(rest[0], Symbol):
            source = rest.pop(0)
        elif rest and isinstance(rest[0], InputLayer):
            first = rest.pop(0)
            source = Symbol(first, (), first.shape)
        elif input_shape is None:
            input_shape = next((_own_shape(layer) for layer in rest[:1]), None)
        _require_links(rest)
        if source is None:
            if input_shape is None:
                raise ShapeError(
                    "the network does not know the shape of its input",
                    fix="input_shape=(height, width, channels) on the first layer, or Input((h, w, c)) before it",
                )
            source = Input(tuple(input_shape))
        symbol = source
        for number, layer in enumerate(rest, start=1):
            try:
                symbol = layer(symbol)
            except StriateError as error:
                names = layer_names(each for each in rest if isinstance(each, Layer))
                name = names.get(layer, "model")
                raise error.at(f"layer {number} of {len(rest)}, {name} = {layer!r}; input {symbol.shape}") from None
            if not isinstance(symbol, Symbol):
                raise ArgumentError(
                    f"a model in a Sequential gives one value, this one gives {len(symbol)}",
                    where=f"layer {number} of {len(rest)}, {layer.name}",
                    fix="the functional form: a, b = model(x); Model(x, Concatenate()([a, b]))",
                )
        return source, symbol

    @classmethod
    def assemble(
        cls, input_shape: Shapes, entries: Sequence[tuple[Layer, Sequence[str]]], outputs: Sequence[str] = ()
    ) -> "Network":
        """The graph of layers that name what they take, as recipes and model files hold it.

        An entry is a layer and the names of its inputs: none means the entry before it. Without `outputs` the last
        entry is the output. The network's own input is called "input"; of several `input_shape` holds the shape of each
        by its name.
        """
        sources = _sources(input_shape)
        symbols, last, problems = _joined(sources, entries)
        for _, error in problems:
            raise error
        for name in outputs:
            if name not in symbols:
                raise UnknownNameError("layer", name, symbols, where="outputs")
        return cls.functional(sources.values(), [symbols[name] for name in outputs or [last]])

    @staticmethod
    def misfits(input_shape: Shapes, entries: Sequence[tuple[Layer, Sequence[str]]]) -> list[tuple[int, StriateError]]:
        """What `assemble` would refuse of each of these layers, with its number from 1.

        What comes after a layer that does not fit has no shape, so nothing is said of it.

        Example: >>> from striate.layers import Conv2D
                 >>> [(number, error.what) for number, error in Network.misfits((4, 4, 1), [(Conv2D(6, 5), ())])]
                 [(1, 'Conv2D cannot fit a 5x5 kernel in a 4x4 map')]
        """
        return _joined(_sources(input_shape), entries)[2]

    @classmethod
    def functional(cls, inputs: Symbol | Iterable[Symbol], outputs: Symbol | Iterable[Symbol]) -> "Network":
        """The graph from `inputs` to `outputs`, as layers called on Input(...) made it.

        Errors: ArgumentError where an output does not come from the inputs alone.
        """
        ins = [inputs] if isinstance(inputs, Symbol) else list(inputs)
        outs = [outputs] if isinstance(outputs, Symbol) else list(outputs)
        for what, symbols in (("inputs", ins), ("outputs", outs)):
            if len(set(symbols)) < len(symbols):
                twice = next(symbol for number, symbol in enumerate(symbols) if symbol in symbols[:number])
                raise ArgumentError(
                    f"one value stands among the {what} twice",
                    sum=f"value {symbols.index(twice) + 1} of {len(symbols)}, of shape {twice.shape}, again",
                    fix=f"each value once: {what} have the names of their layers",
                )
        order: list[Symbol] = []
        seen: set[int] = set()
        stack = [(symbol, False) for symbol in reversed([*ins, *outs])]
        while stack:
            symbol, ready = stack.pop()
            if ready:
                order.append(symbol)
            elif id(symbol) not in seen:
                seen.add(id(symbol))
                stack.append((symbol, True))
                stack.extend((before, False) for before in reversed(symbol.inputs))
        for symbol in order:
            if not symbol.inputs and symbol not in ins:
                raise ArgumentError(
                    "an output depends on an Input that is not among the inputs",
                    sum=f"Input of shape {symbol.shape}",
                    fix="list every Input in Model(inputs=[...], outputs=...)",
                )
        owners = layer_names((symbol.layer for symbol in order), {symbol.layer: symbol.scope for symbol in order})
        uses = Counter[Layer]()
        names: dict[int, str] = {}
        nodes = []
        for symbol in order:
            uses[symbol.layer] += 1
            use = uses[symbol.layer]
            names[id(symbol)] = owners[symbol.layer] + (f":{use}" if use > 1 else "")
            before = symbol.inputs or (symbol,)
            nodes.append(
                Node(
                    names[id(symbol)],
                    symbol.layer,
                    tuple(names[id(part)] for part in symbol.inputs),
                    tuple(part.shape for part in before),
                    symbol.shape,
                )
            )
        return cls(tuple(nodes), tuple(names[id(s)] for s in ins), tuple(names[id(s)] for s in outs))

    def at(self, shapes: Sequence[Shape]) -> "Network":
        """The same network for inputs of these shapes, where its own leave sizes open.

        Errors:  ShapeError where a layer does not fit.
        Example: >>> from striate.layers import Conv2D
                 >>> network = Network.sequential([Conv2D(6, 5, input_shape=(None, None, 1))])
                 >>> network.at([(28, 28, 1)]).nodes[-1].output
                 (24, 24, 6)
        """
        given = dict(zip(self.inputs, map(tuple, shapes), strict=True))
        known: dict[str, Shape] = {}
        nodes = []
        for node in self.nodes:
            taken = (given[node.name],) if node.is_input else tuple(known[name] for name in node.inputs)
            try:
                known[node.name] = taken[0] if node.is_input else node.layer.output(*taken)
            except ShapeError as error:
                sizes = " and ".join(map(str, taken))
                raise error.at(f"{node.name} = {node.layer!r}; input {sizes}") from None
            nodes.append(replace(node, shapes=taken, output=known[node.name]))
        return Network(tuple(nodes), self.inputs, self.outputs)

    def __getitem__(self, name: str) -> Node:
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}

    @property
    def layers(self) -> tuple[Node, ...]:
        """The nodes that do something: all but the inputs, a shared layer once."""
        return tuple(node for node in self.nodes if not node.is_input and ":" not in node.name)

    @property
    def is_chain(self) -> bool:
        """Whether each layer takes just the one before it."""
        pairs = zip(self.nodes, self.nodes[1:], strict=False)
        return len(self.inputs) == len(self.outputs) == 1 and all(
            after.inputs == (before.name,) for before, after in pairs
        )


def _is_link(entry: Any) -> bool:
    """Whether something can stand in a chain: a layer, or a model, which puts its layers there."""
    return isinstance(entry, Layer) or (callable(entry) and isinstance(getattr(entry, "network", None), Network))


def _require_links(entries: Sequence[Any]) -> None:
    """Refuse what cannot stand in a chain, and what stands in it twice."""
    for layer in entries:
        if not _is_link(layer):
            raise ArgumentError(
                f"a Sequential is made of layers, not of {layer!r} ({type(layer).__name__})",
                fix="layer objects such as Dense(10)"
                + (f": write {layer.__name__}(...)" if isinstance(layer, type) else ""),
            )
    first: dict[Any, int] = {}
    for number, layer in enumerate(entries, start=1):
        if first.setdefault(layer, number) < number:
            raise ArgumentError(
                f"the same {type(layer).__name__} object stands in the list twice",
                where=f"layers {first[layer]} and {number}",
                fix="two objects for two layers; to share weights use the functional form: "
                "y = layer(layer(Input(shape))); Model(x, y)",
            )


def _own_shape(entry: Any) -> Sequence[int] | None:
    """The shape of its input, as the first entry of a chain says it."""
    if isinstance(entry, Layer):
        return entry.input_shape
    network = entry.network if _is_link(entry) else None
    return network[network.inputs[0]].output if network is not None else None


def _sources(input_shape: Shapes) -> dict[str, Symbol]:
    """The inputs by name."""
    if isinstance(input_shape, Mapping):
        return {name: Input(tuple(shape), name=name) for name, shape in input_shape.items()}
    return {"input": Input(tuple(input_shape))}


def _joined(
    sources: dict[str, Symbol], entries: Sequence[tuple[Layer, Sequence[str]]]
) -> tuple[dict[str, Symbol], str, list[tuple[int, StriateError]]]:
    """The value of each layer by name, the name of the last, and what is wrong by the layer's number."""
    names = layer_names(layer for layer, _ in entries)
    symbols = dict(sources)
    unknown: set[str] = set()
    problems: list[tuple[int, StriateError]] = []
    last, uses = list(sources)[-1], Counter[Layer]()
    for number, (layer, takes) in enumerate(entries, start=1):
        where = f"layer {number} of {len(entries)}, {names[layer]} = {layer!r}"
        takes = takes or [last]
        uses[layer] += 1
        last = names[layer] if uses[layer] == 1 else f"{names[layer]}:{uses[layer]}"
        if unknown.intersection(takes):
            unknown.add(last)
            continue
        try:
            symbols[last] = _use(layer, takes, symbols)
        except StriateError as error:
            given = f"; input {symbols[takes[0]].shape}" if isinstance(error, ShapeError) else ""
            problems.append((number, error.at(where + given)))
            unknown.add(last)
    return symbols, last, problems


def _use(layer: Layer, takes: Sequence[str], symbols: dict[str, Symbol]) -> Symbol:
    for name in takes:
        if name not in symbols:
            raise UnknownNameError("earlier layer", name, symbols)
    return layer([symbols[name] for name in takes])
