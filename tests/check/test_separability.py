"""What a single layer cannot tell apart is found, proved by a sum, and gone once its fix is applied."""

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from striate.check import check_layers, check_separable, contradiction
from striate.datasets import logic
from striate.layers import Conv2D, Dense, Flatten, Input, Maxout, ReLU, Softmax
from striate.network import Network


def single(features=2, head="sigmoid", units=1):
    return Network.sequential([Dense(units, activation=head, input_shape=(features,))])


def two_outputs():
    x = Input((2,))
    return Network.functional(x, [Dense(1)(x), Dense(1)(x)])


def faults(network, x, y):
    return [finding.fault for finding in check_separable(network, x, y)]


def test_xor_is_refused_with_the_inequalities_that_contradict_each_other():
    (found,) = check_separable(single(head="step"), *logic.load_data("xor"))
    assert str(found) == (
        "not-linearly-separable at dense: no plane parts the two classes, and dense has no hidden layer before it\n"
        "  sum   : s = w1*x1 + w2*x2 + b: s(0, 1) + s(1, 0) > 0 > s(0, 0) + s(1, 1), but both sums are w1 + w2 + 2*b\n"
        '  fix   : a hidden layer, such as Dense(2, activation="tanh") before dense'
    )
    assert found.severity == "advice"


@pytest.mark.parametrize("function", ["and", "or", "not", "majority"])
def test_what_a_perceptron_learns_is_not_reported(function):
    x, y = logic.load_data(function)
    assert faults(single(x.shape[1], "step"), x, y) == []


def test_with_the_hidden_layer_of_its_fix_xor_is_not_reported():
    chain = [Dense(2, activation="tanh", input_shape=(2,)), Dense(1, activation="step")]
    assert faults(Network.sequential(chain), *logic.load_data("xor")) == []


@pytest.mark.parametrize(
    "network",
    [
        single(head=None),
        single(head="tanh"),
        single(head="softmax", units=2),
        Network.sequential([Dense(9, input_shape=(2,)), Dense(1, activation="sigmoid")]),
        Network.sequential([Dense(2, input_shape=(2,)), Softmax()]),
    ],
    ids=["scores", "tanh", "softmax", "two linear layers", "softmax as a layer"],
)
def test_heads_and_linear_layers_do_not_help(network):
    assert faults(network, *logic.load_data("xor")) == ["not-linearly-separable"]


@pytest.mark.parametrize(
    "network",
    [
        Network.sequential([Maxout(1, input_shape=(2,))]),
        Network.sequential([ReLU(input_shape=(2,)), Dense(1)]),
        single(head="softmax", units=3),
        single(head="gelu"),
        two_outputs(),
    ],
    ids=["maxout", "an activation on the input", "three classes", "a head that falls and rises", "two outputs"],
)
def test_networks_that_are_not_one_plane_are_passed_over(network):
    assert faults(network, *logic.load_data("xor")) == []


def test_labels_come_in_every_form():
    x, y = logic.load_data("xor")
    for labels in (y, y[:, None], np.eye(2)[y], 2.0 * y - 1, y.tolist()):
        assert faults(single(), x, labels) == ["not-linearly-separable"]
    assert faults(single(), x, [0, 1, 2, 0]) == []
    assert faults(single(), x, [0.1, 0.7, 0.4, 0.2]) == []


def test_a_point_between_two_others_takes_as_many_of_them():
    """1 lies a third of the way from 0 to 3: 3*s(1) = 2*s(0) + s(3)."""
    (found,) = check_separable(single(1), [[0.0], [1.0], [3.0]], [0, 1, 0])
    assert found.evidence == "s = w1*x1 + b: 3*s(1) > 0 > 2*s(0) + s(3), but both sums are 3*w1 + 3*b"


def test_rows_of_both_classes_are_left_aside_as_no_network_parts_them():
    x, y = logic.load_data("and")
    assert faults(single(), [*x, x[0]], [*y, 1]) == []


def test_images_are_read_whole_and_large_data_passed_over():
    network = Network.sequential([Conv2D(3, 2, input_shape=(2, 2, 1)), Flatten(), Dense(1, activation="sigmoid")])
    x = np.zeros((4, 2, 2, 1), np.float32)
    x[:, 0, 0, 0], x[:, 1, 1, 0] = [0, 0, 1, 1], [0, 1, 0, 1]
    assert faults(network, x, [0, 1, 1, 0]) == ["not-linearly-separable"]
    rng = np.random.default_rng(0)
    assert faults(single(100), rng.standard_normal((500, 100)), rng.integers(0, 2, 500)) == []


def test_many_features_are_told_without_their_numbers():
    x = np.eye(8)[:4] + np.eye(8)[4:]
    x = np.concatenate([x, -x])
    (found,) = check_separable(single(8), x, [0, 1, 0, 1, 0, 1, 0, 1])
    assert "have the same weighted mean" in found.evidence


@pytest.mark.parametrize("seed", range(20))
def test_it_agrees_with_a_support_vector_machine_and_its_sums_are_equal(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(-3, 4, (9, 2)), rng.integers(0, 2, 9)
    points = [{tuple(row) for row in x[y == number].tolist()} for number in (1, 0)]
    above, below = sorted(points[0] - points[1]), sorted(points[1] - points[0])
    if not above or not below:
        return
    rows, labels = np.array([*above, *below]), np.array([1] * len(above) + [0] * len(below))
    machine = LinearSVC(C=1e4, max_iter=200_000, dual=False).fit(rows, labels)
    found = contradiction(above, below)
    assert (found is None) == (machine.score(rows, labels) == 1)
    if found:
        sums = [[sum(m * point[axis] for point, m in part.items()) for axis in (0, 1)] for part in found]
        assert sums[0] == sums[1]
        assert sum(found[0].values()) == sum(found[1].values()) > 0


def test_a_maxout_layer_is_no_linear_layer():
    network = Network.sequential([Maxout(3, input_shape=(4,)), Dense(2)])
    assert check_layers(network) == []
    assert [each.fault for each in check_layers(Network.sequential([Dense(3, input_shape=(4,)), Dense(2)]))] == [
        "linear-after-linear"
    ]
