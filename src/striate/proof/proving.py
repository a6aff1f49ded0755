"""Prove a network: the rules written by hand, autograd and differences give the same numbers, brick by brick."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from striate import catalog
from striate.build import build
from striate.check import check_heads, refuse
from striate.errors import ArgumentError
from striate.losses.base import Loss
from striate.model import Model
from striate.model.goals import Compiled
from striate.model.samples import gather, input_sides
from striate.network import Network
from striate.proof.numerical import slope
from striate.proof.parts import Part, run, take_apart
from striate.proof.rules import Answer, Rules, by_hand, input_name, loss_by_hand, rule_of
from striate.proof.samples import closed, random_images, random_labels
from striate.proof.table import Proof, Row
from striate.proof.verdict import Compared, apart, verdict
from striate.seed import derive, require_seed
from striate.shape import to_inside
from striate.train import Goal, Objective

__all__ = ["prove"]

Tensors = dict[str, torch.Tensor]


def prove(
    what: Model | Network,
    loss: Any = None,
    x: Any = None,
    y: Any = None,
    *,
    loss_weights: Any = None,
    entries: int = 24,
    seed: int = 0,
    rules: Rules | None = None,
) -> Proof:
    """Compute every gradient of a declared network in three ways, in float64, and compare them brick by brick.

    dE/dx, dE/dw by the textbook's rules = by autograd = (E(w + h) - E(w - h)) / 2h

    Each brick, the losses included, is given the same input and the same dE/dy by all three, so that a mistake is found
    where it is made. dE/dy is that of the network, divided by its largest number; where none arrives, N(0, 1). In the end
    the gradient of the whole network is compared with differences of its loss. Losses are taken as training takes them,
    from the scores before their head; what large weights cost is not part of them. Networks are proved in training:
    normalisation by the batch, dropout with one mask for all.

    Hand and autograd may differ by 1e-12 * max(1, the largest gradient); differences, of which `entries` are tried for
    each brick, by 1e-5 of the gradient and 1e-6 of the largest. A step that crosses a kink is halved until it does not;
    a number that sits on a kink has no derivative and is skipped. Both are counted.

    Args:
        what: a model, with its weights and what it is compiled with; or a declared network, whose first weights are
            drawn, zero biases and scales of one moved so that they hide nothing.
        loss: as compile takes it; without any, E is the sum of the outputs times N(0, 1).
        x: images as fit takes them, a few; by default three of N(0, 1).
        y: their labels; by default random ones that suit the loss.
        loss_weights: as compile takes them.
        entries: how many numbers are moved for each brick, and for the whole network.
        seed: of all that is drawn.
        rules: rules by the name of a layer or loss, as textbook.Brick or textbook.Loss: for layers of one's own.
    Errors:  DataError, ArgumentError for what cannot be used, DeclarationError where loss and head do not belong
             together. A disagreement is no error here but a finding of the proof; `Proof.require` makes it one.
    Source:  lecture 003 L448, L203-249
    Example: >>> from striate.layers import Dense
             >>> from striate.network import Network
             >>> proof = prove(Network.sequential([Dense(3, activation="relu", input_shape=(4,))]), "mean_squared_error")
             >>> proof.agrees, [row.name for row in proof.rows]
             (True, ['dense', 'dense.activation', 'loss', 'whole network'])
    """
    seed = require_seed(seed)
    if not isinstance(entries, int) or isinstance(entries, bool) or entries < 1:
        raise ArgumentError(f"entries={entries!r} cannot be tried", sum="a whole number above 0", fix="entries=24")
    rng = np.random.default_rng(derive(seed, "proof"))
    network = what.network if isinstance(what, Model) else what
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        module = deepcopy(what.built) if isinstance(what, Model) else build(network, seed)
        module.double().train()
        if isinstance(what, Network):
            _stir(module, rng)
        objective = _objective(what, network, loss, loss_weights)
        images, labels = _given(what, network, objective, x, y) if x is not None else (None, None)
        network = network.at(
            [closed(network[name].output) for name in network.inputs]
            if images is None
            else [(*each.shape[2:], each.shape[1]) for each in images]
        )
        if images is None:
            images = [random_images(side, rng) for side in input_sides(network)]
        found, ends = take_apart(network, module, seed)
        by_name = {part.name: part for part in found}
        terms = _terms(network, objective, by_name, ends, labels, rng, len(images[0]))
        inputs = dict(zip(network.inputs, images, strict=True))
        return _Bench(found, terms, inputs, entries, rng, rules or {}).proof(seed)


def _stir(module: torch.nn.Module, rng: np.random.Generator) -> None:
    """Move weights that begin all alike: a bias of 0 or a scale of 1 would hide what it is multiplied with."""
    for weight in module.parameters():
        if weight.numel() and bool((weight == weight.flatten()[0]).all()):
            weight.data += 0.1 * torch.from_numpy(rng.standard_normal(tuple(weight.shape)))


def _objective(what: Model | Network, network: Network, loss: Any, loss_weights: Any) -> Objective | None:
    """What is made small, or None where nobody says."""
    if loss is not None:
        compiled = Compiled.of(network.outputs, loss, None, loss_weights)
        refuse(check_heads(network, compiled.losses))
        return compiled.objective(network)
    return what._objective if isinstance(what, Model) and what.loss is not None else None


def _given(
    what: Model | Network, network: Network, objective: Objective | None, x: Any, y: Any
) -> tuple[list[torch.Tensor], tuple[Any, ...] | None]:
    """The images as the network takes them, float64, and the labels of each output."""
    outputs = network.outputs if y is not None and objective is not None else ()
    learned = [goal is not None for goal in objective.goals] if outputs and objective is not None else []
    samples = gather(x, y, input_sides(network), outputs, learned)
    known = what.preprocessing if isinstance(what, Model) else None
    ways = known if isinstance(known, tuple) else (known,) * len(samples.x)
    images = []
    for each, way in zip(samples.x, ways, strict=True):
        batch = torch.from_numpy(np.ascontiguousarray(each))
        if way is not None:
            way.check(batch)
            image = way.tensor(batch)
        else:
            image = to_inside(batch) / (255.0 if batch.dtype == torch.uint8 else 1)
        images.append(image if each.dtype == np.int64 else image.double())
    return images, samples.y or None


@dataclass(frozen=True, eq=False)
class _Term:
    """What one output adds to E: its loss, or its numbers times `target` where there is no loss."""

    name: str
    value: str
    loss: Loss | None
    target: torch.Tensor
    weight: float = 1.0

    def shares(self, scores: torch.Tensor) -> torch.Tensor:
        """Numbers whose sum is the mean loss."""
        if self.loss is None:
            return scores * self.target
        values = self.loss.values(scores, self.target)
        return values / values.numel()


def _terms(
    network: Network,
    objective: Objective | None,
    by_name: dict[str, Part],
    ends: dict[str, str],
    labels: tuple[Any, ...] | None,
    rng: np.random.Generator,
    count: int,
) -> list[_Term]:
    """What each output adds to E. A head that training leaves out is left out here: the scores before it are taken."""
    goals: Sequence[Goal | None] = (None,) * len(network.outputs) if objective is None else objective.goals
    found = []
    for place, (name, goal) in enumerate(zip(network.outputs, goals, strict=True)):
        end, output = ends[name], network[name].output
        if objective is None:
            weights = torch.from_numpy(rng.standard_normal((count, *output)))
            found.append(_Term("", end, None, to_inside(weights)))
        elif goal is not None:
            given = None if labels is None else labels[place]
            target = (
                random_labels(goal.trained, output, rng, count)
                if given is None
                else goal.trained.target(torch.as_tensor(given), output)
            )
            value = by_name[end].takes[0] if goal.drops_head else end
            found.append(_Term(goal.key("loss"), value, goal.trained, _double(target), goal.weight))
    return found


def _double(target: torch.Tensor) -> torch.Tensor:
    return target.double() if target.is_floating_point() else target


@dataclass
class _Bench:
    """Where the bricks of one network are tried."""

    parts: list[Part]
    terms: list[_Term]
    images: Tensors
    entries: int
    rng: np.random.Generator
    rules: Rules

    def proof(self, seed: int) -> Proof:
        """Every brick, every loss and the whole network."""
        weights = {part.key: part.weights() for part in self.parts}
        leaves = {name: each.requires_grad_(each.is_floating_point()) for name, each in self.images.items()}
        for each in weights.values():
            for weight in each.values():
                weight.requires_grad_()
        values = run(self.parts, leaves, weights)
        arriving = self._arriving(values)
        still = {name: value.detach() for name, value in values.items()}
        results = [self._part(part, still, arriving[part.name]) for part in self.parts]
        results += [self._loss(term, still[term.value]) for term in self.terms if term.loss is not None]
        results.append(self._whole(weights))
        return Proof(
            tuple(row for row, _ in results),
            tuple(finding for _, found in results for finding in found),
            self.entries,
            len(next(iter(self.images.values()))),
            seed,
        )

    def _energy(self, values: Tensors) -> torch.Tensor:
        return torch.stack([term.weight * term.shares(values[term.value]).sum() for term in self.terms]).sum()

    def _arriving(self, values: Tensors) -> Tensors:
        """dE/dy of every part, its largest number 1; N(0, 1) where nothing arrives."""
        sought = {part.name: values[part.name] for part in self.parts}
        moving = {name: value for name, value in sought.items() if value.requires_grad}
        energy = self._energy(values)
        slopes = (
            torch.autograd.grad(energy, list(moving.values()), allow_unused=True)
            if moving and energy.requires_grad
            else ()
        )
        known = dict(zip(moving, slopes, strict=False))
        found = {}
        for name, value in sought.items():
            dy = known.get(name)
            largest = 0.0 if dy is None else dy.abs().max().item()
            if dy is None or not 0 < largest < float("inf"):
                dy, largest = torch.from_numpy(self.rng.standard_normal(tuple(value.shape))), 1.0
            found[name] = dy / largest
        return found

    def _part(self, part: Part, values: Tensors, dy: torch.Tensor) -> Any:
        """A brick, by its rule, by autograd and by trying."""
        x = [values[name] for name in part.takes]
        weights, averages = part.weights(), part.averages()
        before = _arrays(averages)
        y = part(x, weights, averages).detach()
        moving = {input_name(number): each.clone() for number, each in enumerate(x) if each.is_floating_point()}
        tensors = moving | {f"d{name}": each for name, each in weights.items()}

        def shares(moved: Tensors) -> torch.Tensor:
            inward = [moved.get(input_name(number), each) for number, each in enumerate(x)]
            return dy * part(inward, {name: moved[f"d{name}"] for name in weights})

        hand, updated = None, {}
        rule = rule_of(part.layer, self.rules)
        if rule is not None:
            given = [each.numpy() for each in x]
            # A layer that keeps averages and is not to be trained uses them in training too, as Keras has it.
            training = part.layer.trainable or not averages
            ones = [torch.ones_like(each) for each in x]
            hand, updated = by_hand(
                rule,
                given,
                _arrays(weights) | before,
                dy.numpy(),
                training,
                lambda: part(ones, weights).detach().numpy(),
            )
        outputs = {"y": y.numpy()} | {name: averages[name].numpy() for name in updated if name in averages}
        wanted = {"y": hand.y} | updated if hand is not None else None
        return self._judge(part.name, part.layer, type(part.module).__name__, outputs, wanted, hand, tensors, shares)

    def _loss(self, term: _Term, scores: torch.Tensor) -> Any:
        """A loss likewise."""
        loss = term.loss
        assert loss is not None
        # Shares are divided by their sum, probabilities kept off 0; the textbook takes them as they are. From the scores
        # both are the same function.
        off_scores = loss.head is not None and not getattr(loss, "from_logits", False)
        rule = None if off_scores else rule_of(loss, self.rules)
        hand = None if rule is None else loss_by_hand(rule, loss, scores.numpy(), term.target.numpy())
        value = term.shares(scores).sum().numpy()
        wanted = None if hand is None else {"y": hand.y}
        return self._judge(
            term.name,
            loss,
            type(loss).__name__,
            {"y": value},
            wanted,
            hand,
            {"dx": scores.clone()},
            lambda moved: term.shares(moved["dx"]),
        )

    def _whole(self, weights: dict[str, Tensors]) -> Any:
        """The gradient of E to weights of all layers, by autograd and by trying."""
        tensors = {
            f"d{key}.{name}": each.detach().clone() for key, found in weights.items() for name, each in found.items()
        }
        images = {name: each.detach() for name, each in self.images.items()}

        def energy(moved: Tensors) -> torch.Tensor:
            now = {key: {name: moved[f"d{key}.{name}"] for name in found} for key, found in weights.items()}
            return self._energy(run(self.parts, images, now)).reshape(1)

        return self._judge("whole network", None, "network", {}, None, None, tensors, energy)

    def _judge(
        self,
        name: str,
        concept: catalog.Concept | None,
        code: str,
        outputs: dict[str, np.ndarray],
        wanted: dict[str, Any] | None,
        hand: Answer | None,
        tensors: Tensors,
        shares: Callable[[Tensors], torch.Tensor],
    ) -> Any:
        """Compare the three, and say what is amiss."""
        kind = "" if concept is None else type(concept).__name__
        automatic = _gradients(tensors, shares)
        compared = {
            each: Compared(automatic[each], None if hand is None else hand.gradients.get(each)) for each in tensors
        }
        with torch.no_grad():
            middle = shares(tensors)
        for each, place in self._places(compared):
            moved, scale = tensors[each], compared[each].scale
            compared[each].tried[place] = slope(lambda _: shares(tensors), moved, place, scale, middle)
        ahead = None if wanted is None else {each: apart(outputs[each], wanted[each]) for each in outputs}
        tried = [found for each in compared.values() for found in each.tried.values()]
        row = Row(
            name,
            kind,
            None if ahead is None else max(ahead.values()),
            None if hand is None else max((each.apart for each in compared.values()), default=0.0),
            max((each.off for each in compared.values()), default=0.0),
            len(tried),
            sum(found.halvings > 0 for found in tried),
            sum(found.skipped for found in tried),
        )
        return row, verdict(name, kind, code, outputs, wanted, compared)

    def _places(self, compared: dict[str, Compared]) -> list[tuple[str, tuple[int, ...]]]:
        """Which numbers are moved: of each tensor a share of `entries`; the doubtful and the steepest first.

        Then half of them where the gradient is not 0, and half anywhere.
        """
        names = [name for name, each in compared.items() if each.automatic.size]
        if len(names) > self.entries:
            names = [names[number] for number in sorted(self.rng.choice(len(names), self.entries, replace=False))]
        found, left = [], self.entries
        names.sort(key=lambda name: compared[name].automatic.size)  # what small ones leave is for the large
        for number, name in enumerate(names):
            places = compared[name].places(left // (len(names) - number), self.rng)
            found += [(name, place) for place in places]
            left -= len(places)
        return found


def _arrays(tensors: Tensors) -> dict[str, np.ndarray]:
    return {name: each.detach().clone().numpy() for name, each in tensors.items()}


def _gradients(tensors: Tensors, shares: Callable[[Tensors], torch.Tensor]) -> dict[str, np.ndarray]:
    """Autograd's."""
    leaves = {name: each.detach().clone().requires_grad_() for name, each in tensors.items()}
    total = shares(leaves).sum()
    if not leaves or not total.requires_grad:
        return {name: np.zeros(tuple(each.shape)) for name, each in tensors.items()}
    found = torch.autograd.grad(total, list(leaves.values()), allow_unused=True, materialize_grads=True)
    return {name: each.numpy() for name, each in zip(leaves, found, strict=True)}
