import copy
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch

import striate as keras
from striate.callbacks import Callback, EarlyStopping, LambdaCallback, LearningRateScheduler
from striate.errors import (
    ArgumentError,
    DataError,
    DeclarationError,
    NonFiniteError,
    ShapeError,
    StriateError,
    UnknownNameError,
)
from striate.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    Reshape,
)
from striate.train import Interrupted
from tests.model.blobs import blobs, fit, small


def test_a_network_learns_and_says_how_it_went():
    x, y = blobs()
    model = small(optimizer=keras.optimizers.Adam(0.01))
    history = fit(model, x, y, epochs=8, validation_split=0.2)
    assert history is model.history
    assert history.epoch == list(range(8))
    assert set(history.history) >= {"loss", "accuracy", "val_loss", "val_accuracy"}
    tx, ty = blobs(seed=1)
    loss, accuracy = model.evaluate(tx, ty)
    assert accuracy > 0.95
    assert model.evaluate(tx, ty, return_dict=True) == {"loss": loss, "accuracy": accuracy}
    predicted = model.predict(tx)
    assert predicted.shape == (len(tx), 3)
    np.testing.assert_allclose(predicted.sum(1), 1, rtol=1e-5)
    assert (predicted.argmax(1) == ty).mean() == pytest.approx(accuracy)


def test_one_seed_gives_the_same_weights_to_the_bit():
    x, y = blobs()
    runs = [small(seed=3) for _ in range(2)]
    for model in runs:
        fit(model, x, y, epochs=2)
    for ours, theirs in zip(*(model.get_weights() for model in runs), strict=True):
        assert np.array_equal(ours, theirs)


def test_another_seed_gives_other_weights():
    assert not np.array_equal(small(1).get_weights()[0], small(2).get_weights()[0])


def test_set_random_seed_fixes_models_that_are_given_none():
    made = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        made.append(keras.Sequential([Dense(2, input_shape=(3,))]).get_weights()[0])
    assert np.array_equal(*made)
    assert not np.array_equal(made[0], keras.Sequential([Dense(2, input_shape=(3,))]).get_weights()[0])


def test_the_module_gives_what_predict_gives():
    x, y = blobs()
    model = small()
    fit(model, x, y)
    prepared = torch.from_numpy(x).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        output = model.module.eval()(prepared)
    np.testing.assert_allclose(output.numpy(), model.predict(x), atol=1e-6)


def test_weights_have_keras_order_and_layout():
    model = small()
    shapes = [array.shape for array in model.get_weights()]
    assert shapes == [(3, 3, 1, 4), (4,), (4,), (4,), (4,), (4,), (36, 3), (3,)]
    values = [np.random.default_rng(0).standard_normal(shape) for shape in shapes]
    model.set_weights(values)
    for ours, theirs in zip(model.get_weights(), values, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_weights_of_another_shape_change_nothing():
    model = small()
    before = model.get_weights()
    with pytest.raises(ShapeError):
        model.set_weights([*before[:-1], np.zeros(4)])
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))


def test_layers_can_be_found_by_name():
    model = small()
    assert model.get_layer("dense").output_shape == (None, 3)
    assert model.get_layer("dense").units == 3
    assert model.get_layer(index=0).name == "conv2d"
    with pytest.raises(UnknownNameError, match="no layer is called 'denze'"):
        model.get_layer("denze")


def test_a_layer_gives_a_model_that_ends_there():
    model = small()
    features = keras.Model(model.input, model.get_layer("flatten").output)
    assert features.output_shape == (None, 36)
    assert np.array_equal(features.get_weights()[0], model.get_weights()[0]), "it has the weights of the model"
    model.set_weights([array + 1 for array in model.get_weights()])
    assert np.array_equal(features.get_weights()[0], model.get_weights()[0]), "and goes on sharing them"


