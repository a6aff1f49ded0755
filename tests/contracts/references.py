"""Rules for layers that the textbook leaves out: gated units, attention and wrappers, forward and backward by hand.

Written from the papers' formulas as the textbook's bricks are: NumPy, float64, channels second.
"""

from typing import Any

import numpy as np

from striate import catalog
from striate.layers.base import Layer
from striate.proof.rules import rule_of
from striate.textbook import Array, Brick, Weights
from striate.textbook.activation import sigmoid


class GRU(Brick):
    """Cho et al. 2014, arXiv:1406.1078; rows z, s, g. `reset_after`: s times r h, else r times s h."""

    def __init__(self, return_sequences: bool, go_backwards: bool, reset_after: bool) -> None:
        self.return_sequences, self.reset_after = return_sequences, reset_after
        self.order = slice(None, None, -1 if go_backwards else 1)

    def forward(self, x: Any, weights: Weights, training: bool = True) -> Array:
        self.several = isinstance(x, list)
        x, *first = x if self.several else [x]
        wz, ws, wg = np.split(weights["weight"], 3)
        rz, rs, rg = np.split(weights["recurrent_weight"], 3)
        units = len(rz)
        bias = weights.get("bias", np.zeros((2, 3 * units)))
        self.bias = bias
        (bz, bs, bg), (cz, cs, cg) = (
            np.split(row, 3) for row in (bias if bias.ndim == 2 else (bias, np.zeros(3 * units)))
        )
        self.weights, self.x = weights, np.moveaxis(x, 2, 0)[self.order]
        h = first[0] if first else np.zeros((len(x), units))
        self.memory, outputs = [], []
        for x_t in self.x:
            z = sigmoid(x_t @ wz.T + bz + h @ rz.T + cz)
            s = sigmoid(x_t @ ws.T + bs + h @ rs.T + cs)
            kept = h @ rg.T + cg if self.reset_after else (s * h) @ rg.T
            g = np.tanh(x_t @ wg.T + bg + (s * kept if self.reset_after else kept))
            self.memory.append((h, z, s, g, kept))
            h = z * h + (1 - z) * g
            outputs.append(h)
        return np.stack(outputs, 2) if self.return_sequences else outputs[-1]

    def backward(self, dy: Array) -> Any:
        w, r = self.weights["weight"], self.weights["recurrent_weight"]
        rz, rs, rg = np.split(r, 3)
        dw, dr, dread, dkept = np.zeros_like(w), np.zeros_like(r), 0.0, 0.0
        dx, dh = np.zeros_like(self.x), np.zeros((self.x.shape[1], len(rz)))
        for t in reversed(range(len(self.x))):
            h, z, s, g, kept = self.memory[t]
            dh = dh + (dy[:, :, t] if self.return_sequences else dy * (t == len(self.x) - 1))
            az, ag = dh * (h - g) * z * (1 - z), dh * (1 - z) * (1 - g**2)
            ds = ag * kept if self.reset_after else ag @ rg * h
            as_ = ds * s * (1 - s)
            read = np.concatenate([az, as_, ag], 1)
            after = np.concatenate([az, as_, ag * s], 1) if self.reset_after else read
            dr[: 2 * len(rz)] += after[:, : 2 * len(rz)].T @ h
            dr[2 * len(rz) :] += after[:, 2 * len(rz) :].T @ (h if self.reset_after else s * h)
            dw += read.T @ self.x[t]
            dread, dkept = dread + read.sum(0), dkept + after.sum(0)
            dx[t] = read @ w
            direct = ag * s @ rg if self.reset_after else ag @ rg * s
            dh = dh * z + az @ rz + as_ @ rs + direct
        gradients = {"weight": dw, "recurrent_weight": dr}
        if "bias" in self.weights:
            gradients["bias"] = np.stack([dread, dkept]) if self.bias.ndim == 2 else dread
        found = np.moveaxis(dx[self.order], 0, 2)
        return ([found, dh] if self.several else found), gradients


