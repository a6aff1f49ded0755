"""What every layer promises, asked of each in the catalog: a new one is asked with no edit here."""

import numpy as np
import pytest
import torch
from torch import fx, nn
from torch.utils.flop_counter import FlopCounterMode

from docs.docstrings import Docstring
from striate import catalog, layers, textbook
from striate.errors import ArgumentError, ShapeError
from striate.model import Sequential, load
from striate.shape import elements
from tests.contracts.declarations import check_declaration
from tests.contracts.layer_trials import (
    LAYERS,
    LAYOUTS,
    SHAPES,
    Trial,
    apply,
    both,
    built,
    by_torch,
    differences,
    examples,
    finite_differences_agree,
    fits,
    inputs,
    trials,
    values,
)
from tests.parity import planted

ALL = pytest.mark.parametrize("trial", trials(), ids=str)
EXAMPLES = pytest.mark.parametrize("trial", examples(), ids=str)
NAMES = pytest.mark.parametrize("name", LAYERS)


def border_shape(y):
    """The shape of a tensor (n, c, ...) without the batch, channels last."""
    return (*y.shape[2:], y.shape[1])


# The declaration


@NAMES
def test_it_says_its_shape_and_if_it_learns_its_cost(name):
    said = Docstring.of(LAYERS[name]).sections
    example = LAYERS[name].example()
    assert said["Shape"]
    assert "Cost" in said or not example.weights(example.input_shape)


@NAMES
def test_its_declaration_is_checked_shown_and_kept_as_every_concepts(name):
    check_declaration(LAYERS[name])


@ALL
def test_a_file_holds_it_whole(trial):
    again = catalog.from_table("layers", catalog.describe(trial.layer))
    assert repr(again) == repr(trial.layer)
    assert catalog.arguments(type(again)) == catalog.arguments(type(trial.layer))
    for name in catalog.arguments(type(again)):
        assert getattr(again, name) == getattr(trial.layer, name)


@EXAMPLES
def test_what_does_not_fit_is_refused_with_the_sum_and_the_fix(trial):
    for shape in [*SHAPES, (1,), (1, 1), (1, 1, 1), (1, 1, 1, 1), (2, 3, 4, 5, 6)]:
        if fits(trial.layer, shape):
            assert all(size > 0 for size in trial.layer.output(shape))
        else:
            with pytest.raises(ShapeError) as refused:
                trial.layer.output(shape)
            assert refused.value.what
            assert refused.value.sum
            assert refused.value.fix


def test_an_activation_is_a_layer_that_keeps_its_shape_and_has_no_weights():
    for name, concept in LAYERS.items():
        example = concept.example()
        if concept.is_activation:
            assert layers.Dense(3, activation=example).then is not None
            for shape in SHAPES:
                assert (example.output(shape), example.weights(shape), example.macs(shape)) == (shape, {}, 0)
        else:
            with pytest.raises(ArgumentError, match="activation must be one of Activation, ELU"):
                layers.Dense(3, activation=example)
            assert "activation" not in name.lower()


# The module


@ALL
@pytest.mark.parametrize("training", [False, True])
def test_what_comes_out_has_the_shape_that_was_said(trial, training):
    with torch.device("meta"):
        module = trial.layer.build(trial.shape).train(training)
        y = apply(trial.layer, trial.shape, module, torch.zeros(2, trial.shape[-1], *trial.shape[:-1]))
    assert border_shape(y) == trial.layer.output(trial.shape)
    assert y.dtype == torch.float32


@ALL
def test_its_parameters_and_averages_are_its_weights(trial):
    weights = trial.layer.weights(trial.shape)
    module = trial.layer.build(trial.shape)
    learned = {name: tuple(tensor.shape) for name, tensor in module.named_parameters()}
    kept = {name: tuple(tensor.shape) for name, tensor in module.named_buffers()}
    assert learned == {name: weight.shape for name, weight in weights.items() if weight.trainable}
    assert kept == {name: weight.shape for name, weight in weights.items() if not weight.trainable}
    assert list(module.state_dict()) == [*learned, *kept]
    assert list(weights) == [*learned, *kept], "trainable weights come first, as in Keras"


@ALL
def test_its_weights_start_as_their_initializers_say(trial):
    for weight in trial.layer.weights(trial.shape).values():
        first = weight.initializer.sample(weight.shape, torch.Generator().manual_seed(0))
        assert tuple(first.shape) == weight.shape
        assert first.dtype == torch.float32
        assert sorted(weight.keras or range(len(weight.shape))) == list(range(len(weight.shape)))


@ALL
def test_its_operations_are_half_of_what_torch_counts(trial):
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        module = trial.layer.build(trial.shape).eval()
        apply(trial.layer, trial.shape, module, torch.zeros(1, trial.shape[-1], *trial.shape[:-1]))
    assert counter.get_total_flops() == 2 * trial.layer.macs(trial.shape)


