"""Every loss is declared as concepts are, and agrees with the textbook, value and gradient."""

import numpy as np
import pytest
import torch

from striate import catalog, textbook
from striate.layers import Conv2D
from striate.models import Sequential
from striate.optimizers import SGD
from striate.shape import to_border
from tests.contracts.declarations import check_declaration, shelf_members, variants
from tests.parity import agree, planted

MEMBERS = shelf_members("losses")
HEADS = {
    "Softmax": (textbook.Softmax, lambda scores: torch.softmax(scores, 1)),
    "Sigmoid": (textbook.Sigmoid, torch.sigmoid),
}
"""Heads that a gradient passes through; what a loss does after another one is tested beside it."""
FORMS = [(name, False) for name, loss in MEMBERS.items() if loss.head is None or loss.head in HEADS] + [
    (name, True) for name, loss in MEMBERS.items() if "from_logits" in catalog.arguments(loss)
]
SHAPES = {"vectors": (4, 3), "one sample": (1, 3), "maps": (2, 3, 2, 2)}
COUNTS = {"Poisson"}
"""Losses whose labels are counts and whose predictions are rates: none is below 0."""
BOUND = 1e-12


@pytest.mark.parametrize("name", MEMBERS)
def test_it_is_declared_as_concepts_are(name):
    check_declaration(MEMBERS[name])


@pytest.mark.parametrize("name", MEMBERS)
def test_it_has_a_textbook_rule(name):
    assert issubclass(getattr(textbook, name), textbook.Loss)


def labels(name, shape, rng):
    """Targets of each kind that a loss takes, inside (n, k, h, w) or (n, h, w)."""
    k, positions = shape[1], (shape[0], *shape[2:])
    return {
        "class numbers": lambda: [rng.integers(0, k, positions)],
        "distributions": lambda: [
            textbook.one_hot(rng.integers(0, k, positions), k),
            textbook.softmax(rng.standard_normal(shape)),
        ],
        "yes or no": lambda: [
            rng.integers(0, 2, shape).astype(float),
            textbook.sigmoid(rng.standard_normal(shape)),
        ],
        "signs": lambda: [rng.choice([-1.0, 1.0], shape)],
        "quantities": lambda: [rng.standard_normal(shape) if name not in COUNTS else rng.poisson(2.0, shape) * 1.0],
    }[MEMBERS[name].labels]()


def predictions(name, shape, rng):
    """Scores, or rates above 0."""
    scores = rng.standard_normal(shape)
    return np.exp(scores) if name in COUNTS else scores


def by_book(name, from_logits, scores, target):
    """The textbook's loss and its gradient to the scores, through the head that the loss takes the output of."""
    head = MEMBERS[name].head
    book = getattr(textbook, name)
    if head is None or from_logits:
        loss = book(from_logits=True) if from_logits else book()
        return loss.forward(scores, target), loss.backward()
    brick, loss = HEADS[head][0](), book()
    value = loss.forward(brick.forward(scores, {}), target)
    return value, brick.backward(loss.backward())[0]


def ours(name, from_logits, scores, target, memory=torch.contiguous_format):
    """The same of the loss that trains."""
    loss = MEMBERS[name](from_logits=True) if from_logits else MEMBERS[name]()
    leaf = torch.from_numpy(scores.copy())
    if leaf.dim() == 4:
        leaf = leaf.contiguous(memory_format=memory)
    leaf.requires_grad_()
    prediction = leaf if loss.head is None or from_logits else HEADS[loss.head][1](leaf)
    inside = torch.from_numpy(np.asarray(target))
    sparse = inside.dim() < leaf.dim()
    border = inside if sparse else to_border(inside)
    value = loss.values(prediction, loss.target(border, tuple(to_border(leaf).shape[1:]))).mean()
    value.backward()
    return value, leaf.grad


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last], ids=["contiguous", "channels_last"])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize(("name", "from_logits"), FORMS)
def test_value_and_gradient_are_those_of_the_textbook(name, from_logits, shape, seed, memory):
    rng = np.random.default_rng(seed)
    scores = predictions(name, shape, rng)
    for target in labels(name, shape, rng):
        value, gradient = ours(name, from_logits, scores, target, memory)
        expected, slope = by_book(name, from_logits, scores, target)
        assert agree(value, expected, BOUND)
        assert agree(gradient, slope, BOUND)


