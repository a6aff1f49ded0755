"""A network that is right is proved, and of one that is wrong the layer is named."""

import json
import time

import numpy as np
import pytest
import torch

import striate
from striate import textbook
from striate.errors import ArgumentError, DataError, DeclarationError, ProofError
from striate.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    MaxPooling2D,
    ReLU,
    Reshape,
)
from striate.model import Sequential
from striate.network import Network
from striate.proof import EXACT, prove
from striate.recipe.grammar import Recipe
from striate.recipe.library import recipe_path
from striate.recipe.source import Source
from tests.contracts.declarations import shelf_members
from tests.contracts.layer_trials import MEMBERS
from tests.proof.networks import Cubed, shared, with_cubed

LOSSES = shelf_members("losses")
CROSSENTROPY = "sparse_categorical_crossentropy"


def named(proof):
    """Where something is amiss, and what."""
    return [(finding.where, finding.fault) for finding in proof.findings]


def row(proof, name):
    return next(each for each in proof.rows if each.name == name)


# What is right is proved


@pytest.mark.parametrize("name", MEMBERS)
def test_every_layer_of_the_catalog_is_proved_in_a_small_network(name):
    layer = MEMBERS[name].example()
    inputs = [Input(shape) for shape in layer.example_shapes()]
    network = Network.functional(inputs, Dense(3)(layer(inputs)))
    proof = prove(network, "mean_squared_error", entries=6)
    assert named(proof) == []
    assert all(each.entries > each.skipped for each in proof.rows if each.entries)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_proved_under_the_head_that_it_takes(name):
    loss = LOSSES[name]()
    if loss.head == "Step":  # the layer has no slope
        loss = loss.on_logits()
    heads = {"Softmax": "softmax", "Sigmoid": "sigmoid", None: "sigmoid"}  # rates are above 0
    layers = [Dense(4, input_shape=(5,)), Dense(3, activation=heads.get(loss.head))]
    proof = prove(Network.sequential(layers), loss)
    assert named(proof) == []
    found = row(proof, "loss")
    assert found.by_hand
    assert found.entries - found.skipped > 4


def test_a_loss_whose_head_is_not_the_last_layer_is_proved_by_differences():
    """Shares that do not come straight from a softmax are divided by their sum, which the textbook leaves out."""
    layers = [Dense(3, activation="softmax", input_shape=(4,)), Reshape((3,))]
    proof = prove(Network.sequential(layers), CROSSENTROPY)
    assert named(proof) == []
    assert not row(proof, "loss").by_hand
    assert row(proof, "loss").entries == 9


def test_loss_and_head_that_do_not_belong_together_are_refused_as_compile_does():
    with pytest.raises(DeclarationError, match="sigmoid"):
        prove(Network.sequential([Dense(3, activation="sigmoid", input_shape=(4,))]), CROSSENTROPY)


def test_shared_layers_several_inputs_and_outputs_are_proved():
    model = shared()
    proof = prove(model, {"kind": CROSSENTROPY, "size": "mean_squared_error"}, loss_weights={"size": 0.3})
    assert named(proof) == []
    names = [each.name for each in proof.rows]
    assert names[:4] == ["both", "both.activation", "both:2", "both:2.activation"]
    assert names[-3:] == ["kind_loss", "size_loss", "whole network"]
    assert row(proof, "subtract").entries == 18, "all there are: two inputs, three images, three numbers"
    assert all(each.by_hand for each in proof.rows[:-1])


def test_how_far_the_three_are_apart_is_told_of_each_layer():
    proof = prove(with_cubed(), CROSSENTROPY)
    conv, mine, whole = row(proof, "conv2d"), row(proof, "mine"), row(proof, "whole network")
    assert 0 <= conv.forward < EXACT
    assert 0 < conv.backward < EXACT
    assert 0 < conv.numerical < 1e-6
    assert (mine.forward, mine.backward) == (None, None)
    assert 0 < mine.numerical < 1e-6
    assert conv.entries == mine.entries == whole.entries == 24