@ALL
def test_it_traces_to_torchs_own_modules_and_functions(trial):
    rng = np.random.default_rng(0)
    weights = trial.layer.weights(trial.shape)
    root = nn.Sequential(built(trial.layer, trial.shape, values(weights, rng))).eval()
    traced = fx.GraphModule(root, fx.Tracer().trace(root))
    for node in traced.graph.nodes:
        if node.op == "call_module":
            assert type(traced.get_submodule(node.target)).__module__.startswith("torch.nn.")
        elif node.op == "call_function":
            assert node.target.__module__.startswith(("torch", "_operator", "builtins"))
    assert {name.partition(".")[2] for name in traced.state_dict()} == set(weights)
    x = inputs(trial.shape, "channels_last", rng)
    assert torch.equal(traced(x), root(x))
    assert torch.equal(traced(x[:1]), root(x[:1])), "the size of the batch is frozen in"


@pytest.mark.parametrize("trial", [trial for trial in trials() if len(trial.shape) == 3], ids=str)
@pytest.mark.parametrize("training", [False, True])
def test_a_map_in_channels_last_memory_stays_in_it(trial, training):
    out = trial.layer.output(trial.shape)
    x = inputs(trial.shape, "channels_last", np.random.default_rng(0)).float()
    y = trial.layer.build(trial.shape).train(training)(x)
    if len(out) == 3:
        assert y.stride(1) == 1, "the channels of a pixel lie together"


@ALL
def test_no_images_give_no_outputs(trial):
    module = trial.layer.build(trial.shape).eval()
    y = apply(trial.layer, trial.shape, module, torch.zeros(0, trial.shape[-1], *trial.shape[:-1]))
    assert y.shape[0] == 0
    assert border_shape(y) == trial.layer.output(trial.shape)


# The numbers


@NAMES
def test_the_textbook_has_a_page_for_it(name):
    assert issubclass(getattr(textbook, name, object), textbook.Brick), f"textbook/ has no rule for {name}"


@ALL
@pytest.mark.parametrize("layout", LAYOUTS)
def test_output_and_gradients_are_those_of_the_textbook(trial, layout):
    for training in (False, True):
        for seed in range(5):
            found, reference = both(trial, layout, training, seed)
            assert differences(found, reference) == [], f"training={training}, seed={seed}"


@EXAMPLES
def test_one_number_of_the_textbook_wrong_by_a_ten_thousandth_is_caught(trial):
    found, reference = both(trial, "contiguous", training=True, seed=0)
    assert found
    assert differences(found, reference) == []
    for name in reference:
        for wrong in planted(reference[name]):
            assert differences(found, {**reference, name: wrong}) == [name]


@EXAMPLES
@pytest.mark.parametrize("training", [False, True])
def test_gradients_agree_with_finite_differences(trial, training):
    assert finite_differences_agree(trial, training)


@EXAMPLES
def test_a_gradient_of_torchs_wrong_by_a_ten_thousandth_is_caught(trial):
    learned = [name for name, weight in trial.layer.weights(trial.shape).items() if weight.trainable]
    for name in ("x", *learned):
        assert not finite_differences_agree(trial, training=True, wrong=name), name


@ALL
def test_single_precision_agrees_with_double(trial):
    rng = np.random.default_rng(0)
    x, given = inputs(trial.shape, "channels_last", rng), values(trial.layer.weights(trial.shape), rng)
    *positions, channels = trial.layer.output(trial.shape)
    cotangent = rng.standard_normal((2, channels, *positions))
    # The same numbers for both, so that only the arithmetic differs.
    x, given = x.float().double(), {name: value.astype(np.float32).astype(np.float64) for name, value in given.items()}
    cotangent = cotangent.astype(np.float32).astype(np.float64)
    for training in (False, True):
        double = by_torch(trial, x, given, cotangent, training)
        assert differences(by_torch(trial, x.float(), given, cotangent, training), double, 2e-6) == []


def test_a_layer_without_a_page_or_with_a_wrong_shape_is_caught():
    class Doubling(layers.Flatten, abstract=True):
        def output(self, shape):
            return (2 * elements(shape),)

    trial = Trial(Doubling(input_shape=(5, 6, 2)), (5, 6, 2))
    assert not hasattr(textbook, "Doubling")
    with pytest.raises((AssertionError, RuntimeError)):
        test_what_comes_out_has_the_shape_that_was_said(trial, False)


# The model


@NAMES
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_model_of_it_learns_predicts_and_is_saved(name, precision, tmp_path):
    example = LAYERS[name].example()
    model = Sequential([example, layers.Flatten(), layers.Dense(2, activation="softmax")], seed=0)
    model.compile("sgd", "sparse_categorical_crossentropy")
    x = np.random.default_rng(0).normal(size=(4, *example.input_shape)).astype("float32")
    model.fit(x, [0, 1, 0, 1], verbose=0, plan={"precision": precision, "threads": 1})
    model.save(tmp_path / "model.striate")
    assert np.array_equal(load(tmp_path / "model.striate").predict(x), model.predict(x))
