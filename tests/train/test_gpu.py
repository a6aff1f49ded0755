"""Training on a GPU: the same numbers as on the CPU, the same promises. Where there is none, this file is skipped."""

import copy

import numpy as np
import pytest
import torch

import striate as keras
from striate import catalog
from striate.augmentations import MixUp, RandomContrast, RandomFlip, RandomRotation, RandomTranslation
from striate.build import build, rewrite
from striate.callbacks import Callback, HalveAndGoBack
from striate.errors import NonFiniteError, TrainingError
from striate.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from striate.loader import Augmenter, Batches, Preprocessing
from striate.losses import BinaryCrossentropy, SparseCategoricalCrossentropy
from striate.metrics import resolve
from striate.network import Network
from striate.optimizers import SGD, Adagrad, Adam, AdamW, ExponentialMovingAverage, Lookahead, Muon, RMSprop
from striate.regularizers import L2
from striate.train import Goal, Graphed, Objective, Plan, Step, Whole, find_device, using
from striate.train import device as device_room

if not torch.cuda.is_available():
    pytest.skip("there is no CUDA device", allow_module_level=True)

pytestmark = pytest.mark.gpu

DRAW = np.random.default_rng(0)
X = DRAW.integers(0, 256, (203, 8, 8, 3), np.uint8)
Y = (X.mean((1, 2, 3)) > 127).astype(np.int64) + (X[:, :4].mean((1, 2, 3)) > 127)
LOSS = SparseCategoricalCrossentropy()


def network(*layers):
    return [
        Conv2D(8, 3, activation="relu", input_shape=(8, 8, 3), kernel_regularizer=L2(1e-3)),
        MaxPooling2D(2),
        *layers,
        Flatten(),
        Dense(3, activation="softmax"),
    ]


def fitted(device, *layers, optimizer=None, plan="exact", epochs=3, **more):
    model = keras.Sequential(network(*layers), seed=1)
    model.compile(optimizer or SGD(0.05, momentum=0.9), LOSS, metrics=["accuracy", "auc", "mean_io_u"])
    held = (X[150:], Y[150:])
    how = {"validation_data": held, "preprocess": "standardise", "verbose": 0} | more
    history = model.fit(X[:150], Y[:150], 32, epochs, plan=plan, device=device, **how)
    return model, history.history


def assert_close(one, other, bound):
    for left, right in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, rtol=0, atol=bound * max(1, np.abs(left).max()))


