"""Exact rewrites of a built network for training: the same numbers, sooner.

Each rule takes the graph and says whether it changed it. The declared network stays as it was: a rewritten module
shares its parameters but has a graph of its own.
"""

from collections.abc import Callable, Sequence

from torch import fx, nn

__all__ = ["RULES", "pool_before_activation", "rewrite", "without_heads"]


def pool_before_activation(module: fx.GraphModule) -> int:
    """Max-pool first, then ReLU on a quarter of the numbers: max(f(x)) = f(max(x)) where f never falls.

    The gradient is the same up to ties. Leaky slopes must be above 0 for it to hold. Returns how often it applied.
    """
    count = 0
    for node in list(module.graph.nodes):
        if node.op != "call_module" or not isinstance(
            _called(module, node), nn.MaxPool1d | nn.MaxPool2d | nn.MaxPool3d
        ):
            continue
        before = node.args[0]
        if before.op != "call_module" or len(before.users) != 1:
            continue
        activation = _called(module, before)
        rises = isinstance(activation, nn.ReLU) or (
            isinstance(activation, nn.LeakyReLU) and activation.negative_slope > 0
        )
        if rises:
            source = before.args[0]
            node.replace_all_uses_with(before)
            node.args = (source,)
            before.args = (node,)
            node.append(before)
            count += 1
    return count


RULES: dict[str, Callable[[fx.GraphModule], int]] = {"pool-before-activation": pool_before_activation}
"""The rules by the name the plan prints."""


def without_heads(module: fx.GraphModule, heads: Sequence[str | None]) -> int:
    """Take the last activation of outputs off, so that scores (logits) come out. Returns of how many.

    `heads` holds for each output the name of the activation that is to go, such as "Softmax", or None.
    """
    output = next(node for node in module.graph.nodes if node.op == "output")
    several = isinstance(output.args[0], tuple)
    lasts = list(output.args[0]) if several else [output.args[0]]
    count = 0
    for place, (last, head) in enumerate(zip(lasts, heads, strict=True)):
        if head is not None and last.op == "call_module":
            lasts[place] = last.args[0]
            count += 1
    output.args = (tuple(lasts),) if several else (lasts[0],)
    module.graph.eliminate_dead_code()
    return count


def rewrite(
    module: fx.GraphModule, rules: tuple[str, ...] = tuple(RULES), heads: Sequence[str | None] = ()
) -> fx.GraphModule:
    """A module with the same parameters, its graph rewritten by `rules`, without the last activations that `heads` names.

    Example: >>> from striate.build import build
             >>> from striate.layers import Dense
             >>> from striate.network import Network
             >>> net = build(Network.sequential([Dense(3, activation="softmax", input_shape=(2,))]))
             >>> [node.target for node in rewrite(net, heads=["Softmax"]).graph.nodes if node.op == "call_module"]
             ['dense']
    """
    graph = fx.Graph()
    values: dict[fx.Node, fx.Node] = {}
    graph.output(graph.graph_copy(module.graph, values))
    changed = fx.GraphModule(module, graph, "Training")
    for rule in rules:
        RULES[rule](changed)
    if any(heads):
        without_heads(changed, heads)
    changed.graph.lint()
    changed.recompile()
    return changed


def _called(module: fx.GraphModule, node: fx.Node) -> nn.Module:
    return module.get_submodule(str(node.target))
