"""What every layer promises, asked of each in the catalog: a new one is asked with no edit here."""

import copy
import pickle

import numpy as np
import pytest
import torch
from torch import fx, nn
from torch.utils.flop_counter import FlopCounterMode

from docs.docstrings import Docstring
from striate import catalog, layers, textbook
from striate.build import build, plain, rewrite
from striate.errors import ArgumentError, ShapeError
from striate.loader import Batch
from striate.losses import MeanSquaredError
from striate.model import Model, load
from striate.network import Network
from striate.shape import elements
from striate.train import Goal, Objective, Plan, make_engine
from tests.contracts.declarations import check_declaration
from tests.contracts.layer_trials import (
    BLOCKS,
    LAYERS,
    LAYOUTS,
    MEMBERS,
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
    moving,
    trials,
    values,
)
from tests.contracts.references import EXTRAS
from tests.parity import planted

ALL = pytest.mark.parametrize("trial", trials(), ids=str)
EXAMPLES = pytest.mark.parametrize("trial", examples(), ids=str)
NAMES = pytest.mark.parametrize("name", MEMBERS)
MAPS = [trial for trial in trials() if len(trial.shape) == 3]
WITH_PAGES = pytest.mark.parametrize("name", LAYERS)


def border_shape(y):
    """The shape of a tensor (n, c, ...) without the batch, channels last."""
    return (*y.shape[2:], y.shape[1])


def blank(count, trial):
    """Nothing but zeros for each input of the layer."""
    return [torch.zeros(count, shape[-1], *shape[:-1]) for shape in trial.shapes]


def alone(module, count):
    """A network of one module that takes so many values, made of torch's own modules and functions."""
    root, graph = nn.Module(), fx.Graph()
    root.add_module("only", module)
    given = [graph.placeholder(f"x{number}") for number in range(count)]
    graph.output(graph.call_module("only", tuple(given)))
    return plain(fx.GraphModule(root, graph)).eval()


# The declaration


@NAMES
def test_it_says_its_shape_and_if_it_learns_its_cost(name):
    said = Docstring.of(MEMBERS[name]).sections
    example = MEMBERS[name].example()
    assert said["Shape"]
    assert "Cost" in said or name in BLOCKS or not example.weights(*example.example_shapes())


@NAMES
def test_its_declaration_is_checked_shown_and_kept_as_every_concepts(name):
    check_declaration(MEMBERS[name])


@ALL
def test_a_file_holds_it_whole(trial):
    again = catalog.from_table("layers", catalog.describe(trial.layer))
    assert repr(again) == repr(trial.layer)
    assert catalog.arguments(type(again)) == catalog.arguments(type(trial.layer))
    for name in catalog.arguments(type(again)):
        assert catalog.describe(getattr(again, name)) == catalog.describe(getattr(trial.layer, name))


@EXAMPLES
def test_what_does_not_fit_is_refused_with_the_sum_and_the_fix(trial):
    count = len(trial.shapes)
    for shape in [*SHAPES, (1,), (1, 1), (1, 1, 1), (1, 1, 1, 1), (2, 3, 4, 5, 6)]:
        shapes = (shape, *trial.others) if count > 1 else (shape,)
        if fits(trial.layer, *shapes):
            assert all(size > 0 for size in trial.layer.output(*shapes))
        else:
            with pytest.raises(ShapeError) as refused:
                trial.layer.output(*shapes)
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
        module = trial.layer.build(*trial.shapes).train(training)
        y = apply(trial.layer, trial.shapes, module, *blank(2, trial))
    assert border_shape(y) == trial.output
    assert y.dtype == torch.float32


@ALL
def test_its_parameters_and_averages_are_its_weights(trial):
    weights = trial.weights
    module = trial.layer.build(*trial.shapes)
    learned = {name: tuple(tensor.shape) for name, tensor in module.named_parameters()}
    kept = {name: tuple(tensor.shape) for name, tensor in module.named_buffers()}
    assert learned == {name: weight.shape for name, weight in weights.items() if weight.trainable}
    assert kept == {name: weight.shape for name, weight in weights.items() if not weight.trainable}
    assert list(module.state_dict()) == [*learned, *kept]
    assert list(weights) == [*learned, *kept], "trainable weights come first, as in Keras"