def test_a_sequential_without_a_shape_takes_it_from_the_first_images():
    x, y = blobs()
    model = keras.Sequential([Flatten(), Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    with pytest.raises(DeclarationError, match="does not know the shape"):
        model.summary()
    fit(model, x, y)
    assert model.input_shape == (None, 8, 8, 1)


def test_layers_are_added_and_taken_away():
    model = keras.Sequential()
    model.add(Input((4,)))
    model.add(Dense(3))
    model.add(Dense(2))
    assert model.count_params() == 15 + 8
    model.pop()
    assert model.count_params() == 15


def test_a_layer_that_does_not_fit_is_not_added():
    model = keras.Sequential([Conv2D(2, 3, input_shape=(4, 4, 1))])
    with pytest.raises(ShapeError):
        model.add(Conv2D(2, 3))
    model.add(Flatten())
    assert model.output_shape == (None, 8)


def test_a_subclass_that_overrides_call_is_refused_with_the_reason():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(DeclarationError, match="cannot be checked"):
        Own()


def test_head_and_loss_that_do_not_belong_together_are_refused():
    model = keras.Sequential([Dense(3, activation="softmax", input_shape=(2,))])
    with pytest.raises(DeclarationError):
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))


@pytest.mark.parametrize(
    ("argument", "value", "said"),
    [
        ("optimizer", "adm", "did you mean 'Adam'"),
        ("optimizer", keras.optimizers.Adam, "Adam()"),
        ("loss", "sparse_categorical_crossentrpy", "did you mean 'SparseCategoricalCrossentropy'"),
        ("loss", 3, "loss cannot be 3"),
        ("metrics", ["acuracy"], "acuracy"),
    ],
)
def test_what_compile_cannot_use_is_told_with_the_fix(argument, value, said):
    with pytest.raises((ArgumentError, UnknownNameError)) as caught:
        small(**{argument: value})
    assert said in str(caught.value)


def test_training_before_compile_says_what_to_write():
    with pytest.raises(DeclarationError) as caught:
        keras.Sequential([Dense(3, input_shape=(2,))]).fit(np.zeros((4, 2)), np.zeros(4))
    assert "model.compile(" in caught.value.fix


def test_a_model_fitted_on_uint8_refuses_floats():
    x, y = blobs()
    model = small()
    fit(model, x, y)
    with pytest.raises(DataError, match="fitted on uint8"):
        model.predict(x.astype(np.float32))


def test_data_that_cannot_be_used_never_reaches_torch():
    x, y = blobs()
    for images, labels in [(x[:5], y[:4]), (x, y + 7), (x[:0], y[:0]), (np.full((4, 8, 8, 1), np.nan), y[:4])]:
        with pytest.raises(DataError):
            fit(small(), images, labels)


def test_loaders_of_torch_are_taken_in_their_layout():
    x, y = blobs()
    data = torch.utils.data.TensorDataset(torch.from_numpy(x).permute(0, 3, 1, 2).float() / 255, torch.from_numpy(y))
    model = small(optimizer=keras.optimizers.Adam(0.01))
    history = fit(model, torch.utils.data.DataLoader(data, 16), epochs=4)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_class_weights_and_sample_weights_agree():
    x, y = blobs()
    model = small()
    fit(model, x, y)
    weight = np.array([1.0, 2.0, 0.5])[y]
    mean = model.evaluate(x, y, sample_weight=weight, return_dict=True)["loss"]
    chosen = model.predict(x)[np.arange(len(y)), y]
    assert mean == pytest.approx(float((-np.log(chosen) * weight).mean()), rel=1e-3)


def test_keep_best_ends_with_the_weights_of_the_lowest_validation_loss():
    x, y = blobs()
    kept = {}
    model = small(optimizer=keras.optimizers.SGD(0.5))
    note = LambdaCallback(on_epoch_end=lambda epoch, logs: kept.update({epoch: model.get_weights()}))
    history = fit(model, x, y, epochs=6, validation_split=0.2, keep="best", callbacks=[note])
    best = int(np.argmin(history.history["val_loss"]))
    assert model.best_epoch == best
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), kept[best], strict=True))


