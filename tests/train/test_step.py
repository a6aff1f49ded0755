import numpy as np
import pytest
import torch

from striate import textbook
from striate.build import build, rewrite
from striate.errors import NonFiniteError
from striate.layers import BatchNormalization, Conv2D, Dense, Flatten, MaxPooling2D
from striate.loader import Batch
from striate.losses import MeanSquaredError, SparseCategoricalCrossentropy
from striate.network import Network
from striate.optimizers import SGD, Adam
from striate.regularizers import L2
from striate.train import Goal, Objective, Step, Whole


def batch(x, y):
    return Batch((x,), (y,), None, torch.arange(len(x)))


def objective(loss, drops_head=False):
    return Objective((Goal("", loss, drops_head=drops_head),))


def test_a_step_is_what_the_textbook_computes():
    """Scores and softmax cross-entropy by striate, probabilities and the hand rules by the textbook, in float64."""
    network = Network.sequential(
        [
            Conv2D(3, 3, activation="relu", input_shape=(6, 6, 2)),
            MaxPooling2D(2),
            Flatten(),
            Dense(4, activation="softmax"),
        ]
    )
    module = build(network, 5).double()
    weights = {key: value.detach().numpy().copy() for key, value in module.state_dict().items()}
    loss = SparseCategoricalCrossentropy()
    engine = Whole(rewrite(module, heads=[loss.head]), objective(loss, drops_head=True))
    step = Step(engine, SGD(0.1).build(module.parameters(), 0.1))
    draw = np.random.default_rng(0)
    x, y = draw.standard_normal((5, 2, 6, 6)), draw.integers(0, 4, 5)

    bricks = textbook.Sequential(
        [
            textbook.Conv2D(),
            textbook.ReLU(),
            textbook.MaxPooling2D(pool_size=2),
            textbook.Flatten(),
            textbook.Dense(),
            textbook.Softmax(),
        ]
    )
    names = {"0.weight": "conv2d.weight", "0.bias": "conv2d.bias", "4.weight": "dense.weight", "4.bias": "dense.bias"}
    rule = textbook.SparseCategoricalCrossentropy()
    expected = rule.forward(bricks.forward(x, {ours: weights[key] for ours, key in names.items()}), y)
    _, gradients = bricks.backward(rule.backward())

    value, _, (scores,) = step(batch(torch.from_numpy(x), torch.from_numpy(y)))
    assert value == pytest.approx(expected, rel=1e-12)
    assert scores.shape == (5, 4)
    for ours, key in names.items():
        moved = weights[key] - 0.1 * gradients[ours]
        np.testing.assert_allclose(module.state_dict()[key].numpy(), moved, rtol=1e-12, atol=1e-12)


def test_a_penalty_is_part_of_the_loss_and_of_the_gradient():
    module = build(Network.sequential([Dense(1, use_bias=False, input_shape=(1,))]))
    with torch.no_grad():
        module.dense.weight.fill_(2.0)
    optimizer = SGD(0.1).build(module.parameters(), 0.1)
    step = Step(Whole(module, objective(MeanSquaredError()), [(L2(0.5), module.dense.weight)]), optimizer)
    value = step(batch(torch.zeros(4, 1), torch.zeros(4, 1))).loss
    assert value == pytest.approx(2.0)
    assert module.dense.weight.item() == pytest.approx(2.0 - 0.1 * 2 * 0.5 * 2.0)


def test_weights_of_samples_scale_their_losses():
    module = build(Network.sequential([Dense(1, use_bias=False, input_shape=(1,))]))
    with torch.no_grad():
        module.dense.weight.fill_(1.0)
    step = Step(Whole(module, objective(MeanSquaredError())), SGD(0.1).build(module.parameters(), 0.1))
    x = torch.tensor([[1.0], [2.0]])
    value = step(Batch((x,), (torch.zeros(2, 1),), (torch.tensor([3.0, 0.5]),), torch.arange(2))).loss
    assert value == pytest.approx((3.0 * 1 + 0.5 * 4) / 2)


def test_a_loss_that_is_not_finite_leaves_everything_as_it_was():
    network = Network.sequential([Conv2D(2, 3, input_shape=(4, 4, 1)), BatchNormalization(), Flatten(), Dense(2)])
    module = build(network).train()
    optimizer = Adam(0.1).build(module.parameters(), 0.1)
    step = Step(Whole(module, objective(SparseCategoricalCrossentropy(from_logits=True))), optimizer)
    x, y = torch.randn(4, 1, 4, 4), torch.tensor([0, 1, 0, 1])
    step(batch(x, y))
    before = {key: value.clone() for key, value in module.state_dict().items()}
    x[1, 0, 2, 2] = float("nan")
    with pytest.raises(NonFiniteError):
        step(batch(x, y))
    for key, value in module.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_a_gradient_that_is_not_finite_moves_nothing():
    module = build(Network.sequential([Dense(1, use_bias=False, input_shape=(1,))]))
    with torch.no_grad():
        module.dense.weight.fill_(1e-3)
    step = Step(Whole(module, objective(MeanSquaredError())), SGD(0.1).build(module.parameters(), 0.1))
    with pytest.raises(NonFiniteError, match="its gradient is not"):  # (1e-3*1e21)^2 = 1e36; 2*1e18*1e21 = 2e39
        step(batch(torch.full((1, 1), 1e21), torch.zeros(1, 1)))
    assert module.dense.weight.item() == pytest.approx(1e-3)


def test_bfloat16_is_for_the_step_alone():
    module = build(Network.sequential([Dense(3, input_shape=(8,)), Dense(2)]))
    optimizer = SGD(0.1).build(module.parameters(), 0.1)
    step = Step(
        Whole(module, objective(SparseCategoricalCrossentropy(from_logits=True)), (), torch.bfloat16), optimizer
    )
    _, _, (scores,) = step(batch(torch.randn(4, 8), torch.tensor([0, 1, 0, 1])))
    assert scores.dtype == torch.float32
    assert {p.dtype for p in module.parameters()} == {torch.float32}