@ALL
def test_its_weights_start_as_their_initializers_say(trial):
    for weight in trial.weights.values():
        first = weight.initializer.sample(weight.shape, torch.Generator().manual_seed(0))
        assert tuple(first.shape) == weight.shape
        assert first.dtype == torch.float32
        assert sorted(weight.keras or range(len(weight.shape))) == list(range(len(weight.shape)))


@ALL
def test_its_module_can_be_pickled_and_copied(trial):
    module = trial.layer.build(*trial.shapes)
    for again in (pickle.loads(pickle.dumps(module)), copy.deepcopy(module)):  # noqa: S301
        assert type(again) is type(module)


@ALL
def test_its_operations_are_half_of_what_torch_counts(trial):
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        module = trial.layer.build(*trial.shapes).eval()
        apply(trial.layer, trial.shapes, module, *blank(1, trial))
    assert counter.get_total_flops() == 2 * trial.layer.macs(*trial.shapes)


@ALL
def test_it_traces_to_torchs_own_modules_and_functions(trial):
    rng = np.random.default_rng(0)
    weights = trial.weights
    module = built(trial.layer, trial.shapes, values(weights, rng)).eval()
    traced = alone(module, len(trial.shapes))
    for node in traced.graph.nodes:
        if node.op == "call_module":
            assert type(traced.get_submodule(node.target)).__module__.startswith("torch.nn.")
        elif node.op == "call_function":
            assert node.target.__module__.startswith(("torch", "_operator", "builtins"))
    assert {name.partition(".")[2] for name in traced.state_dict()} == set(weights)
    x = [inputs(shape, "channels_last", rng, trial.layer) for shape in trial.shapes]
    assert torch.equal(traced(*x), module(*x))
    one = [each[:1] for each in x]
    assert torch.equal(traced(*one), module(*one)), "the size of the batch is frozen in"


@pytest.mark.parametrize("trial", MAPS, ids=str)
@pytest.mark.parametrize("training", [False, True])
def test_a_map_in_channels_last_memory_stays_in_it(trial, training):
    out = trial.output
    rng = np.random.default_rng(0)
    x = [inputs(shape, "channels_last", rng, trial.layer).float() for shape in trial.shapes]
    y = trial.layer.build(*trial.shapes).train(training)(*x)
    if len(out) == 3:
        assert y.stride(1) == 1, "the channels of a pixel lie together"


@pytest.mark.parametrize("trial", [trial for trial in MAPS if not isinstance(trial.layer, layers.Permute)], ids=str)
def test_the_gradient_of_a_map_in_channels_last_memory_lies_in_it_too(trial):
    """Layers before it would lay it out anew, each of them, or go through memory crosswise. Permute turns memory over."""
    rng = np.random.default_rng(0)
    found = []
    x = []
    for shape in trial.shapes:
        each = inputs(shape, "channels_last", rng, trial.layer).float().requires_grad_() * 1
        each.register_hook(found.append)  # a leaf's would be laid out as the leaf
        x.append(each)
    y = trial.layer.build(*trial.shapes).train()(*x)
    cotangent = torch.from_numpy(rng.standard_normal(y.shape)).float()
    if y.dim() == 4:
        cotangent = cotangent.contiguous(memory_format=torch.channels_last)
    if y.requires_grad:
        y.backward(cotangent)
    for gradient in found:
        assert gradient.stride(1) == 1, "the channels of a pixel lie together"


@ALL
def test_no_images_give_no_outputs(trial):
    module = trial.layer.build(*trial.shapes).eval()
    y = apply(trial.layer, trial.shapes, module, *blank(0, trial))
    assert y.shape[0] == 0
    assert border_shape(y) == trial.output


# The numbers


@WITH_PAGES
def test_the_textbook_has_a_page_for_it(name):
    rule = EXTRAS.get(name) or getattr(textbook, name, object)
    assert issubclass(rule, textbook.Brick), f"textbook/ has no rule for {name}"
    assert not (name in EXTRAS and hasattr(textbook, name)), "one rule is enough"


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
    for name in moving(trial):
        assert not finite_differences_agree(trial, training=True, wrong=name), name