def test_without_a_rule_the_proof_says_so():
    assert "without a textbook rule, proved by differences alone: mine" in " ".join(str(prove(with_cubed())).split())


def test_dropout_keeps_one_mask_for_all_three_also_where_a_relu_gave_0():
    layers = [Dense(40, activation="relu", input_shape=(5,)), Dropout(0.5), Dense(3)]
    proof = prove(Network.sequential(layers), "mean_squared_error")
    assert named(proof) == []
    assert row(proof, "dropout").backward == 0


def test_averages_after_the_forward_are_compared_too():
    class Sluggish(textbook.BatchNormalization):
        def forward(self, x, weights, training=True):
            y = super().forward(x, weights, training)
            self.updated = {name: value * 1.001 for name, value in self.updated.items()}
            return y

    network = Network.sequential([BatchNormalization(input_shape=(4, 4, 2)), Flatten(), Dense(2)])
    assert named(prove(network)) == []
    proof = prove(network, rules={"BatchNormalization": Sluggish})
    assert {where for where, _ in named(proof)} == {"batch_normalization"}
    assert "running_" in proof.findings[0].evidence


def test_frozen_normalisation_goes_by_its_averages():
    layers = [Dense(4, input_shape=(5,)), BatchNormalization(trainable=False), Dense(2)]
    assert named(prove(Network.sequential(layers))) == []


def test_a_model_is_proved_with_its_weights_its_loss_and_its_preprocessing():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (40, 6, 6, 1), np.uint8), np.arange(40) % 3
    layers = [Conv2D(4, 3, activation="relu", input_shape=(6, 6, 1)), BatchNormalization(), Flatten()]
    model = Sequential([*layers, Dense(3, activation="softmax")], seed=0)
    model.compile("sgd", CROSSENTROPY)
    model.fit(x, y, preprocess="standardise", verbose=0)
    before, state = model.get_weights(), torch.get_rng_state()
    proof = prove(model, x=x[:4], y=y[:4])
    assert named(proof) == []
    assert proof.images == 4
    assert row(proof, "loss").type == "SparseCategoricalCrossentropy"
    assert all(np.array_equal(one, other) for one, other in zip(model.get_weights(), before, strict=True))
    assert torch.equal(torch.get_rng_state(), state)
    assert not model.built.training
    with pytest.raises(DataError, match="uint8"):
        prove(model, x=x[:4].astype(np.float32), y=y[:4])


def test_a_seed_gives_the_same_proof_and_another_seed_another():
    tables = [json.dumps(prove(with_cubed(), CROSSENTROPY, seed=seed).to_json()["rows"]) for seed in (1, 1, 2)]
    assert tables[0] == tables[1] != tables[2]


def test_sizes_that_are_left_open_are_chosen_or_those_of_the_images():
    network = Network.sequential([Conv2D(2, 3, input_shape=(None, None, 1)), ReLU()])
    assert named(prove(network, entries=4)) == []
    assert named(prove(network, x=np.random.default_rng(0).random((2, 5, 7, 1)))) == []


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_a_network_like_lenet_is_proved_within_seconds(name):
    recipe = Recipe.from_source(Source.read(recipe_path(name))).fitted((28, 28, 1), 10)
    begin = time.perf_counter()
    proof = prove(recipe.network(), recipe.train.loss)
    assert named(proof) == []
    assert time.perf_counter() - begin < 15


# What is wrong is found, and named


@pytest.mark.parametrize("slot", ["x", "w"])
@pytest.mark.parametrize("seed", range(3))
def test_a_planted_sign_error_in_a_layer_of_ones_own_is_found_and_named(slot, seed):
    proof = prove(with_cubed(**{f"of_{slot}": -1.0}), CROSSENTROPY, seed=seed)
    first = proof.findings[0]
    assert (first.where, first.fault) == ("mine", "gradient-disagrees")
    assert "its sign" in first.cause
    assert f"d{'x' if slot == 'x' else 'weight'}" in first.cause
    assert {where for where, _ in named(proof)} <= {"mine", "whole network"}
    with pytest.raises(ProofError, match="disagreement") as refused:
        proof.require()
    assert "mine" in refused.value.where
    assert refused.value.status == 1


