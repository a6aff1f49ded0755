"""Bricks that read a sequence step by step: backpropagation through time.

Unrolled, a recurrent net is a deep chain in which every step has the same weights. So the gradient of a weight is the
sum over the steps, and what a state did at every later step comes back to it before it goes on to the step before.
"""

from typing import Any

import numpy as np

from striate.textbook.activation import sigmoid
from striate.textbook.brick import Array, Brick, Weights

__all__ = ["LSTM", "SimpleRNN"]


class _Recurrent(Brick):
    """What recurrent bricks share: the sums s[t] = w x[t] + r h[t-1] + b, and the way through time and back.

    x is the sequence (n, c, l), or a list of it and the first states (n, units); without them they are 0. With a list,
    dx is a list too.
    """

    states = 1

    def __init__(self, return_sequences: bool = False, go_backwards: bool = False) -> None:
        self.return_sequences = return_sequences
        self.order = slice(None, None, -1 if go_backwards else 1)

    def forward(self, x: Any, weights: Weights, training: bool = True) -> Array:
        self.several = isinstance(x, list)
        sequence, *states = x if self.several else [x]
        self.weights = weights
        w, r, b = weights["weight"], weights["recurrent_weight"], weights.get("bias", 0.0)
        self.x = np.moveaxis(sequence, 2, 0)[self.order]  # (l, n, c)
        states = states or [np.zeros((len(sequence), r.shape[1]))] * self.states
        self.steps = [(states, states)]  # before the first step nothing was computed
        for x_t in self.x:
            states, memory = self.step(x_t @ w.T + states[0] @ r.T + b, states)
            self.steps.append((states, memory))
        outputs = [states[0] for states, _ in self.steps[1:]]
        return np.stack(outputs, axis=2) if self.return_sequences else outputs[-1]

    def backward(self, dy: Array) -> Any:
        w, r = self.weights["weight"], self.weights["recurrent_weight"]
        gradients = {name: np.zeros_like(weight) for name, weight in self.weights.items()}
        dx = np.zeros_like(self.x)
        dstates = [np.zeros_like(state) for state in self.steps[0][0]]
        for t in reversed(range(len(self.x))):
            (before, _), (states, memory) = self.steps[t], self.steps[t + 1]
            if self.return_sequences:
                dstates[0] = dstates[0] + dy[:, :, t]
            elif t == len(self.x) - 1:
                dstates[0] = dstates[0] + dy
            ds, dstates = self.back(dstates, states, before, memory)
            gradients["weight"] += ds.T @ self.x[t]
            gradients["recurrent_weight"] += ds.T @ before[0]
            if "bias" in gradients:
                gradients["bias"] += ds.sum(axis=0)
            dx[t] = ds @ w
            dstates = [ds @ r, *dstates]  # h[t-1] went into every sum of this step
        found = np.moveaxis(dx[self.order], 0, 2)
        return ([found, *dstates] if self.several else found), gradients

    def step(self, s: Array, states: list[Array]) -> tuple[list[Array], Any]:
        """The states after a step, h first, and what `back` will need."""
        raise NotImplementedError

    def back(self, dstates: list[Array], states: list[Array], before: list[Array], memory: Any) -> Any:
        """ds from dE/d(the states after the step); and dE/d(those before it), where they were used beside the sums."""
        raise NotImplementedError


class SimpleRNN(_Recurrent):
    """One layer of units that see the next step and their own last output.

    s[t] = w x[t] + r h[t-1] + b,    h[t] = tanh(s[t])
    dh[t] = dy[t] + r^T ds[t+1],     ds[t] = dh[t] * (1 - h[t]^2)
    dx[t] = w^T ds[t],    dw = sum over t of ds[t] x[t]^T,    dr = sum over t of ds[t] h[t-1]^T,    db = sum of ds[t]

    dh[t] holds a factor r for each later step: where those are small, or tanh is flat, the gradient vanishes.

    Args:    return_sequences: whether y is every h[t], and not the last one alone.
             go_backwards: whether x is read from its end.
    Shape:   x (n, c, l), weight (units, c), recurrent_weight (units, units), bias (units,) -> (n, units),
             or (n, units, l) with return_sequences
    Source:  Elman 1990, doi:10.1207/s15516709cog1402_1; Werbos 1990, doi:10.1109/5.58337 (through time).
    Example: a unit that reads 1, 0, 0 and halves what it knew
             >>> brick = SimpleRNN(return_sequences=True)
             >>> weights = {"weight": np.array([[1.0]]), "recurrent_weight": np.array([[0.5]])}
             >>> brick.forward(np.array([[[1.0, 0.0, 0.0]]]), weights).round(3).tolist()
             [[[0.762, 0.363, 0.18]]]
    """

    def step(self, s: Array, states: list[Array]) -> tuple[list[Array], Any]:
        return [np.tanh(s)], None

    def back(self, dstates: list[Array], states: list[Array], before: list[Array], memory: Any) -> Any:
        return dstates[0] * (1 - states[0] ** 2), []


class LSTM(_Recurrent):
    """A memory c with three gates: i lets in, f keeps, o shows.

    (i, f, g, o)[t] = (sigmoid, sigmoid, tanh, sigmoid)(w x[t] + r h[t-1] + b)
    c[t] = f[t] * c[t-1] + i[t] * g[t],    h[t] = o[t] * tanh(c[t])

    dh[t] = dy[t] + r^T ds[t+1],    dc[t] = dh[t] * o[t] * (1 - tanh(c[t])^2) + dc[t+1] * f[t+1]
    di = dc * g,  df = dc * c[t-1],  dg = dc * i,  do = dh * tanh(c),  each times its slope: the rows of ds[t]
    and dx, dw, dr, db from ds as in SimpleRNN.

    dc[t] comes from dc[t+1] by a factor f[t+1] alone: while the gate is open the gradient does not vanish.

    Args:    return_sequences: whether y is every h[t], and not the last one alone.
             go_backwards: whether x is read from its end.
    Shape:   x (n, c, l), weight (4*units, c), recurrent_weight (4*units, units), bias (4*units,), rows in the order
             i, f, g, o -> (n, units), or (n, units, l) with return_sequences
    Source:  Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; Gers et al. 2000,
             doi:10.1162/089976600300015015; lecture 001 L666-682, which has the rows in the order i, f, o, g.
    Example: gates half open (sums of 0): y = tanh(tanh(1) / 2) / 2
             >>> weights = {"weight": np.array([[0.0], [0.0], [1.0], [0.0]]), "recurrent_weight": np.zeros((4, 1))}
             >>> round(LSTM().forward(np.array([[[1.0]]]), weights).item(), 4)
             0.1817
    """

    states = 2

    def step(self, s: Array, states: list[Array]) -> tuple[list[Array], Any]:
        i, f, g, o = np.split(s, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = f * states[1] + i * g
        return [o * np.tanh(c), c], (i, f, g, o)

    def back(self, dstates: list[Array], states: list[Array], before: list[Array], memory: Any) -> Any:
        (dh, dc), shown, (i, f, g, o) = dstates, np.tanh(states[1]), memory
        dc = dc + dh * o * (1 - shown**2)
        di, df, dg, do = dc * g, dc * before[1], dc * i, dh * shown
        ds = [di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)]
        return np.concatenate(ds, axis=1), [dc * f]
