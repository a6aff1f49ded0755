"""The neocognitron: learning without a teacher and without gradients, eighteen years before LeNet-5.

Two kinds of cells take turns. S-cells look for features, C-cells forgive where exactly they are. What an S-cell looks for
it has learned by itself: of all cells that see an image, the most active ones grow more of what excited them.
"""

from collections.abc import Sequence

import numpy as np

from striate.textbook.brick import Array, Brick, Weights
from striate.textbook.window import Padding, add_windows, crop, pad, pad_widths, per_axis, windows

__all__ = ["CCells", "SCells"]


class SCells(Brick):
    """Planes of S-cells: each fires where the map looks like the one feature that its plane has learned.

    e[k,i] = sum over c,u of a[k,c,u] * x[c,i+u-p]                 what excites the cell   (i and u stand for both axes)
    s[i]   = sqrt(sum over c,u of n[u] * x[c,i+u-p]**2)            how much there is to see
    h[k,i] = 2r/(1+r) * b[k] * s[i]                                what inhibits it
    y[k,i] = r * phi((1 + e)/(1 + h) - 1),  phi(z) = max(z, 0)

    With g = dy where the cell is active and 0 elsewhere, the quotient rule gives
    de = r*g/(1 + h),   dh = -r*g*(1 + e)/(1 + h)**2,   ds[i] = 2r/(1+r) * sum over k of b[k] * dh[k,i]
    dx[c,j] = sum over i,u with i+u-p = j of (sum over k of a[k,c,u]*de[k,i]) + n[u]*x[c,j]*ds[i]/s[i]

    where s = 0 its slope is taken as 0. The weights have no gradients, for nothing goes down a slope here: `reinforce`
    says how they grow. A plane that has won once, with x0, has in the limit of large q
    y = phi((1 + r)*likeness - r), where likeness = <x, x0> / (|x| |x0|) with n as weights: it fires where that
    exceeds r/(1 + r), whatever the contrast.

    Shape:   x (n, c, h, w), excitation a (k, c, kh, kw), inhibition b (k,), nearness n (kh, kw) -> (n, k, h', w')
    Args:    padding: "valid", "same" or pixels.
             selectivity: r.
             reinforcement: q.
             column: sides of the area in which cells of all planes compete.
    Source:  Fukushima 1980, doi:10.1007/BF00344251; lecture 004 L57.
    Example: a cell that has seen a diagonal once, with q = 1000: it knows it, and no other line
             >>> brick = SCells(selectivity=1.5, reinforcement=1000.0)
             >>> diagonal, other = np.eye(2)[None, None], np.eye(2)[None, None, ::-1]
             >>> weights = {"excitation": np.full((1, 1, 2, 2), 0.001), "inhibition": np.zeros(1)}
             >>> weights["nearness"] = np.full((2, 2), 0.25)
             >>> _ = brick.forward(diagonal, weights)
             >>> weights |= brick.reinforce()
             >>> brick.forward(diagonal, weights).round(2).item(), brick.forward(other, weights).item()
             (1.0, 0.0)
    """

    def __init__(
        self,
        padding: Padding = "valid",
        selectivity: float = 1.5,
        reinforcement: float = 16.0,
        column: int | Sequence[int] = 5,
    ) -> None:
        self.padding = padding
        self.r = selectivity
        self.q = reinforcement
        self.column = per_axis(column, 2)

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.a, self.b, self.n = (weights[name] for name in ("excitation", "inhibition", "nearness"))
        self.widths = pad_widths(x.shape[2:], self.n.shape, (1, 1), self.padding, (1, 1))
        self.padded = pad(x, self.widths)
        self.seen = windows(self.padded, self.n.shape, (1, 1), (1, 1))  # (n, c, h', w', kh, kw)
        self.e = np.einsum("kcuv,ncijuv->nkij", self.a, self.seen)
        self.s = np.sqrt(np.einsum("uv,ncijuv->nij", self.n, self.seen**2))
        self.h = 2 * self.r / (1 + self.r) * self.b[:, None, None] * self.s[:, None]
        self.y = self.r * np.maximum((1 + self.e) / (1 + self.h) - 1, 0)
        return self.y

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        g = dy * (self.y > 0)
        de = self.r * g / (1 + self.h)
        dh = -self.r * g * (1 + self.e) / (1 + self.h) ** 2
        ds = 2 * self.r / (1 + self.r) * np.einsum("k,nkij->nij", self.b, dh)
        slope = np.divide(ds, self.s, out=np.zeros_like(ds), where=self.s > 0)
        dseen = np.einsum("kcuv,nkij->ncijuv", self.a, de) + np.einsum(
            "uv,ncijuv,nij->ncijuv", self.n, self.seen, slope
        )
        return crop(add_windows(dseen, self.padded.shape, (1, 1), (1, 1)), self.widths), {}

    def representatives(self) -> list[tuple[int, int, int]]:
        """Find who won when the latest image was seen: (plane, row, column), at most one of a plane.

        Every area of `column` cells, in all planes together, has a candidate: its most active cell. Areas overlap, so
        one plane may have several candidates; the most active one of them represents it.
        """
        y = self.y[0]  # (k, h', w')
        rows, columns = (min(side, size) for side, size in zip(self.column, y.shape[1:], strict=True))
        winners: dict[int, tuple[int, int, int]] = {}
        for i in range(y.shape[1] - rows + 1):
            for j in range(y.shape[2] - columns + 1):
                area = y[:, i : i + rows, j : j + columns]
                k, u, v = (int(place) for place in np.unravel_index(area.argmax(), area.shape))
                cell = (k, i + u, j + v)
                if y[cell] > 0 and (k not in winners or y[cell] > y[winners[k]]):
                    winners[k] = cell
        return [winners[k] for k in sorted(winners)]

    def reinforce(self) -> dict[str, Array]:
        """Let the winners of the latest image, one image, grow; all cells of a plane share the synapses of its winner.

        a[k] <- a[k] + q * n * x around the winner,    b[k] <- b[k] + q/2 * s there
        """
        a, b = self.a.copy(), self.b.copy()
        for k, i, j in self.representatives():
            a[k] += self.q * self.n * self.seen[0, :, i, j]
            b[k] += self.q / 2 * self.s[0, i, j]
        return {"excitation": a, "inhibition": b}