def test_early_stopping_ends_the_run_and_restores():
    x, y = blobs()
    model = small(optimizer=keras.optimizers.SGD(2.0))
    history = fit(model, x, y, epochs=40, validation_split=0.2, callbacks=[EarlyStopping(patience=2)])
    assert len(history.epoch) < 40


def test_the_learning_rate_follows_a_scheduler_and_a_schedule():
    x, y = blobs()
    model = small(optimizer=keras.optimizers.SGD(0.1))
    halve = LearningRateScheduler(lambda epoch, rate: rate / 2)
    assert fit(model, x, y, epochs=3, callbacks=[halve]).history["learning_rate"] == pytest.approx(
        [0.05, 0.025, 0.0125]
    )
    model = small(optimizer=keras.optimizers.SGD(keras.optimizers.schedules.PiecewiseConstantDecay([8], [0.1, 0.01])))
    assert fit(model, x, y, epochs=2).history["learning_rate"] == pytest.approx([0.1, 0.01])


def test_a_rate_that_is_too_high_is_stopped_before_the_step_and_named():
    draw = np.random.default_rng(0)
    x, y = draw.standard_normal((64, 8)).astype(np.float32), draw.standard_normal((64, 1)).astype(np.float32)
    model = keras.Sequential([Dense(32, activation="relu", input_shape=(8,)), Dense(1)], seed=0)
    model.compile(keras.optimizers.SGD(1e4), "mean_squared_error")
    with pytest.raises(NonFiniteError) as caught:
        fit(model, x, y, epochs=50)
    assert "epoch" in caught.value.where
    assert "batch" in caught.value.where
    assert "too high a rate" in caught.value.sum
    assert all(np.isfinite(array).all() for array in model.get_weights())


def test_train_on_batch_gives_the_loss_before_the_step():
    x, y = blobs()
    model = small()
    first = model.train_on_batch(x, y, return_dict=True)
    for _ in range(10):
        last = model.train_on_batch(x, y, return_dict=True)
    assert last["loss"] < first["loss"]


