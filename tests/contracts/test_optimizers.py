"""Every optimizer is declared as concepts are, and moves weights as the textbook does, for 100 steps."""

import copy
import inspect
from dataclasses import fields

import numpy as np
import pytest
import torch

from striate import catalog, textbook
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
    "Adamax": [KERAS_EPSILON],
    "VSGD": [{"curvature": "finite-difference"}, {"slow_start": 1, "slow_constant": 1.0}],
    "Lookahead": [{"optimizer": {"type": "RAdam"}}, {"optimizer": {"type": "SGD", "momentum": 0.9}}],
    "ExponentialMovingAverage": [{"optimizer": {"type": "Ranger"}}],
}
"""Arguments that work on each other, and those whose other value is a word."""

RATED = [name for name, concept in MEMBERS.items() if "learning_rate" in [field.name for field in fields(concept)]]
"""Those with a learning rate of their own; others have that of the optimizer they are around."""

FAULTS = {"Lion": (-1e3, 1e3)}
"""Errors of a gradient of which one at least must be noticed: 1e-4, but where only signs count."""


@pytest.mark.parametrize("name", MEMBERS)
def test_it_is_declared_as_concepts_are(name):
    check_declaration(MEMBERS[name])


@pytest.mark.parametrize("name", MEMBERS)
def test_it_has_a_textbook_rule(name):
    assert issubclass(getattr(textbook, name), textbook.Optimizer)


@pytest.mark.parametrize("name", RATED)
def test_it_takes_a_schedule_for_its_rate_and_knows_its_number_all_the_same(name):
    concept = MEMBERS[name]
    assert concept(CosineDecay()).learning_rate == CosineDecay()
    assert concept("cosine_decay").base_rate == concept().base_rate == concept().learning_rate
    assert concept(0.3).base_rate == 0.3


@pytest.mark.parametrize("name", MEMBERS)
def test_it_can_be_had_with_another_rate(name):
    example = MEMBERS[name].example()
    other = example.at(0.3)
    assert type(other) is type(example)
    assert (other.learning_rate, other.base_rate) == (0.3, 0.3)
    assert catalog.describe(other.at(example.learning_rate)) == catalog.describe(example.at(example.base_rate))


@pytest.mark.parametrize("rate", [0, -0.1, float("nan"), float("inf"), "fast", None])
@pytest.mark.parametrize("name", RATED)
def test_what_is_no_rate_is_refused(name, rate):
    with pytest.raises(ArgumentError, match=f"{name}: learning_rate must be"):
        MEMBERS[name](rate)


def rule(optimizer):
    """The textbook's rule with the same arguments, or None where the textbook has not all of them."""
    book = getattr(textbook, type(optimizer).__name__)
    known = inspect.signature(book).parameters
    defaults = vars(type(optimizer).example())
    given = vars(optimizer)
    if any(key not in known and value != defaults[key] for key, value in given.items()):
        return None
    if "optimizer" in given:
        return lambda: book(**given | {"optimizer": rule(catalog.get("optimizers", optimizer.optimizer))()})
    return lambda: book(**{key: value for key, value in given.items() if key in known})


def forms(name):
    """The optimizer in every form that the textbook knows as well, some arguments together."""
    together = [MEMBERS[name](**arguments) for arguments in TOGETHER.get(name, ())]
    return [one for one in (*variants(MEMBERS[name]), *together) if rule(one)]


def again(book):
    """Whether a rule of the textbook asks for the gradient of the same batch at other weights."""
    return "gradient" in inspect.signature(book.update).parameters


def bowl(weight, noise):
    """A loss with the gradient weight + noise."""
    return 0.5 * weight.square().sum() + (noise * weight).sum()


def step_with(built, loss):
    """A step of an optimizer whose weights have their gradients; one that asks for them again gets them from `loss`."""
    if not getattr(built, "reevaluates", False):
        built.step()
        return
    weights = [weight for group in built.param_groups for weight in group["params"]]

    def closure(create_graph=False):
        value = loss()
        gradients = torch.autograd.grad(value, weights, create_graph=create_graph, allow_unused=True)
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = gradient
        return value

    built.step(closure)


def run(optimizer, memory=torch.contiguous_format, fused=True, faults=None, steps=STEPS):
    """Weights after each step, ours and the textbook's, of a bowl with noise; `faults` are factors of one gradient."""
    rng = np.random.default_rng(0)
    by_book = [rng.standard_normal(shape) for shape in ((5,), (3, 4), (4, 3, 2, 2))]
    rules = [rule(optimizer)() for _ in by_book]
    asks = [again(book) for book in rules]
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
        step_with(
            built, lambda noise=noise: sum(bowl(w, torch.from_numpy(each)) for w, each in zip(ours, noise, strict=True))
        )
        known = [{"gradient": lambda w, each=each: w + each, "hessian": lambda v: v} for each in noise]
        by_book = [
            book.update(w, w + each, **(functions if ask else {}))
            for book, w, each, ask, functions in zip(rules, by_book, noise, asks, known, strict=True)
        ]
        yield [weight.detach().numpy() for weight in ours], by_book