class CCells(Brick):
    """Planes of C-cells: each fires where its feature was seen anywhere near, so that small shifts do not matter.

    e[k,i] = sum over u of d[u] * max(x[k,i*s+u-p], 0)             what excites the cell   (i and u stand for both axes)
    h[i]   = (1/K) * sum over k of e[k,i]                          what inhibits it: the mean of the K planes
    z[k,i] = max((1 + e)/(1 + h) - 1, 0),   y = z/(alpha + z)

    dz = dy * alpha/(alpha + z)**2, and 0 where z is 0;   the quotient rule again, every e being part of h too:
    de[k,i] = dz[k,i]/(1 + h[i]) - (1/K) * sum over m of dz[m,i]*(1 + e[m,i])/(1 + h[i])**2
    dx[k,j] = sum over i,u with i*s+u-p = j of d[u]*de[k,i], and 0 where x is below 0

    Shape:   x (n, k, h, w), nearness d (kh, kw) -> (n, k, h', w')
    Args:    strides: steps from cell to cell.
             padding: "valid", "same" or pixels.
             saturation: alpha.
    Source:  Fukushima 1980, doi:10.1007/BF00344251; lecture 004 L57.
             As x/(alpha + x) would be positive again below -alpha, what is below 0 is cut off before, not after.
    Example: the plane that fires anywhere stands out of the two
             >>> y = CCells().forward(np.array([[[[0.0, 1.0]], [[0.0, 0.0]]]]), {"nearness": np.ones((1, 2))})
             >>> y.round(6).tolist()
             [[[[0.4]], [[0.0]]]]
    """

    def __init__(self, strides: int | Sequence[int] = 1, padding: Padding = "valid", saturation: float = 0.5) -> None:
        self.strides = per_axis(strides, 2)
        self.padding = padding
        self.alpha = saturation

    def forward(self, x: Array, weights: Weights, training: bool = True) -> Array:
        self.active = x > 0
        self.d = weights["nearness"]
        self.widths = pad_widths(x.shape[2:], self.d.shape, self.strides, self.padding, (1, 1))
        padded = pad(np.maximum(x, 0), self.widths)
        self.shape = padded.shape
        self.e = np.einsum("uv,nkijuv->nkij", self.d, windows(padded, self.d.shape, self.strides, (1, 1)))
        self.h = self.e.mean(axis=1, keepdims=True)
        self.z = np.maximum((1 + self.e) / (1 + self.h) - 1, 0)
        return self.z / (self.alpha + self.z)

    def backward(self, dy: Array) -> tuple[Array, dict[str, Array]]:
        dz = dy * (self.z > 0) * self.alpha / (self.alpha + self.z) ** 2
        dh = -np.sum(dz * (1 + self.e), axis=1, keepdims=True) / (1 + self.h) ** 2
        de = dz / (1 + self.h) + dh / dz.shape[1]
        dseen = np.einsum("uv,nkij->nkijuv", self.d, de)
        dx = crop(add_windows(dseen, self.shape, self.strides, (1, 1)), self.widths)
        return dx * self.active, {}