class Interrupting(Callback):
    """Presses Ctrl-C in the middle of an epoch."""

    def on_train_batch_end(self, batch, logs=None):
        if batch == 2:
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_ends_at_the_step_with_everything_kept(capsys):
    x, y = blobs()
    model = small()
    with pytest.raises(Interrupted) as caught:
        fit(model, x, y, epochs=50, validation_split=0.2, callbacks=[Interrupting()], verbose=1)
    assert capsys.readouterr().out.startswith("stopping: what was learned so far is kept\nepoch 1/50")
    assert caught.value.signum == signal.SIGINT
    assert isinstance(caught.value, KeyboardInterrupt)
    assert model.history.epoch == [0]
    assert "val_loss" in model.history.history
    assert model.predict(x).shape == (len(x), 3)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_twenty_processes_give_the_same_bits(tmp_path):
    """A sample of them here; all twenty in the slow suite."""
    assert len(hashes(3, "float32")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_twenty_runs_of_either_precision_give_the_same_bits(precision):
    assert len(hashes(20, precision)) == 1


def hashes(count, precision):
    code = (
        "import hashlib, tests.model.blobs as t\n"
        "x, y = t.blobs()\n"
        "model = t.small(seed=3)\n"
        f"t.fit(model, x, y, epochs=2, plan={{'threads': 2, 'precision': '{precision}'}})\n"
        "print(hashlib.sha256(b''.join(a.tobytes() for a in model.get_weights())).hexdigest())\n"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(count)
    ]
    return {run.stdout.strip() for run in runs}


@pytest.mark.parametrize(
    "layers",
    [
        [Conv2D(3, 2, activation="softmax"), GlobalAveragePooling2D()],
        [Flatten(), Dense(3), Activation("softmax"), Reshape((3,))],
        [Flatten(), Dense(3, activation="softmax"), Dropout(0.5)],
    ],
    ids=["averaged", "reshaped", "dropped"],
)
def test_a_softmax_that_is_not_the_last_layer_is_not_applied_twice(layers):
    x, y = blobs(30)
    model = keras.Sequential([Input((8, 8, 1)), *layers], seed=0)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    probabilities = model.predict(x)
    loss, accuracy = model.evaluate(x, y)
    assert loss == pytest.approx(-np.log(probabilities[np.arange(30), y]).mean(), rel=1e-5)
    assert accuracy == pytest.approx((probabilities.argmax(1) == y).mean())


def test_a_part_of_a_model_sees_images_as_the_whole_does():
    x, y = blobs(40)
    model = keras.Sequential([Flatten(input_shape=(8, 8, 1)), Dense(5), Dense(3, activation="softmax")], seed=0)
    model.compile("sgd", "sparse_categorical_crossentropy")
    features = keras.Model(model.input, model.get_layer("dense").output)
    fit(model, x, y, preprocess="standardise")
    assert features.preprocessing is model.preprocessing
    kernel, bias = model.get_layer("dense").get_weights()
    seen = (x.reshape(40, 64) / 255 - x.mean() / 255) / (x.std() / 255)
    np.testing.assert_allclose(features.predict(x), seen @ kernel + bias, atol=1e-4)


def test_only_training_decides_the_preprocessing_and_no_wish_is_passed_over():
    x, y = blobs(40)
    model = small()
    model.predict(x.astype("float32"))
    model.evaluate(x, y)
    assert model.preprocessing is None
    fit(model, x, y, preprocess="standardise")
    assert model.preprocessing.mean != (0.0,)
    fit(model, x, y, preprocess="standardise")
    with pytest.raises(ArgumentError, match="not how the model was fitted before"):
        fit(model, x, y, preprocess="scale")
    fit(model, x, y)


def test_asking_a_model_between_two_steps_does_not_change_its_training():
    class Curious(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.predict(x[:4])
            self.model.evaluate(x[:4], y[:4])

    x, y = blobs(48)
    asked, left_alone = small(), small()
    fit(asked, x, y, callbacks=[Curious()])
    fit(left_alone, x, y)
    for ours, theirs in zip(asked.get_weights(), left_alone.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)


def test_the_schedule_of_one_fit_does_not_slow_down_the_next():
    x, y = blobs(32)
    model = small(optimizer=keras.optimizers.SGD(0.1))
    assert fit(model, x, y, epochs=2, schedule="cosine_decay").history["learning_rate"][-1] < 0.1
    assert fit(model, x, y).history["learning_rate"] == [0.1]


def test_each_fit_draws_anew_and_one_that_goes_on_draws_as_if_it_had_never_ended():
    x, y = blobs(48)

    def trained(*fits):
        layers = [Flatten(input_shape=(8, 8, 1)), Dropout(0.5), Dense(3, activation="softmax")]
        model = keras.Sequential(layers, seed=0)
        model.compile("sgd", "sparse_categorical_crossentropy")
        for settings in fits:
            fit(model, x, y, **settings)
        return model.get_weights()[0]

    whole = trained({"epochs": 2})
    assert np.array_equal(whole, trained({"epochs": 2}))
    assert np.array_equal(whole, trained({"epochs": 1}, {"initial_epoch": 1, "epochs": 2}))
    again = trained({"epochs": 1}, {"epochs": 1})
    assert np.array_equal(again, trained({"epochs": 1}, {"epochs": 1}))

    seen = []
    model = small()
    orders = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs["loss"]))
    model.learning_rate = 1e-30
    for _ in range(2):
        fit(model, x, y, callbacks=[orders])
    assert seen[:3] != seen[3:]


def test_validation_data_may_be_a_loader_or_carry_weights_and_anything_else_is_refused():
    x, y = blobs(40)
    data = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    losses = [
        fit(small(), x, y, validation_data=given).history["val_loss"][0]
        for given in ((x, y), torch.utils.data.DataLoader(data, 7), (x, y, np.full(40, 0.5)))
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-6)
    assert losses[2] == pytest.approx(losses[0] / 2, rel=1e-6)
    for wrong in ((x,), x, {"x": x, "y": y}, 7):
        with pytest.raises(StriateError, match="validation"):
            fit(small(), x, y, validation_data=wrong)


