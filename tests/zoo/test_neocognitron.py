"""The neocognitron has the cells of its paper, and learns patterns without labels."""

import itertools
import math

import numpy as np
import pytest

from striate import zoo
from striate.errors import ArgumentError, DeclarationError, ShapeError
from striate.layers import Dense, SCells
from striate.model import Model, Sequential, load

STROKES = {
    "X": ["#....#", ".#..#.", "..##..", "..##..", ".#..#.", "#....#"],
    "T": ["######", "..##..", "..##..", "..##..", "..##..", "..##.."],
    "L": ["##....", "##....", "##....", "##....", "##....", "######"],
    "O": [".####.", "#....#", "#....#", "#....#", "#....#", ".####."],
    "Z": ["######", "....#.", "...#..", "..#...", ".#....", "######"],
}
PLACES = list(itertools.product(range(-2, 3), repeat=2))


def drawn(letter, down=0, right=0):
    """A letter of strokes, in a frame of 16x16 pixels, so far off the middle."""
    image = np.zeros((16, 16, 1), np.uint8)
    lit = np.array([[255 * (pixel == "#") for pixel in line] for line in STROKES[letter]], np.uint8)
    image[5 + down : 11 + down, 5 + right : 11 + right, 0] = lit
    return image


def everywhere(letter):
    """A letter at 25 places."""
    return np.stack([drawn(letter, *place) for place in PLACES])


def five_patterns(seed, places=PLACES):
    """Five letters, each 20 times at random places."""
    rng = np.random.default_rng(seed)
    return np.stack([drawn(letter, *rng.choice(places)) for letter in STROKES for _ in range(20)])


def test_it_has_the_cells_and_synapses_that_the_paper_counts():
    """Fukushima 1980, on the computer simulation: the excitatory cells of seven layers, areas of 5x5 cells, at the end of 2x2."""
    model = zoo.Neocognitron()
    cells = {layer.name: layer.output_shape[1:] for layer in model.layers[:6]}
    assert cells == {
        "US1": (16, 16, 24),
        "UC1": (10, 10, 24),
        "US2": (8, 8, 24),
        "UC2": (6, 6, 24),
        "US3": (2, 2, 24),
        "UC3": (1, 1, 24),
    }
    synapses = {
        layer.name: math.prod(layer.weights["excitation"].shape[1:]) for layer in model.layers if "US" in layer.name
    }
    assert synapses == {"US1": 5 * 5, "US2": 5 * 5 * 24, "US3": 5 * 5 * 24}
    areas = [tuple(model.get_layer(name).weights["nearness"].shape) for name in ("UC1", "UC2", "UC3")]
    assert areas == [(5, 5), (5, 5), (2, 2)]


def test_it_has_the_parameters_of_the_paper():
    """There too: r = 4, 1.5, 1.5; q = 1, 16, 16; alpha = 0.5; columns of 5x5, at the end of 2x2 cells."""
    said = [zoo.Neocognitron().get_layer(f"U{kind}{number}").declaration for number in (1, 2, 3) for kind in "SC"]
    assert [(s.selectivity, s.reinforcement, s.column) for s in said[::2]] == [
        (4, 1, 5),
        (1.5, 16, 5),
        (1.5, 16, (2, 2)),
    ]
    assert [c.saturation for c in said[1::2]] == [0.5] * 3


def test_each_of_five_patterns_gets_a_last_cell_of_its_own_that_knows_it_at_every_place():
    model = zoo.Neocognitron(seed=0)
    learned = zoo.self_organize(model, five_patterns(0))
    assert learned["US3"] == 5
    answers = {letter: model.predict(everywhere(letter)) for letter in STROKES}
    winners = {letter: set(answer.argmax(1)) for letter, answer in answers.items()}
    assert all(len(cells) == 1 for cells in winners.values()), winners
    assert len(set.union(*winners.values())) == 5
    assert all(answer.max(1).min() > 0.1 for answer in answers.values())


def test_a_place_at_which_a_pattern_was_never_shown_is_known_too():
    model = zoo.Neocognitron(seed=0)
    corners = [(-2, -2), (-2, 2), (2, -2), (2, 2), (0, 0)]
    zoo.self_organize(model, five_patterns(0, corners))
    for letter in STROKES:
        assert len(set(model.predict(everywhere(letter)).argmax(1))) == 1


def test_before_it_has_learned_it_knows_nothing():
    answers = np.concatenate([zoo.Neocognitron(seed=0).predict(everywhere(letter)) for letter in STROKES])
    assert answers.max() < 1e-3


def test_what_it_learned_depends_on_its_seed_and_is_kept(tmp_path):
    x = five_patterns(0)[::5]
    models = [zoo.Neocognitron(seed=seed) for seed in (0, 0, 1)]
    for model in models:
        zoo.self_organize(model, x, epochs=2)
    one, same, other = (model.get_weights() for model in models)
    assert all((a == b).all() for a, b in zip(one, same, strict=True))
    assert any((a != b).any() for a, b in zip(one, other, strict=True))
    same_start = [zoo.Neocognitron(seed=seed) for seed in (0, 1)]
    same_start[1].set_weights(same_start[0].get_weights())
    orders = [zoo.self_organize(model, x) and model.get_weights() for model in same_start]
    assert any((a != b).any() for a, b in zip(*orders, strict=True)), "both were shown the images in one order"
    models[0].save(tmp_path / "model.striate")
    assert (load(tmp_path / "model.striate").predict(x) == models[0].predict(x)).all()


def test_shown_twice_a_pattern_leaves_twice_the_traces():
    """One column and one winner, so that it is known who learns."""
    x = np.concatenate([drawn("X")[None]] * 2)
    traces = []
    for shown in (x[:1], x):
        model = Sequential([SCells(1, 16, reinforcement=3.0, input_shape=(16, 16, 1))], seed=0)
        before, *_ = model.get_weights()
        assert zoo.self_organize(model, shown) == {"s_cells": 1}
        traces.append(model.get_weights()[0] - before)
    assert np.allclose(traces[1], 2 * traces[0], rtol=1e-5)
    assert (traces[0][..., 0, 0] > 0).tolist() == (x[0, ..., 0] > 0).tolist()


def test_a_readout_of_what_it_learned_is_trained_and_leaves_it_alone():
    model = zoo.Neocognitron(seed=0)
    x, y = five_patterns(0), np.repeat(np.arange(5), 20)
    zoo.self_organize(model, x)
    before = [weight.copy() for weight in model.get_weights()]
    readout = Model(model.inputs, Dense(5, "softmax")(model.output), seed=0)
    readout.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    readout.learning_rate = 0.1
    readout.fit(x, y, epochs=10, verbose=0, plan="exact")
    assert readout.evaluate(x, y, verbose=0)[1] == 1
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_what_cannot_learn_so_is_refused_with_the_way_out():
    with pytest.raises(ArgumentError, match="no S-cells") as told:
        zoo.self_organize(zoo.LeNet5(), np.zeros((1, 32, 32, 1), np.uint8))
    assert "learn by fit" in (told.value.fix or "")
    with pytest.raises(ArgumentError, match="epochs"):
        zoo.self_organize(zoo.Neocognitron(), five_patterns(0), epochs=0)
    model = zoo.Neocognitron()
    model.compile("sgd", "mse")
    with pytest.raises(DeclarationError, match="no weight of the network can be trained"):
        model.fit(five_patterns(0), np.zeros((100, 24), np.float32), verbose=0)
    with pytest.raises(ShapeError, match="cannot fit a 5x5 kernel"):
        zoo.Neocognitron((6, 6, 1))