@pytest.mark.parametrize("name", MEMBERS)
def test_every_argument_means_what_it_means_in_the_textbook(name):
    rng = np.random.default_rng(0)
    scores = predictions(name, (4, 3), rng)
    for loss in variants(MEMBERS[name]):
        # Of class numbers the rule spreads a share of the truth itself; distributions are given to it spread.
        left_out = ("from_logits", *(["label_smoothing"] if loss.labels != "class numbers" else []))
        given = {key: value for key, value in vars(loss).items() if key not in left_out}
        if loss.head:
            loss, given = loss.on_logits(), given | {"from_logits": True}
        book = getattr(textbook, name)(**given)
        for target in labels(name, (4, 3), rng):
            leaf = torch.from_numpy(scores).requires_grad_()
            share, inside = getattr(loss, "label_smoothing", 0), target
            if share and "label_smoothing" not in given:
                inside = target * (1 - share) + share / (2 if loss.labels == "yes or no" else 3)
            value = loss.values(leaf, torch.from_numpy(target)).mean()
            (gradient,) = torch.autograd.grad(value, leaf)
            assert agree(value, book.forward(scores, inside), BOUND)
            assert agree(gradient, book.backward(), BOUND)


@pytest.mark.parametrize(("name", "from_logits"), FORMS)
def test_an_error_of_1e_4_in_any_one_gradient_is_caught(name, from_logits):
    rng = np.random.default_rng(0)
    scores = predictions(name, (4, 3), rng)
    for target in labels(name, (4, 3), rng):
        _, gradient = ours(name, from_logits, scores, target)
        _, slope = by_book(name, from_logits, scores, target)
        wrong = planted(gradient)
        assert wrong
        assert not any(agree(each, slope, BOUND) for each in wrong)


@pytest.mark.parametrize(("name", "from_logits"), FORMS)
def test_there_is_one_value_for_each_sample_and_position(name, from_logits):
    rng = np.random.default_rng(0)
    loss = MEMBERS[name](from_logits=True) if from_logits else MEMBERS[name]()
    for shape in SHAPES.values():
        scores = torch.from_numpy(textbook.softmax(rng.standard_normal(shape)))
        target = torch.from_numpy(np.asarray(labels(name, shape, rng)[0]))
        assert loss.values(scores, target).shape == (shape[0], *shape[2:])


@pytest.mark.parametrize("name", [name for name, loss in MEMBERS.items() if loss.head in HEADS])
def test_on_logits_is_the_same_loss_before_its_head(name):
    rng = np.random.default_rng(0)
    loss = MEMBERS[name]()
    scores = torch.from_numpy(rng.standard_normal((4, 3)))
    for target in labels(name, (4, 3), rng):
        inside = torch.from_numpy(np.asarray(target))
        after = loss.values(HEADS[loss.head][1](scores), inside)
        assert agree(loss.on_logits().values(scores, inside), after, 1e-12)


@pytest.mark.parametrize("name", [name for name, loss in MEMBERS.items() if loss.head])
def test_from_logits_nothing_overflows(name):
    loss = MEMBERS[name](from_logits=True)
    scores = torch.tensor([[1e4, -1e4, 0.0]], requires_grad=True)
    target = torch.tensor([1]) if loss.labels == "class numbers" else torch.tensor([[0.0, 1.0, 0.0]])
    value = loss.values(scores, target)
    (gradient,) = torch.autograd.grad(value.sum(), scores)
    assert torch.isfinite(value).all()
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("name", MEMBERS)
def test_labels_of_another_length_or_kind_are_refused_in_words(name):
    loss = MEMBERS[name]()
    for wrong in (["a", "b"], [[1], [1, 2]], [0, 1, 2], 0, np.zeros((2, 7, 7))):
        with pytest.raises(ValueError, match="labels"):
            loss(wrong, [[0.5, 0.5], [0.5, 0.5]])


@pytest.mark.parametrize("name", MEMBERS)
def test_a_network_with_a_prediction_for_each_pixel_is_trained_by_it(name):
    """The loss of 8 maps of 4 x 4 pixels falls by plain descent."""
    rng = np.random.default_rng(0)
    loss, activation = MEMBERS[name](), {"Softmax": "softmax", "Sigmoid": "sigmoid"}.get(str(MEMBERS[name].head))
    if loss.head not in (None, *HEADS):
        loss = loss.on_logits()
    layer = Conv2D(3, 1, activation="sigmoid" if name in COUNTS else activation, input_shape=(4, 4, 5))
    model = Sequential([layer], seed=0)
    model.compile(SGD(0.05), loss)
    x = rng.standard_normal((8, 4, 4, 5)).astype(np.float32)
    (target, *_) = labels(name, (8, 3, 4, 4), rng)
    y = target if target.ndim == 3 else np.moveaxis(target, 1, -1)
    losses = model.fit(x, y, epochs=4, batch_size=8, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert model.evaluate(x, y, verbose=0, return_dict=True)["loss"] < losses[0]