class Bidirectional(Brick):
    """Schuster & Paliwal 1997: the layer, and the layer on the sequence turned round, its outputs turned back."""

    def __init__(self, layer: Layer, merge_mode: str) -> None:
        self.ways = {"forward_layer": page(layer), "backward_layer": page(layer)}
        self.mode = merge_mode

    def forward(self, x: Any, weights: Weights, training: bool = True) -> Array:
        self.several = isinstance(x, list)
        x, *states = x if self.several else [x]
        half = len(states) // 2
        given = {"forward_layer": [x, *states[:half]], "backward_layer": [x[:, :, ::-1], *states[half:]]}
        self.y = {
            name: way.forward(given[name] if half else given[name][0], _under(name, weights))
            for name, way in self.ways.items()
        }
        self.sequences = self.y["backward_layer"].ndim == 3
        if self.sequences:
            self.y["backward_layer"] = self.y["backward_layer"][:, :, ::-1]
        one, other = self.y.values()
        if self.mode == "concat":
            return np.concatenate([one, other], 1)
        return {"sum": one + other, "mul": one * other, "ave": (one + other) / 2}[self.mode]

    def backward(self, dy: Array) -> Any:
        one, other = self.y.values()
        d_one, d_other = {
            "concat": lambda: np.split(dy, [one.shape[1]], 1),
            "sum": lambda: (dy, dy),
            "mul": lambda: (dy * other, dy * one),
            "ave": lambda: (dy / 2, dy / 2),
        }[self.mode]()
        if self.sequences:
            d_other = d_other[:, :, ::-1]
        gradients: dict[str, Array] = {}
        found = []
        for (name, way), cotangent in zip(self.ways.items(), (d_one, d_other), strict=True):
            dx, own = way.backward(cotangent)
            found.append(dx if isinstance(dx, list) else [dx])
            gradients |= {f"{name}.{key}": value for key, value in own.items()}
        (dx, *states), (turned, *others) = found
        dx = dx + turned[:, :, ::-1]
        return ([dx, *states, *others] if self.several else dx), gradients


class TimeDistributed(Brick):
    """A rule step by step: a new brick for each, as each remembers one forward only."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.steps, outputs = [], []
        for t in range(x.shape[2]):
            bricks = [page(self.layer)] + ([] if self.layer.then is None else [page(self.layer.then)])
            y = x[:, :, t]
            for brick in bricks:
                y = brick.forward(y, _under("layer", weights), training)
            self.steps.append(bricks)
            outputs.append(y)
        return np.stack(outputs, 2)

    def backward(self, dy: Array) -> Any:
        total: dict[str, Array] = {}
        dx = []
        for t, bricks in enumerate(self.steps):
            d = dy[:, :, t]
            for brick in reversed(bricks):
                d, own = brick.backward(d)
                for name, value in own.items():
                    total[f"layer.{name}"] = total.get(f"layer.{name}", 0.0) + value
            dx.append(d)
        return np.stack(dx, 2), total


class Embedding(Brick):
    """Bengio et al. 2003: a row of the table for each number; a row's gradient is the sum over the places it went to."""

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.x, self.shape = np.moveaxis(x, 1, -1).astype(int), weights["weight"].shape
        return np.moveaxis(weights["weight"][self.x], -1, 1)

    def backward(self, dy: Array) -> Any:
        dw = np.zeros(self.shape)
        np.add.at(dw, self.x, np.moveaxis(dy, 1, -1))
        return np.zeros(self.x.shape), {"weight": dw}


def _softmax(scores: Array) -> Array:
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _attend(scores: Array, causal: bool) -> Array:
    """Weights of the values: (..., l, m) of scores; without what is to come."""
    hidden = np.triu(np.ones(scores.shape[-2:], bool), 1) & causal
    return _softmax(np.where(hidden, -np.inf, scores))


class _Scored(Brick):
    """Values weighed by the softmax of scores; what makes the scores is the subclass's."""

    def __init__(self, use_causal_mask: bool) -> None:
        self.causal = use_causal_mask

    def forward(self, x: Any, weights: Weights, training: bool = True) -> Array:
        self.query, self.value, *key = (np.moveaxis(each, 1, 2) for each in x)
        self.own_key, self.key, self.weights = bool(key), (key or [self.value])[0], weights
        self.a = _attend(self.scores(), self.causal)
        return np.moveaxis(np.einsum("nlm,nmd->nld", self.a, self.value), 2, 1)

    def backward(self, dy: Array) -> Any:
        dy = np.moveaxis(dy, 1, 2)
        dvalue, da = np.einsum("nlm,nld->nmd", self.a, dy), np.einsum("nld,nmd->nlm", dy, self.value)
        ds = self.a * (da - (da * self.a).sum(-1, keepdims=True))
        dquery, dkey, gradients = self.back(ds)
        found = [dquery, dvalue, dkey] if self.own_key else [dquery, dvalue + dkey]
        return [np.moveaxis(each, 2, 1) for each in found], gradients

    def scores(self) -> Array:
        raise NotImplementedError

    def back(self, ds: Array) -> tuple[Array, Array, dict[str, Array]]:
        raise NotImplementedError