@pytest.fixture
def double():
    """torch keeps the numbers of an optimizer's own (a step, a product) in this type."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("fused", [True, False], ids=["fused", "grouped"])
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last], ids=["contiguous", "channels_last"])
@pytest.mark.parametrize("name", MEMBERS)
def test_weights_move_as_in_the_textbook(name, memory, fused):
    for optimizer in forms(name):
        for step, (ours, expected) in enumerate(run(optimizer, memory, fused)):
            for weight, reference in zip(ours, expected, strict=True):
                assert agree(weight, reference, BOUND), (optimizer, step)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("name", MEMBERS)
def test_an_error_of_1e_4_in_any_one_gradient_of_one_step_is_caught(name):
    optimizer = MEMBERS[name].example()
    for index in np.ndindex(3, 4):
        caught = []
        for fault in FAULTS.get(name, (1e-4,)):
            faults = np.ones((3, 4))
            faults[index] += fault
            ours, expected = list(run(optimizer, faults=faults, steps=51))[-1]
            caught.append(not agree(ours[1], expected[1], BOUND))
            assert agree(ours[0], expected[0], BOUND)
        assert any(caught)


@pytest.mark.parametrize("name", MEMBERS)
def test_it_goes_downhill(name):
    """In half precision too."""
    optimizer = MEMBERS[name].example()
    for precision in (torch.float32, torch.bfloat16):
        weight = torch.nn.Parameter(torch.tensor([3.0, -4.0], dtype=precision))
        built = optimizer.build([weight], max(optimizer.base_rate, 0.02))
        for _ in range(50):
            weight.grad = 2 * weight.detach()
            step_with(built, lambda: weight.square().sum())  # noqa: B023 - called at once
        assert weight.dtype == precision
        assert weight.square().sum() < 25 or (precision == torch.bfloat16 and weight.square().sum() == 25)


def wavering(weights, generator):
    """A loss of noise and a bowl, and its gradients in the weights."""
    noise = [torch.randn(weight.shape, generator=generator, dtype=weight.dtype) for weight in weights]

    def loss():
        return sum(bowl(weight, each) for weight, each in zip(weights, noise, strict=True))

    for weight, gradient in zip(weights, torch.autograd.grad(loss(), weights), strict=True):
        weight.grad = gradient
    return loss


@pytest.mark.parametrize("name", MEMBERS)
def test_what_is_saved_halfway_goes_on_to_the_same_bits(name, tmp_path):
    for optimizer in forms(name):
        weights = [torch.nn.Parameter(torch.ones(shape)) for shape in ((3,), (2, 3))]
        built = optimizer.build(weights, optimizer.base_rate)
        generator = torch.Generator().manual_seed(0)
        for step in range(30):
            if step == 17:
                torch.save(built.state_dict(), tmp_path / "state")
                kept, drawn = copy.deepcopy(weights), generator.get_state()
            step_with(built, wavering(weights, generator))
        restored = optimizer.build(kept, optimizer.base_rate)
        restored.load_state_dict(torch.load(tmp_path / "state", weights_only=True))
        generator.set_state(drawn)
        for _ in range(17, 30):
            step_with(restored, wavering(kept, generator))
        for weight, expected in zip(kept, weights, strict=True):
            assert torch.equal(weight, expected), optimizer


@pytest.mark.parametrize("name", MEMBERS)
def test_a_weight_without_a_gradient_stays_and_begins_later_as_if_it_were_new(name):
    optimizer = MEMBERS[name].example()
    alone, late, other = (torch.nn.Parameter(torch.ones(2, 2)) for _ in range(3))
    built, own = optimizer.build([other, late], optimizer.base_rate), optimizer.build([alone], optimizer.base_rate)
    for step in range(40):
        other.grad, late.grad, alone.grad = other.detach().clone(), None, None
        if step >= 20:
            late.grad, alone.grad = late.detach().clone(), alone.detach().clone()
            step_with(own, lambda: bowl(alone, torch.zeros(2, 2)))
        step_with(built, lambda step=step: bowl(other, 0 * other) + (bowl(late, 0 * late) if step >= 20 else 0))
        if step < 20:
            assert torch.equal(late, torch.ones(2, 2))
    torch.testing.assert_close(late, alone, rtol=1e-6, atol=0)
    assert not torch.equal(late, torch.ones(2, 2))


@pytest.mark.parametrize("name", MEMBERS)
def test_every_group_of_weights_moves_at_its_own_rate(name):
    """Which the trainer sets before every step."""
    optimizer = MEMBERS[name].example()
    still, moving = (torch.nn.Parameter(torch.ones(2, 2)) for _ in range(2))
    built = optimizer.build([{"params": [still], "multiplier": 0.0}, {"params": [moving]}], optimizer.base_rate)
    assert built.param_groups[0]["multiplier"] == 0.0
    for _ in range(20):
        built.param_groups[0]["lr"] = 0.0
        still.grad, moving.grad = still.detach().clone(), moving.detach().clone()
        step_with(built, lambda: bowl(still, 0 * still) + bowl(moving, 0 * moving))
    assert torch.equal(still, torch.ones(2, 2))
    assert not torch.equal(moving, torch.ones(2, 2))


@pytest.mark.parametrize("name", MEMBERS)
def test_autograd_hands_it_gradients_in_the_memory_order_of_the_weights(name):
    """The fused kernels walk weight, gradient and averages side by side, and would mix up numbers in other orders."""
    optimizer = MEMBERS[name].example()
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(4, 3, 8, 8, generator=generator)
    start = torch.randn(6, 3, 3, 3, generator=generator)
    moved = []
    for memory, fused in ((torch.channels_last, True), (torch.contiguous_format, False)):
        weight = torch.nn.Parameter(start.clone().contiguous(memory_format=memory))
        built = optimizer.build([weight], optimizer.base_rate, fused)
        for _ in range(3):
            built.zero_grad(set_to_none=True)

            def loss(weight=weight, memory=memory):
                out = torch.nn.functional.conv2d(images.contiguous(memory_format=memory), weight)
                return out.square().mean() + 0.01 * weight.square().sum()

            loss().backward()
            assert weight.grad is not None
            assert weight.grad.stride() == weight.stride()
            step_with(built, loss)
        moved.append(weight.detach().clone())
    torch.testing.assert_close(*moved, rtol=1e-4, atol=1e-5)
