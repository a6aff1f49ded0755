"""Exact rewrites of a built network for training: the same numbers, sooner.

Each rule takes the graph and says whether it changed it. The declared network stays as it was: a rewritten module
shares its parameters but has a graph of its own.
"""

from collections.abc import Callable

from torch import fx, nn

__all__ = ["RULES", "pool_before_activation", "rewrite", "without_head"]


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


def without_head(module: fx.GraphModule, head: str) -> bool:
    """Take the last activation (`head`: "Softmax" or "Sigmoid") off, so that scores (logits) come out."""
    output = next(node for node in module.graph.nodes if node.op == "output")
    last = output.args[0]
    if not isinstance(last, fx.Node) or last.op != "call_module":
        return False
    if not isinstance(_called(module, last), getattr(nn, head)):
        return False
    output.replace_input_with(last, last.args[0])
    module.graph.eliminate_dead_code()
    return True


def rewrite(module: fx.GraphModule, rules: tuple[str, ...] = tuple(RULES), head: str | None = None) -> fx.GraphModule:
    """A module with the same parameters, its graph rewritten by `rules`, without its last activation where `head` says.

    Example: >>> from striate.build import build
             >>> from striate.layers import Dense
             >>> from striate.network import Network
             >>> net = build(Network.sequential([Dense(3, activation="softmax", input_shape=(2,))]))
             >>> [node.target for node in rewrite(net, head="Softmax").graph.nodes if node.op == "call_module"]
             ['dense']
    """
    graph = fx.Graph()
    values: dict[fx.Node, fx.Node] = {}
    graph.output(graph.graph_copy(module.graph, values))
    changed = fx.GraphModule(module, graph, "Training")
    for rule in rules:
        RULES[rule](changed)
    if head is not None:
        without_head(changed, head)
    changed.graph.lint()
    changed.recompile()
    return changed


def _called(module: fx.GraphModule, node: fx.Node) -> nn.Module:
    return module.get_submodule(str(node.target))
