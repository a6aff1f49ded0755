"""What other systems get wrong, each with the thread that tells of it, does not happen here."""

import math

import numpy as np
import pytest
import torch

import striate
from striate import textbook
from striate.build import build
from striate.callbacks import Callback, ModelCheckpoint
from striate.check import Table, bricks, check
from striate.layers import Activation, ClassicDropout, Conv2D, Dense, Dropout, Input, ReLU
from striate.losses import MaxMargin
from striate.network import Network
from striate.optimizers import Adam

DRAW = np.random.default_rng(0)
X = DRAW.standard_normal((24, 4)).astype(np.float32)
CLASSES = np.arange(24) % 3


def test_dropout_scales_by_what_is_kept():
    """ConvNetJS multiplies by the share that is dropped: github.com/karpathy/convnetjs pull 61, issue 106."""
    x = torch.ones(1, 10_000, dtype=torch.float64)
    torch.manual_seed(0)
    for rate in (0.2, 0.7):
        inverted = Dropout(rate).build((10_000,))
        assert inverted.eval()(x).mean().item() == 1
        assert inverted.train()(x).mean().item() == pytest.approx(1, abs=0.05)


def test_classic_dropout_scales_by_what_is_kept():
    """As above, where the scaling is done in prediction."""
    classic = ClassicDropout(0.2).build((4,))
    assert classic.eval()(torch.ones(1, 4)).tolist() == [[pytest.approx(0.8)] * 4]


def test_adam_divides_by_its_correction():
    """ConvNetJS multiplies by it: github.com/karpathy/convnetjs pull 70, issue 107. The first step is then r/10^5."""
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = Adam(0.1).build([weight], 0.1)
    for step in (1, 2, 3):
        weight.grad = torch.full_like(weight, 2.0)
        optimizer.step()
        assert weight.item() == pytest.approx(-0.1 * step, rel=1e-6)


def test_a_truth_that_leads_by_its_margin_costs_nothing_however_low_all_scores_are():
    """Keras' categorical_hinge takes 0 for a rival: github.com/keras-team/keras issue 8083; here it says 4."""
    scores = torch.tensor([[-3.0, -5.0]])
    assert MaxMargin().values(scores, torch.tensor([0])).tolist() == [0]
    assert textbook.MaxMargin().forward(np.array([[-3.0, -5.0]]), np.array([0])) == 0


def test_a_filter_that_does_not_fit_is_told():
    """Keras, torch and ConvNetJS floor 7, 3, 3 to 2 and say nothing; lecture 002 L744-772 says it does not fit."""
    network = Network.sequential([Conv2D(1, 3, strides=3)], (7, 7, 1))
    assert [finding.fault for finding in check(network).findings] == ["window-does-not-tile"]


def test_adding_a_bias_is_no_multiplication():
    """torchinfo counts 26 "mult-adds" for the 3-4-2 net of lecture 001 L160; it multiplies 20 times."""
    table = Table.of(Network.sequential([Dense(4), Dense(2)], (3,)))
    assert (table.params, table.macs) == (26, 20)


@pytest.mark.parametrize(
    "chain",
    [[Conv2D(2, 3, activation="relu")], [Conv2D(2, 3), ReLU()], [Conv2D(2, 3), Activation("relu")]],
    ids=["argument", "layer", "Activation"],
)
def test_a_relu_is_seen_however_it_is_declared(chain):
    """Captum's deconvolution and guided backpropagation pass by an F.relu without a word (captum.attr docstrings)."""
    network = Network.sequential(chain, (5, 5, 1))
    seen = [type(brick).__name__ for node in network.nodes for brick, _ in bricks(node)]
    assert seen.count("ReLU") == 1
    assert [type(part) for part in build(network).modules()].count(torch.nn.ReLU) == 1


def test_classes_have_weights_with_several_outputs_too():
    """Keras refuses class_weight there: github.com/keras-team/keras issues 4735, 11735, 20701."""
    x = Input((4,))
    model = striate.Model(x, [Dense(3, "softmax", name="kind")(x), Dense(1, name="size")(x)], seed=0)
    model.compile("sgd", {"kind": "sparse_categorical_crossentropy", "size": "mse"})
    kind, size = model.predict(X, verbose=0)
    sizes = np.ones((24, 1), np.float32)
    factors = np.where(CLASSES == 1, 3.0, 1.0)
    expected = -(np.log(kind[np.arange(24), CLASSES]) * factors).mean() + ((size - sizes) ** 2).mean()
    history = model.fit(X, {"kind": CLASSES, "size": sizes}, 24, verbose=0, class_weight={"kind": {1: 3.0}})
    assert history.history["loss"][0] == pytest.approx(expected, rel=1e-5)


class PowerCut(Callback):
    """The end of a run in the middle of its second epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == (1, 2):
            raise KeyboardInterrupt


def test_an_epoch_that_broke_off_begins_again_from_the_weights_at_its_beginning(tmp_path):
    """Keras' BackupAndRestore starts the broken epoch again on weights that it has already moved.

    A run that is taken up from its last checkpoint ends, to the bit, where one that never broke off ends: the order of
    the samples is that of the epoch, which no other trainer we read restores by default. What Dropout draws and the
    averages of an optimizer are not in a model file; with them the run is another one, as good.
    """

    def new():
        chain = [Dense(8, "relu", input_shape=(4,)), Dense(3, "softmax")]
        model = striate.Sequential(chain, seed=1)
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    whole = new()
    whole.fit(X, CLASSES, batch_size=4, epochs=2, verbose=0)
    kept = ModelCheckpoint(str(tmp_path / "{epoch}.striate"))
    with pytest.raises(KeyboardInterrupt):
        new().fit(X, CLASSES, batch_size=4, epochs=2, verbose=0, callbacks=[kept, PowerCut()])
    taken_up = striate.load_model(tmp_path / "1.striate")
    taken_up.fit(X, CLASSES, batch_size=4, initial_epoch=1, epochs=2, verbose=0)
    for one_weight, other in zip(whole.get_weights(), taken_up.get_weights(), strict=True):
        assert np.array_equal(one_weight, other)
    assert all(math.isfinite(value) for value in taken_up.history.history["loss"])