class Attention(_Scored):
    """Luong et al. 2015, arXiv:1508.04025: "dot", and Keras' "concat"."""

    def __init__(self, use_causal_mask: bool, score_mode: str) -> None:
        super().__init__(use_causal_mask)
        self.dot = score_mode == "dot"

    def scores(self) -> Array:
        self.scale = self.weights.get("scale", np.ones(()))
        if self.dot:
            self.raw = np.einsum("nlc,nmc->nlm", self.query, self.key)
            return self.raw * self.scale
        self.both = self.query[:, :, None] + self.key[:, None]
        self.bent = np.tanh(self.scale * self.both)
        return self.weights["concat_score_weight"] * self.bent.sum(-1)

    def back(self, ds: Array) -> tuple[Array, Array, dict[str, Array]]:
        if self.dot:
            gradients = {"scale": np.sum(ds * self.raw)}
            dquery = np.einsum("nlm,nmc->nlc", ds * self.scale, self.key)
            dkey = np.einsum("nlm,nlc->nmc", ds * self.scale, self.query)
        else:
            inner = ds[..., None] * self.weights["concat_score_weight"] * (1 - self.bent**2)
            gradients = {"scale": np.sum(inner * self.both), "concat_score_weight": np.sum(ds * self.bent.sum(-1))}
            dquery, dkey = (inner * self.scale).sum(2), (inner * self.scale).sum(1)
        return dquery, dkey, {name: np.asarray(gradients[name]) for name in self.weights}


class AdditiveAttention(_Scored):
    """Bahdanau et al. 2015, arXiv:1409.0473."""

    def scores(self) -> Array:
        self.bent = np.tanh(self.query[:, :, None] + self.key[:, None])
        self.scale = self.weights.get("scale", np.ones(self.query.shape[-1]))
        return (self.bent * self.scale).sum(-1)

    def back(self, ds: Array) -> tuple[Array, Array, dict[str, Array]]:
        inner = ds[..., None] * self.scale * (1 - self.bent**2)
        gradients = {"scale": np.einsum("nlm,nlmc->c", ds, self.bent)}
        return inner.sum(2), inner.sum(1), {name: gradients[name] for name in self.weights}


class MultiHeadAttention(Brick):
    """Vaswani et al. 2017, arXiv:1706.03762, head by head."""

    def __init__(self, use_causal_mask: bool) -> None:
        self.causal = use_causal_mask

    def forward(self, x: Any, weights: Weights, training: bool = True) -> Array:
        query, value, *key = (np.moveaxis(each, 1, 2) for each in x)
        self.own_key, self.weights = bool(key), weights
        self.read = {"query": query, "key": (key or [value])[0], "value": value}
        made = {}
        for name, each in self.read.items():
            bias = weights[f"{name}_bias"][:, None] if f"{name}_bias" in weights else 0.0
            made[name] = np.einsum("nlc,hkc->nhlk", each, weights[f"{name}_weight"]) + bias
        self.q, self.k, self.v = made.values()
        self.root = np.sqrt(self.q.shape[-1])
        self.a = _attend(np.einsum("nhlk,nhmk->nhlm", self.q, self.k) / self.root, self.causal)
        self.heads = np.einsum("nhlm,nhmk->nhlk", self.a, self.v)
        y = np.einsum("nhlk,chk->nlc", self.heads, weights["attention_output_weight"])
        return np.moveaxis(y + weights.get("attention_output_bias", 0.0), 2, 1)

    def backward(self, dy: Array) -> Any:
        dy = np.moveaxis(dy, 1, 2)
        gradients = {
            "attention_output_weight": np.einsum("nlc,nhlk->chk", dy, self.heads),
            "attention_output_bias": dy.sum((0, 1)),
        }
        dheads = np.einsum("nlc,chk->nhlk", dy, self.weights["attention_output_weight"])
        da = np.einsum("nhlk,nhmk->nhlm", dheads, self.v)
        ds = self.a * (da - (da * self.a).sum(-1, keepdims=True)) / self.root
        made = {
            "query": np.einsum("nhlm,nhmk->nhlk", ds, self.k),
            "key": np.einsum("nhlm,nhlk->nhmk", ds, self.q),
            "value": np.einsum("nhlm,nhlk->nhmk", self.a, dheads),
        }
        dx = {}
        for name, each in made.items():
            gradients[f"{name}_weight"] = np.einsum("nhlk,nlc->hkc", each, self.read[name])
            gradients[f"{name}_bias"] = each.sum((0, 2))
            dx[name] = np.einsum("nhlk,hkc->nlc", each, self.weights[f"{name}_weight"])
        found = [dx["query"], dx["value"], dx["key"]] if self.own_key else [dx["query"], dx["value"] + dx["key"]]
        return [np.moveaxis(each, 2, 1) for each in found], {name: gradients[name] for name in self.weights}


EXTRAS = {
    rule.__name__: rule
    for rule in (
        GRU,
        Bidirectional,
        TimeDistributed,
        Embedding,
        Attention,
        AdditiveAttention,
        MultiHeadAttention,
    )
}
"""The layers whose rule stands here and not in the textbook: modern ones, which the lectures do not have."""


def _under(prefix: str, weights: Weights) -> Weights:
    return {name.removeprefix(f"{prefix}."): value for name, value in weights.items() if name.startswith(f"{prefix}.")}


def page(layer: Any) -> Any:
    """The brick of the same name in the textbook or here, with the arguments that it takes."""
    return rule_of(catalog.get("layers", layer), EXTRAS)
