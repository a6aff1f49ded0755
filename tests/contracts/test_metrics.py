"""Every metric is declared as concepts are, and gathers over batches what it gives for the whole."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from striate import catalog
from striate.shape import to_border
from tests.contracts.declarations import check_declaration, shelf_members

MEMBERS = shelf_members("metrics")


def samples(name, shape, seed=0):
    """Predictions and targets of the kind a metric takes, inside."""
    rng = np.random.default_rng(seed)
    scores = torch.from_numpy(rng.standard_normal(shape)).float()
    classes = torch.from_numpy(rng.integers(0, shape[1], (shape[0], *shape[2:])))
    if name.startswith("Sparse"):
        return scores, classes
    if MEMBERS[name].takes_numbers:
        return torch.softmax(scores, 1), classes
    if "Categorical" in name:
        return scores, torch.nn.functional.one_hot(classes, shape[1]).movedim(-1, 1).float()
    if name.startswith("Binary"):
        return torch.sigmoid(scores), torch.from_numpy(rng.integers(0, 2, shape)).float()
    return scores, torch.from_numpy(rng.standard_normal(shape)).float()


@pytest.mark.parametrize("name", MEMBERS)
def test_it_is_declared_as_concepts_are(name):
    check_declaration(MEMBERS[name])


@pytest.mark.parametrize("name", MEMBERS)
def test_its_key_in_logs_is_its_name_unless_another_is_given(name):
    assert MEMBERS[name].example().name == catalog.snake_case(name)
    assert MEMBERS[name](name="mine").name == "mine"


def measured(metric, prediction, target):
    """The metric of one batch."""
    meter = metric.meter()
    meter.update(prediction, target)
    return meter.result()


@pytest.mark.parametrize("shape", [(13, 6), (13, 6, 3, 2)])
@pytest.mark.parametrize("name", MEMBERS)
@settings(max_examples=10, deadline=None, derandomize=True)
@given(cuts=st.sets(st.integers(1, 12)))
def test_batches_of_any_size_add_up_to_the_whole(name, shape, cuts):
    metric = MEMBERS[name].example()
    prediction, target = samples(name, shape)
    whole, parts = measured(metric, prediction, target), metric.meter()
    for rows in torch.arange(13).tensor_split(sorted(cuts)):
        parts.update(prediction[rows], target[rows])
    assert parts.result() == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("shape", [(13, 6), (13, 6, 3, 2)])
@pytest.mark.parametrize("name", MEMBERS)
def test_what_several_processes_gather_adds_up_to_the_whole(name, shape):
    metric = MEMBERS[name].example()
    prediction, target = samples(name, shape)
    together = metric.meter()
    for rows in torch.arange(13).tensor_split([4, 5, 5]):  # one has but one sample, another none
        part = metric.meter()
        if len(rows):
            part.update(prediction[rows], target[rows])
        together.add(part.gathered())
    assert together.result() == pytest.approx(measured(metric, prediction, target), rel=1e-12)


@pytest.mark.parametrize("shape", [(13, 6), (13, 6, 3, 2)])
@pytest.mark.parametrize("name", MEMBERS)
def test_called_with_arrays_it_gives_the_same(name, shape):
    metric = MEMBERS[name].example()
    prediction, target = samples(name, shape)
    border = target if target.dim() < prediction.dim() else to_border(target)
    found = metric(border.numpy(), to_border(prediction).numpy())
    assert found == pytest.approx(measured(metric, prediction, target), rel=1e-12)


@pytest.mark.parametrize("name", [name for name, metric in MEMBERS.items() if metric.takes_numbers])
def test_class_numbers_and_one_hot_labels_are_the_same_to_it(name):
    metric = MEMBERS[name].example()
    prediction, target = samples(name, (13, 6, 3, 2))
    one_hot = torch.nn.functional.one_hot(target, 6).movedim(-1, 1).float()
    assert measured(metric, prediction, one_hot) == measured(metric, prediction, target)
    assert measured(metric, prediction, target.unsqueeze(1)) == measured(metric, prediction, target)
    with pytest.raises(ValueError, match=r"labels 0\.\.5"):
        metric(np.full(4, 6), np.zeros((4, 6)))


@pytest.mark.parametrize("name", MEMBERS)
def test_channels_last_memory_changes_nothing(name):
    metric = MEMBERS[name].example()
    prediction, target = samples(name, (5, 6, 3, 2))
    turned = prediction.contiguous(memory_format=torch.channels_last)
    assert measured(metric, turned, target) == pytest.approx(measured(metric, prediction, target), rel=1e-6)


@pytest.mark.parametrize("name", MEMBERS)
def test_before_the_first_batch_it_is_no_number(name):
    assert math.isnan(MEMBERS[name].example().meter().result())


@pytest.mark.parametrize("name", [name for name, metric in MEMBERS.items() if metric.order_only])
def test_what_goes_by_order_alone_is_the_same_before_the_softmax(name):
    metric = MEMBERS[name].example()
    prediction, target = samples(name, (50, 6))
    assert torch.equal(metric.values(prediction, target), metric.values(torch.softmax(prediction, 1), target))


@pytest.mark.parametrize("name", MEMBERS)
def test_labels_of_another_kind_are_refused_in_words(name):
    metric = MEMBERS[name].example()
    for labels in (["a", "b"], [0], np.zeros((2, 9)), np.zeros((2, 3, 3))):
        with pytest.raises(ValueError, match="labels"):
            metric(labels, np.zeros((2, 4)))
