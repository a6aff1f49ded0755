"""Every optimizer is declared as concepts are, and moves weights as the textbook does, for 100 steps."""

import inspect

import numpy as np
import pytest
import torch

from striate import textbook
from striate.errors import ArgumentError
from striate.schedules import CosineDecay
from tests.contracts.declarations import check_declaration, shelf_members, variants
from tests.parity import agree

MEMBERS = shelf_members("optimizers")
STEPS = 100
BOUND = 1e-12
KERAS_EPSILON = {"epsilon_placement": "keras", "epsilon": 0.01}
TOGETHER = {
    "SGD": [{"momentum": 0.9, "nesterov": True}],
    "Adagrad": [KERAS_EPSILON, KERAS_EPSILON | {"initial_accumulator_value": 0.1}],
    "RMSprop": [
        {"momentum": 0.5, "centered": True},
        KERAS_EPSILON,
        KERAS_EPSILON | {"momentum": 0.5, "centered": True},
        KERAS_EPSILON | {"rho": 0.0},
    ],
    "Adam": [KERAS_EPSILON],
    "AdamW": [KERAS_EPSILON],
}
"""Arguments that work on each other, and those whose other value is a word."""


@pytest.mark.parametrize("name", MEMBERS)
def test_it_is_declared_as_concepts_are(name):
    check_declaration(MEMBERS[name])


@pytest.mark.parametrize("name", MEMBERS)
def test_it_has_a_textbook_rule(name):
    assert issubclass(getattr(textbook, name), textbook.Optimizer)


@pytest.mark.parametrize("name", MEMBERS)
def test_it_takes_a_schedule_for_its_rate_and_knows_its_number_all_the_same(name):
    concept = MEMBERS[name]
    assert concept(CosineDecay()).learning_rate == CosineDecay()
    assert concept("cosine_decay").base_rate == concept().base_rate == concept().learning_rate
    assert concept(0.3).base_rate == 0.3


@pytest.mark.parametrize("rate", [0, -0.1, float("nan"), float("inf"), "fast", None])
@pytest.mark.parametrize("name", MEMBERS)
def test_what_is_no_rate_is_refused(name, rate):
    with pytest.raises(ArgumentError, match=f"{name}: learning_rate must be"):
        MEMBERS[name](rate)


def rule(optimizer):
    """The textbook's rule with the same arguments, or None where the textbook has not all of them."""
    book = getattr(textbook, type(optimizer).__name__)
    known = inspect.signature(book).parameters
    defaults = vars(type(optimizer)())
    if any(key not in known and value != defaults[key] for key, value in vars(optimizer).items()):
        return None
    return lambda: book(**{key: value for key, value in vars(optimizer).items() if key in known})


def forms(name):
    """The optimizer in every form that the textbook knows as well, some arguments together."""
    together = [MEMBERS[name](**arguments) for arguments in TOGETHER.get(name, ())]
    return [one for one in (*variants(MEMBERS[name]), *together) if rule(one)]


def run(optimizer, memory=torch.contiguous_format, fused=True, faults=None, steps=STEPS):
    """Weights after each step, ours and the textbook's, of a bowl with noise; `faults` are factors of one gradient."""
    rng = np.random.default_rng(0)
    by_book = [rng.standard_normal(shape) for shape in ((5,), (3, 4), (4, 3, 2, 2))]
    rules = [rule(optimizer)() for _ in by_book]
    ours = [torch.nn.Parameter(torch.from_numpy(w.copy())) for w in by_book]
    ours[-1].data = ours[-1].data.contiguous(memory_format=memory)
    built = optimizer.build(ours, optimizer.base_rate, fused)
    for step in range(steps):
        noise = [rng.standard_normal(w.shape) for w in by_book]
        for number, (weight, each) in enumerate(zip(ours, noise, strict=True)):
            gradient = weight.detach() + torch.from_numpy(each)
            if faults is not None and step == 50 and number == 1:
                gradient = gradient * torch.from_numpy(faults)
            # As autograd does, in the memory order of the weight: the fused kernels take that for granted.
            weight.grad = torch.empty_like(weight).copy_(gradient)
        built.step()
        by_book = [book.update(w, w + each) for book, w, each in zip(rules, by_book, noise, strict=True)]
        yield [weight.detach().numpy() for weight in ours], by_book


@pytest.mark.parametrize("fused", [True, False], ids=["fused", "grouped"])
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last], ids=["contiguous", "channels_last"])
@pytest.mark.parametrize("name", MEMBERS)
def test_weights_move_as_in_the_textbook(name, memory, fused):
    for optimizer in forms(name):
        for step, (ours, expected) in enumerate(run(optimizer, memory, fused)):
            for weight, reference in zip(ours, expected, strict=True):
                assert agree(weight, reference, BOUND), (optimizer, step)


@pytest.mark.parametrize("name", MEMBERS)
def test_an_error_of_1e_4_in_any_one_gradient_of_one_step_is_caught(name):
    optimizer = MEMBERS[name]()
    for index in np.ndindex(3, 4):
        faults = np.ones((3, 4))
        faults[index] += 1e-4
        ours, expected = list(run(optimizer, faults=faults, steps=51))[-1]
        assert not agree(ours[1], expected[1], BOUND)
        assert agree(ours[0], expected[0], BOUND)


@pytest.mark.parametrize("name", MEMBERS)
def test_it_goes_downhill(name):
    optimizer = MEMBERS[name]()
    weight = torch.nn.Parameter(torch.tensor([3.0, -4.0]))
    built = optimizer.build([weight], optimizer.base_rate)
    for _ in range(50):
        weight.grad = 2 * weight.detach()
        built.step()
    assert weight.square().sum() < 25


@pytest.mark.parametrize("name", MEMBERS)
def test_autograd_hands_it_gradients_in_the_memory_order_of_the_weights(name):
    """The fused kernels walk weight, gradient and averages side by side, and would mix up numbers in other orders."""
    optimizer = MEMBERS[name]()
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(4, 3, 8, 8, generator=generator)
    start = torch.randn(6, 3, 3, 3, generator=generator)
    moved = []
    for memory, fused in ((torch.channels_last, True), (torch.contiguous_format, False)):
        weight = torch.nn.Parameter(start.clone().contiguous(memory_format=memory))
        built = optimizer.build([weight], optimizer.base_rate, fused)
        for _ in range(3):
            built.zero_grad(set_to_none=True)
            out = torch.nn.functional.conv2d(images.contiguous(memory_format=memory), weight)
            (out.square().mean() + 0.01 * weight.square().sum()).backward()
            assert weight.grad is not None
            assert weight.grad.stride() == weight.stride()
            built.step()
        moved.append(weight.detach().clone())
    torch.testing.assert_close(*moved, rtol=1e-4, atol=1e-5)