def test_a_batch_size_of_none_is_that_of_keras():
    assert fit(small(), *blobs(40), batch_size=None).params["steps"] == 2


def test_a_loss_that_is_not_finite_from_the_first_step_is_told_with_its_place_under_every_plan(monkeypatch, tmp_path):
    monkeypatch.setenv("STRIATE_DATA", str(tmp_path))
    x, y = np.full((8, 8, 8, 1), 3e38, np.float32), np.arange(8) % 3
    for plan in ("auto", "exact"):
        with pytest.raises(NonFiniteError, match="in epoch 0, batch 0; that step was not applied"):
            fit(small(), x, y, plan=plan)


@pytest.mark.parametrize("plan", ["auto", "exact"])
def test_batch_normalisation_of_one_number_is_refused_and_the_fix_works(plan, monkeypatch, tmp_path):
    monkeypatch.setenv("STRIATE_DATA", str(tmp_path))
    x, y = blobs(8)
    model = keras.Sequential([Flatten(input_shape=(8, 8, 1)), BatchNormalization(), Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    for refused in (
        lambda: fit(model, x, y, batch_size=1, plan=plan),
        lambda: fit(model, x[:1], y[:1], plan=plan),
        lambda: model.train_on_batch(x[:1], y[:1]),
    ):
        with pytest.raises(DataError, match="one value has no spread"):
            refused()
    fit(model, x[:2], y[:2], batch_size=2, plan=plan)
    fit(small(), x[:1], y[:1], plan=plan)  # a map has many positions


def test_a_copy_of_a_model_predicts_the_same_and_has_weights_of_its_own():
    x, y = blobs(20)
    model = small()
    fit(model, x, y)
    before = model.predict(x)
    copied = copy.deepcopy(model)
    assert np.array_equal(copied.predict(x), before)
    fit(copied, x, y)
    assert np.array_equal(model.predict(x), before)
    assert not np.array_equal(copied.predict(x), before)


def test_a_network_that_no_memory_can_hold_is_refused_before_it_is_made():
    model = keras.Sequential([Conv2D(10**9, 3, input_shape=(8, 8, 1)), Flatten(), Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    for ask in (lambda: fit(model, *blobs(8)), lambda: model.predict(blobs(8)[0]), lambda: model.module):
        with pytest.raises(DeclarationError, match="does not fit in the memory") as refused:
            ask()
        assert refused.value.where.startswith("conv2d: 10,000,000,000 parameters, output (6, 6, 1000000000)")


def test_train_on_batch_takes_the_rate_that_a_schedule_has_for_its_step():
    x, y = blobs(12)
    model = keras.Sequential([Flatten(input_shape=(8, 8, 1)), Dense(3, activation="softmax")], seed=0)
    decay = keras.optimizers.schedules.ExponentialDecay(0.5, 10, 0.5)
    model.compile(keras.optimizers.SGD(decay), "sparse_categorical_crossentropy")
    rates = []
    for _ in range(11):
        model.train_on_batch(x, y)
        rates.append(model.learning_rate)
    assert rates == pytest.approx([0.5 * 0.5 ** (step / 10) for step in range(11)])
    model.compile(keras.optimizers.SGD(decay), "sparse_categorical_crossentropy")
    model.train_on_batch(x, y)
    assert model.learning_rate == 0.5
    model.compile(keras.optimizers.SGD("cosine_decay"), "sparse_categorical_crossentropy")
    with pytest.raises(DeclarationError, match="only a run can fill it in"):
        model.train_on_batch(x, y)


@pytest.mark.parametrize("within", ["fit", "optimizer"])
@pytest.mark.parametrize("own", [False, True])
def test_a_callback_and_a_schedule_do_not_both_set_the_rate(within, own):
    class Halving(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.learning_rate /= 2

    x, y = blobs(32)
    model = small(optimizer=keras.optimizers.SGD("cosine_decay" if within == "optimizer" else 0.1))
    before = model.get_weights()
    setting = Halving() if own else LearningRateScheduler(lambda epoch: 0.05)
    with pytest.raises(ArgumentError) as caught:
        fit(model, x, y, callbacks=[setting], schedule="cosine_decay" if within == "fit" else None)
    assert caught.value.fix.startswith("one of the two")
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))
    model.learning_rate = 0.1
    assert fit(model, x, y).history["learning_rate"] == [0.1]


def test_layers_that_stay_keep_their_weights_when_the_last_one_is_changed():
    x, y = blobs(40)
    model = small()
    fit(model, x, y)
    learned = model.get_weights()
    model.pop()
    with pytest.raises(ShapeError):
        model.add(Conv2D(2, 3))
    model.add(Dense(7))
    model.pop()
    model.add(Dense(5, activation="softmax"))
    changed = model.get_weights()
    assert changed[-2].shape == (36, 5)
    assert all(np.array_equal(a, b) for a, b in zip(changed[:-2], learned[:-2], strict=True))
    model.compile("adam", "sparse_categorical_crossentropy")
    fit(model, x, y)
    assert not np.array_equal(model.get_weights()[0], learned[0]), "they go on learning"


def test_training_draws_from_the_seed_of_the_model_and_leaves_the_stream_of_torch_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("STRIATE_DATA", str(tmp_path))
    x, y = blobs(40)

    def trained(torch_seed, train):
        torch.manual_seed(torch_seed)
        model = small(seed=4)
        for _ in range(2):
            train(model)
        assert torch.equal(torch.rand(3), torch.rand(3, generator=torch.Generator().manual_seed(torch_seed)))
        return model.get_weights()

    for train in (
        lambda model: fit(model, x, y),
        lambda model: fit(model, x, y, plan="auto"),
        lambda model: model.train_on_batch(x, y),
    ):
        assert all(np.array_equal(a, b) for a, b in zip(trained(1, train), trained(2, train), strict=True))


def test_a_model_called_on_images_predicts_and_on_a_declared_value_is_a_layer_with_its_weights():
    x, _ = blobs(12)
    model = small()
    assert np.array_equal(model(x), model.predict(x))
    assert np.array_equal(model(torch.from_numpy(x)), model.predict(x))
    start = Input((8, 8, 1))
    whole = keras.Model(start, Dense(2)(model(start)))
    kernel, bias = whole.layers[-1].get_weights()
    np.testing.assert_allclose(whole.predict(x), model.predict(x) @ kernel + bias, atol=1e-6)
    model.set_weights([array * 2 for array in model.get_weights()])
    np.testing.assert_allclose(whole.predict(x), model.predict(x) @ kernel + bias, atol=1e-6)
    with pytest.raises(ShapeError, match="another shape than its input"):
        model(Input((9, 9, 1)))


def test_several_outputs_are_predicted_as_each_is_alone():
    x, _ = blobs(20)
    model = small()
    both = keras.Model(model.input, [model.get_layer("conv2d").output, model.output])
    maps, probabilities = both.predict(x, batch_size=8)
    assert maps.shape == (20, 6, 6, 4)
    assert np.array_equal(maps, keras.Model(model.input, model.get_layer("conv2d").output).predict(x, batch_size=8))
    assert np.array_equal(probabilities, model.predict(x, batch_size=8))


def test_the_type_that_torch_has_by_default_changes_nothing():
    x, y = blobs(40)

    def trained():
        model = small(metrics=["accuracy"])
        fit(model, x, y, epochs=2, preprocess="standardise", augment=["random_flip"], validation_split=0.2)
        model.train_on_batch(x, y)
        return [*model.get_weights(), model.predict(x), np.array(model.evaluate(x, y))]

    expected = trained()
    torch.set_default_dtype(torch.float64)
    try:
        given = trained()
    finally:
        torch.set_default_dtype(torch.float32)
    assert all(ours.dtype == theirs.dtype for ours, theirs in zip(given, expected, strict=True))
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(given, expected, strict=True))