@pytest.mark.parametrize(
    "optimizer",
    [
        SGD(0.05, momentum=0.9),
        Adam(0.003),
        AdamW(0.003),
        RMSprop(0.001),
        Adagrad(0.01),
        Muon(0.002),
        Lookahead(SGD(0.05), sync_period=2),
        ExponentialMovingAverage(SGD(0.05)),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_run_in_float32_is_that_of_the_cpu(optimizer):
    """20 steps: longer runs part by rounding alone. Muon divides by lengths, and Adam by roots of small numbers."""
    (here, logs), (there, found) = (fitted(each, optimizer=optimizer, epochs=4) for each in ("cpu", "cuda"))
    assert_close(here, there, 2e-3)
    for key in ("loss", "val_loss"):
        np.testing.assert_allclose(found[key], logs[key], rtol=5e-3)
    assert {tensor.device.type for tensor in there.built.state_dict().values()} == {"cpu"}


def test_the_first_loss_is_that_of_the_cpu_in_all_its_parts():
    """Weights of classes, a penalty, statistics of normalisation, augmentation of places, colours and labels."""
    changes = [RandomFlip(), RandomTranslation(0.2, 0.2), RandomRotation(0.1), RandomContrast(0.3), MixUp()]
    how = {"epochs": 1, "augment": changes, "class_weight": {0: 2.0, 1: 0.5}, "steps_per_epoch": 1}
    (_, logs), (_, found) = (fitted(each, BatchNormalization(), **how) for each in ("cpu", "cuda"))
    assert found["loss"] == pytest.approx(logs["loss"], rel=1e-4)
    assert found["val_loss"] == pytest.approx(logs["val_loss"], rel=1e-3)


def test_two_runs_give_the_same_bits():
    one, other = (fitted("cuda", BatchNormalization(), Dropout(0.3))[0] for _ in range(2))
    for left, right in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("compiler", ["cuda-graphs", "inductor"])
def test_a_graph_and_compiled_operations_give_what_single_ones_give(compiler):
    """150 images in batches of 32 leave 22, which go one operation after another."""
    plans = [{"compiler": each, "device": "cuda", "threads": 1} for each in ("none", compiler)]
    (one, logs), (other, found) = (fitted("cuda", BatchNormalization(), plan=plan) for plan in plans)
    assert_close(one, other, 2e-3)
    np.testing.assert_allclose(found["loss"], logs["loss"], rtol=5e-3)
    np.testing.assert_allclose(
        found["auc"], logs["auc"], atol=0.02
    )  # scores of earlier batches were kept, not replaced


def test_a_graph_drops_what_single_operations_drop():
    plans = [{"compiler": each, "device": "cuda", "threads": 1} for each in ("none", "cuda-graphs")]
    (_, logs), (_, found) = (fitted("cuda", Dropout(0.5), plan=plan) for plan in plans)
    np.testing.assert_allclose(found["loss"], logs["loss"], rtol=5e-3)


def on_the_card(*layers, graphed=False):
    """A step on a card, and its batches."""
    card = find_device("cuda")
    module = rewrite(build(Network.sequential(network(*layers)), 3), heads=[LOSS.head]).to(card).train()
    engine = Whole(module, Objective((Goal("", LOSS, drops_head=True),)))
    step = Step(Graphed(engine) if graphed else engine, Adam(0.01).build(list(module.parameters()), 0.01))
    ways = (Preprocessing.fit(X, standardise=True),)
    return step, Batches((torch.from_numpy(X),), (torch.from_numpy(Y),), ways, 32, shuffle=False).to(card)


@pytest.mark.parametrize("graphed", [False, True])
def test_recording_leaves_statistics_weights_and_random_numbers_as_they_were(graphed):
    """A first step with the graph is one step, not one more for each that was taken to warm up."""
    with using(find_device("cuda")):
        step, batches = on_the_card(BatchNormalization(), graphed=graphed)
        step(next(batches.epoch(0)))
        state = step.engine.module.state_dict()
        assert state["batch_normalization.running_mean"].abs().max() > 0
        assert {int(s["step"]) for s in step.optimizer.state.values()} == {1}
        if graphed:
            alone, _ = on_the_card(BatchNormalization())
            alone(next(batches.epoch(0)))
            for key, value in alone.engine.module.state_dict().items():
                torch.testing.assert_close(state[key], value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("graphed", [False, True])
def test_a_step_that_is_not_finite_leaves_everything_as_it_was(graphed):
    with using(find_device("cuda")):
        step, batches = on_the_card(BatchNormalization(), graphed=graphed)
        first, second, *_ = batches.epoch(0)
        step(first)
        before = copy.deepcopy((step.engine.module.state_dict(), step.optimizer.state_dict()["state"]))
        second.x[0][3, 1, 2, 2] = float("nan")
        made = []
        with pytest.raises(NonFiniteError):
            step(second, lambda: made.append(1))
        assert made == [1]
        after = step.engine.module.state_dict(), step.optimizer.state_dict()["state"]
        for key, value in before[0].items():
            assert torch.equal(after[0][key], value), key
        for number, state in before[1].items():
            for name, value in state.items():
                assert torch.equal(after[1][number][name], value), name


def test_a_run_that_breaks_is_told_with_its_place_and_the_weights_come_back_finite():
    model = keras.Sequential(network(), seed=1)
    model.compile(SGD(1e30), LOSS)
    with pytest.raises(NonFiniteError, match="epoch 0, batch") as caught:
        model.fit(X, Y, 32, 2, plan="exact", device="cuda", verbose=0)
    assert "too high a rate" in caught.value.sum
    assert all(np.isfinite(each).all() for each in model.get_weights())
    assert model.built.get_parameter("dense.weight").device.type == "cpu"


@pytest.mark.parametrize("room", [0.0, 20_000.0, 1e9])
def test_data_that_does_not_fit_is_sent_batch_by_batch(monkeypatch, room):
    """150 images and labels are 30,000 bytes, the other 53 10,600: nothing, the latter, or all lies on the card."""
    whole, _ = fitted("cuda")
    monkeypatch.setattr("striate.model.model.room", lambda device: room)
    sent, _ = fitted("cuda")
    assert ("on it" in sent.plan.line()) == (room == 1e9)
    for left, right in zip(whole.get_weights(), sent.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("augmentation", [RandomFlip(), RandomTranslation(0.3, 0.3), RandomRotation(0.2)])
def test_images_are_changed_on_the_card_as_on_the_cpu(augmentation):
    images, rows = torch.from_numpy(X), torch.arange(len(X))
    change = Augmenter([augmentation], 0)
    there = change(images.to(find_device("cuda")), rows, 1).cpu()
    assert (there.int() - change(images, rows, 1).int()).abs().max() <= 1


@pytest.mark.parametrize("name", catalog.members("metrics"))
def test_metrics_of_the_card_are_those_of_the_cpu(name):
    binary = name in ("BinaryAccuracy", "SignAccuracy")
    metric = resolve(name, BinaryCrossentropy() if binary else LOSS)
    scores = torch.rand(50, 1 if binary else 3, generator=torch.Generator().manual_seed(0))
    numbers = name.startswith("Sparse") or metric.takes_numbers
    target = torch.arange(50) % 3 if numbers else (scores > 0.4).float()
    here, there = metric.meter(), metric.meter()
    for part in (slice(0, 20), slice(20, 50)):
        here.update(scores[part], target[part])
        there.update(scores[part].to("cuda"), target[part].to("cuda"))
    assert there.result() == pytest.approx(here.result(), rel=1e-5)


def test_callbacks_may_use_the_model_while_it_is_on_the_card(tmp_path):
    class Asks(Callback):
        def on_epoch_end(self, epoch, logs=None):
            assert self.model.predict(X[:5]).shape == (5, 3)
            assert self.model.evaluate(X[:5], Y[:5], return_dict=True)["loss"] > 0
            self.model.save(tmp_path / "between.striate")
            self.model.set_weights(self.model.get_weights())

    model, _ = fitted("cuda", callbacks=[Asks(), HalveAndGoBack()], keep="best")
    assert keras.load_model(tmp_path / "between.striate").predict(X[:5]).shape == (5, 3)
    model.fit(X, Y, 32, verbose=0)  # on the CPU, with what the optimizer remembers


def test_a_plan_is_measured_and_remembered(tmp_path, monkeypatch):
    monkeypatch.setenv("STRIATE_DATA", str(tmp_path))
    monkeypatch.setattr("striate.train.plan.Bystanders.cores", lambda self: 0.0)
    one, other = (fitted("cuda", plan="auto")[0] for _ in range(2))
    assert "a CUDA graph" in dict(one.plan.reasons)["compiler"] or one.plan.compiler == "cuda-graphs"
    assert "failed" not in one.plan.line()
    assert (other.plan.compiler, other.plan.precision) == (one.plan.compiler, one.plan.precision)
    assert isinstance(one.plan, Plan)
    assert one.plan.device == "cuda"


def test_a_network_with_an_operation_that_waits_is_not_recorded_and_trains():
    """Rows are picked by a mask, whose size the CPU has to know."""

    class Waits(torch.nn.Module):
        def forward(self, x):
            return x * x[x > 1e9].numel() + x

    with using(find_device("cuda")):
        step, batches = on_the_card(Dropout(0.5), graphed=True)
        module = step.engine.module
        module.set_submodule("max_pooling2d", torch.nn.Sequential(module.max_pooling2d, Waits()))
        first = next(batches.epoch(0))
        with pytest.raises(RuntimeError, match="synchroniz"):
            step(first)
        Step(step.engine.whole, step.optimizer)(first)


def test_memory_that_does_not_suffice_is_told():
    with pytest.raises(TrainingError, match="does not suffice"), using(find_device("cuda")):
        torch.empty(1 << 50, dtype=torch.uint8, device="cuda")


def test_random_numbers_of_the_card_go_on_as_if_nothing_was_drawn():
    torch.cuda.manual_seed(5)
    expected = torch.rand(3, device="cuda")
    torch.cuda.manual_seed(5)
    fitted("cuda", Dropout(0.5), epochs=1)
    assert torch.equal(torch.rand(3, device="cuda"), expected)


def test_what_is_queued_after_numbers_does_not_change_them():
    numbers = torch.ones(2, device="cuda")
    reading = device_room.Reading(numbers)
    numbers.zero_()
    assert reading.numbers() == [1.0, 1.0]