@ALL
def test_single_precision_agrees_with_double(trial):
    rng = np.random.default_rng(0)
    x = [inputs(shape, "channels_last", rng, trial.layer) for shape in trial.shapes]
    given = values(trial.weights, rng)
    *positions, channels = trial.output
    cotangent = rng.standard_normal((2, channels, *positions))
    # The same numbers for both, so that only the arithmetic differs.
    x, given = (
        [each.float().double() for each in x],
        {name: value.astype(np.float32).astype(np.float64) for name, value in given.items()},
    )
    cotangent = cotangent.astype(np.float32).astype(np.float64)
    for training in (False, True):
        double = by_torch(trial, x, given, cotangent, training)
        assert (
            differences(by_torch(trial, [each.float() for each in x], given, cotangent, training), double, 2e-6) == []
        )


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
    example = MEMBERS[name].example()
    taken = [layers.Input(shape) for shape in example.example_shapes()]
    head = layers.Dense(2, activation="softmax")(layers.Flatten()(example(taken)))
    model = Model(taken, head, seed=0)
    model.compile("sgd", "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    drawn = [inputs(symbol.shape, "channels_last", rng, example).numpy() for symbol in taken]
    x = [np.moveaxis(np.concatenate([each, each]), 1, -1).astype("float32") for each in drawn]
    x = x if len(x) > 1 else x[0]
    model.fit(x, [0, 1, 0, 1], verbose=0, plan={"precision": precision, "threads": 1})
    model.save(tmp_path / "model.striate")
    assert np.array_equal(load(tmp_path / "model.striate").predict(x), model.predict(x))


@NAMES
def test_slices_of_a_batch_compute_what_the_whole_batch_does(name):
    """Values, gradients and averages: a layer that looks at other samples than its own has to meet theirs."""
    example = MEMBERS[name].example()
    taken = [layers.Input(shape) for shape in example.example_shapes()]
    network = Network.functional(taken, layers.Dense(2)(layers.Flatten()(example(taken))))
    rng = np.random.default_rng(0)
    found = []
    batch = None
    for slices in (1, 3):
        module = rewrite(build(network, 1).double()).train()
        if batch is None:
            x = tuple(torch.cat([inputs(symbol.shape, "channels_last", rng, example)] * 3) for symbol in taken)
            y = torch.from_numpy(rng.standard_normal((len(x[0]), 2)))
            batch = Batch(x, (y,), None, torch.arange(len(y)))
        drawing = [node.owner for node in network.layers if node.layer.draws]
        for owner in drawing:  # other numbers are drawn in slices: what is drawn is left out
            module.get_submodule(owner).eval()
        goal = Objective((Goal("", MeanSquaredError()),))
        computed = make_engine(Plan(2, slices=slices), module, goal, [], [])(batch)
        kept = {key: value.clone() for key, value in module.state_dict().items()}
        grads = {key: weight.grad for key, weight in module.named_parameters() if weight.grad is not None}
        found.append({"y": computed.scores[0], **kept, **{f"d{key}": each for key, each in grads.items()}})
    assert found[0].keys() == found[1].keys()
    for key, value in found[0].items():
        torch.testing.assert_close(found[1][key], value, rtol=1e-10, atol=1e-11)


@EXAMPLES
def test_it_says_whether_it_draws_random_numbers(trial):
    module = built(trial.layer, trial.shapes, values(trial.weights, np.random.default_rng(0))).train()
    before = torch.get_rng_state()
    rng = np.random.default_rng(0)
    module(*(inputs(shape, "contiguous", rng, trial.layer) for shape in trial.shapes))
    assert torch.equal(torch.get_rng_state(), before) != trial.layer.draws


@EXAMPLES
def test_it_says_whether_it_is_linear(trial):
    """A linear layer, once trained, keeps the way that leads from one image to another straight: f((a+b)/2) is half way."""
    rng = np.random.default_rng(0)
    module = built(trial.layer, trial.shapes, values(trial.weights, rng)).eval()
    if trial.others or trial.layer.words is not None:
        assert not trial.layer.linear
        return
    apart = 0.0
    for _ in range(20):
        a, b = (2 * inputs(trial.shape, "contiguous", rng) for _ in range(2))
        with torch.no_grad():
            apart = max(apart, float((module((a + b) / 2) - (module(a) + module(b)) / 2).abs().max()))
    assert (apart < 1e-9) == trial.layer.linear