@pytest.mark.parametrize("factor", [1.001, 0.999, 0.0, 2.0])
@pytest.mark.parametrize("slot", ["x", "w"])
def test_a_wrong_factor_is_found_and_told(slot, factor):
    proof = prove(with_cubed(**{f"of_{slot}": factor}), CROSSENTROPY)
    first = proof.findings[0]
    assert (first.where, first.fault) == ("mine", "gradient-disagrees")
    assert f"{factor:.5g} times what it must be" in first.cause


def test_the_whole_network_disagrees_with_its_loss_where_a_layer_does():
    proof = prove(with_cubed(of_x=-1.0), CROSSENTROPY)
    assert named(proof)[-1] == ("whole network", "gradient-disagrees")


class WrongSign(textbook.Dense):
    def backward(self, dy):
        dx, gradients = super().backward(dy)
        return -dx, gradients


class WrongFactor(textbook.Conv2D):
    def backward(self, dy):
        dx, gradients = super().backward(dy)
        return dx, gradients | {"weight": gradients["weight"] * 1.001}


class WrongPixel(textbook.Conv2D):
    def backward(self, dy):
        dx, gradients = super().backward(dy)
        dx = dx.copy()
        dx[1, 0, 2, 3] *= 1 + 1e-4
        return dx, gradients


class WrongForward(textbook.Conv2D):
    def forward(self, x, weights, training=True):
        return super().forward(x, weights, training) * (1 + 1e-9)


def test_scales_of_one_and_biases_of_zero_hide_nothing():
    class WithoutGamma(textbook.BatchNormalization):
        def forward(self, x, weights, training=True):
            self.gamma = weights["weight"].reshape(-1, *[1] * (x.ndim - 2))
            return super().forward(x, weights, training)

        def backward(self, dy):
            dx, gradients = super().backward(dy)
            return dx / self.gamma, gradients

    network = Network.sequential([BatchNormalization(input_shape=(4, 4, 2)), Flatten(), Dense(2)])
    proof = prove(network, rules={"BatchNormalization": WithoutGamma})
    assert named(proof) == [("batch_normalization", "textbook-disagrees")]


@pytest.mark.parametrize(
    ("rules", "where", "fault", "said"),
    [
        ({"Dense": WrongSign}, "dense", "textbook-disagrees", "dE/dx: its sign; autograd and trying say so"),
        ({"Conv2D": WrongFactor}, "conv2d", "textbook-disagrees", "dE/dweight: it is 1.001 times"),
        ({"Conv2D": WrongPixel}, "conv2d", "textbook-disagrees", "dE/dx; autograd and trying say so"),
        ({"Conv2D": WrongForward}, "conv2d", "forward-disagrees", "not the same function"),
    ],
)
def test_a_planted_error_in_a_textbook_rule_is_found_and_put_down_to_the_rule(rules, where, fault, said):
    proof = prove(with_cubed(), CROSSENTROPY, rules=rules)
    assert named(proof) == [(where, fault)]
    assert said in proof.findings[0].cause


def test_a_planted_error_in_the_rule_of_a_loss_is_found():
    class Wrong(textbook.MeanSquaredError):
        def backward(self):
            return super().backward() / 2

    proof = prove(
        Network.sequential([Dense(3, input_shape=(4,))]), "mean_squared_error", rules={"MeanSquaredError": Wrong}
    )
    assert named(proof) == [("loss", "textbook-disagrees")]
    assert "0.5 times" in proof.findings[0].cause


def test_a_rule_of_ones_own_proves_a_layer_of_ones_own():
    class Rule(textbook.Brick):
        def forward(self, x, weights, training=True):
            self.x, self.w = x, weights["weight"].reshape(-1, *[1] * (x.ndim - 2))
            return self.w * x**3

        def backward(self, dy):
            axes = tuple(axis for axis in range(dy.ndim) if axis != 1)
            return 3 * dy * self.w * self.x**2, {"weight": (dy * self.x**3).sum(axis=axes)}

    proof = prove(with_cubed(), CROSSENTROPY, rules={"Cubed": Rule})
    assert named(proof) == []
    assert row(proof, "mine").backward < EXACT
    proof = prove(with_cubed(of_w=-1.0), CROSSENTROPY, rules={"Cubed": Rule})
    assert "the textbook and trying say so" in proof.findings[0].cause


def test_a_rule_that_gives_another_shape_is_told():
    class Flat(textbook.Dense):
        def backward(self, dy):
            dx, gradients = super().backward(dy)
            return dx, {name: each.ravel()[:1] for name, each in gradients.items()}

    proof = prove(Network.sequential([Dense(3, input_shape=(4,))]), rules={"Dense": Flat})
    assert {where for where, _ in named(proof)} == {"dense"}
    assert "shape" in proof.findings[0].evidence


def test_numbers_that_are_not_finite_are_told_where_they_come_up():
    model = Sequential([Dense(3, input_shape=(4,)), Cubed(name="mine"), Dense(2)], seed=0)
    model.get_layer("mine").set_weights([np.full(3, np.nan)])
    assert named(prove(model, "mean_squared_error"))[0] == ("mine", "not-finite")


# Kinks


def test_numbers_on_and_near_kinks_are_skipped_or_split_and_give_no_false_alarm():
    images = np.tile(np.array([0.0, 3e-6, -3e-6, 1.0], np.float32), (2, 1))
    proof = prove(Network.sequential([ReLU(input_shape=(4,)), Dense(2)]), x=images, entries=8)
    found = row(proof, "re_lu")
    assert named(proof) == []
    assert (found.entries, found.split, found.skipped) == (8, 4, 2)
    assert "4 steps halved" in str(proof)
    assert "skipped for sitting on one" in str(proof)


def test_a_whole_relu_network_on_zeros_gives_no_false_alarm():
    """Every bias moved: the convolution of a black image is its bias alone, and pools full of equal numbers."""
    layers = [Conv2D(3, 3, activation="relu", input_shape=(8, 8, 1)), MaxPooling2D(2), Conv2D(2, 2, activation="relu")]
    network = Network.sequential([*layers, Flatten(), Dense(3)])
    proof = prove(network, "hinge", x=np.zeros((2, 8, 8, 1), np.float32), y=np.ones((2, 3)))
    assert named(proof) == []
    assert sum(each.skipped for each in proof.rows) > 0


def test_a_wrong_sign_beside_kinks_is_still_found():
    class Wrong(textbook.ReLU):
        def slope(self, x):
            return np.where(x > 0, 1.0, -1.0)

    images = np.tile(np.array([0.0, 3e-6, -3e-6, 1.0], np.float32), (2, 1))
    network = Network.sequential([Activation("relu", input_shape=(4,)), Dense(2)])
    assert named(prove(network, x=images, rules={"ReLU": Wrong})) == [("activation", "textbook-disagrees")]


# What cannot be used


@pytest.mark.parametrize("entries", [0, -1, 2.5, True])
def test_a_number_of_entries_that_is_none_is_refused(entries):
    with pytest.raises(ArgumentError, match="entries"):
        prove(with_cubed(), entries=entries)


def test_labels_that_do_not_go_with_the_loss_are_refused():
    with pytest.raises(DataError, match=r"labels run 0\.\.3"):
        prove(with_cubed(), CROSSENTROPY, x=np.zeros((2, 6, 6, 2)), y=[1, 9])


def test_it_is_found_as_striate_prove():
    assert striate.prove is prove
